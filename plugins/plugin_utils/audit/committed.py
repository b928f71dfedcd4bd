# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches the history of references for secrets, once, while the run's key is there, and keeps the answer in the run
folder: judging needs neither repository nor key then. Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.detectors import Detectors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.in_use import SECTIONS, secrets_of
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
Names = dict[str, set[tuple[str, str]]]


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
        folder.write(COMMITTED, evidence.masked(found))


def load_committed(folder: RunFolder) -> list[Json]:
    """Return what keep_committed wrote, nothing when nobody asked. Raises StoreError."""
    try:
        content: list[Json] = folder.read(COMMITTED)
    except FileNotFoundError:
        return []
    return content


def _entry(folder: RunFolder, reference: Json, wanted: Json, hosts: t.Sequence[str], detectors: Detectors) -> Json:
    names, looked_up = _in_use(folder, hosts)
    entry: Json = {
        "reference": reference["id"],
        "asked": wanted,
        "hosts": list(hosts),
        "in_use": {"secrets": len(names), **looked_up},
        "detectors": detectors.version,
        "outcome": "unknown",
        "reason": "",
    }
    if reference["outcome"] != "ok":
        return {**entry, "reason": f"the reference could not be made: {reference['reason']}"}
    searcher = Searcher(run_key(folder), names, detectors)
    limits = Limits(wanted["max_mb"] << 20, wanted["ignore"])
    try:
        with Repository(reference["repo"]) as repository:
            read, sightings = scan(repository, reference["commit"], searcher, limits)
            groups = _groups(sightings)
            secrets = [_secret(group, names) for group in groups[:_MOST]]
            commits = [commit for one in secrets for commit in (one["first"], one["removed"]) if commit is not None]
            times = committed_times(repository, {commit["commit"] for commit in commits})
    except ReferenceUnavailable as error:
        return {**entry, "reason": error.reason}
    for commit in commits:
        commit["committed"] = times.get(commit["commit"])
    return {**entry, "outcome": "ok", **read, "secrets": secrets, "secrets_total": len(groups)}


def _in_use(folder: RunFolder, hosts: t.Sequence[str]) -> tuple[Names, Json]:
    """Return the secrets that hosts hold, by digest, with host and name; and of which hosts they are not known."""
    names: Names = {}
    unseen, without = [], []
    for host in hosts:
        known = False
        kept = evidence.load(folder, host, evidence.SETTINGS) or {"contract": {}}
        for section in SECTIONS:
            if section not in kept["contract"]:
                continue
            seen = evidence.load(folder, host, section)
            if seen is None or seen["outcome"] != "ok":
                unseen.append({"host": host, "section": section})
                continue
            known = True
            for digest, name in secrets_of(section, seen["data"]):
                names.setdefault(digest, set()).add((host, name))
        if not known:
            without.append(host)
    return names, {"unseen": unseen, "without": without}


def _groups(sightings: t.Sequence[Sighting]) -> list[list[Sighting]]:
    """Return the sightings as they are told: a value in use alone, tokens of one kind by the file that first had them.

    Values in use come first, then what is still there, then by age.
    """
    groups: dict[tuple[str, str], list[Sighting]] = {}
    for one in sightings:
        key = ("", one.mark.digest) if not one.mark.kind else (one.mark.kind, one.path or "")
        groups.setdefault(key, []).append(one)
    return sorted(groups.values(), key=lambda group: (group[0].mark.kind != "", not _present(group), group[0].order))


def _present(group: t.Sequence[Sighting]) -> set[str]:
    return set().union(*(one.present for one in group))


def _secret(group: t.Sequence[Sighting], names: Names) -> Json:
    first = group[0]
    paths, present = set().union(*(one.paths for one in group)), _present(group)
    removed = max((one.removed for one in group if one.removed is not None), default=None)
    named: dict[str, list[str]] = {}
    for host, name in names.get(first.mark.digest, ()) if not first.mark.kind else ():
        named.setdefault(name, []).append(host)
    return {
        "kind": first.mark.kind,
        "values": len(group),
        "names": [{"name": name, "hosts": sorted(named[name])} for name in sorted(named)[:LISTED]],
        "first": {"path": first.path, "commit": first.commit},
        "paths": sorted(paths)[:LISTED],
        "paths_total": len(paths),
        "present": sorted(present)[:LISTED],
        "present_total": len(present),
        "removed": {"commit": removed[1]} if removed is not None and not present else None,
        "messages": sum(one.messages for one in group),
    }
