# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show a file of configuration, or one key of it. Private to the collection. Pure.

A value is shown only where it is known to be no secret, and its line has none: of all else a digest.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OWN = re.compile(r"(?:.*\.)?([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)")

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows a file, and the line of the key that a check is about."""
    source = known.get("source") if known.get("kind") == "path" else ""
    path = plain(str((check["expected"] or {}).get("path") or source or ""))
    if not path or MARK in path:
        return ""
    name = shlex.quote(f"./{path}" if path.startswith("-") else path)
    return f"stat -c '%y %a %U %n' -- {name}; {_line(check, known, name) or f'sha256sum -- {name}'}"


def _line(check: Json, known: Json, name: str) -> str:
    """Return what shows the line of a key; nothing of a check that is about none."""
    key = str(check["subject"]).removeprefix(f"{check['component']}:")
    if key == check["subject"]:
        return ""
    if known.get("format") == "env" and _NAME.fullmatch(key):
        # By its name: that it is absent is told as well.
        found = f"grep -nE -e {shlex.quote(f'^[[:space:]]*(export +)?{re.escape(key)}[[:space:]]*=')} -- {name}"
        return found if key in (known.get("public") or ()) else f"{found} | cut -d : -f 1; {found} | sha256sum"
    line = (check["observed"] or {}).get("line") or (known.get("lines") or {}).get(key)
    if not isinstance(line, int):
        return ""
    own = _OWN.fullmatch(key)
    if own and key in (known.get("public") or ()):
        # By now another line may stand there, which may be a secret.
        return f"sed -n {shlex.quote(f'{line}{{/{own.group(1)}/p;}}')} -- {name}"
    return f"sed -n {line}p -- {name} | sha256sum"
