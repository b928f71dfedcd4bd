# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remediation says of its end: the verification of all hosts, what changed those that fail, and where the time
went. Private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import ID
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, is_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications

Json = dict[str, t.Any]


def ending(deploy: RunFolder, final: RunFolder) -> Json:
    """Return what run.json has of the end: ``verification``, the one of all hosts, and ``took``. Raises StoreError."""
    final.verify()
    made = final.read(verifications.DOCUMENT)
    hosts = {one["host"]: {**_short(one), "last": _last_deploy(deploy, made["run"], one)} for one in made["hosts"]}
    about, results = deploy.read("run.json"), deploys.results(deploy)
    chain = about[deploys.CHAIN]
    told = [one for one in map(course.told_of, results.values()) if one]
    names = {one["id"] for one in told} | {one["again"]["id"] for one in told if one["again"]}
    folders = [RunFolder(os.path.join(os.path.dirname(final.path), name)) for name in sorted(names - {None})]
    spans = [course.span(one) for one in [*folders, final] if os.path.isfile(one.join("run.json"))]
    if chain["audit"]:
        spans.append(tuple(chain["audit"]))
    took = report.took(chain["begun"], utc_now(), spans, deploys.steps(deploy), results)
    found = {"id": made["id"], "verdict": made["overall"]["verdict"], "hosts": hosts}
    return {"verification": found, "took": {**took._asdict(), "own": took.own, "sentence": took.sentence()}}


def _short(host: Json) -> Json:
    first = host["reasons"][0]["sentence"] if host["reasons"] else ""
    unseen = "" if host["failure"] is None else f"it could not be observed: {host['failure']['reason']}"
    return {"verdict": host["verdict"], "fails": host["fails"], "sentence": unseen or first}


def _last_deploy(deploy: RunFolder, run: str, host: Json) -> Json | None:
    """Return the deploy that was the last to change a host that fails, as the host's own record has it,
    ``{run, point, known}``; null where that was something else, or is not known. ``known`` is what is known of it here:
    ended, open or nothing.
    """
    seen = RunFolder(os.path.join(os.path.dirname(os.path.dirname(deploy.path)), run))
    kept = (evidence.load(seen, host["host"], evidence.HOST) or {}) if host["fails"] else {}
    told = (kept.get("changes") or {}).get("deployed") or {}
    name, point = told.get("run") or "", told.get("point") or ""
    if not is_run(name) or not ID.fullmatch(point):
        return None
    folder = RunFolder(os.path.join(os.path.dirname(deploy.path), name))
    there = os.path.isfile(folder.join("run.json"))
    return {"run": name, "point": point, "known": "nothing" if not there else "ended" if folder.complete() else "open"}
