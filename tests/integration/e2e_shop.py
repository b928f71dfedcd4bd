# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small application for tests of the whole chain: a tree of a few files, and a server that reads one of them."""

from __future__ import annotations

import contextlib
import json
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

from e2e_operator import Operator, Outcome
from e2e_project import Repository
from endpoint_server import answer, path_of, serving

REMEDIATE = "evenkeel.drift.remediate"
GOOD, BAD = "works\n", "breaks web1 web2 web3\n"

Json = dict[str, t.Any]
Print = dict[str, tuple[int, int, str]]


def fingerprint(root: Path) -> Print:
    """Return mode, time and content of every path: what a way back is to bring back."""
    found = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        found[str(path.relative_to(root))] = (
            seen.st_mode,
            seen.st_mtime_ns,
            path.read_text() if path.is_file() else "",
        )
    return found


class Shop:
    """An application whose server reads a file of its tree anew for each request: it names the hosts that it breaks."""

    def __init__(self, folder: Path, operator: Operator, url: str) -> None:
        self.folder = folder
        self.operator = operator
        self.url = url
        self.reference = Repository(folder / "reference")
        self.reference.commit("First", {"src/app.py": GOOD, "src/other.py": "1\n"})
        self.contract: Json = {}
        """What the contract has beside the tree and the endpoint."""
        self.meanwhile: t.Callable[[], object] = dict
        """Called before a request is answered: what happens while a host is looked at."""

    def hosts(self, *names: str) -> list[Path]:
        return [self.reference.deploy(self.folder / name, with_git=False) for name in names]

    def command(self, *arguments: str, **variables: t.Any) -> list[str]:
        roots = sorted(path for path in self.folder.glob("web*") if path.is_dir())
        inventory = self.operator.inventory(
            {root.name: {"drift_root": str(root), "endpoint": f"{self.url}/{root.name}"} for root in roots},
            drift_repo=str(self.reference.path),
            drift_state_dir=str(self.folder / "state"),
            drift_contract={
                "trees": [{"name": "source", "path": "src"}],
                "endpoints": [{"name": "/health", "url": "{{ endpoint }}"}],
                **self.contract,
            },
        )
        extra = json.dumps({"drift_output_dir": str(self.operator.runs), **variables})
        return [REMEDIATE, "-i", str(inventory), "-e", extra, *arguments]

    def remediate(self, *arguments: str, **variables: t.Any) -> Outcome:
        return self.operator.play(*self.command(*arguments, **variables))

    def deploys(self) -> list[Path]:
        folder = self.operator.runs / "deploys"
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())

    def result(self, host: str, deploy: Path | None = None) -> Json:
        kept = (deploy or self.deploys()[-1]) / "results" / f"{host}.json"
        return t.cast(Json, json.loads(kept.read_text()))

    def ended(self) -> Json:
        return t.cast(Json, json.loads((self.deploys()[-1] / "run.json").read_text()))

    def answer(self, connection: socket.socket, host: str) -> None:
        self.meanwhile()
        works = host not in (self.folder / host / "src/app.py").read_text()
        connection.sendall(answer(b"ok" if works else b"", "200 OK" if works else "500 Internal Server Error"))

    def restored(self) -> list[str]:
        """Return what was done on the hosts, as their own records have it."""
        lines = [line for log in (self.folder / "state").glob("*/log.jsonl") for line in log.read_text().splitlines()]
        return [json.loads(line)["what"] for line in lines]


@contextlib.contextmanager
def opened(folder: Path, operator: Operator) -> Iterator[Shop]:
    """Open a shop for the length of a block."""

    def handler(connection: socket.socket, request: bytes) -> None:
        shop.answer(connection, path_of(request).lstrip("/"))

    with serving(handler) as server:
        shop = Shop(folder, operator, server.url)
        yield shop
