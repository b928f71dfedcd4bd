# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What environment systemd gives to a unit, as ``systemctl show`` says. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd import ask
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.words import shown_words

PROPERTIES = ("LoadState", "MainPID", "Environment", "EnvironmentFiles", "UnsetEnvironment")
_FILE = re.compile(r"(.*) \(ignore_errors=(yes|no)\)", re.DOTALL)


class UnitEnvironment(t.NamedTuple):
    """``loaded``: systemd knows the unit. ``files`` are paths or patterns, and whether each may be missing."""

    loaded: bool
    main_pid: int
    assigned: list[str]
    files: list[tuple[str, bool]]
    unset: list[str]


def unit_environment(unit: str, host: Host) -> UnitEnvironment:
    """Return the environment of a unit. Raises Unseen."""
    reason = ask.absent()
    if reason:
        raise Unseen(reason)
    return parse(ask.show([unit], PROPERTIES, host))


def parse(out: bytes) -> UnitEnvironment:
    """Return what the output of ``systemctl show`` says. Raises Unseen when it is about something else."""
    said: dict[str, list[str]] = {}
    last = ""
    for line in out.decode("utf-8", "surrogateescape").rstrip("\n").split("\n"):
        name, sign, value = line.partition("=")
        if sign and name in PROPERTIES:
            said.setdefault(name, []).append(value)
            last = name
        elif last:
            # A line end in a value, which older versions print as it is.
            said[last][-1] += f"\n{line}"
    if "LoadState" not in said:
        raise Unseen("systemctl does not tell the LoadState of the unit")
    pid = said.get("MainPID", [""])[0]
    files = [found for found in map(_FILE.fullmatch, said.get("EnvironmentFiles", [])) if found]
    if len(files) != len([one for one in said.get("EnvironmentFiles", []) if one]):
        raise Unseen("systemctl names the environment files of the unit in a form that is not known")
    return UnitEnvironment(
        loaded=said["LoadState"][0] not in ("not-found", "error", "bad-setting", "masked"),
        main_pid=int(pid) if pid.isdigit() and len(pid) < 10 else 0,
        assigned=shown_words(said.get("Environment", [""])[0]),
        files=[(found[1], found[2] == "yes") for found in files],
        unset=shown_words(said.get("UnsetEnvironment", [""])[0]),
    )
