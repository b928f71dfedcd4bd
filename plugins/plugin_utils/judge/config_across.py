# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules across environments: values that must differ and do not, and one secret in several places.

Private to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_pairs import MUST_DIFFER
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SECTION, SeenConfigs, Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, number

DEFAULTS = {"must_differ": "high", "identical": "high", "reused": "medium"}
"""The checks across environments and their severities where the contract gives none."""

_NAMED = 5
_APART = remedy(
    "fix_setting",
    "Give each environment a value of its own, and restart what reads it. Look first which environment the value "
    "belongs to: what one of them did with it may have happened in the other.",
)
_OWN = remedy(
    "fix_setting",
    "Make a secret of its own for each purpose and environment, and restart what reads it; or declare with the rule "
    "may_differ or must_match that it is one secret.",
)


_File = tuple[str, str, str]
"""Environment, host and component."""


class Place(t.NamedTuple):
    """Where a value is, and how the contract there judges it."""

    environment: str
    host: str
    component: str
    key: str
    rule: str
    declared: bool

    @property
    def file(self) -> _File:
        return self.environment, self.host, self.component

    @property
    def subject(self) -> str:
        return f"{self.component}:{self.key}"


def checks(seen: SeenConfigs) -> list[Check]:
    """Return the checks across the environments of a run, in order."""
    return [*_must_differ(seen), *_reused(seen)]


def joined(known: dict[str, t.Any] | None, check: Check) -> bool:
    """Add to a check of a host, as it stands in findings.json, in which other environments the same value is.

    Return whether it stands for ``check``: it says already that the value is that of the reference.
    """
    if known is None or known.get("cause") != check.cause or check.cause != "same_value":
        return False
    known["observed"] = {**known["observed"], **check.observed}
    where = _some([f"{one['environment']} ({_some(one['hosts'])})" for one in check.observed["same_as"]])
    known["summary"] = f"{known['summary']}; the same value is in {where}"
    return True


def _graded(seen: SeenConfigs, environment: str, host: str, component: str) -> Graded:
    terms = seen.terms(host, component)
    context = Context(environment, host, paths={SECTION: seen.path(host)})
    return Graded(Scope(context, SECTION, component, terms, "operational"), terms.get("severity"), DEFAULTS)


def _must_differ(seen: SeenConfigs) -> list[Check]:
    """Return a check for each host and key that must differ, and that another environment has as well."""
    made = []
    for component, sides in sorted(seen.sides.items()):
        for environment, side in sorted(sides.items()):
            others = {name: one for name, one in sorted(sides.items()) if name != environment}
            for host, keys in sorted(_wanted(side, others).items()) if others else ():
                make = _graded(seen, environment, host, component)
                made += _of_host(make, (environment, host, component), keys, others)
    return made


def _wanted(side: Side, others: t.Mapping[str, Side]) -> dict[str, dict[str, str | None]]:
    """Return, by host, the keys that must differ with their digests: those of its own contract, or of another's."""
    found: dict[str, dict[str, str | None]] = {}
    for key, values in side.keys.items():
        asked = any(one.rule == MUST_DIFFER for other in others.values() for one in other.keys.get(key, ()))
        for value, hosts in values.items():
            # That it has no value is told of a host alone.
            if (asked or value.rule == MUST_DIFFER) and not value.empty:
                for host in hosts:
                    found.setdefault(host, {})[key] = value.digest
    return found


def _of_host(
    make: Graded, place: tuple[str, str, str], keys: t.Mapping[str, str | None], others: t.Mapping[str, Side]
) -> list[Check]:
    """Return a finding for each value that another environment has too, and one check for all other keys."""
    environment, host, component = place
    made, unknown = [], []
    for key, digest in sorted(keys.items()):
        same = {name: _having(other, key, digest) for name, other in others.items()}
        same = {name: hosts for name, hosts in same.items() if hosts}
        if digest is not None and same:
            where = ", ".join(f"{name} ({_some(hosts)})" for name, hosts in same.items())
            summary = (
                f"{key} of {component} on {host} must differ from other environments, and {environment} has the same "
                f"value as {where}"
            )
            observed = {"environments": sorted([environment, *same]), "same_as": _listed(same)}
            subject = f"{component}:{key}"
            made.append(make.failed(MUST_DIFFER, subject, summary, "failed", "same_value", _APART, observed))
        elif digest is None or _doubtful(others, key):
            unknown.append(key)
    told = {one.subject for one in made}
    differing = [key for key in sorted(keys) if f"{component}:{key}" not in told]
    where = _some(list(others))
    if unknown:
        summary = (
            f"Whether {_some(unknown)} of {component} on {host} has another value than in {where}, as it must, is not "
            f"known: {_why(others, unknown)}"
        )
        made.append(make.unknown(MUST_DIFFER, component, summary, {"keys": bounded(unknown), "total": len(unknown)}))
    elif differing:
        summary = f"{_some(differing)} of {component} on {host} has another value than in {where}, as it must"
        made.append(make.passed(MUST_DIFFER, component, summary, {"total": len(differing)}))
    return made


def _having(side: Side, key: str, digest: str | None) -> list[str]:
    return sorted(host for value, hosts in side.keys.get(key, {}).items() if value.digest == digest for host in hosts)


def _doubtful(others: t.Mapping[str, Side], key: str) -> bool:
    """Return whether another environment may have the value where it was not seen."""
    for side in others.values():
        values = side.keys.get(key, {})
        having = {host for hosts in values.values() for host in hosts}
        if side.unseen or any(value.digest is None for value in values) or set(side.partial) - having:
            return True
    return False


