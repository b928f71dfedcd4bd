# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what runs has the values of the file that it should have read. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_remedies as cures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_words import names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number


def readers(make: Graded, one: Details, host: str) -> list[Check]:
    """Return one check for each reader of a configuration, whatever number of processes it has."""
    grouped: dict[tuple[str, str], list[Details]] = {}
    for reader in one["readers"]:
        grouped.setdefault((reader["kind"], reader["name"]), []).append(reader)
    return [_Reader(make, one, host, kind, name).judge(found) for (kind, name), found in sorted(grouped.items())]


class _Reader:
    def __init__(self, make: Graded, one: Details, host: str, kind: str, name: str) -> None:
        self._make = make
        self._one = one
        self._file = one["name"]
        self._who = f"{kind} {name}"
        self._kind = kind
        self._host = host
        self._subject = f"{one['name']}:{kind} {name}"

    def judge(self, found: t.Sequence[Details]) -> Check:
        # One that was seen can have a reason as well: why some of its values were not compared.
        blind = next((one for one in found if one["reason"] and one["outcome"] != "missing"), None)
        wrong = next(filter(None, map(self._wrong, _worst_first(found))), None)
        if wrong is not None:
            return wrong
        if blind is not None:
            summary = f"Whether {self._who} on {self._host} runs with all values of {self._file} is not known"
            return self._make.unknown("running", self._subject, f"{summary}: {blind['reason']}")
        running = [one for one in found if one["outcome"] == "ok"]
        if not running:
            summary = f"{self._who} does not run on {self._host}, so nothing of it was held against {self._file}"
            return self._make.not_exercised("running", self._subject, summary, {"reason": found[0]["reason"]})
        if not running[0]["keys"] and (running[0]["older"] is None or self._kind == "container"):
            summary = f"{self._who} on {self._host} was not held against {self._file}: none of its keys is a variable"
            return self._make.not_exercised("running", self._subject, summary)
        counted = {state: sum(key["state"] == state for key in running[0]["keys"]) for state in ("same", "absent")}
        summary = f"{self._who} on {self._host} runs with the values of {self._file}: {counted['same']} are the same"
        if counted["absent"]:
            summary += f", {counted['absent']} were not passed to it"
        return self._make.passed("running", self._subject, summary, {**_when(running[0], self._one), **counted})

    def _wrong(self, reader: Details) -> Check | None:
        """Return the finding about one running instance, None when it has the values or may have read them itself."""
        if reader["outcome"] != "ok":
            return None
        other = [key["key"] for key in reader["keys"] if key["state"] == "other"]
        absent = [key["key"] for key in reader["keys"] if key["state"] == "absent"]
        same = len(reader["keys"]) - len(other) - len(absent)
        since = f"{self._who} on {self._host} runs since {reader['started'] or 'a time that is not known'}"
        when = _when(reader, self._one)
        cure = cures.RECREATE if self._kind == "container" else cures.RESTART
        if other and reader["older"]:
            said = f"{since}, {self._file} was changed later, at {self._one['mtime']}: {_others(other)}"
            return self._failed(said, "stale_process", cure, {**when, "other": sorted(other)})
        if other:
            said = f"{since} with other values than {self._file} has: {_others(other)}; something else sets them"
            if reader["older"] is None:
                said = f"{since} with other values than {self._file} has: {_others(other)}"
            return self._failed(said, "value_differs", cures.OVERRIDDEN, {**when, "other": sorted(other)})
        if absent and reader["complete"]:
            said = f"{since} without {number(len(absent), 'key')} of {self._file}: {names(absent)}"
            cause = "stale_process" if reader["older"] else "missing_key"
            return self._failed(said, cause, cure, {**when, "absent": sorted(absent)}, "missing")
        if reader["older"] and not same and (absent or self._kind != "container"):
            said = (
                f"{since}, {self._file} was changed later, at {self._one['mtime']}: "
                "it was passed none of the keys, so it reads the file itself, and read it before"
            )
            return self._failed(said, "stale_configuration", cure, when)
        return None

    def _failed(self, said: str, cause: str, cure: Details, observed: Details, state: str = "differs") -> Check:
        return self._make.failed(
            "running", self._subject, said, state, cause, cure, observed, {"changed": self._one["mtime"]}
        )


def _worst_first(found: t.Sequence[Details]) -> list[Details]:
    """Return the instances, the one that runs for the longest first."""
    return sorted(found, key=lambda one: (one["started_s"] is None, one["started_s"] or 0.0, one["pid"] or 0))


def _when(reader: Details, one: Details) -> dict[str, t.Any]:
    return {"pid": reader["pid"], "started": reader["started"], "changed": one["mtime"]}


def _others(keys: t.Sequence[str]) -> str:
    return f"it has another value of {names(keys)}"
