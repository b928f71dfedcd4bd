# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small runs for the tests of verification: findings.json with the checks that a test names."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import finding_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, document, figures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.criteria import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs, Seen

AS_OF = "2026-11-21T18:35:00Z"
FROM, TO = "2026-11-21T18:04:00Z", "2026-11-21T18:35:00Z"
CONTROLLER = {"user": "ops", "host": "control", "ansible": "2.19.0", "collection": "1.0.0"}
ABOUT = document.About("20261121T183500Z-prod-1", "2026-11-21T18:35:00Z", CONTROLLER, None, False, 7)

Json = dict[str, t.Any]


def check(section: str, name: str, outcome: str = "pass", **more: t.Any) -> Json:
    """A check of findings.json; its subject is its component when no other is given."""
    component = more.pop("component", "main")
    made = {
        "environment": "prod",
        "host": "web1",
        "section": section,
        "component": component,
        "check": name,
        "subject": component,
        "outcome": outcome,
        "severity": "high",
        "summary": f"{section} {name} is {outcome}",
        "expected": {},
        "observed": {},
        "waiver": None,
        "remedy": None if outcome == "pass" else {"kind": "investigate", "text": f"Look at {component}."},
        **more,
    }
    made.setdefault("evidence", [f"evidence/{made['host']}/{section}.json#{made['subject']}"])
    names = ("environment", "host", "section", "component", "check", "subject")
    return {**made, "id": finding_id(*(made[one] for one in names))}


def run(*made: Json, facts: t.Sequence[Json] = (), hosts: t.Sequence[str] = ("web1",), **more: t.Any) -> Json:
    """A findings.json of some checks."""
    paths = sorted({path.partition("#")[0] for one in made for path in one["evidence"]})
    return {
        "run": {
            "id": "20261121T180400Z-prod-1",
            "application": "shop",
            "as_of": AS_OF,
            "started": FROM,
            "finished": TO,
            "controller": CONTROLLER,
        },
        "environments": [
            {
                "name": "prod",
                "hosts": list(hosts),
                "roots": dict.fromkeys(hosts, "/srv/app"),
                "reference": None,
                "references": [],
            }
        ],
        "references": [],
        "checks": [one for one in made if one["outcome"] in ("pass", "waived")],
        "findings": [one for one in made if one["outcome"] not in ("pass", "waived")],
        "facts": list(facts),
        "coverage": [],
        "matrix": {"environments": [], "rows": []},
        "verdict": {"state": "drift", "complete": True},
        "evidence": [item(path) for path in paths],
        **more,
    }


def item(path: str, **more: t.Any) -> Json:
    """A file of evidence."""
    _top, host, name = path.split("/")
    return {
        "path": path,
        "host": host,
        "section": name.removesuffix(".json"),
        "started": FROM,
        "finished": TO,
        "outcome": "ok",
        "bytes": 10,
        "sha256": "0" * 64,
        "user": "app",
        "reader": "evenkeel.drift.snapshot_info",
        **more,
    }


def files(findings: Json) -> dict[str, str]:
    """What the run's MANIFEST says of its evidence."""
    return {one["path"]: one["sha256"] for one in findings["evidence"]}


def host(name: str = "web1", criteria: list[Json] | None = None, *sections: str) -> Host:
    return Host(name, "prod", criteria, sections)


def seen(name: str = "web1", criteria: list[Json] | None = None, *sections: str, **more: t.Any) -> Seen:
    known = {key: more.get(key) for key in ("failure", "changes", "logs")}
    return Seen(host(name, criteria, *sections), **known, writers=more.get("writers", {}))


def criterion(name: str, *selectors: Json, **more: t.Any) -> Json:
    every = {"component": "*", "check": "*", "subject": "*"}
    return {
        "name": name,
        "required": True,
        "description": None,
        "checks": [{**every, **one} for one in selectors],
        **more,
    }


def verification(
    findings: Json, *hosts: Seen, about: document.About = ABOUT, since: t.Any = None, **more: t.Any
) -> Json:
    """The verify.json of a run."""
    inputs = Inputs(findings, files(findings), since, list(hosts) or [seen()])
    made = checks.of_run(findings)
    return document.build(about, inputs, made, {"figures": figures.of(inputs, made), **more})
