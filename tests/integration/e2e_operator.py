# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator: runs ansible-playbook of this interpreter's environment in folders of their own and reads the result."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

AUDIT = "evenkeel.drift.audit"
JUDGE = "evenkeel.drift.judge"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Far more than a busy machine needs: it only ends a test that would hang.
_TIMEOUT_S = 600

Json = dict[str, t.Any]


@dataclasses.dataclass
class Outcome:
    """How ansible-playbook ended, and the run that it left behind, if any."""

    code: int
    text: str
    run: Path | None

    @property
    def findings(self) -> Json:
        assert self.run is not None, self.text
        return t.cast(Json, json.loads((self.run / "findings.json").read_text()))

    @property
    def report(self) -> str:
        assert self.run is not None, self.text
        return (self.run / "report.md").read_text()

    def brief(self, *sections: str) -> set[tuple[str, str, str | None]]:
        """Return (check, subject, cause) of the findings of some sections, of all when none is named."""
        return {
            (finding["check"], finding["subject"], finding["cause"])
            for finding in self.findings["findings"]
            if not sections or finding["section"] in sections
        }

    def state(self) -> tuple[int, str]:
        return self.code, self.findings["verdict"]["state"]

    def evidence(self, host: str, section: str) -> Json:
        assert self.run is not None, self.text
        return t.cast(Json, json.loads((self.run / "evidence" / host / f"{section}.json").read_text()))


class Operator:
    """Somebody who audits, from a folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.desk = home / "desk"
        self.desk.mkdir(parents=True)
        self.runs = self.desk / "drift-runs"
        self.cache = home / "cache"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self.home / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_DEVEL_WARNING": "false",
            "XDG_CACHE_HOME": str(self.cache),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            # The times that tests write are those of their own zone.
            **({"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}),
            **more,
        }

    def inventory(self, hosts: Json, name: str = "prod", **variables: t.Any) -> Path:
        """Write an inventory of hosts (name: its variables) with variables for all of them."""
        path = self.home / f"{name}.json"
        listed = {host: {**LOCAL, **own} for host, own in hosts.items()}
        path.write_text(json.dumps({"all": {"hosts": listed, "vars": variables}}))
        return path

    def command(self, *arguments: str | Path) -> list[str]:
        return [str(Path(sys.executable).parent / "ansible-playbook"), *map(str, arguments)]

    def start(
        self, *arguments: str | Path, cwd: Path | None = None, environment: t.Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=cwd or self.desk,
            env=self.environment(**(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def play(
        self, *arguments: str | Path, cwd: Path | None = None, environment: t.Mapping[str, str] | None = None
    ) -> Outcome:
        """Run ansible-playbook and return how it ended; ``environment`` is added to the operator's own."""
        before = self._runs()
        process = self.start(*arguments, cwd=cwd, environment=environment)
        try:
            output, _none = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        new = sorted(self._runs() - before)
        return Outcome(process.returncode, output.decode("utf-8", "surrogateescape"), new[-1] if new else None)

    def audit(self, inventory: str | Path, *arguments: str | Path, **variables: t.Any) -> Outcome:
        """Audit an inventory; ``variables`` are given with -e."""
        extra = ["-e", json.dumps({"drift_output_dir": str(self.runs), **variables})]
        return self.play(AUDIT, "-i", str(inventory), *extra, *arguments)

    def audit_one(self, root: Path, **variables: t.Any) -> Outcome:
        """Audit one local host called web1."""
        return self.audit(self.inventory({"web1": {"drift_root": str(root)}}), **variables)

    def _runs(self) -> set[Path]:
        if not self.runs.is_dir():
            return set()
        folders = {path for path in self.runs.iterdir() if path.is_dir() and not path.is_symlink()}
        return folders - {self.runs / name for name in ("deploys", "rescues", "verifications")}
