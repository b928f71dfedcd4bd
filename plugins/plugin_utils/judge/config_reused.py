# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules across environments: one secret in several places, and files of secrets that are copies.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_between import graded, listed, resting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import affecting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_pairs import MUST_DIFFER
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_reach import Affected
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, some

_APART = remedy(
    "fix_setting",
    "Make secrets for each environment alone, and restart what reads them. Look first which environment these belong "
    "to: what one of them did with them may have happened in the other.",
)
_OWN = remedy(
    "fix_setting",
    "Make a secret of its own for each purpose and environment, and restart what reads it; or declare with the rule "
    "may_differ or must_match that it is one secret.",
)


_File = tuple[str, str, str]
"""Environment, host and component."""

_Hosts = dict[str, Affected]
"""Hosts, and who is affected there."""

_HOSTS = 10


class Place(t.NamedTuple):
    """Where a value is, and how the contract there judges it."""

    environment: str
    component: str
    key: str
    rule: str
    declared: bool

    @property
    def subject(self) -> str:
        return f"{self.component}:{self.key}"


def checks(seen: SeenConfigs) -> list[Check]:
    """Return a finding for each host and secret that has another name there, or is in another environment too.

    A file of secrets that is the same as in another environment is one finding, not one for each of them.
    """
    secrets = [_Secret(places) for _digest, places in sorted(_secrets(seen).items()) if len(places) > 1]
    copies = _copies(seen)
    found: list[Check] = []
    for file, others in sorted(copies.items()):
        copied = [one.copied(file, others) for one in secrets]
        if any(one.untold for one in copied):
            found.append(_copied(seen, file, others, sum(one.shared for one in copied)))
    for secret in secrets:
        found += secret.findings(seen, copies)
    return sorted(found, key=lambda check: (check.environment, check.host, check.check, check.subject))


def _secrets(seen: SeenConfigs) -> dict[str, dict[Place, _Hosts]]:
    """Return the places of each secret, with their hosts, by its digest."""
    found: dict[str, dict[Place, _Hosts]] = {}
    for component, sides in seen.sides.items():
        for environment, side in sides.items():
            for key, values in side.keys.items():
                for value, hosts in values.items():
                    if value.distinctive and value.digest is not None:
                        place = Place(environment, component, key, value.rule, value.declared)
                        hosts_of = found.setdefault(value.digest, {}).setdefault(place, {})
                        hosts_of.update(dict.fromkeys(hosts, value.affected))
    return found


def _copies(seen: SeenConfigs) -> dict[_File, dict[str, list[str]]]:
    """Return the secret files that hosts of other environments have byte for byte, with these hosts by environment."""
    found: dict[_File, dict[str, list[str]]] = {}
    for component, sides in seen.sides.items():
        for environment, side in sides.items():
            for digest, hosts in side.wholes.items():
                others = {
                    name: sorted(other.wholes[digest])
                    for name, other in sorted(sides.items())
                    if name != environment and digest in other.wholes
                }
                found.update({(environment, host, component): others for host in hosts if others})
    return found


def _copied(seen: SeenConfigs, file: _File, others: t.Mapping[str, t.Sequence[str]], shared: int) -> Check:
    environment, host, component = file
    where = ", ".join(f"{name} ({some(hosts)})" for name, hosts in others.items())
    summary = (
        f"{component} on {host} ({environment}) is the same, byte for byte, as in {where}: "
        f"{number(shared, 'secret')} of it {'is' if shared == 1 else 'are'} not of this environment alone"
    )
    same = listed(others)
    observed = {"environments": sorted([environment, *others]), "same_as": same, "secrets": shared}
    make = graded(seen, environment, host, component)
    check = make.failed("identical", component, summary, "failed", "reused_secret", _APART, observed)
    return affecting(resting(check, seen, same), seen.sides[component][environment].affected[host])


class Copied(t.NamedTuple):
    """Whether a secret of a file is shared with its copies, and whether no other check tells that."""

    shared: bool
    untold: bool


