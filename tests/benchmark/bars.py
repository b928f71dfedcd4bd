# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit has promised, as ratios to its peers."""

from __future__ import annotations

import dataclasses
import typing as t

import audits
import peers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import script

MB_LIMIT = 80
WIRE_LIMIT = 100_000


@dataclasses.dataclass(frozen=True)
class Bar:
    """One promise: ``what`` is at most ``limit``. ``value`` is None when the peer is missing here."""

    what: str
    value: float | None
    limit: float
    unit: str = "x"

    @property
    def outcome(self) -> str:
        if self.value is None:
            return "not measured"
        return "ok" if self.value <= self.limit else "MISSED"


def code_bytes(sections: t.Iterable[str]) -> int:
    """Return the size of what is sent to ask a host for nothing: the collectors of some sections themselves."""
    return len(script({"sections": dict.fromkeys(sections)}))


def _ratio(medians: t.Mapping[str, float], mine: str, theirs: str) -> float | None:
    return medians[mine] / medians[theirs] if theirs in medians else None


def bars(medians: t.Mapping[str, float], module_mb: float, wire_bytes: int) -> list[Bar]:
    """Return every promise with what was measured: medians in seconds by case, the host's peak, the second audit's own
    bytes.
    """
    walk = medians[peers.PING] + 3 * medians[peers.WALK]
    return [
        Bar(f"{audits.FIRST} / {peers.XARGS}", _ratio(medians, audits.FIRST, peers.XARGS), 0.9),
        Bar(f"{audits.UNREFERENCED} / {peers.XARGS}", _ratio(medians, audits.UNREFERENCED, peers.XARGS), 0.9),
        Bar(f"{audits.FIRST} / {peers.FIND}", _ratio(medians, audits.FIRST, peers.FIND), 0.2),
        Bar(f"{audits.FIRST} / {peers.AIDE}", _ratio(medians, audits.FIRST, peers.AIDE), 0.4),
        Bar(f"{audits.SECOND} / ({peers.PING} + 3 {peers.WALK})", medians[audits.SECOND] / walk, 1.0),
        Bar(f"{audits.APPLICATION} / {peers.PING}", _ratio(medians, audits.APPLICATION, peers.PING), 1.5),
        Bar("memory of all host processes together", module_mb, MB_LIMIT, " MB"),
        Bar("second audit's own bytes on the wire", wire_bytes / 1000, WIRE_LIMIT / 1000, " KB"),
    ]
