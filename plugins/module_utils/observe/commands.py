# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section commands: runs what the contract names, and notes how it ended and what it said. Private to the collection.

This is the one section that starts programs of the operator's own. It is asked only with ``drift_allow_commands``.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.content import Content, examine
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import excerpt, hider
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_argv
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import TooLate, execute, find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_KEPT = 1 << 20
_SHOWN = 8 * 1024

Json = t.Dict[str, t.Any]


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return how the commands in ``spec["commands"]`` ended (``docs/design.md``): one after another, in their order."""
    return {"now_s": time.time(), "commands": [_command(entry, host) for entry in spec["commands"]]}


def _command(entry: t.Mapping[str, t.Any], host: Host) -> Json:
    made: Json = {
        "name": entry["name"],
        "argv": mask_argv(entry["run"]),
        "outcome": "ok",
        "reason": "",
        "failure": "",
        "exit_code": None,
        "seconds": None,
        "stdout": "",
        "stderr": "",
        "cut": False,
        "content": [],
    }
    try:
        cwd = os.path.join(host.root, entry["cwd"] or "")
        if not os.path.isdir(cwd):
            raise Unseen(f"its directory {entry['cwd'] or host.root} is not there, or cannot be seen")
        program = _program(entry["run"][0], cwd)
        if program is None:
            return {**made, "failure": "missing"}
        ran = execute([program, *entry["run"][1:]], host, entry["timeout_s"], cwd, _KEPT)
    except TooLate as late:
        return {**made, "failure": "late"} if late.own else {**made, "outcome": "unknown", "reason": late.reason}
    except Unseen as unseen:
        return {**made, "outcome": "unknown", "reason": hider()(unseen.reason)}
    hide = hider()
    partial = f"only the first {_KEPT >> 20} MiB of what it said were kept" if ran.cut else ""
    stdout, out_cut = excerpt(ran.out, _SHOWN, hide)
    stderr, err_cut = excerpt(ran.err, _SHOWN, hide)
    return {
        **made,
        "exit_code": ran.exit_code,
        "seconds": ran.seconds,
        "stdout": stdout,
        "stderr": stderr,
        "cut": ran.cut or out_cut or err_cut,
        "content": examine(Content(ran.out, partial), entry, hide, host),
    }


def _program(name: str, cwd: str) -> str | None:
    """Return the program that a contract names: by a path, or by a name that is looked for where programs are."""
    if "/" not in name:
        return find(name)
    path = os.path.join(cwd, name)
    return path if os.path.exists(path) else None
