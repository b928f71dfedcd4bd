# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths that some environments have and others lack. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import RUN, Json, Report

_NOTE = (
    "An environment is not known to lack a path when its tree was not seen or not asked, or when nothing relates its "
    "reference to that of the others."
)


def render(report: Report) -> Lines:
    """Return the paths, as the findings against each environment's reference tell them; waived ones count too."""
    names = [str(one["name"]) for one in report.environments]
    rows: list[tuple[object, ...]] = []
    if len(names) > 1:
        known = _Known(report)
        for (component, subject), states in sorted(_found(report).items()):
            said = _where(known, component, names, states)
            if said is not None:
                rows.append((component, code(subject), said))
    if not rows:
        return []
    return [*heading(2, "Only in some environments"), *paragraph(_NOTE), *table(("Tree", "Path", "Where"), rows)]


def _found(report: Report) -> dict[tuple[str, str], dict[str, set[str]]]:
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for one in [*report.findings, *_waived(report)]:
        if one["section"] == "trees" and one["check"] == "presence" and one["state"] in ("unexpected", "missing"):
            states = found.setdefault((one["component"], one["subject"]), {})
            states.setdefault(one["state"], set()).add(one["environment"])
    return found


def _waived(report: Report) -> list[Json]:
    return [one for one in report.checks if one["outcome"] == "waived"]


def _where(known: _Known, component: str, names: t.Sequence[str], states: t.Mapping[str, set[str]]) -> Markup | None:
    """Return where a path is in words, None when all environments have it, or all lack it."""
    beyond, lacking = states.get("unexpected", set()), states.get("missing", set())
    if beyond >= set(names) or lacking >= set(names):
        return None
    if lacking:
        said = phrase("missing in {}", join(", ", sorted(lacking)))
        return phrase("{}, beyond the reference in {}", said, join(", ", sorted(beyond))) if beyond else said
    others = [name for name in names if name not in beyond]
    unsure = [name for name in others if not known.lacks(name, beyond, component)]
    if not unsure:
        return phrase("only in {}", join(", ", sorted(beyond)))
    said = phrase("in {}", join(", ", sorted(beyond)))
    absent = [name for name in others if name not in unsure]
    if absent:
        said = phrase("{}, not in {}", said, join(", ", absent))
    return phrase("{}; not known in {}", said, join(", ", unsure))


class _Known:
    """What follows for an environment that has no finding about a path."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._of_host = {host: environment for environment, host in report.hosts}
        self._asked = {
            (name, row["component"])
            for row in report.matrix["rows"]
            for name, cell in row["cells"].items()
            if row["section"] == "trees" and cell["state"] != "not_asked"
        }
        unseen = [*report.unknown, *(one for one in _waived(report) if one["state"] == "unknown")]
        self._unseen = {(one["environment"], one["section"], one["component"]) for one in unseen}

    def lacks(self, name: str, beyond: t.Collection[str], component: str) -> bool:
        """Return whether ``name`` lacks what the ``beyond`` have beyond their references.

        Without a finding it is as its own reference, so it lacks the path when that is the reference of one of them.
        """
        root = self._root(name, component, beyond, ()) if self._seen(name, component) else None
        return root is not None and root in {self._root(other, component, beyond, ()) for other in beyond}

    def _root(self, name: str, component: str, beyond: t.Collection[str], passed: tuple[str, ...]) -> str | None:
        """Return the id of the reference of an environment, None when that is not one or does not tell.

        One that is compared with a host is as that host, and so as the reference of the host's own environment; not
        when that has the path beyond its reference, or was not seen.
        """
        used = self._report.references_of(name)
        if len(used) != 1 or name in passed:
            return None
        holding = self._of_host.get(str(used[0].get("host"))) if used[0]["kind"] == "host" else None
        # A host that is compared with nothing is a truth of its own.
        if holding is None or holding == name or not self._report.references_of(holding):
            return str(used[0]["id"])
        if holding in beyond or not self._seen(holding, component):
            return None
        return self._root(holding, component, beyond, (*passed, name))

    def _seen(self, name: str, component: str) -> bool:
        if (name, component) not in self._asked:
            return False
        return not any(
            environment == name and (section == RUN or (section == "trees" and of in (component, "section")))
            for environment, section, of in self._unseen
        )
