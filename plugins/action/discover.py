# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts a contract from what runs on a host."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.action.snapshot_info import ActionModule as SnapshotModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.discovery import Discovery, Drafted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.drafts import DraftFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import environment_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import variables as known_variables
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import Survey
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError, safe_name

# The variables that say where and how to look. What to audit is what a draft is to find out.
_USED = (
    *("drift_root", "drift_environment", "drift_application", "drift_state_dir"),
    *("drift_host_timeout", "drift_workers", "drift_nice"),
)

Json = dict[str, t.Any]


class ActionModule(SnapshotModule):
    """Looks with the collectors of an audit, and writes on the control node alone."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super(SnapshotModule, self).run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"dest": {"type": "str", "default": ""}})[1]
        host = str(variables["inventory_hostname"])
        folder = DraftFolder(_dest(arguments["dest"], host, variables), os.getcwd())
        try:
            folder.check_free()
            discovery = Discovery(host, self._given(variables), os.getcwd(), self._sender(variables))
            survey, roots = discovery.survey()
            if not roots:
                raise Refused(
                    f"{host}: none of its {len(survey.running())} processes was recognised as part of an application; "
                    "say where yours lives, for example -e drift_root=/srv/app"
                )
            drafted = self._draft(discovery, survey, roots)
            check = bool(self._task.check_mode)
            files = [] if check else folder.write(drafted, _inventory(variables, host))
        except ContractError as error:
            raise Refused(error, host) from error
        except HostUnseen as unseen:
            raise Refused(f"{host} could not be observed: {unseen.reason}") from unseen
        except StoreError as error:
            raise Refused(error) from error
        Display().display("\n".join(_told(host, one, files) for one in drafted))
        return {"changed": True, "dest": folder.path, "drafts": [_result(one, files) for one in drafted]}

    def _draft(self, discovery: Discovery, survey: Survey, roots: t.Sequence[str]) -> list[Drafted]:
        """Return the drafts of the applications that could be seen. One that could not does not hide the others."""
        drafted: list[Drafted] = []
        problems = []
        for root in roots:
            try:
                drafted.append(discovery.draft(survey, root))
            except StoreError as error:
                problems.append(f"{root}: {error}")
        if not drafted:
            raise StoreError("; ".join(problems))
        for problem in problems:
            Display().warning(f"no draft was made of {terminal(problem)}")
        return drafted

    def _given(self, variables: Json) -> Json:
        """Return the variables that are used, and any that nobody knows, for the complaint about it."""
        given = control.drift_variables(variables, self._templar.template)
        known = known_variables()
        kept = {name: value for name, value in given.items() if name in _USED or name not in known}
        sources = variables.get("ansible_inventory_sources") or ()
        kept["drift_environment"] = kept.get("drift_environment") or environment_of(
            variables.get("inventory_file"), sources
        )
        return kept


def _dest(dest: str, host: str, variables: Json) -> str:
    """Return the host's directory: with several hosts each has its own."""
    if dest and len(variables["ansible_play_hosts_all"]) == 1:
        return dest
    return os.path.join(dest or "discovered", safe_name(host))


def _inventory(variables: Json, host: str) -> str:
    """Return the options that name this host, as they are typed."""
    sources = [str(source) for source in variables.get("ansible_inventory_sources") or ()]
    shown = [source if "," in source else os.path.relpath(source) for source in sources]
    options = " ".join(f"-i {shlex.quote(source)}" for source in shown)
    return options if sources == [f"{host},"] else f"{options} --limit {shlex.quote(host)}"


def _result(one: Drafted, files: t.Sequence[Json]) -> Json:
    written = next((file for file in files if file["root"] == one.draft.root), {})
    return {
        "root": one.draft.root,
        "contract": written.get("contract"),
        "baseline": written.get("baseline"),
        "unseen": [terminal(sentence) for sentence in one.draft.unseen],
        "left_out": [terminal(sentence) for sentence in one.draft.left_out],
        "remaining": [terminal(sentence) for sentence in one.remaining],
    }


def _told(host: str, one: Drafted, files: t.Sequence[Json]) -> str:
    result = _result(one, files)
    made = one.draft
    counts = f"{len(made.services)} processes, {len(made.ports)} ports, {len(made.units)} units"
    lines = [f"{host}: {terminal(made.root)}: {counts}, {len(made.environments)} virtual environments"]
    if result["contract"]:
        lines.append(f"  the draft: {terminal(result['contract'])}, and what was seen: {terminal(result['baseline'])}")
    lines += [f"  not seen: {sentence}" for sentence in result["unseen"]]
    lines += [f"  an audit right after would say: {sentence}" for sentence in result["remaining"]]
    if result["left_out"]:
        lines.append(f"  left out, each with its reason in the draft: {len(result['left_out'])}")
    return "\n".join(lines)