class _Secret:
    """The places of one secret, each with its hosts."""

    def __init__(self, places: t.Mapping[Place, _Hosts]) -> None:
        self._places = {place: dict(sorted(places[place].items())) for place in sorted(places)}
        self._of_host: dict[tuple[str, str], list[Place]] = {}
        for place, hosts in self._places.items():
            for host in hosts:
                self._of_host.setdefault((place.environment, host), []).append(place)

    def copied(self, file: _File, others: t.Collection[str]) -> Copied:
        """Return whether the secret is in a file and in its copies in other environments."""
        environment, host, component = file
        pairs = [
            (place, one)
            for place in self._of_host.get((environment, host), ())
            for one in self._places
            if place.component == component == one.component and one.environment in others
        ]
        return Copied(any(not _declared(*pair) for pair in pairs), any(_is_reuse(*pair) for pair in pairs))

    def findings(self, seen: SeenConfigs, copies: t.Mapping[_File, t.Collection[str]]) -> list[Check]:
        """Return one finding for each host on which the secret is reused.

        Where a copy of its file, or a value that must differ, tells of another environment, the same name there is not
        told again: a container has what its file says.
        """
        made = []
        known: dict[tuple[tuple[Place, ...], frozenset[str]], list[tuple[Place, Place]]] = {}
        for (environment, host), mine in self._of_host.items():
            files = [(environment, host, place.component) for place in mine]
            told = frozenset(name for file in files for name in copies.get(file, ()))
            # Hosts of one environment mostly have the secret in the same places.
            group = (tuple(mine), told)
            if group not in known:
                known[group] = self._reuses(mine, told)
            if known[group]:
                made.append(self._finding(seen, host, known[group]))
        return made

    def _reuses(self, mine: t.Sequence[Place], told: t.Collection[str]) -> list[tuple[Place, Place]]:
        """Return the places on one host, each with another one that nothing declares."""
        told = {*told, *(one.environment for place in mine for one in self._places if _must_differ_tells(place, one))}
        names = {_plain(place.key) for place in mine}
        return [
            (place, one)
            for place in mine
            for one in self._places
            if (one in mine or one.environment != place.environment)
            and _is_reuse(place, one)
            and not (one.environment in told and _plain(one.key) in names)
        ]

    def _finding(self, seen: SeenConfigs, host: str, pairs: t.Sequence[tuple[Place, Place]]) -> Check:
        here = pairs[0][0]
        others = sorted({one for _place, one in pairs} - {here})
        summary = f"The secret {here.subject} on {host} ({here.environment}) is also {_where(here, others)}"
        places = [self._place(one, here, host) for one in others[:_HOSTS]]
        observed = {"places": places, "total": len(others)}
        make = graded(seen, here.environment, host, here.component)
        check = make.failed("reused", here.subject, summary, "failed", "reused_secret", _OWN, observed)
        also = [
            f"{seen.path(name)}#{one.component}/{one.subject}"
            for one, told in zip(others, places, strict=False)
            for name in told["hosts"]
        ]
        check = dataclasses.replace(check, evidence=tuple(dict.fromkeys((*check.evidence, *also))))
        affected = [self._places[place][host] for place, _one in pairs]
        readers = {reader for one in affected for reader in one.readers}
        users = {user for one in affected for user in one.users} - readers
        return affecting(check, Affected(tuple(sorted(readers)), tuple(sorted(users))))

    def _place(self, one: Place, here: Place, host: str) -> dict[str, t.Any]:
        hosts = [host] if one.environment == here.environment else list(self._places[one])
        return {"environment": one.environment, "hosts": hosts[:_HOSTS], "total": len(hosts), "subject": one.subject}


def _where(here: Place, others: t.Sequence[Place]) -> str:
    """Return the other places in words: ``.env:A on this host, and in prod; in staging as .env:B``."""
    mine = [one.subject for one in others if one.environment == here.environment]
    known = {here.subject, *mine}
    elsewhere: dict[tuple[str, ...], list[str]] = {}
    for environment in sorted({one.environment for one in others} - {here.environment}):
        names = tuple(one.subject for one in others if one.environment == environment)
        elsewhere.setdefault(() if known.issuperset(names) else names, []).append(environment)
    said = [f"in {some(names)}{f' as {some(subjects)}' if subjects else ''}" for subjects, names in elsewhere.items()]
    near = [f"{some(mine)} on this host"] if mine else []
    return ", and ".join([*near, "; ".join(said)] if said else near)


def _is_reuse(one: Place, other: Place) -> bool:
    """Return whether that one secret is in two places is a reuse that nothing declares."""
    if _declared(one, other):
        return False
    if one.environment != other.environment:
        return not _must_differ_tells(one, other)
    return _plain(one.key) != _plain(other.key)


def _declared(one: Place, other: Place) -> bool:
    return one.declared and other.declared


def _must_differ_tells(one: Place, other: Place) -> bool:
    """Return whether the check of that name tells already that two environments have one value."""
    same = (one.component, one.key) == (other.component, other.key) and one.environment != other.environment
    return same and MUST_DIFFER in (one.rule, other.rule)


def _plain(key: str) -> str:
    """Return the name of a key without its spelling: ``bot.token`` in YAML is ``BOT_TOKEN`` in an environment."""
    return re.sub(r"[^A-Z0-9]+", "_", key.upper()).strip("_")
