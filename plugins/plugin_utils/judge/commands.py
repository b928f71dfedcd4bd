# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section commands: how the operator's own commands ended, and what they said. Private to the
collection.
"""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import assertion_words, severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED

SECTION = "commands"

DEFAULTS = {"exit": "high", "output": "high", "json": "high"}
"""The checks of this section and their severities where the contract gives none."""

_ALLOW = remedy(
    "allow_commands",
    "Set drift_allow_commands: true for this host when its contract's commands may run there: each is your own "
    "program, and only you know what it does. Until then nothing is known about what they would say.",
)
_LOOK = remedy("investigate", "Run the command by hand on the host, and look at what it says.")
_INSTALL = remedy("install", "Install the program, or correct the contract.")
_WORST_FIRST = ("fail", "unknown", "observation", "pass")
_SAID = 200


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the commands of one host. ``evidence`` is the ``data`` of commands.json (docs/design.md)."""
    made = Judgement()
    shown: list[dict[str, t.Any]] = []
    for number, entry in enumerate(contract):
        scope = Scope(context, SECTION, entry["name"], entry, "operational")
        seen: Details | None = evidence["commands"][number] if evidence["allowed"] else None
        checks = _Rules(scope, entry, seen).judge()
        outcomes = {check.outcome for check in checks}
        made.checks += checks
        made.cells[entry["name"]] = "in_sync"
        shown.append(_fact(entry, seen, next(one for one in _WORST_FIRST if one in outcomes)))
    made.facts = {"commands": shown[:LISTED], "total": len(shown), "allowed": evidence["allowed"]}
    made.cover()
    return made


class _Rules:
    """The checks of one command; ``seen`` is its evidence, None when it was not allowed to run."""

    def __init__(self, scope: Scope, entry: Details, seen: Details | None) -> None:
        self._scope = scope
        self._entry = entry
        self._seen = seen
        self._name = str(entry["name"])
        self._on = f"on {scope.context.host}"

    def judge(self) -> list[Check]:
        seen = self._seen
        if seen is None:
            reason = "commands are not allowed there (drift_allow_commands is false)"
            return [dataclasses.replace(self._unknown(reason, "not_allowed"), remedy=_ALLOW)]
        if seen["outcome"] != "ok":
            return [self._unknown(seen["reason"], "unseen")]
        if seen["failure"]:
            return [self._not_ended(seen)]
        checks = [self._exit(seen)]
        if checks[0].outcome == "pass":
            checks += [self._content(one) for one in seen["content"]]
        return checks

    def _unknown(self, reason: str, cause: str) -> Check:
        summary = f"The command {self._name} did not run {self._on}: {reason}"
        return self._scope.unknown("exit", self._name, self._worst(), summary, cause=cause)

    def _not_ended(self, seen: Details) -> Check:
        if seen["failure"] == "missing":
            summary = f"The command {self._name} cannot run {self._on}: there is no {_program(seen)}"
            level = self._worst() if self._entry["required"] else "info"
            return self._failed("exit", self._name, level, summary, "missing", _INSTALL, {})
        summary = f"The command {self._name} was not done {self._on} after {self._entry['timeout_s']} s, and was ended"
        return self._failed("exit", self._name, self._worst(), summary, "failed", _LOOK, {})

    def _exit(self, seen: Details) -> Check:
        code, wanted = seen["exit_code"], self._entry["exit"]
        observed = {"exit_code": code, "seconds": seen["seconds"]}
        text = f"The command {self._name} ended with {code} {self._on} after {seen['seconds']:.1f} s"
        if code in wanted:
            return self._scope.passed(
                "exit", self._name, self._level("exit"), text, expected={"exit": wanted}, observed=observed
            )
        text += f", where {' or '.join(map(str, wanted))} should come"
        said = (seen["stderr"].strip() or seen["stdout"].strip()).splitlines()
        text += f"; it said: {said[-1][:_SAID]}" if said else "; it said nothing"
        if seen["content"]:
            text += "; its output was not judged"
        return self._failed("exit", self._name, self._worst(), text, "failed", _LOOK, observed)

    def _content(self, result: Details) -> Check:
        kind = result["kind"]
        check = "json" if kind == "json" else "output"
        subject = f"{self._name}:{result['subject']}"
        if result["outcome"] != "ok":
            summary = (
                f"Whether the output of {self._name} holds what is said about {result['subject']} {self._on} is not "
                f"known: {result['reason']}"
            )
            return self._scope.unknown(check, subject, self._level(check), summary)
        rules = self._entry["json"].get(result["subject"], {}) if kind == "json" else {}
        text = (
            f"In the output of {self._name} {self._on} {assertion_words.json_sentence(result, rules)}"
            if kind == "json"
            else assertion_words.text_sentence(result, f"The output of {self._name} {self._on}")
        )
        expected = {"rules": rules} if kind == "json" else {kind: result["subject"]}
        observed = {"value": result["shown"] or None, "broken": result["broken"]} if kind == "json" else {}
        if result["holds"]:
            return self._scope.passed(check, subject, self._level(check), text, expected=expected, observed=observed)
        return self._scope.failed(
            check,
            subject,
            self._level(check),
            text,
            state="missing" if result["missing"] else "differs",
            cause="wrong_content",
            remedy=_LOOK,
            expected=expected,
            observed=observed,
        )

    def _failed(
        self, check: str, subject: str, level: str, summary: str, state: str, cure: Details, observed: Details
    ) -> Check:
        return self._scope.failed(
            check,
            subject,
            level,
            summary,
            state=state,
            cause="command_failed",
            remedy=cure,
            expected={"exit": self._entry["exit"]},
            observed=observed,
        )

    def _level(self, check: str) -> str:
        given: t.Mapping[str, str] = self._entry.get("severity") or {}
        return given.get(check) or DEFAULTS[check]

    def _worst(self) -> str:
        """Return the severity of what hides all other checks of this command."""
        asked = {"exit"} | ({"json"} if self._entry["json"] else set())
        asked |= {"output"} if any(self._entry[key] for key in ("contains", "not_contains", "matches")) else set()
        return severity.worst(map(self._level, asked)) or DEFAULTS["exit"]


def _program(seen: Details) -> str:
    return str(seen["argv"][0]) if seen["argv"] else "program"


def _fact(entry: Details, seen: Details | None, outcome: str) -> dict[str, t.Any]:
    results: t.Sequence[Details] = seen["content"] if seen else ()
    return {
        "name": entry["name"],
        "command": shlex.join(seen["argv"]) if seen else "",
        "outcome": outcome,
        "exit_code": seen["exit_code"] if seen else None,
        "seconds": seen["seconds"] if seen else None,
        "asserted": len(results),
        "hold": sum(1 for one in results if one["holds"]),
    }
