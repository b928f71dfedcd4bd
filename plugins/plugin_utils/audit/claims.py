# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each host, and each environment, belongs to one inventory alone. Private to the collection."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import environment_of

_CURE = "Ansible merges inventories silently, so variables of one would count for the other."


def check_claims(hosts_of: t.Mapping[str, t.Collection[str]], environments: t.Mapping[str, str]) -> None:
    """Raise ContractError when two inventories claim one host or one environment.

    ``hosts_of`` gives the hosts of each source of the inventory when that is read alone, ``environments`` the
    environment of each host of the play, with all sources read. A host that no source names alone is not judged.
    """
    sources = sorted(hosts_of)
    claims = {host: [source for source in sources if host in hosts_of[source]] for host in sorted(environments)}
    for host, claiming in claims.items():
        if len(claiming) > 1:
            raise ContractError(
                [
                    f"host {_quote(host)} is in two inventories, {_quote(claiming[0])} and "
                    f"{_quote(claiming[1])}. {_CURE} Give each environment's hosts names of their own"
                ]
            )
    own = {host: claiming[0] for host, claiming in claims.items() if claiming}
    names = {source: _name(source) for source in sources}
    for host, source in own.items():
        said = environments[host]
        for other in sources:
            if said == names[other] != names[source]:
                raise ContractError(
                    [
                        f"host {_quote(host)} of {_quote(source)} has the drift_environment {_quote(said)}, "
                        f"which is that of {_quote(other)}. {_CURE} "
                        "Set drift_environment for a group of each inventory, not for all"
                    ]
                )
    _check_environments(own, environments)


def _check_environments(own: t.Mapping[str, str], environments: t.Mapping[str, str]) -> None:
    """An environment may be spread over the files of one folder; two folders of one name are two environments."""
    first: dict[str, tuple[str, str]] = {}
    for host, source in own.items():
        if "," in source:
            continue
        name = environments[host]
        other, owner = first.setdefault(name, (host, source))
        if _folder(owner) != _folder(source):
            raise ContractError(
                [
                    f"the environment {_quote(name)} is claimed by two inventories, {_quote(owner)} (host "
                    f"{_quote(other)}) and {_quote(source)} (host {_quote(host)}). {_CURE} "
                    "Give each its own drift_environment, for a group and not for all"
                ]
            )


def _quote(name: str) -> str:
    """Return a host, an environment or a path on one line, whole."""
    return json.dumps(name)


def _folder(source: str) -> str:
    """Return the folder that an inventory's variables come from."""
    path = os.path.abspath(source)
    return path if os.path.isdir(path) else os.path.dirname(path)


def _name(source: str) -> str:
    """Return the environment that a source stands for when its hosts say nothing else."""
    if "," in source:
        return environment_of(source, ())
    return environment_of(os.path.join(source, "hosts") if os.path.isdir(source) else source, (source,))
