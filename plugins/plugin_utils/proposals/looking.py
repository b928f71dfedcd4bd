# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proposals are made of: one host of a stored run, and the commit that it is compared with. Private to the
collection.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.source import Source
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Json, Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache


def look(
    host: str,
    kept: Json,
    section: t.Callable[[str], Json | None],
    findings: t.Iterable[Json],
    reference: Json | None,
    cache: Cache,
) -> Seen:
    """Return what is known of one host. ``kept`` is what the run stored of its settings. Of a reference that cannot be
    read nothing is known; then it may have everything.
    """
    readable = reference is not None and reference["kind"] == "git" and reference["outcome"] == "ok"
    source = Source(reference, cache) if reference is not None and readable else None
    return Seen(
        host=host,
        environment=kept.get("environment", ""),
        application=kept.get("application", ""),
        root=kept.get("root", "/"),
        contract=kept.get("contract", {}),
        section=section,
        findings=[one for one in findings if one["host"] == host],
        has=_has(source, host, kept),
        ignores=_ignores(source),
        repository=None if reference is None or source is None else reference["repo"],
        committed=_committed(source),
    )


def _has(source: Source | None, host: str, kept: Json) -> t.Callable[[str], bool]:
    """Return what tells whether the reference has a file. It is read when it is asked for the first time."""

    @functools.cache
    def paths() -> frozenset[str] | None:
        found: set[str] = set()
        try:
            for tree in kept["contract"].get("trees") or []:
                found.update({} if source is None else source.entries(host, kept["root"], kept["contract"], tree))
        except ReferenceUnavailable:
            return None
        return frozenset(found)

    def has(path: str) -> bool:
        known = paths()
        return known is None or path in known

    return has


def _ignores(source: Source | None) -> t.Callable[[str], bool]:
    """Return what tells whether the reference ignores a path. It is read when it is asked for the first time."""

    @functools.cache
    def patterns() -> t.Callable[[str], bool]:
        try:
            return source.ignores() if source is not None else lambda path: False
        except ReferenceUnavailable:
            return lambda path: False

    def ignored(path: str) -> bool:
        # They are read when the first path is asked for.
        return patterns()(path)

    return ignored


def _committed(source: Source | None) -> t.Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        try:
            return None if source is None else source.content(path)
        except ReferenceUnavailable:
            return None

    return read
