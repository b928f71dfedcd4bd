# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain over the local connection: what a change makes worse goes back, batch by batch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, write
from endpoint_server import answer, path_of, serving
from waiting import wait_until

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

    def restored(self) -> list[str]:
        """Return what was done on the hosts, as their own records have it."""
        lines = [line for log in (self.folder / "state").glob("*/log.jsonl") for line in log.read_text().splitlines()]
        return [json.loads(line)["what"] for line in lines]


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> Iterator[Shop]:
    folder = tmp_path / "shop"

    def handler(connection: socket.socket, request: bytes) -> None:
        host = path_of(request).lstrip("/")
        works = host not in (folder / host / "src/app.py").read_text()
        connection.sendall(answer(b"ok" if works else b"", "200 OK" if works else "500 Internal Server Error"))

    with serving(handler) as server:
        yield Shop(folder, operator, server.url)


def said(outcome: Outcome) -> str:
    return " ".join(outcome.text.split())


def test_drift_is_removed_and_verified(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate()
    assert outcome.code == 0, outcome.text
    assert (root / "src/other.py").read_text() == "2\n"
    ended = shop.ended()
    assert ended["outcomes"] == {"web1": "changed"}
    assert shop.result("web1")["verification"]["verdict"] == "PASS"
    assert ended["verification"]["verdict"] == "PASS"
    assert "1 path changed; verified: PASS" in said(outcome)
    took = ended["took"]
    assert took["own"] == took["total"] - took["checks"] - took["restarts"]
    assert took["sentence"] in said(outcome)
    report = (shop.deploys()[-1] / "result.md").read_text()
    assert "- \\[x\\]" not in report
    assert "- [x] web1: observed" in report and "- tests, not declared" in report
    linked = shop.deploys()[-1] / f"../../verifications/{ended['verification']['id']}/verify-report.md"
    assert linked.is_file()
    # Nothing to do, and verified all the same.
    again = shop.remediate()
    assert (again.code, shop.ended()["outcomes"]) == (0, {"web1": "nothing"}), again.text
    assert shop.ended()["verification"]["verdict"] == "PASS"


def test_a_change_that_breaks_an_endpoint_goes_back_by_its_name(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD, "src/new.py": "new\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert fingerprint(root) == before
    result = shop.result("web1")
    assert result["outcome"] == "rolled_back"
    told = result["verification"]
    assert [one["verdict"] for one in told["reasons"]] == ["FAIL"]
    assert "/health" in told["reasons"][0]["sentence"] and "500" in told["reasons"][0]["sentence"]
    assert told["again"]["still"] == []
    assert result["point"] in result["reason"]
    assert "web1: goes back, because /health" in said(outcome)
    report = (shop.deploys()[-1] / "result.md").read_text()
    assert "done, verified again" in report and "/health" in report


def test_what_failed_before_as_well_takes_nothing_back(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    write(root, {"src/app.py": BAD})
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["verification"]["back"]) == ("changed", None)
    assert any("/health" in one["sentence"] for one in result["verification"]["known"])
    assert "failed before the change as well" in said(outcome)
    assert (root / "src/other.py").read_text() == "2\n"
    assert "rolled back" not in shop.restored()


def test_one_bad_canary_of_three_stops_the_others(shop: Shop) -> None:
    roots = shop.hosts("web1", "web2", "web3")
    before = [fingerprint(root) for root in roots]
    shop.reference.commit("Second", {"src/app.py": BAD})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert [fingerprint(root) for root in roots] == before
    assert shop.ended()["outcomes"] == {"web1": "rolled_back", "web2": "not_begun", "web3": "not_begun"}
    assert "not begun, because web1 failed" in said(outcome)
    assert [what for what in shop.restored() if what == "rolled back"] == ["rolled back"]
    # The canary is well with the next one, and of the others one is not: that one alone goes back.
    shop.reference.commit("Third", {"src/app.py": "breaks web3\n", "src/other.py": "3\n"})
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert shop.ended()["outcomes"] == {"web1": "changed", "web2": "changed", "web3": "rolled_back"}
    assert fingerprint(roots[2]) == before[2]
    assert (roots[1] / "src/other.py").read_text() == "3\n"
    first, second, third = (shop.result(name)["verification"] for name in ("web1", "web2", "web3"))
    assert first["id"] != second["id"] == third["id"]
    assert (second["again"], third["again"]["still"]) == (None, [])


def test_check_mode_ends_with_the_plan(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    outcome = shop.remediate("--check")
    assert outcome.code == 0, outcome.text
    assert fingerprint(root) == before
    assert shop.ended()["outcomes"] == {"web1": "planned"}
    assert not (shop.operator.runs / "verifications").exists()
    assert not (shop.folder / "state").exists()


def test_a_wrong_variable_of_the_verification_is_refused_before_anything_is_done(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    outcome = shop.remediate(verify_wach="10m")
    assert outcome.code == 2, outcome.text
    assert 'did you mean "verify_watch"' in said(outcome)
    assert fingerprint(root) == before
    assert not shop.operator.runs.exists()


def test_killed_after_the_change_and_run_again_it_ends_the_same(shop: Shop) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    process = shop.operator.start(*shop.command())
    try:
        # What it writes is read by nobody, and fits into the pipe.
        wait_until(lambda: list(shop.operator.runs.glob("verifications/*/run.json")), "the change is being verified")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert fingerprint(root) != before
    (interrupted,) = shop.deploys()
    assert (interrupted / "INCOMPLETE").exists()
    outcome = shop.remediate()
    assert outcome.code == 2, outcome.text
    assert fingerprint(root) == before
    result = shop.result("web1")
    assert (result["outcome"], result["of"]) == ("rolled_back", interrupted.name)
    assert f"was changed by the deploy {interrupted.name}" in said(outcome)
