# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observes a host: ships the collectors' source, joins the answer with the reference, keeps the evidence."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit import since
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import HostRun, observe_alone, refuse
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import packs, script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NotBecome, ScriptAction, unanswered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_MODULE = "evenkeel.drift.snapshot_info"
_OPTIONS = ("root", "contract", "reference", "repo", "sections", "host_timeout", "workers", "nice", "rehash")
_ARGUMENTS = {
    "run": {"type": "path"},
    "reference_hosts": {"type": "list", "elements": "str", "default": []},
    "root": {"type": "str"},
    "contract": {"type": "dict"},
    "reference": {"type": "dict"},
    "repo": {"type": "str"},
    "sections": {"type": "list", "elements": "str"},
    "host_timeout": {"type": "str"},
    "workers": {"type": "int"},
    "nice": {"type": "int"},
    "rehash": {"type": "str", "choices": ["auto", "always"]},
}

Json = dict[str, t.Any]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
packs()


class ActionModule(ScriptAction):
    """One task, one process on the host, one round trip; a second one only where there is drift to describe."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        host = str(variables["inventory_hostname"])
        folder = RunFolder(arguments["run"]) if arguments["run"] else None
        overrides = {f"drift_{name}": arguments[name] for name in _OPTIONS if arguments[name] is not None}
        check_mode = bool(self._task.check_mode)
        try:
            settings = control.settings_of(variables, self._templar.template, overrides)
            if folder is None:
                return {"changed": False, **observe_alone(host, settings, self._sender(variables), check_mode)}
            control.check_run_wide(folder, control.run_wide(variables, self._templar.template))
            settings = since.applied(settings, folder.read("run.json").get(since.KEY))
            run = HostRun(folder, host, settings, host in arguments["reference_hosts"], check_mode)
            summary = run.observe(self._sender(variables))
            return {"changed": False, **summary, "reason": terminal(summary["reason"])}
        except ContractError as error:
            if folder is not None:
                refuse(folder, host, str(error))
            raise Refused(error, host) from error
        except HostUnseen as unseen:
            raise Refused(f"{host} could not be observed: {unseen.reason}") from unseen
        except StoreError as error:
            raise Refused(error) from error

    def _sender(self, variables: Json) -> t.Callable[[Json], Json]:
        def send(request: Json) -> Json:
            try:
                result = self.run_kept(_MODULE, lambda kept: script(request, kept), variables)
            except AnsibleConnectionFailure as error:
                raise HostUnseen("unreachable", mask(str(error))) from error
            except NotBecome as error:
                raise HostUnseen("failed", str(error)) from error
            return _answer(result)

        return send


def _answer(result: Json) -> Json:
    if result.get("unreachable"):
        raise HostUnseen("unreachable", mask(str(result.get("msg", "the host cannot be reached"))))
    if not result.get("failed") and isinstance(result.get("answer"), dict):
        answer: Json = result["answer"]
        return answer
    ended = str(result.get("module_stderr") or "").strip() or result.get("rc")
    raise HostUnseen("failed" if ended else "garbled", unanswered(result))
