# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins share: a host's variables, and who runs the audit. Private to the collection."""

from __future__ import annotations

import os
import socket
import typing as t

from ansible import __version__ as ansible_version
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import owner_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import (
    PREFIX,
    RUN_WIDE,
    Settings,
    environment_of,
    resolve,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

COLLECTION_VERSION = "1.0.0"
# Two ways to say one thing: who says it one way outranks the other way too.
_REFERENCES = {"drift_reference", "drift_repo"}
# What hosts may each have their own of.
_OWN = ("drift_contract", "drift_host_timeout")

Json = dict[str, t.Any]


def drift_variables(variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]) -> Json:
    """Return every ``drift_*`` variable in scope, templated: from inventory, play, role and command line alike."""
    return {name: template(variables[name]) for name in sorted(variables) if name.startswith(PREFIX)}


def settings_of(
    variables: t.Mapping[str, t.Any],
    template: t.Callable[[t.Any], t.Any],
    overrides: t.Mapping[str, t.Any] | None = None,
) -> Settings:
    """Return the validated settings of one host. Raises ContractError. ``overrides`` outrank the variables."""
    given = drift_variables(variables, template)
    if overrides and _REFERENCES & overrides.keys():
        given = {name: value for name, value in given.items() if name not in _REFERENCES}
    return resolve(
        {**given, **(overrides or {})},
        cwd=os.getcwd(),
        inventory_file=variables.get("inventory_file"),
        inventory_sources=variables.get("ansible_inventory_sources") or (),
    )


def settings_without_host(
    variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any], *names: str
) -> Settings:
    """Return the settings that some variables of a play give, and defaults for all others. Raises ContractError."""
    given = drift_variables({name: variables[name] for name in names if name in variables}, template)
    return resolve({"drift_root": "/", **given}, cwd=os.getcwd())


def run_settings(
    variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any], hosts: t.Sequence[str]
) -> Settings:
    """Return the settings of a run of all hosts; drift_root is each host's own matter, and checked there.

    So is a contract or a limit of time that not all hosts share. Raises ContractError.
    """
    names = (*RUN_WIDE, "drift_keep_runs", "drift_signing_key")
    try:
        return settings_without_host(variables, template, *names, *_OWN)
    except ContractError:
        # A mistake in what is the first host's alone must not hide the others.
        shared = [name for name in _OWN if not unequal({name}, hosts, variables["hostvars"], "run")]
        return settings_without_host(variables, template, *names, *shared)


def environment(variables: Json, host: str, template: t.Callable[[t.Any], t.Any]) -> str:
    """Return the environment of a host of the inventory as the variables of the play and its own say it."""
    its = variables["hostvars"][host]
    named = its.get("drift_environment") or template(variables.get("drift_environment"))
    return str(named or environment_of(its.get("inventory_file"), variables.get("ansible_inventory_sources") or ()))


def prefixed(
    variables: t.Mapping[str, t.Any], prefix: str, known: t.Collection[str], template: t.Callable[[t.Any], t.Any]
) -> Json:
    """Return the values of the ``known`` variables, and the names alone of others that have the prefix."""
    names = sorted(name for name in variables if name.startswith(prefix))
    return {name: plain(template(variables[name]), name) if name in known else None for name in names}


def unequal(known: t.Collection[str], hosts: t.Sequence[str], hostvars: t.Mapping[str, t.Any], what: str) -> list[str]:
    """Return a sentence for each variable that the inventory says differently of two hosts.

    What the play or -e says counts for every host. What the inventory says must be said of all.
    """
    of_hosts = {
        host: {name: plain(hostvars[host][name], name) for name in known if name in hostvars[host]} for host in hosts
    }
    first = of_hosts[hosts[0]]
    return [
        f"{name}: must be equal on all hosts of a {what}, but is {its.get(name)!r} for {host} and "
        f"{first.get(name)!r} for {hosts[0]}: give it with -e"
        for host, its in of_hosts.items()
        for name in sorted(its.keys() | first.keys())
        if its.get(name) != first.get(name)
    ]


def run_wide(variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]) -> Json:
    """Return the variables of one host that must be equal on all hosts of a run, as plain values."""
    given = drift_variables({name: variables.get(name) for name in RUN_WIDE}, template)
    return {name: plain(value, name) for name, value in given.items()}


def check_run_wide(folder: RunFolder, mine: Json) -> None:
    """Refuse a host whose run-wide variables differ from those that the run was opened with. Raises ContractError."""
    opened = folder.read("run.json")["run_wide"]
    wrong = [
        f"{name}: must be equal on all hosts of a run, but is {mine[name]!r} here and {opened[name]!r} elsewhere"
        for name in RUN_WIDE
        if mine[name] != opened[name]
    ]
    if wrong:
        raise ContractError(wrong)


def stored_run(name: str, variables: t.Mapping[str, t.Any], template: t.Callable[[t.Any], t.Any]) -> RunFolder:
    """Return the folder of the stored run ``name``, an id or a path. Raises StoreError, ContractError."""
    given = drift_variables(variables, template)
    wanted = {key: given[key] for key in ("drift_output_dir",) if key in given}
    settings = resolve({"drift_root": "/", "drift_run": name, **wanted}, cwd=os.getcwd())
    return RunFolder.existing(str(settings.run), settings.output_dir)


def controller() -> Json:
    """Return who runs this, where and with what, for the report."""
    return {
        "user": owner_of(os.environ),
        "host": socket.gethostname(),
        "ansible": ansible_version,
        "collection": COLLECTION_VERSION,
    }
