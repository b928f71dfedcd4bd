# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepted differences: which check a waiver covers, until when, and whether it is still needed.

Private to the collection.

A waiver accepts a difference that was seen. It never covers an unknown, nor a finding about a waiver.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, SECTIONS, Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy

GLOBS = ("section", "component", "check", "subject", "environment", "host")
"""The keys of a waiver that are globs; one that is absent matches everything. ``*`` goes across slashes."""

COMPONENT = "waivers"


@dataclasses.dataclass
class _Entry:
    waiver: Details
    expired: bool
    matched: int = 0
    asked: bool = False
    hidden: bool = False

    def matches(self, check: Check, keys: t.Sequence[str] = GLOBS) -> bool:
        return all(fnmatch.fnmatchcase(getattr(check, key), _glob(self.waiver, key)) for key in keys)

    @property
    def state(self) -> str:
        if self.expired:
            return "expired"
        if self.matched:
            return "used"
        return "unused" if self.asked and not self.hidden else "not_asked"


class Ledger:
    """The waivers of one run. They hold through the whole day of ``expires``, in UTC."""

    def __init__(self, waivers: t.Iterable[Details], as_of: str) -> None:
        texts = {json.dumps(waiver, sort_keys=True): waiver for waiver in waivers}
        self._entries = [_Entry(texts[text], as_of[:10] > texts[text]["expires"][:10]) for text in sorted(texts)]

    def asked(self, environment: str, host: str, cells: t.Mapping[tuple[str, str], str]) -> None:
        """Take note of a host: a waiver is only unused where what it covers was seen and compared."""
        for entry in self._entries:
            waiver = entry.waiver
            if fnmatch.fnmatchcase(environment, _glob(waiver, "environment")) and fnmatch.fnmatchcase(
                host, _glob(waiver, "host")
            ):
                for (section, component), state in cells.items():
                    concerned = fnmatch.fnmatchcase(section, _glob(waiver, "section"))
                    if concerned and section != RUN and fnmatch.fnmatchcase(component, _glob(waiver, "component")):
                        entry.asked = True
                        entry.hidden = entry.hidden or state != "in_sync"

    def apply(self, check: Check) -> Check:
        """Return the check, waived when a waiver that has not expired covers it."""
        if check.outcome == "unknown":
            for entry in self._entries:
                entry.hidden = entry.hidden or entry.matches(check, ("section", "environment", "host", "component"))
        if check.outcome not in ("fail", "observation"):
            return check
        covering = [entry for entry in self._entries if entry.matches(check)]
        for entry in covering:
            entry.matched += 1
        holding = [entry for entry in covering if not entry.expired]
        return dataclasses.replace(check, outcome="waived", waiver=dict(holding[0].waiver)) if holding else check

    def checks(self) -> list[Check]:
        """Return the findings about the waivers themselves, once a run."""
        made = []
        for entry in self._entries:
            if entry.state == "expired" and (entry.matched or entry.asked):
                made.append(_expired(entry))
            elif entry.state == "unused":
                made.append(_unused(entry.waiver))
        return made

    def states(self) -> list[dict[str, t.Any]]:
        """Return every waiver with its ``state`` and the number of differences that it ``matched``."""
        return [{**entry.waiver, "state": entry.state, "matched": entry.matched} for entry in self._entries]


def _glob(waiver: Details, key: str) -> str:
    value = waiver.get(key)
    return "*" if value is None else str(value)


def _subject(waiver: Details) -> str:
    stated = " ".join(f"{key}={waiver[key]}" for key in GLOBS if waiver.get(key) is not None)
    return f"{stated or 'everything'} until {waiver['expires'][:10]}"


def _expired(entry: _Entry) -> Check:
    waiver = entry.waiver
    covers = "it would still match" if entry.matched else "it matches nothing any more"
    return _about(
        waiver,
        outcome="fail",
        severity="medium",
        state="failed",
        cause="waiver_expired",
        summary=f"The waiver '{_subject(waiver)}' has expired; {covers} ({entry.matched})",
        observed={"matched": entry.matched, "expires": waiver["expires"]},
        remedy=remedy("renew_waiver", "Repair what it accepted and remove it, or renew it with a new date."),
    )


def _unused(waiver: Details) -> Check:
    return _about(
        waiver,
        outcome="observation",
        severity="low",
        state="failed",
        cause="waiver_unused",
        summary=f"The waiver '{_subject(waiver)}' covers nothing: the difference is gone, or the waiver is mistyped",
        observed={"matched": 0, "expires": waiver["expires"]},
        remedy=remedy("remove_waiver", "Remove the waiver, or correct what it names."),
    )


def _about(waiver: Details, **more: t.Any) -> Check:
    section = _glob(waiver, "section")
    return Check(
        environment=_glob(waiver, "environment"),
        host=_glob(waiver, "host"),
        section=section if section in SECTIONS else RUN,
        component=COMPONENT,
        check="waiver",
        subject=_subject(waiver),
        owner=str(waiver.get("owner") or ""),
        evidence=("waivers.json",),
        **more,
    )
