# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small evidence for the tests of proposals."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Seen

Json = dict[str, t.Any]


def finding(section: str, check: str, component: str, subject: str, **more: t.Any) -> Json:
    made = {
        "id": hashlib.sha256(repr((section, check, component, subject)).encode("utf-8")).hexdigest()[:16],
        "host": "web1",
        "section": section,
        "check": check,
        "component": component,
        "subject": subject,
        "outcome": "fail",
        "severity": "low",
        "cause": None,
        "summary": f"{subject} is not as it should be",
        "waiver": None,
        "observed": {},
    }
    return {**made, **more}


def seen(contract: Json, findings: t.Sequence[Json] = (), host: str = "web1", **sections: Json) -> Seen:
    given = resolve({"drift_root": "/srv/app", "drift_contract": contract}, cwd="/").contract
    return Seen(
        host=host,
        environment="prod",
        application="shop",
        root="/srv/app",
        contract=given,
        section=sections.get,
        findings=findings,
    )


def process(pid: int = 41, **more: t.Any) -> Json:
    made = {
        "pid": pid,
        "name": "python",
        "user": "app",
        "uid": 1000,
        "started": "2026-11-20T08:00:00Z",
        "started_s": 1795161600.0 + pid,
        "argv": ["venv/bin/python", "src/worker.py", "--fast"],
        "exe": "/usr/bin/python3.13",
        "cwd": "/srv/app",
        "replaced": [],
        "venv": "/srv/app/venv",
        "unit": "session-c1.scope",
        "container": None,
        "rss_kb": 51200,
        "unread": {},
    }
    made.update(more)
    return {**made, "command": " ".join(made["argv"])}


def processes(*those: Json, name: str = "worker") -> Json:
    return {
        "matches": {name: [one["pid"] for one in those]},
        "paths": {"venv": "/srv/app/venv", ".": "/srv/app"},
        "processes": list(those),
    }


def worker(*those: Json, units: Json | None = None, declared: t.Sequence[Json] = (), **entry: t.Any) -> Seen:
    """Return a host whose process worker runs as given, and is to be supervised."""
    contract: Json = {"processes": [{"name": "worker", "match": "worker", "supervised": True, **entry}]}
    if declared:
        contract["units"] = list(declared)
    wrong = [
        finding("processes", "supervised", "worker", f"worker[{one['pid']}]", cause="unsupervised") for one in those
    ]
    more = {} if units is None else {"units": units}
    return seen(contract, wrong, processes=processes(*those), **more)
