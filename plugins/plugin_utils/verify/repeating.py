# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command by which one check is repeated by hand: it only reads. Private to the collection. Pure."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain

_LINES = 200

Json = t.Mapping[str, t.Any]


class Places:
    """What a run knows of the things that its checks are about: where an endpoint is, which source a log has."""

    def __init__(self, findings: Json) -> None:
        self._known: dict[tuple[str, str, str], Json] = {}
        for facts in findings["facts"]:
            for kind in ("endpoints", "logs"):
                if facts["section"] == kind:
                    for one in facts["facts"].get(kind) or ():
                        self._known[facts["host"], kind, one["name"]] = one

    def command(self, check: Json) -> str:
        """Return a command for a shell in the root of the check's host; nothing when none says the same."""
        special = _SPECIAL.get(check["section"])
        if special is not None:
            return special(check, self._known.get((check["host"], check["section"], check["component"]), {}))
        expected = {**(check["expected"] or {})}
        made = live_commands.commands([{**check, "expected": expected, "outcome": "fail"}], plain)
        return made[0][1] if made else ""


def _endpoint(check: Json, known: Json) -> str:
    if not known:
        return ""
    asked = {key: known[key] for key in ("url", "method", "from")}
    made = live_commands.commands([{**check, "expected": asked, "outcome": "fail"}], plain)
    return made[0][1] if made else ""


def _log(check: Json, known: Json) -> str:
    """Return what shows the end of a log: how it is searched is told by the contract."""
    kind, _space, name = str(known.get("source") or "").rpartition(" ")
    shown = plain(name)
    if not shown:
        return ""
    quoted = shlex.quote(shown)
    if kind == "container":
        return f"docker logs --timestamps --tail {_LINES} {quoted}"
    if kind == "the journal of":
        return f"journalctl --no-pager --utc -n {_LINES} -u {quoted}"
    return f"ls -l --time-style=full-iso -- {quoted}; tail -n {_LINES} -- {quoted}" if not kind else ""


def _tree(check: Json, known: Json) -> str:
    del known
    path = plain(str(check["subject"]))
    expected = (check["expected"] or {}).get("sha256")
    if path is None:
        return ""
    quoted = shlex.quote(path)
    if check["check"] == "comparison":
        return f"find {quoted} -type f | LC_ALL=C sort | xargs -r -d '\\n' sha256sum --"
    if check["check"] in ("content", "presence", "verified", "mode", "owner", "mtime"):
        digest = f"; sha256sum -- {quoted}" if expected else ""
        return f"stat -c '%04a %U %G %y %n' -- {quoted}{digest}"
    return ""


def _git(check: Json, known: Json) -> str:
    del known
    path = plain(str(check["subject"]))
    if path is None:
        return ""
    ask = f"git --no-optional-locks -C {shlex.quote(path)}"
    if check["check"] == "commit":
        return f"{ask} rev-parse HEAD"
    if check["check"] in ("modified", "untracked", "staged", "conflicted"):
        return f"{ask} status --porcelain"
    return f"{ask} stash list" if check["check"] == "stash" else ""


_SPECIAL: dict[str, t.Callable[[Json, Json], str]] = {
    "endpoints": _endpoint,
    "logs": _log,
    "trees": _tree,
    "git": _git,
}
