# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``systemctl show`` says, as data. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

PROPERTIES = (
    *("Id", "LoadState", "LoadError", "ActiveState", "SubState", "Result", "UnitFileState", "FragmentPath"),
    *("DropInPaths", "NeedDaemonReload", "NRestarts", "StateChangeTimestampMonotonic", "MainPID", "ControlGroup"),
)


def parse_show(out: bytes, names: t.Sequence[str], monotonic_at_s: float) -> list[dict[str, t.Any]]:
    """Return one item for each of ``names``, in their order, from the output about them.

    systemd counts the time of a change from the boot: ``monotonic_at_s`` is when, since 1970, that clock was 0. (Its
    written times are in the host's zone, in a form that no parser is promised.) Raises Unseen when the output is not
    about as many units: an alias has another Id than its name, so only the order tells which is which.
    """
    blocks = _blocks(out)
    if len(blocks) != len(names):
        raise Unseen(f"systemctl was asked about {len(names)} units and told about {len(blocks)}")
    return [_unit(name, block, monotonic_at_s) for name, block in zip(names, blocks)]


def _blocks(out: bytes) -> list[dict[str, bytes]]:
    blocks: list[dict[str, bytes]] = []
    fields: dict[str, bytes] = {}
    for line in [*out.split(b"\n"), b""]:
        name, found, value = line.partition(b"=")
        if found:
            fields[name.decode("ascii", "backslashreplace")] = value
        elif fields:
            blocks.append(fields)
            fields = {}
    return blocks


def _unit(name: str, fields: t.Mapping[str, bytes], monotonic_at_s: float) -> dict[str, t.Any]:
    missing = [key for key in ("Id", "LoadState", "ActiveState", "SubState", "NeedDaemonReload") if key not in fields]
    if missing:
        reason = f"systemctl does not tell its {missing[0]}"
        return {"name": name, "outcome": "unknown", "reason": reason}

    def text(key: str) -> str:
        return mask(show(fields.get(key, b"")))

    changed_us = _count(fields.get("StateChangeTimestampMonotonic"))
    return {
        "name": name,
        "outcome": "ok",
        "reason": "",
        # A name in systemctl's own spelling, as in the contract: its backslashes stay single.
        "id": mask(fields["Id"].decode("ascii", "backslashreplace")),
        "load": text("LoadState"),
        "load_error": text("LoadError"),
        "active": text("ActiveState"),
        "sub": text("SubState"),
        "result": text("Result"),
        "enabled": text("UnitFileState"),
        "fragment": text("FragmentPath"),
        "drop_ins": sorted(text("DropInPaths").split()),
        "needs_reload": fields["NeedDaemonReload"] == b"yes",
        "restarts": _count(fields.get("NRestarts")),
        "since": iso(monotonic_at_s + changed_us / 1e6) if changed_us else None,
        "main_pid": _count(fields.get("MainPID")) or None,
        "cgroup": mask(fields.get("ControlGroup", b"").decode("ascii", "backslashreplace")),
    }


def _count(value: bytes | None) -> int | None:
    """Return a number; units of other kinds than services have neither restarts nor a main process."""
    return int(value) if value is not None and value.isdigit() and len(value) < 19 else None
