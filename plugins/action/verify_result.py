# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides a verification by its criteria, writes its report, and shows the outcome."""

from __future__ import annotations

import typing as t

from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction, columns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.consistency import Contradiction
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.deciding import decide

_GRAVE = (verdicts.FAIL, verdicts.UNKNOWN)

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none: everything that it reads lies in the two folders."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        super().run(tmp, task_vars or {})
        arguments = self.validate_argument_spec(
            argument_spec={"folder": {"type": "str", "required": True}, "run": {"type": "str", "required": True}}
        )[1]
        opened = RunFolder(arguments["folder"])
        try:
            made, findings = decide(opened, RunFolder(arguments["run"]))
            folder.finish(opened, made, markdown.render(made, findings))
        except Contradiction as error:
            folder.refuse(opened, str(error))
            raise Refused(error) from error
        except StoreError as error:
            raise Refused(error) from error
        path = opened.join(folder.REPORT)
        Display().display(terminal.render(made, columns=columns(), colour=ANSIBLE_COLOR, report_path=path))
        return {
            "changed": False,
            "folder": opened.path,
            "report": path,
            "verdict": made["overall"]["verdict"],
            "failed_hosts": {one["host"]: _verdict(made["id"], one) for one in made["hosts"] if one["fails"]},
        }


def _verdict(name: str, host: Json) -> Json:
    """Return why a host fails, in the shape of judge/verdict.py. What is optional alone fails none, and beside what is
    FAIL or UNKNOWN nothing else does.
    """
    grave = [one for one in host["reasons"] if one["verdict"] in _GRAVE]
    told = (
        grave
        or host["reasons"]
        or [{"check": None, "verdict": host["verdict"], "sentence": f"see the verification {name}"}]
    )
    reasons = [
        {"id": one["check"] or name, "severity": one["verdict"], "summary": safe.terminal(one["sentence"])}
        for one in told
    ]
    # Of many only the first are listed, and all are counted.
    counted = [count for name, count in host["counted"].items() if not grave or name in _GRAVE]
    unreachable = (host["failure"] or {}).get("kind") == "unreachable"
    return {
        "failed": True,
        "unreachable": unreachable,
        "reasons": reasons,
        "more": max(0, sum(counted) - len(told)),
    }
