# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wording that the summaries share. Private to the collection."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

_LONGEST_S = 1e13
"""What takes longer is said in seconds: nobody counts so many days."""

LISTED = 50
"""How many names a finding or a fact lists; totals stand beside them."""


def short(commit: str | None) -> str:
    """Return the first seven digits of a commit."""
    return commit[:7] if commit else "no commit"


def number(count: int, thing: str, plural: str = "") -> str:
    """Return a number and its noun: ``1 file``, ``2 files``."""
    return f"{count} {thing}" if count == 1 else f"{count} {plural or thing + 's'}"


def reference_name(reference: Details | None) -> str:
    """Return the short name of a reference: ``main@0487dce``, ``host local-1``, ``baseline 2026-11-20.json``."""
    if reference is None:
        return "no reference"
    kind = reference.get("kind")
    if kind == "git":
        ref, commit = reference.get("ref") or "HEAD", reference.get("commit")
        return (
            f"{ref}@{short(commit)}"
            if commit and not commit.startswith(str(ref))
            else short(commit)
            if commit
            else str(ref)
        )
    if kind == "host":
        return f"host {reference.get('host')}"
    return f"baseline {str(reference.get('path')).rpartition('/')[2]}"


def bounded(names: t.Iterable[t.Any], limit: int = LISTED) -> list[t.Any]:
    """Return the first ``limit`` names in order."""
    return sorted(names)[:limit]


def some(names: t.Sequence[str], limit: int = 5) -> str:
    """Return the first names in one line, and how many there are beyond them."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def duration(seconds: float) -> str:
    """Return seconds as people say them, in the two largest units and without a sign: ``2 h 5 min``, ``38 s``."""
    seconds = real(seconds)
    if not abs(seconds) < _LONGEST_S:
        return f"{abs(seconds):.3g} s"
    whole = int(abs(seconds))
    for unit, length, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length} {unit} {rest} {below}" if rest else f"{whole // length} {unit}"
    return f"{abs(seconds):.3g} s"


def held(holding: int, asserted: int) -> str:
    """Return how many of some assertions hold: ``1 of 1 assertion holds``."""
    return f"{holding} of {number(asserted, 'assertion')} {'holds' if asserted == 1 else 'hold'}"


def real(value: float) -> float:
    """Return a number as one that can be computed with and said: one of too many digits is endless."""
    try:
        # Nothing is less than nothing by a sign alone.
        return float(value) + 0.0
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def utc(moment_s: float) -> str:
    """Return seconds after 1970 as a time."""
    try:
        moment = datetime.datetime.fromtimestamp(moment_s, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return f"{real(moment_s):g} s after 1970"
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def size(amount: float) -> str:
    """Return bytes as people say them: ``1.5 MiB``."""
    amount = real(amount)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} TiB"
