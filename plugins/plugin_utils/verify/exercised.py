# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit saw nothing of, and the observation window saw happen as it should. Private to the collection. Pure.

An audit is a moment: a group that nothing was written to, a cycle that was not due. What a window saw of the same thing
is worth no less for having been seen later. Only a PASS of the window counts, only for the same thing, and only where
the audit called it NOT_EXERCISED: what is UNKNOWN or FAIL stays so.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import SECTION

BY = "exercised_by"
"""The key of ``observed`` that names the check of the window which saw it happen."""

_WITNESSES = {
    ("logs", "interval"): "cycles",
    ("logs", "forbid"): "forbid",
    ("logs", "max"): "errors",
    ("logs", "fresh"): "errors",
    ("streams", "progress"): "lag",
}
"""Which check of the window is about the same as one of the audit. ``numbers`` and samples are not watched."""

Json = dict[str, t.Any]
_Key = tuple[str, str, str, str, str]


def by_window(checks: t.Sequence[Json], watched: t.Sequence[Json]) -> list[Json]:
    """Return the checks of an audit; what never happened in it passes where the window saw it happen."""
    seen: dict[_Key | None, Json] = {_witness(one): one for one in watched if _worked(one)}
    return [_seen(one, seen.get(_wanted(one))) for one in checks]


def _worked(one: Json) -> bool:
    """Return whether a check of the window says that something happened: a lag of 0 may be that of a group that did
    nothing.
    """
    return one["verdict"] == verdicts.PASS and (one["check"] != "lag" or bool(one["observed"]["moved"]))


def _witness(one: Json) -> _Key:
    section, name = repeating.thing(one)
    told = one["observed"]
    subject = f"{told['stream']}:{told['group']}" if one["check"] == "lag" else one["subject"]
    return one["host"], section, name, one["check"], subject


def _wanted(one: Json) -> _Key | None:
    witness = _WITNESSES.get((one["section"], one["check"]))
    if witness is None or one["verdict"] != verdicts.NOT_EXERCISED:
        return None
    # Of all limits of a log's errors the window has one check.
    subject = one["component"] if witness == "errors" else one["subject"]
    return one["host"], one["section"], one["component"], witness, subject


def _seen(one: Json, witness: Json | None) -> Json:
    if witness is None:
        return one
    return {
        **one,
        "outcome": "pass",
        "verdict": verdicts.PASS,
        "summary": f"{one['summary']}; the observation window saw it: {witness['summary']}",
        "observed": {**one["observed"], BY: witness["id"]},
        "evidence": [*one["evidence"], *(path for path in witness["evidence"] if path not in one["evidence"])],
        "remedy": None,
    }


def unfounded(checks: t.Sequence[t.Mapping[str, t.Any]]) -> list[t.Mapping[str, t.Any]]:
    """Return what passes by a window and has no check there that passes."""
    passed = {
        (one["host"], one["id"]) for one in checks if (one["section"], one["verdict"]) == (SECTION, verdicts.PASS)
    }
    return [
        one
        for one in checks
        if one["section"] in ("logs", "streams")
        and one["verdict"] == verdicts.PASS
        and BY in one["observed"]
        and (one["host"], one["observed"][BY]) not in passed
    ]
