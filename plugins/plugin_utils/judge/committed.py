# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in the commits of the reference's repository: one judgement for all hosts of an environment that ask.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.committed_words import (
    came_and_went,
    holders,
    searched,
    some,
    unsearched,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.git import COMPONENT, DEFAULTS, SECTION
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, number, reference_name

HISTORY, SECRETS, FILES = "history", "secrets_in_history", "secret_files"
"""The checks: whether all was searched, each secret, and the tracked files of a secret class."""

_FILE = "committed.json"
_PRESENT, _PAST = "high", "medium"
_ROTATE = (
    "Rotate the secret first: whoever has a clone has it, and rewriting the history does not take it back. Then take "
    "it out of the files, and rewrite the history if that is wanted. If it is none, name its path under "
    "secrets_in_history.ignore, or waive it."
)
_NEEDED = "The history was not searched for secrets, since that needs a git reference"
_NAME_REPOSITORY = remedy(
    "fix_contract", "Set drift_reference: {git: {repo: …}}, or take secrets_in_history out of the contract."
)
_LEAKED = "Everybody who has, or ever had, a clone of this repository can read it."

Asked = t.Tuple[str, str, str]


class Committed:
    """Gathers who asks while the hosts pass by; ``scans`` is the content of committed.json (docs/design.md)."""

    def __init__(self, scans: t.Sequence[Details], references: t.Mapping[str, Details]) -> None:
        self._scans = {_key("", str(scan["reference"]), scan["asked"])[1:]: scan for scan in scans}
        self._references = references
        self._hosts: dict[Asked, list[str]] = {}
        self._terms: dict[Asked, Details] = {}

    def add(self, host: HostInputs) -> None:
        """Take note of one host: its contract may ask."""
        terms: Details = (host.settings.get("contract") or {}).get(SECTION) or {}
        wanted = terms.get("secrets_in_history")
        if wanted is not None:
            key = _key(host.environment, host.reference or "", wanted)
            self._hosts.setdefault(key, []).append(host.name)
            self._terms.setdefault(key, terms)

    def checks(self) -> list[Check]:
        """Return what was found, for each environment and each way in which its hosts ask."""
        made = []
        for key, hosts in sorted(self._hosts.items()):
            environment, identity, _wanted = key
            reference = self._references.get(identity, {"kind": "none"})
            context = Context(environment, "*", reference, {SECTION: _FILE})
            scope = Scope(context, SECTION, COMPONENT, self._terms[key], "operational")
            made += _Judge(scope, reference, sorted(hosts), self._scans.get(key[1:])).checks()
        return made


def _key(environment: str, reference: str, wanted: Details) -> Asked:
    return environment, reference, json.dumps(wanted, sort_keys=True)


