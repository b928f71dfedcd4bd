# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side alone: the script that an audit sends, run without Ansible, and trees seen without a script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import Compared
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import Comparison, compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeRequest, TreeView
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

Json = dict[str, t.Any]

KEY = b"k" * 32
SPEC: Json = {
    "name": "source",
    "path": ".",
    "exclude": [],
    "ignore": [],
    "keep": [],
    "modes": "all",
    "owner": True,
    "mtime": False,
    "secret": [],
    "forbid": [],
    "rules": [],
    "cross_filesystems": False,
}


def request(root: Path, timeout_s: int = 60, workers: int = 2, **spec: t.Any) -> Json:
    """Return a request for everything that an audit asks of a host."""
    tree = {**SPEC, "entries": "all", "forbid": [["*.pyc", [["(?:^|/)[^/]*\\.pyc$", True]]]], **spec}
    return {
        "protocol": 1,
        "root": str(root),
        "timeout_s": timeout_s,
        "workers": workers,
        "nice": 0,
        "key": KEY.hex(),
        "sections": {"git": {"path": ".", "ignore": []}, "trees": {"trees": [tree]}},
    }


def asked_by(contract: Json, root: Path) -> Json:
    """Return the request that an audit with this contract, and without a reference, makes."""
    sections = resolve({"drift_root": str(root), "drift_contract": contract}, cwd="/").contract
    cache = Cache(str(root / "no-cache"))
    context = Context(host="web1", root=str(root), cache=cache, contract=sections, declared=sections)
    return {
        **request(root),
        "sections": {name: exchange(name, part, context).request() for name, part in sections.items()},
    }


def details(root: Path, paths: Sequence[str]) -> Json:
    """Return the second request of an audit, about the text of files."""
    tree = {"path": ".", "name": "source", "paths": list(paths), "max_text": 1 << 20, "text": True}
    return {**request(root), "sections": {"details": {"trees": [tree]}}}


def run(program: bytes, *prefix: str, user: int | None = None) -> Json:
    """Run the script of a request as Ansible does, on an interpreter's standard input; return its answer."""
    done = subprocess.run([*prefix, sys.executable], input=program, capture_output=True, check=False, user=user)
    assert done.returncode == 0, done.stderr.decode()
    return t.cast(Json, json.loads(done.stdout)["answer"])


def ask(asked: Json, *prefix: str, user: int | None = None) -> Json:
    return run(script(asked), *prefix, user=user)


def timeless(answer: t.Any) -> t.Any:
    """Return an answer without what differs from one minute to the next."""
    if isinstance(answer, Mapping):
        return {key: timeless(value) for key, value in answer.items() if key not in ("started", "finished", "seconds")}
    return [timeless(item) for item in answer] if isinstance(answer, list) else answer


def see(
    root: Path,
    reference: Directories | None = None,
    earlier: Directories | None = None,
    timeout_s: float = 60,
    **spec: t.Any,
) -> TreeView:
    """Return what the collector sees of a tree, asked as an audit asks it."""
    asked = TreeRequest({**SPEC, "entries": "changed" if reference is not None else "all", **spec}, reference, earlier)
    answer = trees.collect({"trees": [asked.spec]}, Host(os.fspath(root), timeout_s, workers=1, key=KEY))
    return asked.read(answer["trees"][0])


def differences(view: TreeView, reference: Directories, **spec: t.Any) -> Comparison:
    unlisted = view.unseen_total - len(view.unseen)
    compared = Compared.of({**SPEC, **spec})
    return compare(view.directories, reference, dict(view.unseen), view.reason, compared, unlisted)
