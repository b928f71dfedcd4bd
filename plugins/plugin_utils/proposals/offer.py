# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All proposals for the hosts of a plan: their names, those that were asked for, and their folders. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, nearest, quote
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import readme
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.cleanup import clean_up
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.composes import composes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Json, Proposal, Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.overlays import ALL_HOSTS, overlays
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.removals import removals
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.rotation import rotation
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.units import units
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

FOLDER = "proposals"
README = "README.md"
VARIABLE = "sync_proposals"

_KINDS: tuple[t.Callable[[Seen], list[Proposal]], ...] = (
    clean_up,
    units,
    composes,
    rotation,
    removals,
)

Offered = t.Mapping[str, Proposal]


def propose(all_seen: t.Sequence[Seen]) -> Offered:
    """Return what can be suggested for the hosts of a plan by name, in the order in which it is shown."""
    made = [one for seen in all_seen for kind in _KINDS for one in kind(seen)]
    return name([*made, *overlays(all_seen)])


def name(proposals: t.Iterable[Proposal]) -> Offered:
    """Return proposals by names that tell them apart, whatever their hosts and subjects are called."""
    made: dict[str, Proposal] = {}
    for one in proposals:
        parts = [] if one.subject == one.kind.replace("_", "-") else [filename(one.subject)]
        parts += [] if one.host == ALL_HOSTS else [filename(one.host)]
        wanted = "-".join([one.kind.replace("_", "-"), *parts])
        found, number = wanted, 1
        while found in made:
            number += 1
            found = f"{wanted}-{number}"
        made[found] = one
    return made


def chosen(offered: Offered, asked: t.Sequence[str]) -> set[str]:
    """Return the names that were asked for. Raises ContractError for one that there is not, or that we cannot apply."""
    problems = []
    for at, wanted in enumerate(asked):
        place = f"{VARIABLE}[{at}]"
        if wanted not in offered:
            near = nearest(wanted, offered)
            meant = f', did you mean "{near}"?' if near else "."
            has = f" It has: {', '.join(offered)}" if offered else " It has none"
            problems.append(f"{place}: this plan has no proposal {quote(wanted)}{meant}{has}")
        elif not offered[wanted].actions:
            problems.append(
                f"{place}: {wanted} is applied by hand. Leave it out of {VARIABLE}; after a deploy with --check, "
                f"{FOLDER}/{wanted}/{README} in the deploy's folder says how"
            )
    if problems:
        raise ContractError(problems)
    return set(asked)


def listed(offered: Offered, applied: t.Container[str]) -> list[Json]:
    """Return how plan.json names the proposals."""
    return [
        {
            "name": name,
            "kind": one.kind,
            "host": one.host,
            "title": one.title,
            "findings": [why["id"] for why in one.why],
            "files": sorted([README, *one.files]),
            "can_apply": bool(one.actions),
            "applied": name in applied,
        }
        for name, one in offered.items()
    ]


def write(folder: RunFolder, offered: Offered, plan: Json) -> None:
    """Write each proposal into a folder of its own. Raises StoreError."""
    for name, one in offered.items():
        for file, text in {**one.files, README: readme.readme(name, one, plan)}.items():
            folder.write_bytes(f"{FOLDER}/{name}/{file}", text.encode("utf-8", "backslashreplace"))
