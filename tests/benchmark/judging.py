# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging and reporting alone: a run folder with the evidence of many hosts, judged in a process of its own."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.judging import finish
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from bars import Bar

HOSTS = 1000
ITEMS = 2000
SECONDS_LIMIT = 60.0
MB_LIMIT = 1000.0
_DIFFERING = 100
"""One item in so many differs, as on hosts that drift: a finding each."""
_NOW = "2026-01-02T03:04:05Z"
_REFERENCE = "git-00000000"
_COMMIT = "1" * 40

Json = dict[str, t.Any]


def _entry(number: int, side: str) -> Json:
    return {
        "type": "file",
        "mode": "0644",
        "size": number,
        "mtime": _NOW,
        "owner": "app",
        "group": "app",
        "sha256": f"{side}{number:063x}",
        "lines": None,
        "target": None,
        "commit": None,
        "lfs": None,
    }


def _tree(items: int) -> Json:
    """Return the evidence of a tree: what is equal is counted, what differs is listed."""
    differing = range(0, items, _DIFFERING)
    return {
        "name": "source",
        "path": ".",
        "outcome": "ok",
        "reason": "",
        "reference": _REFERENCE,
        "complete": True,
        "digest": "a" * 64,
        "counts": {"directories": 50, "files": items, "equal": items - len(differing), "ignored": 0, "unknown": 0},
        "base": None,
        "differences": [
            {
                "path": f"src/part{number % 50}/file{number}.py",
                "host": _entry(number, "a"),
                "reference": _entry(number, "b"),
                "aspects": ["content"],
                "diff": None,
                "secret": False,
            }
            for number in differing
        ],
        "groups": [],
        "identical": [],
        "forbidden": [],
        "contents": [],
        "unknown": [],
        "unknown_total": 0,
    }


def build(folder: Path, hosts: int = HOSTS, items: int = ITEMS) -> str:
    """Make an open run folder with the evidence of ``hosts`` hosts in ten environments; return its path."""
    shutil.rmtree(folder, ignore_errors=True)
    names = [f"host{number:04d}" for number in range(hosts)]
    environments = {name: f"env{number % 10}" for number, name in enumerate(names)}
    settings = {"fail_on": "high", "keep_runs": 30, "save_baseline": None, "signing_key": None}
    about = {"kind": "audit", "hosts": names, "environments": environments, "controller": {}, "settings": settings}
    run = open_run(str(folder), "several", _NOW, about)
    named = [{"name": "source"}]
    contract = resolve({"drift_root": "/srv/app", "drift_contract": {"trees": named}}, cwd="/").contract
    reference = {"kind": "baseline", "path": "/baseline.json", "sha256": "c" * 64, "created": _NOW, "host": "first"}
    run.write(f"references/{_REFERENCE}.json", {"id": _REFERENCE, "outcome": "ok", "reason": "", **reference})
    tree = _tree(items)
    for name in names:
        shared = {"environment": environments[name], "started": _NOW, "finished": _NOW, "outcome": "ok"}
        kept = {"application": "app", "root": "/srv/app", "reference": _REFERENCE, "contract": contract, "waivers": []}
        evidence.keep(run, name, evidence.SETTINGS, {"environment": environments[name], "branches": [], **kept})
        evidence.keep(run, name, evidence.HOST, {"section": "run", "failure": None, "about": {}, **shared})
        content = {"section": "trees", "reason": "", "reader": "", "user": "", "data": {"trees": [tree]}, **shared}
        evidence.keep(run, name, "trees", content)
    return run.path


def judge(path: str) -> Json:
    """Judge and report a run folder in this process; return what it found, the seconds, and the peak of memory."""
    begun = time.perf_counter()
    result = finish(RunFolder(path))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"findings": len(result.findings["findings"]), "seconds": seconds, "mb": peak}


def measure(folder: Path) -> tuple[list[Bar], int]:
    """Build a run and judge it in a process of its own; return the promises, and how many findings there were."""
    done = subprocess.run([sys.executable, __file__, build(folder)], check=True, stdout=subprocess.PIPE)
    shutil.rmtree(folder)
    seen = json.loads(done.stdout)
    what = f"judging and reporting {HOSTS:,} hosts x {ITEMS:,} items"
    return [
        Bar(f"{what}, time", seen["seconds"], SECONDS_LIMIT, " s"),
        Bar(f"{what}, memory", seen["mb"], MB_LIMIT, " MB"),
    ], seen["findings"]


if __name__ == "__main__":
    print(json.dumps(judge(sys.argv[1])))