class _Judge:
    """The checks of one environment and one reference."""

    def __init__(self, scope: Scope, reference: Details, hosts: list[str], scan: Details | None) -> None:
        self._scope = scope
        self._reference = reference
        self._repo = str(reference.get("repo") or "")
        self._hosts = hosts
        self._scan = scan
        self._given: t.Mapping[str, str] = scope.terms.get("severity") or {}

    def checks(self) -> list[Check]:
        scan = self._scan
        if self._reference["kind"] != "git":
            said = f"{_NEEDED}: {some(self._hosts)} {'has' if len(self._hosts) == 1 else 'have'} none"
            unknown = self._scope.unknown(HISTORY, "reference", self._level(HISTORY), said, observed=self._asking())
            return [dataclasses.replace(unknown, remedy=_NAME_REPOSITORY)]
        if scan is None or scan["outcome"] != "ok":
            reason = scan["reason"] if scan is not None else "the run ended before it"
            return [self._unsearched(f"The history of {self._repo} was not searched for secrets: {reason}", {})]
        told = [one for one in scan["secrets"] if one["environment"] in (None, self._scope.context.environment)]
        made = [self._secret(one) for one in told] + self._tracked(scan)
        gaps = unsearched(scan)
        counted = {name: scan[name] for name in ("commits", "tags", "files", "bytes")}
        observed = {**counted, "in_use": scan["in_use"]["secrets"], "detectors": scan["detectors"], "found": len(told)}
        if gaps:
            said = f"Not all of the history of {self._repo} was searched for secrets: {'; '.join(gaps)}"
            unread = {"unread": scan["unread"], "unread_total": scan["unread_total"]}
            return [*made, self._unsearched(said, {**observed, **unread})]
        level = self._level(HISTORY)
        made.append(self._scope.passed(HISTORY, self._repo, level, searched(scan, self._repo), observed=observed))
        if not told:
            nothing = f"No secret in use and no token of known form is in the history of {self._repo}"
            made.append(self._scope.passed(SECRETS, self._repo, self._level(SECRETS), nothing))
        return made

    def _level(self, check: str) -> str:
        return self._given.get(check) or DEFAULTS[check]

    def _unsearched(self, summary: str, observed: Details) -> Check:
        return self._scope.unknown(
            HISTORY, self._repo, self._level(HISTORY), summary, observed={**observed, **self._asking()}
        )

    def _asking(self) -> Details:
        return {"hosts": self._hosts}

    def _holders(self, one: Details) -> list[str]:
        """Return the hosts that use a secret now, of those that ask."""
        return [host for host in self._hosts if host in one["hosts"]]

    def _secret(self, one: Details) -> Check:
        where = f"in the history of {self._repo}: {came_and_went(one, reference_name(self._reference))}"
        several = f"{one['values']} different values" if one["values"] > 1 else ""
        if one["kind"]:
            hosts = self._hosts
            level = self._given.get(SECRETS) or (_PRESENT if one["present_total"] else _PAST)
            subject = f"{'commit message' if one['first']['path'] is None else one['first']['path']}:{one['kind']}"
            said = f" ({several})" if several else ""
            summary = f"{one['kind'][:1].upper()}{one['kind'][1:]}{said} {where}"
        else:
            hosts = self._holders(one)
            level = self._level(SECRETS)
            name = one["names"][0]["name"] if one["names"] else ""
            subject = name or f"{one['first']['path'] or 'commit message'}:value in use"
            said = ", ".join(part for part in (name, several) if part)
            summary = f"A secret that {holders(hosts)} now{f' ({said})' if said else ''} is {where}"
        return self._scope.failed(
            SECRETS,
            subject,
            level,
            summary,
            state="unexpected",
            cause="secret_in_history",
            observed={
                **{name: one[name] for name in one if name not in ("kind", "names", "environment")},
                "hosts": hosts,
            },
            expected={"commits": 0},
            remedy=remedy("rotate_secret", _ROTATE, [self._show(one)]),
            impact=_LEAKED,
        )

    def _show(self, one: Details) -> str:
        """Return a command that shows which files the commit changed, and none of their content."""
        return shlex.join(["git", "-C", self._repo, "show", "--stat", "--format=%H %cI %an", one["first"]["commit"]])

    def _tracked(self, scan: Details) -> list[Check]:
        total = scan["tracked_total"]
        name = reference_name(self._reference)
        level = self._level(FILES)
        if not total:
            said = f"No file of a secret class is tracked in {name} of {self._repo}"
            return [self._scope.passed(FILES, self._repo, level, said)]
        files = number(total, "file of a secret class is", "files of a secret class are")
        return [
            self._scope.failed(
                FILES,
                self._repo,
                level,
                f"{files} tracked in {name} of {self._repo}: {some(scan['tracked'], total)}",
                state="unexpected",
                cause="secret_in_history",
                expected={"total": 0},
                observed={"total": total, "paths": bounded(scan["tracked"]), "hosts": self._hosts},
                remedy=remedy(
                    "rotate_secret",
                    "Look whether they hold secrets. Rotate those, take the files out of git, and let .gitignore name "
                    "them; name what holds none under secrets_in_history.ignore.",
                ),
            )
        ]
