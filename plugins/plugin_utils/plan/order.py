# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate on the order of environments: one comes after another that has the same commit and is in sync.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError, past_runs

NAME = "after"
# What else a run may be asked about says nothing of the commit.
_COMPARED = ("trees", "git")

Json = dict[str, t.Any]


def after(settings: SyncSettings, plan: Json, output_dir: str) -> Json:
    """Return the gate. The newest sealed run below ``output_dir`` that has the environment tells how it stands."""
    first = settings.after
    if first is None:
        return gates.not_declared(NAME, "sync_after is not set: environments may be deployed in any order")
    if all(host["environment"] == first for host in plan["hosts"] if host["actions"]):
        return gates.passed(NAME, f"{first} itself is deployed")
    cure = f"deploy {first} first, or audit it again"
    try:
        run = _newest(output_dir, first)
        if run is None:
            return gates.refused(NAME, f"no run in {output_dir} tells how {first} stands: {cure}")
        run.verify()
        findings, about = run.read(FINDINGS), run.read("run.json")
    except (StoreError, FileNotFoundError) as error:
        return gates.refused(NAME, f"how {first} stands is not known: {error}: {cure}")
    apart = _not_looked_at(first, about)
    if apart:
        return gates.refused(NAME, f"how all of {first} stands is not known: {run.id} {apart}: {cure}, without --limit")
    return _judged(first, run.id, findings, plan, cure)


def _newest(output_dir: str, environment: str) -> RunFolder | None:
    for folder in reversed(past_runs(output_dir)):
        if folder.complete() and environment in folder.read("run.json").get("environments", {}).values():
            return folder
    return None


def _not_looked_at(environment: str, about: Json) -> str:
    """Return in words which hosts of an environment a run leaves out, empty text when it has all of the inventory."""
    if "beside" not in about:
        return "is older than the record of the hosts that a run leaves out"
    apart = [host for host, its in about["beside"].items() if its == environment]
    unclear = [host for host, its in about["beside"].items() if its is None]
    if apart:
        return f"did not look at {some(apart)}"
    return f"left out {some(unclear)}, whose environment cannot be told" if unclear else ""


def _judged(first: str, run: str, findings: Json, plan: Json, cure: str) -> Json:
    wanted = {one["commit"] for one in plan["references"]}
    known = {one["id"]: one.get("commit") for one in findings["references"]}
    environment = next((one for one in findings["environments"] if one["name"] == first), None)
    if environment is None:
        # Its hosts had that environment when the run began, and another one by their own variables.
        return gates.refused(NAME, f"{run} was begun with {first}, and judged no host of it: {cure}")
    commits = {known.get(one) for one in environment["references"]}
    compared = {one["host"] for one in findings["coverage"] if one["section"] in _COMPARED and one["checked"]}
    if compared.isdisjoint(environment["hosts"]):
        reason = f"{run} looked at neither {' nor '.join(_COMPARED)} there"
        return gates.refused(NAME, f"{first} was compared with no commit: {reason}: {cure}")
    if commits != wanted:
        said = " and ".join(sorted(str(one)[:12] for one in commits)) or "no commit"
        ours = " and ".join(sorted(one[:12] for one in wanted))
        return gates.refused(NAME, f"{first} was compared with {said} in {run}, and this plan is of {ours}: {cure}")
    open_ones = [
        one for one in findings["findings"] if one["environment"] == first and one["outcome"] in ("fail", "unknown")
    ]
    if open_ones:
        said = f"{number(len(open_ones), 'finding')} in {run}, such as: {open_ones[0]['summary']}"
        return gates.refused(NAME, f"{first} is not in sync: {said}. Repair that, or {cure}")
    return gates.passed(NAME, f"{first} ({some(environment['hosts'])}) is in sync with the same commit, says {run}")
