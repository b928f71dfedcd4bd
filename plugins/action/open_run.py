# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a run: one folder for all hosts of the play."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit import since
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.claims import check_claims
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import (
    Settings,
    resolve,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction
from ansible_collections.evenkeel.drift.plugins.plugin_utils.play_hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import accepted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications

# What a task may take beyond the host's own limit: two round trips, and the merge on the control node.
_GRACE_S = 40
_ARGUMENTS = {since.KEY: {"type": "raw"}, "hosts": {"type": "list", "elements": "str"}}

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)[1]
        try:
            hosts = arguments["hosts"] or hosts_of(self._task, variables)
            settings = control.run_settings(variables, self._templar.template, hosts)
            environments = {host: self._environment(variables, host) for host in hosts}
            self._check_claims(variables, environments)
            labels = sorted(set(environments.values()))
            folder = open_run(
                settings.output_dir,
                labels[0] if len(labels) == 1 else "several",
                utc_now(),
                {
                    "kind": "audit",
                    "hosts": hosts,
                    "environments": environments,
                    "beside": self._beside(variables, set(hosts)),
                    "controller": control.controller(),
                    "settings": {
                        "fail_on": settings.fail_on,
                        "keep_runs": settings.keep_runs,
                        "needed": self._needed(variables, settings),
                        "save_baseline": settings.save_baseline,
                        "signing_key": settings.signing_key,
                    },
                    "run_wide": control.run_wide(variables, self._templar.template),
                    since.KEY: plain(arguments[since.KEY], since.KEY),
                },
            )
        except (ContractError, StoreError) as error:
            raise Refused(error) from error
        return {
            "changed": False,
            "path": folder.path,
            "hosts": hosts,
            "reference_hosts": self._reference_hosts(variables, hosts),
            "task_timeouts": {host: self._timeout(variables, host, settings) + _GRACE_S for host in hosts},
        }

    def _needed(self, variables: Json, settings: Settings) -> list[str]:
        """Return which runs stay, however many are kept: the one that a verification of this play compares with, and
        those that a verification decides when its watch is over.
        """
        name = self._templar.template(variables.get("verify_accepted"))
        compared = [accepted.id_of(name, settings.output_dir)] if isinstance(name, str) and name.strip() else []
        return compared + verifications.runs_under_way(settings.output_dir, utc_now())

    def _environment(self, variables: Json, host: str) -> str:
        """Return a host's environment for the case that the host itself never gets to say it."""
        return control.environment(variables, host, self._templar.template)

    def _beside(self, variables: Json, hosts: t.Collection[str]) -> dict[str, str | None]:
        """Return the environments of the hosts of the inventory that this run leaves out, as with --limit.

        None where it cannot be told: what is wrong with such a host is no matter of this run.
        """
        found: dict[str, str | None] = {}
        for host in sorted(set(variables["groups"]["all"]) - set(hosts)):
            try:
                found[host] = self._environment(variables, host)
            except AnsibleError:
                found[host] = None
        return found

    def _check_claims(self, variables: Json, environments: t.Mapping[str, str]) -> None:
        """Refuse a host or an environment of two inventories, which shows only when each is read alone."""
        sources = [str(source) for source in variables.get("ansible_inventory_sources") or ()]
        if len(sources) > 1:
            alone = {source: InventoryManager(loader=self._loader, sources=[source]) for source in sources}
            check_claims({source: set(one.hosts) for source, one in alone.items()}, environments)

    def _reference_hosts(self, variables: Json, hosts: list[str]) -> list[str]:
        """Return the hosts that others are compared with: they are observed first."""
        references = [self._templar.template(variables.get("drift_reference"))]
        references += [variables["hostvars"][host].get("drift_reference") for host in hosts]
        named = {str(reference["host"]) for reference in references if _names_host(reference)}
        return sorted(named & set(hosts))

    def _timeout(self, variables: Json, host: str, settings: Settings) -> int:
        """Return a host's time limit in seconds; that of the run where its own is not valid, as the host will say."""
        limit = variables["hostvars"][host].get("drift_host_timeout")
        try:
            return (
                resolve({"drift_root": "/", "drift_host_timeout": limit}, cwd=os.getcwd()).host_timeout
                if limit
                else settings.host_timeout
            )
        except ContractError:
            return settings.host_timeout


def _names_host(reference: t.Any) -> bool:
    return isinstance(reference, t.Mapping) and bool(reference.get("host"))
