# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which everything is made, and Ansible as a user of this checkout would call it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import typing as t
from pathlib import Path

import clock
import corpus

_HERE = Path(__file__).resolve().parent
CORES = len(os.sched_getaffinity(0))

TREES: dict[str, t.Any] = {"trees": [{"name": "source"}]}


class Workshop:
    """``folder`` holds the trees, a private Ansible home, the audit's cache and its run folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = Path(sys.executable).parent
        self.runs = folder / "runs"
        self.cache = folder / "xdg" / "evenkeel-drift"
        self.probe_log = folder / "probe.jsonl"
        self.tree = corpus.Corpus(folder / "tree", corpus.TREE)
        self.light = corpus.Corpus(folder / "light", corpus.LIGHT)
        self.application = corpus.Corpus(folder / "application", corpus.APPLICATION)
        self.small = corpus.Corpus(folder / "small", corpus.SMALL)

    def prepare(self, *wanted: corpus.Corpus) -> None:
        """Build what is missing of the trees, all when none is named, and drop what an earlier benchmark left."""
        for made in wanted or (self.tree, self.light, self.application, self.small):
            made.build()
        shutil.rmtree(self.runs, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)
        (self.folder / "ansible").mkdir(exist_ok=True)
        (self.folder / "ansible" / "ansible.cfg").touch()

    def env(self) -> dict[str, str]:
        """Return the environment of every measured command; nothing of the user's own configuration reaches it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "XDG_", "GIT_"))}
        ansible = self.folder / "ansible"
        return {
            **kept,
            "LC_ALL": "C.UTF-8",
            "XDG_CACHE_HOME": str(self.folder / "xdg"),
            "ANSIBLE_HOME": str(ansible),
            "ANSIBLE_CONFIG": str(ansible / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ansible / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "BENCH_PROBE": str(self.probe_log),
            "BENCH_PYTHON": sys.executable,
        }

    def inventory(self, name: str, hosts: t.Mapping[str, t.Mapping[str, t.Any]], probed: bool = False) -> str:
        """Write an inventory of local hosts and return its path."""
        path = self.folder / "inventory" / f"{name}{'-probed' if probed else ''}.json"
        path.parent.mkdir(exist_ok=True)
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(self._interpreter()) if probed else sys.executable,
            "drift_environment": "bench",
            # What the others do not do either: step back for whoever else uses the machine.
            "drift_nice": 0,
            "drift_output_dir": str(self.runs),
            "drift_keep_runs": 3,
        }
        path.write_text(json.dumps({"all": {"hosts": dict(hosts), "vars": shared}}))
        return str(path)

    def _interpreter(self) -> Path:
        path = self.folder / "probe-python"
        path.write_text(f'#!/bin/sh\nexec "$BENCH_PYTHON" "{_HERE / "probe.py"}" "$@"\n')
        path.chmod(0o755)
        return path

    def playbook(self, name: str, tasks: list[dict[str, t.Any]]) -> str:
        """Write a playbook and return its path."""
        path = self.folder / "inventory" / f"{name}.yml"
        path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        return str(path)

    def audit(self, inventory: str, *options: str) -> list[str]:
        return [str(self.bin / "ansible-playbook"), "evenkeel.drift.audit", "-i", inventory, *options]

    def forget_hosts(self) -> None:
        """Make the next audit a first one: what is known of hosts goes, the reference's manifest stays."""
        shutil.rmtree(self.cache / "hosts", ignore_errors=True)

    def forget_all(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)

    def findings(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads((self.runs / "latest" / "findings.json").read_text())
        return found

    def check_in_sync(self) -> None:
        """Refuse the time of an audit that did not see everything, or saw drift where there is none."""
        verdict = self.findings()["verdict"]
        if verdict["state"] != "in_sync" or not verdict["complete"]:
            raise clock.Failed(f"the audit's verdict is {verdict}")

    def probed(self, case: clock.Case) -> dict[str, t.Any]:
        """Run a case whose inventory is a probed one; return what the probe saw, summed over the host's processes."""
        self.probe_log.unlink(missing_ok=True)
        clock.run(case, self.env())
        seen = [json.loads(line) for line in self.probe_log.read_text().splitlines()]
        return {
            "sent": sum(one["sent"] for one in seen),
            "answered": sum(one["answered"] for one in seen),
            "together_mb": max(one["together_mb"] for one in seen),
            "largest_mb": max(one["largest_mb"] for one in seen),
        }
