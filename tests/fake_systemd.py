# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``systemctl`` that keeps its units in files: a real program in a folder of its own, found before the machine's."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl, units
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask

Json = t.Dict[str, t.Any]

_PROGRAM = """#!{python} -SE
import json, os, sys, time
folder = {folder!r}
arguments = [word for word in sys.argv[1:] if word not in ("--no-pager", "--no-ask-password")]
with open(folder + "/calls", "a") as calls:
    calls.write(" ".join(arguments) + chr(10))

def path(name):
    return folder + "/units/" + name

def load(name):
    try:
        with open(path(name)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {{"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}}

def save(name, unit):
    with open(path(name) + ".new", "w") as file:
        json.dump(unit, file)
    os.rename(path(name) + ".new", path(name))

def now():
    return str(int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6))

def begin(name, unit):
    text = "".join(open(one).read() for one in unit["reads"] if os.path.exists(one)) + unit.get("defined", "")
    unit["starts"] += 1
    unit["ran_with"] = text
    at = now()
    unit["InactiveExitTimestampMonotonic"] = at
    unit.update(ActiveEnterTimestampMonotonic=at, StateChangeTimestampMonotonic=at, MainPID=str(unit["starts"]))
    unit["InvocationID"] = "i%d" % unit["starts"]
    if "broken" in text:
        unit.update(ActiveState="failed", SubState="failed", Result="exit-code", MainPID="0")
    else:
        unit.update(ActiveState="active", SubState="running", Result="success")

def define(unit):
    # As systemd does: the file of a unit counts as it was read, and only one that is newer than that needs a reload.
    if "FragmentPath" in unit:
        with open(unit["FragmentPath"]) as file:
            unit.update(defined=file.read(), defined_ns=os.fstat(file.fileno()).st_mtime_ns)
    return dict(unit, NeedDaemonReload="no")

def is_newer(unit):
    return "FragmentPath" in unit and os.stat(unit["FragmentPath"]).st_mtime_ns > unit["defined_ns"]

verb, words = arguments[0], [word for word in arguments[1:] if word != "--" and not word.startswith("--")]
if verb == "show" and not words:
    if os.path.exists(folder + "/read"):
        sys.stdout.write("UnitsLoadTimestampMonotonic=" + open(folder + "/read").read() + chr(10))
elif verb == "show":
    for name in words:
        unit = load(name)
        if (unit.get("looping") or "loops" in unit.get("ran_with", "")) and unit["ActiveState"] == "active":
            begin(name, unit)
            unit["NRestarts"] = str(int(unit["NRestarts"]) + 1)
            save(name, unit)
        if is_newer(unit):
            unit["NeedDaemonReload"] = "yes"
        sys.stdout.write("".join("%s=%s" % (key, value) + chr(10) for key, value in unit.items() if key[0].isupper()))
        sys.stdout.write(chr(10))
elif verb == "daemon-reload":
    with open(folder + "/read", "w") as file:
        file.write(now())
    for name in os.listdir(folder + "/units"):
        save(name, define(load(name)))
else:
    for name in words:
        unit = load(name)
        if verb in ("start", "restart"):
            begin(name, unit)
        elif verb == "reload" and not unit.get("deaf"):
            unit["StateChangeTimestampMonotonic"] = now()
            unit["ran_with"] = "".join(open(one).read() for one in unit["reads"])
            if "crash" in unit["ran_with"]:
                begin(name, unit)
            elif "ends" in unit["ran_with"]:
                unit.update(SubState="exited", MainPID="0")
        elif verb == "stop":
            unit.update(ActiveState="inactive", SubState="dead", MainPID="0")
        elif verb in ("enable", "disable"):
            unit["UnitFileState"] = verb + "d"
        elif verb == "reset-failed":
            unit.update(ActiveState="inactive", SubState="dead")
        save(name, unit)
        if unit["ActiveState"] == "failed" and verb in ("start", "restart"):
            sys.exit("Job for %s failed because the control process exited with error code." % name)
"""


class FakeSystemd:
    """The units below ``folder``; made by the fixture ``systemd``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "units").mkdir(parents=True)
        (folder / "bin").mkdir()
        program = folder / "bin" / "systemctl"
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the code find this systemctl, and believe that the machine runs systemd."""
        monkeypatch.setattr(command, "_PATH", f"{self.folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.setattr(ask, "_BOOTED", str(self.folder))
        monkeypatch.setattr(systemctl, "needs_root", lambda _what: None)
        monkeypatch.setattr(units, "needs_root", lambda _what: None)
        monkeypatch.setattr(systemctl, "last_lines", lambda _unit: "")
        monkeypatch.setattr(units, "STAYS_S", 0.02)
        monkeypatch.setattr(units, "POLL_S", 0.01)

    def unit(self, name: str, *reads: Path, active: bool = True, **more: t.Any) -> None:
        """Make a unit that remembers what it read when it was started."""
        unit: Json = {
            "LoadState": "loaded",
            "ActiveState": "active" if active else "inactive",
            "SubState": "running" if active else "dead",
            "Result": "success",
            "Type": "simple",
            "UnitFileState": "enabled",
            "NeedDaemonReload": "no",
            "MainPID": "1" if active else "0",
            "NRestarts": "0",
            "ActiveEnterTimestampMonotonic": "1",
            "StateChangeTimestampMonotonic": "1",
            "CanReload": "no",
            "InvocationID": "i0",
            "starts": 0,
            "reads": [str(path) for path in reads],
            "ran_with": "".join(path.read_text() for path in reads) if active else "",
            **more,
        }
        if "FragmentPath" in more:
            path = Path(more["FragmentPath"])
            defined = path.read_text()
            unit.update(defined=defined, defined_ns=path.stat().st_mtime_ns, ran_with=unit["ran_with"] + defined)
        (self.folder / "units" / name).write_text(json.dumps(unit))

    def get(self, name: str) -> Json:
        return t.cast(Json, json.loads((self.folder / "units" / name).read_text()))

    def calls(self) -> list[str]:
        """Return what was asked that changes something, in order."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.replace("-- ", "") for line in lines if not line.startswith("show")]


@pytest.fixture(name="systemd")
def fixture_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemd:
    made = FakeSystemd(tmp_path / "systemd")
    made.install(monkeypatch)
    return made