def _why(others: t.Mapping[str, Side], keys: t.Sequence[str]) -> str:
    for side in others.values():
        for host, reason in sorted({**side.partial, **side.unseen}.items()):
            return f"{host}: {reason}"
    return f"{', '.join(keys[:_NAMED])} cannot be compared without the key of a run"


def _reused(seen: SeenConfigs) -> list[Check]:
    """Return a finding for each host and secret that has another name there, or is in another environment too.

    A file of secrets that is the same as in another environment is one finding, not one for each of them.
    """
    groups = [_Secret(listed) for _digest, listed in sorted(_secrets(seen).items()) if len(listed) > 1]
    copies = _copies(seen)
    found: list[Check] = []
    for (environment, host, component), others in sorted(copies.items()):
        shared = sum(one.is_copied((environment, host, component), others) for one in groups)
        if shared:
            found.append(_copied(seen, (environment, host, component), others, shared))
    for secret in groups:
        found += secret.findings(seen, copies)
    return sorted(found, key=lambda check: (check.environment, check.host, check.check, check.subject))


def _secrets(seen: SeenConfigs) -> dict[str, list[Place]]:
    """Return the places of each secret by its digest."""
    places: dict[str, list[Place]] = {}
    for component, sides in seen.sides.items():
        for environment, side in sides.items():
            for key, values in side.keys.items():
                for value, hosts in values.items():
                    if value.distinctive and value.digest is not None:
                        terms = (component, key, value.rule, value.declared)
                        places.setdefault(value.digest, []).extend(Place(environment, host, *terms) for host in hosts)
    return places


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


def _copied(seen: SeenConfigs, place: _File, others: t.Mapping[str, t.Sequence[str]], shared: int) -> Check:
    environment, host, component = place
    where = ", ".join(f"{name} ({_some(hosts)})" for name, hosts in others.items())
    summary = (
        f"{component} on {host} ({environment}) is the same, byte for byte, as in {where}: "
        f"{number(shared, 'secret')} of it {'is' if shared == 1 else 'are'} not of this environment alone"
    )
    observed = {"environments": sorted([environment, *others]), "same_as": _listed(others), "secrets": shared}
    make = _graded(seen, environment, host, component)
    return make.failed("identical", component, summary, "failed", "reused_secret", _APART, observed)


class _Secret:
    """The places of one secret."""

    def __init__(self, places: t.Iterable[Place]) -> None:
        self._places = sorted(places)
        self._of_host: dict[tuple[str, str], list[Place]] = {}
        for one in self._places:
            self._of_host.setdefault((one.environment, one.host), []).append(one)

    def is_copied(self, file: _File, others: t.Mapping[str, t.Sequence[str]]) -> bool:
        """Return whether the secret is in a file and, reused, in its copies in other environments."""
        environment, host, component = file
        mine = [one for one in self._of_host.get((environment, host), ()) if one.component == component]
        return any(
            one.environment in others and one.component == component and _is_reuse(place, one)
            for place in mine
            for one in self._places
        )

    def findings(self, seen: SeenConfigs, copies: t.Mapping[_File, t.Collection[str]]) -> list[Check]:
        """Return one finding for each host on which the secret is reused.

        Where a copy of its file, or a value that must differ, tells of another environment, the same name there is not
        told again: a container has what its file says.
        """
        made = []
        for mine in self._of_host.values():
            told = {environment for place in mine for environment in copies.get(place.file, ())}
            told |= {one.environment for place in mine for one in self._places if _must_differ_tells(place, one)}
            pairs = [
                (place, one)
                for place in mine
                for one in self._places
                if _is_reuse(place, one) and not (one.environment in told and _plain(one.key) == _plain(place.key))
            ]
            if pairs:
                here = pairs[0][0]
                made.append(self._finding(seen, here, sorted({one for _place, one in pairs} - {here})))
        return made

    def _finding(self, seen: SeenConfigs, here: Place, others: t.Sequence[Place]) -> Check:
        told = dict.fromkeys(
            f"{one.subject} on this host" if one.host == here.host else f"{one.subject} in {one.environment}"
            for one in others
        )
        summary = f"The secret {here.subject} on {here.host} ({here.environment}) is also {_some(list(told))}"
        observed = {
            "places": [
                {"environment": one.environment, "host": one.host, "subject": one.subject} for one in bounded(others)
            ],
            "total": len(others),
        }
        make = _graded(seen, here.environment, here.host, here.component)
        return make.failed("reused", here.subject, summary, "failed", "reused_secret", _OWN, observed)


def _is_reuse(one: Place, other: Place) -> bool:
    """Return whether that one secret is in two places is a reuse that nothing declares."""
    if one.declared and other.declared:
        return False
    if one.environment != other.environment:
        return not _must_differ_tells(one, other)
    return one.host == other.host and _plain(one.key) != _plain(other.key)


def _must_differ_tells(one: Place, other: Place) -> bool:
    """Return whether the check of that name tells already that two environments have one value."""
    same = (one.component, one.key) == (other.component, other.key) and one.environment != other.environment
    return same and MUST_DIFFER in (one.rule, other.rule)


def _plain(key: str) -> str:
    """Return the name of a key without its spelling: ``bot.token`` in YAML is ``BOT_TOKEN`` in an environment."""
    return re.sub(r"[^A-Z0-9]+", "_", key.upper()).strip("_")


def _listed(same: t.Mapping[str, t.Sequence[str]]) -> list[Details]:
    return [{"environment": name, "hosts": bounded(hosts), "total": len(hosts)} for name, hosts in same.items()]


def _some(names: t.Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
