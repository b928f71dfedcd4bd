# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report rests on: waivers, evidence, and the meaning of severities. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import LEVELS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    fence,
    heading,
    join,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import HORIZONS, OUTCOMES, severity, words

_KEYS = ("section", "component", "check", "subject", "host")
_COMMAND = "# in the folder of this run\nsha256sum -c MANIFEST.sha256"


def waivers(report: Report) -> Lines:
    """Return the accepted differences, and those whose acceptance ran out."""
    lines = heading(2, "Waivers")
    if not report.waivers:
        return lines + paragraph("No difference is waived.")
    rows = [
        (
            _covers(one),
            one.get("environment") or "all",
            one.get("reason"),
            one.get("owner"),
            one.get("expires"),
            words(one["state"]),
            one.get("matched"),
        )
        for one in report.waivers
    ]
    return lines + table(("Covers", "Environment", "Reason", "Owner", "Expires", "State", "Differences"), rows)


def _covers(waiver: Json) -> Markup:
    named = [phrase("{} {}", key, code(waiver[key])) for key in _KEYS if waiver.get(key) is not None]
    return join(", ", named) if named else Markup("everything")


def evidence(report: Report) -> Lines:
    """Return what was stored of each host, and how to check that nobody changed it."""
    rows = [
        (
            code(one["path"]),
            one.get("reader"),
            one.get("host"),
            one.get("user"),
            one.get("started"),
            one.get("finished"),
            one.get("bytes"),
            code(one.get("sha256")),
            OUTCOMES["unknown" if one.get("outcome") == "unknown" else "pass"].markdown(),
        )
        for one in report.evidence
    ]
    lines = heading(2, "Evidence")
    lines += (
        table(("File", "Reader", "Host", "User", "From", "To", "Bytes", "sha256", "Seen"), rows)
        if rows
        else paragraph("None was stored.")
    )
    return [*lines, *paragraph("To check that no file of this run was changed since:"), *fence(_COMMAND, "sh")]


def legend(_report: Report) -> Lines:
    """Return the one mapping of severities to priorities, colours and horizons."""
    rows = [(severity(name).markdown(), level.priority, level.colour, HORIZONS[name]) for name, level in LEVELS.items()]
    return [*heading(2, "Severities"), *table(("Severity", "Priority", "Colour", "Act"), rows)]
