# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules across environments: values that must differ, and do not. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_reused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_between import graded, listed, resting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import affecting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_pairs import MUST_DIFFER
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_remedies import BY_CAUSE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs, Side, Value
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, bounded, number, some


def checks(seen: SeenConfigs) -> list[Check]:
    """Return the checks across the environments of a run, in order."""
    return [*_must_differ(seen), *config_reused.checks(seen)]


def joined(known: dict[str, t.Any] | None, check: Check) -> bool:
    """Add to a check of a host, as it stands in findings.json, in which other environments the same value is.

    Return whether it stands for ``check``: it says already that the value is that of the reference.
    """
    if known is None or known.get("cause") != check.cause or check.cause != "same_value":
        return False
    known["observed"] = {**known["observed"], **check.observed}
    known["evidence"] = list(dict.fromkeys((*known["evidence"], *check.evidence)))
    where = some([f"{one['environment']} ({some(one['hosts'])})" for one in check.observed["same_as"]])
    known["summary"] = f"{known['summary']}; the same value is in {where}"
    return True


def _must_differ(seen: SeenConfigs) -> list[Check]:
    """Return a check for each host and key that must differ, and that another environment has as well."""
    made = []
    for component, sides in sorted(seen.sides.items()):
        for environment, side in sorted(sides.items()):
            others = {name: one for name, one in sorted(sides.items()) if name != environment}
            for host, keys in sorted(_wanted(side, others).items()):
                make = graded(seen, environment, host, component)
                if others:
                    looked = listed({name: sorted(one.seen) for name, one in others.items()})
                    of_host = _of_host(make, (environment, host, component), keys, others)
                    made += [resting(check, seen, check.observed.get("same_as", looked)) for check in of_host]
                elif not any(seen.is_compared(one, component) for one in side.seen):
                    made.append(_alone(make, host, component, keys))
    return made


def _alone(make: Graded, host: str, component: str, keys: t.Collection[str]) -> Check:
    summary = (
        f"{some(sorted(keys))} of {component} on {host} must differ from other environments, and there is none in this "
        "run that has it"
    )
    return make.not_exercised(MUST_DIFFER, component, summary, {"keys": bounded(keys), "total": len(keys)})


def _wanted(side: Side, others: t.Mapping[str, Side]) -> dict[str, dict[str, Value]]:
    """Return, by host, the values that must differ: by its own contract, or by that of another environment."""
    found: dict[str, dict[str, Value]] = {}
    for key, values in side.keys.items():
        asked = any(one.rule == MUST_DIFFER for other in others.values() for one in other.keys.get(key, ()))
        for value, hosts in values.items():
            # That it has no value is told of a host alone.
            if (asked or value.rule == MUST_DIFFER) and not value.empty:
                for host in hosts:
                    found.setdefault(host, {})[key] = value
    return found


def _of_host(
    make: Graded, place: tuple[str, str, str], keys: t.Mapping[str, Value], others: t.Mapping[str, Side]
) -> list[Check]:
    """Return a finding for each value that another environment has too, and one check for all other keys."""
    _environment, host, component = place
    alike: dict[str, dict[str, list[str]]] = {}
    unknown = []
    for key, value in sorted(keys.items()):
        same = {name: _having(other, key, value.digest) for name, other in others.items()}
        same = {name: hosts for name, hosts in same.items() if hosts}
        if value.digest is not None and same:
            alike[key] = same
        elif value.digest is None or _doubtful(others, key):
            unknown.append(key)
    made = _same(make, place, keys, alike)
    differing = sorted(keys.keys() - alike.keys())
    where = some(list(others))
    if unknown:
        summary = (
            f"Whether {some(unknown)} of {component} on {host} has another value than in {where}, as it must, is not "
            f"known: {_why(others, unknown)}"
        )
        made.append(make.unknown(MUST_DIFFER, component, summary, {"keys": bounded(unknown), "total": len(unknown)}))
    elif differing:
        summary = f"{some(differing)} of {component} on {host} has another value than in {where}, as it must"
        made.append(make.passed(MUST_DIFFER, component, summary, {"total": len(differing)}))
    return made


def _same(
    make: Graded,
    place: tuple[str, str, str],
    keys: t.Mapping[str, Value],
    alike: t.Mapping[str, t.Mapping[str, list[str]]],
) -> list[Check]:
    """Return a finding for each key that has the value of another environment, and one for those beyond a number."""
    environment, host, component = place
    cure = BY_CAUSE["same_value"]
    made = []
    for key, same in list(alike.items())[:LISTED]:
        where = ", ".join(f"{name} ({some(hosts)})" for name, hosts in same.items())
        summary = (
            f"{key} of {component} on {host} must differ from other environments, and {environment} has the same "
            f"value as {where}"
        )
        observed = {"environments": sorted([environment, *same]), "same_as": listed(same)}
        check = make.failed(MUST_DIFFER, f"{component}:{key}", summary, "differs", "same_value", cure, observed)
        made.append(affecting(check, keys[key].affected))
    more = list(alike)[LISTED:]
    if more:
        names = sorted({name for key in more for name in alike[key]})
        summary = (
            f"{number(len(more), 'more key')} of {component} on {host} must differ from other environments, and "
            f"{environment} has the same values as {some(names)}: {some(more)}"
        )
        told = {"environments": sorted([environment, *names]), "keys": bounded(more), "total": len(more)}
        made.append(make.failed(MUST_DIFFER, f"{component}:*", summary, "differs", "same_value", cure, told))
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
    return f"{some(keys)} cannot be compared without the key of a run"
