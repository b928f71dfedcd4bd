# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the things that a process runs was changed last, and whether that tells. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import EXACT_S
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import process_age
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_age import Ages, Kind
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context

_LONGEST = 60
_KINDS = {"rollback": "a rollback", "sync": "a deploy"}


class Stale:
    """Holds the instances of one entry of the contract against code, configuration, unit and environment."""

    def __init__(self, entry: Details, evidence: Details, context: Context, ages: Ages) -> None:
        self._entry = entry
        self._data = evidence
        self._context = context
        self._ages = ages

    def checks(self, subject: str, process: Details) -> list[Check]:
        """Return whether one instance is older than anything that it runs."""
        checks = [self._code(subject, process, tree) for tree in self._entry["not_older_than"]]
        for path in self._entry["reads"]:
            file = self._data["files"][path]
            about = f"{subject}:{path}"
            if file["outcome"] != "ok" or file["mtime_s"] is None:
                checks.append(self._ages.unknown(process_age.CONFIGURATION, about, f"{path}: {file['reason']}"))
            else:
                checks.append(self._against(process_age.CONFIGURATION, about, process, {"path": path, **file}))
        checks += self._unit_files(subject, process)
        if process["venv"] is not None:
            checks += self._environment(subject, process, self._data["environments"].get(process["venv"]))
        return checks

    def _code(self, subject: str, process: Details, tree: str) -> Check:
        kind, about = process_age.CODE, f"{subject}:{tree}"
        seen = self._context.seen.get("trees") or {}
        found = next((one for one in seen.get("trees") or [] if one["name"] == tree), None)
        if found is None:
            return self._ages.unknown(kind, about, f"the tree {tree} was not seen")
        newest = found.get("newest")
        if newest is None:
            return self._ages.unknown(kind, about, f"when the tree {tree} was changed last was not seen")
        path, changed_s = newest.get("path"), newest.get("mtime_s")
        known = newest["outcome"] == "ok"
        # A newer file proves that the process is older, whatever else was not seen.
        after = None if changed_s is None else self._ages.later(process, changed_s)
        proof = changed_s is not None and after is True
        # A rollback gives files their old times back: what the host recorded of it tells all the same.
        change, back = self._counting(tree, process)
        made = None
        if change is not None and self._tells(change, process, newest, after):
            what = f"the tree {tree} ({_called(change)})"
            made = self._ages.recorded(kind, about, process, what, change)
        elif path is not None and (known or proof):
            made = self._against_newest(kind, about, process, newest)
        if made is not None:
            return made if back is None or made.outcome != "pass" else self._ages.came_back(made, kind, process, back)
        if not known:
            return self._ages.unknown(kind, about, f"the tree {tree}: {newest['reason']}")
        said = f"There is no file in the tree {tree} that {subject} could be older than"
        return self._ages.nothing(kind, about, said)

    def _tells(self, change: Details, process: Details, newest: Details, after: bool | None) -> bool:
        """Return whether the host's record says more than the time of the newest file, which is no proof by itself: it
        came later than that, or it is what brought this file, whose time alone cannot tell. The record's time is when
        all its files were in place.
        """
        changed_s = newest.get("mtime_s")
        if after and self._reload(process, newest) is None:
            return False
        if change["time_s"] > (changed_s or 0) and change["time_s"] > process["started_s"]:
            return True
        return after is None and changed_s is not None and changed_s <= change["time_s"] + self._data["tolerance_s"]

    def _against_newest(self, kind: Kind, subject: str, process: Details, newest: Details) -> Check:
        """Return the check against the file of a tree that was changed last among those that were not read again."""
        before = newest.get("before")
        for one in (newest, *(before or ())):
            if self._reload(process, one) is None:
                return self._ages.against(kind, subject, process, one)
        if newest["outcome"] != "ok" or before is None or newest["cut"]:
            reason = f"{newest['path']} was read again by a reload, and which was changed before it is not told"
            return self._ages.unknown(kind, subject, reason)
        return self._against(kind, subject, process, newest)

    def _against(self, kind: Kind, subject: str, process: Details, file: Details) -> Check:
        """Return the check against one file, as ``Ages.against`` takes it."""
        reload = self._reload(process, file)
        if reload is not None:
            return self._ages.reread(kind, subject, process, file, reload)
        change = self._brought(process, file)
        if change is not None:
            return self._ages.recorded(kind, subject, process, f"{file['path']} ({_called(change)})", change)
        return self._ages.against(kind, subject, process, file)

    def _brought(self, process: Details, file: Details) -> Details | None:
        """Return the recorded change that brought a file before a process started, where the file's own time cannot
        tell that; None where there is none, or it is not that clear.
        """
        within_s = file.get("within_s")
        if self._ages.later(process, file["mtime_s"], within_s) is not None:
            return None
        for tree in (self._context.seen.get("trees") or {}).get("trees") or ():
            below = "" if tree["path"] == "." else tree["path"].rstrip("/") + "/"
            change = self._recorded(tree["name"]) if file["path"].startswith(below) else None
            if change is None or self._ages.later(process, change["time_s"], EXACT_S) is not False:
                continue
            if self._ages.later({"started_s": change["time_s"]}, file["mtime_s"], within_s) is not True:
                return change
        return None

    def _reload(self, process: Details, file: Details) -> Details | None:
        """Return the reload by which the unit of a process that is older than a file has read it again, None without
        one. The record has whole seconds.
        """
        if self._ages.later(process, file["mtime_s"], file.get("within_s")) is False:
            return None
        wanted = (process["unit_key"], file["path"])
        for one in (self._context.changes or {}).get("reloads") or ():
            # A record of a time before had whole seconds.
            until = one["time_s"] if one["time_s"] % 1 else one["time_s"] + 1
            if (one["unit"], one["path"]) == wanted and until >= file["mtime_s"]:
                return t.cast("Details", one)
        return None

    def _recorded(self, tree: str) -> Details | None:
        """Return the last change of a tree that the host's own record tells of, None when there is none."""
        change = ((self._context.changes or {}).get("trees") or {}).get(tree)
        return change if change is not None and "time_s" in change else None

    def _counting(self, tree: str, process: Details) -> tuple[Details | None, Details | None]:
        """Return the recorded change of a tree that counts for a process, and the rollback that took back all that came
        after that: what was started before what it took back was started with what is there again.
        """
        newest = change = self._recorded(tree)
        for one in ((self._context.changes or {}).get("taken_back") or {}).get(tree) or ():
            if self._ages.later(process, one["since_s"], EXACT_S) is not True:
                break
            change = one["before"]
        back = newest if change is not newest else None
        return (change if change is not None and "time_s" in change else None), back

    def _unit_files(self, subject: str, process: Details) -> list[Check]:
        """Return the check against the unit's file that was changed last; none for what no file defines."""
        kind = process_age.UNIT_FILE
        seen = self._data["unit_files"].get(process["unit_key"]) if process["unit_key"] else None
        if seen is None:
            return []
        if seen["outcome"] != "ok":
            return [self._ages.unknown(kind, subject, seen["reason"])]
        if not seen["files"]:
            return []
        newest = max(seen["files"], key=lambda file: (file["mtime_s"], file["path"]))
        return [self._ages.against(kind, subject, process, newest)]

    def _environment(self, subject: str, process: Details, seen: Details | None) -> list[Check]:
        kind = process_age.ENVIRONMENT
        if seen is None or seen["outcome"] != "ok":
            reason = seen["reason"] if seen is not None else "it was not looked at"
            return [self._ages.unknown(kind, subject, f"{process['venv']}: {reason}")]
        newest = seen["newest"]
        if newest is None:
            return []
        return [self._ages.against(kind, subject, process, newest)]


def _called(change: Details) -> str:
    """Return what a change is called in a sentence that has something else to say: its reason can be a long one."""
    why = str(change["why"] or "")
    return why if 0 < len(why) <= _LONGEST else _KINDS.get(change["kind"], str(change["kind"]))
