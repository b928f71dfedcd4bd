# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches the history of references for secrets, once, while the run's key is there, and keeps the answer in the run
folder: judging needs neither repository nor key then. Private to the collection.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.secrets_in_use import InUse, User, in_use
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.detectors import Detectors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.scan import LISTED, Limits, scan
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Searcher
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.sightings import Sighting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import committed_times
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.sides import stored_references
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, canonical

COMMITTED = "committed.json"

_MOST = 200

Json = dict[str, t.Any]


def keep_committed(folder: RunFolder) -> None:
    """Write committed.json when a host's contract asks for it: one entry for each reference, and way of searching it.

    ``[{reference, asked, hosts, outcome, reason, ..., secrets: [...]}]`` (docs/design.md).
    """
    references: dict[str, Json] = {one["id"]: one for one in stored_references(folder) if one["kind"] == "git"}
    asked: dict[tuple[str, bytes], tuple[Json, list[str]]] = {}
    for host in folder.read("run.json")["hosts"]:
        kept = evidence.load(folder, host, evidence.SETTINGS) or {"contract": {}, "reference": None}
        wanted = (kept["contract"].get("git") or {}).get("secrets_in_history")
        if wanted is not None and kept["reference"] in references:
            asked.setdefault((kept["reference"], canonical(wanted)), (wanted, []))[1].append(host)
    if asked:
        detectors = Detectors()
        found = [
            _entry(folder, references[reference], wanted, sorted(hosts), detectors)
            for (reference, _wanted), (wanted, hosts) in sorted(asked.items())
        ]
        folder.write(COMMITTED, mask_texts(found))


def load_committed(folder: RunFolder) -> list[Json]:
    """Return what keep_committed wrote, nothing when nobody asked. Raises StoreError."""
    try:
        content: list[Json] = folder.read(COMMITTED)
    except FileNotFoundError:
        return []
    return content


def _entry(folder: RunFolder, reference: Json, wanted: Json, hosts: t.Sequence[str], detectors: Detectors) -> Json:
    used = in_use(folder, hosts)
    entry: Json = {
        "reference": reference["id"],
        "asked": wanted,
        "hosts": list(hosts),
        "in_use": {"secrets": len(used.users), "unseen": used.unseen, "without": used.without},
        "detectors": detectors.version,
        "outcome": "unknown",
        "reason": "",
    }
    if reference["outcome"] != "ok":
        return {**entry, "reason": f"the reference could not be made: {reference['reason']}"}
    searcher = Searcher(run_key(folder), used.values(), detectors)
    limits = Limits(wanted["max_mb"] << 20, wanted["ignore"])
    try:
        with Repository(reference["repo"]) as repository:
            read, sightings = scan(repository, reference["commit"], searcher, limits)
            told = _told(sightings, used)
            secrets = [one.as_dict() for one in told[:_MOST]]
            commits = [commit for one in secrets for commit in (one["first"], one["removed"]) if commit is not None]
            times = committed_times(repository, {commit["commit"] for commit in commits})
    except ReferenceUnavailable as error:
        return {**entry, "reason": error.reason}
    for commit in commits:
        commit["committed"] = times.get(commit["commit"])
    return {**entry, "outcome": "ok", **read, "secrets": secrets, "secrets_total": len(told)}


def _told(sightings: t.Sequence[Sighting], used: InUse) -> list[Told]:
    """Return the sightings as they are told: values in use by environment and name, tokens of one kind by the file that
    first had them. Values in use come first, then what is still there, then by age.
    """
    groups: dict[tuple[str, str, str], Told] = {}
    for one in sightings:
        if one.mark.kind:
            told = groups.setdefault((one.mark.kind, "", one.path or ""), Told(None))
            told.sightings[one.mark.digest] = one
            continue
        users = sorted(used.users[one.mark.digest])
        for environment, group in itertools.groupby(users, key=lambda user: user.environment):
            here = list(group)
            # Without a name it is known by the file that first had it.
            name = next((user.name for user in here if user.name), f"/{one.path or ''}")
            told = groups.setdefault(("", environment, name), Told(environment))
            told.sightings[one.mark.digest] = one
            told.users.update(here)
    ordered = sorted(groups, key=lambda key: (*groups[key].rank(), key))
    return [groups[key] for key in ordered]


@dataclasses.dataclass
class Told:
    """What becomes one finding: ``environment`` is that of the hosts that use the values now, None for tokens."""

    environment: str | None
    sightings: dict[str, Sighting] = dataclasses.field(default_factory=dict)
    users: set[User] = dataclasses.field(default_factory=set)

    @property
    def first(self) -> Sighting:
        return next(iter(self.sightings.values()))

    @property
    def present(self) -> set[str]:
        return set().union(*(one.present for one in self.sightings.values()))

    def rank(self) -> tuple[bool, bool, int]:
        return self.environment is None, not self.present, self.first.order

    def as_dict(self) -> Json:
        """Return an entry of ``secrets`` in committed.json (docs/design.md), without the times of the commits."""
        seen = self.sightings.values()
        paths = set().union(*(one.paths for one in seen))
        removed = max((one.removed for one in seen if one.removed is not None), default=None)
        names: dict[str, set[str]] = {}
        for user in self.users:
            if user.name:
                names.setdefault(user.name, set()).add(user.host)
        return {
            "kind": self.first.mark.kind,
            "environment": self.environment,
            "values": len(seen),
            "names": [{"name": name, "hosts": sorted(names[name])} for name in sorted(names)[:LISTED]],
            "hosts": sorted({user.host for user in self.users}),
            "first": {"path": self.first.path, "commit": self.first.commit},
            "paths": sorted(paths)[:LISTED],
            "paths_total": len(paths),
            "present": sorted(self.present)[:LISTED],
            "present_total": len(self.present),
            "removed": {"commit": removed[1]} if removed is not None and not self.present else None,
            "messages": sum(one.messages for one in seen),
        }
