# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what a log says. Private to the collection. Pure."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_words import KINDS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain

_LINES = 200
_HITS = 20

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows the end of a log; for errors that are limited the last lines with their name.

    Which part of it was read, and by which expressions it was searched, is told by the contract.
    """
    kind = str(known.get("kind") or "")
    shown = plain(str(known["source"]).removeprefix(KINDS[kind])) if kind in _SHOWS else None
    if not shown:
        return ""
    quoted = shlex.quote(shown)
    word = plain(str(check["subject"]).removeprefix(f"{check['component']}:"))
    if check["check"] == "max" and word:
        return f"{_ALL[kind].format(quoted)} | grep -nw -e {shlex.quote(word)} | tail -n {_HITS}"
    return _SHOWS[kind].format(quoted)


_SHOWS = {
    "path": f"ls -l --time-style=full-iso -- {{0}}; tail -n {_LINES} -- {{0}}",
    "container": f"docker logs --timestamps --tail {_LINES} {{0}}",
    "journal": f"journalctl --no-pager --utc -n {_LINES} -u {{0}}",
}
_ALL = {
    "path": "cat -- {0}",
    "container": "docker logs --timestamps {0} 2>&1",
    "journal": "journalctl --no-pager --utc -u {0}",
}
