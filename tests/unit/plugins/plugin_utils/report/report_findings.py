# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes findings.json dictionaries for the tests of the report, by the schema and without the judge."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import finding_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import counts, worst

START, END = "2026-11-21T02:45:00Z", "2026-11-21T02:45:31Z"
NEW, OLD = "0487dce" + "1" * 33, "4ad26e4" + "2" * 33
SAVE = "Save the host's version before anything else touches it."


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def entry(text: str, lines: int, **more: Any) -> dict[str, Any]:
    made = {"type": "file", "mode": "0644", "size": lines * 34, "lines": lines, "sha256": digest(text)}
    return {**made, **more}


def on_host(text: str, lines: int, **more: Any) -> dict[str, Any]:
    return {**entry(text, lines, mtime="2026-11-19T17:27:04Z", owner="app", group="app"), **more}


def git_facts(commit: str = NEW, **more: Any) -> dict[str, Any]:
    dirty = dict.fromkeys(("modified", "deleted", "mode", "conflicted", "untracked", "unverified"), 0)
    at_reference = commit == NEW
    return {
        "repository": "present",
        "commit": commit,
        "subject": "Fix whale detection" if at_reference else "Deploy stability fixes",
        "committed": "2026-11-20T18:00:00Z" if at_reference else "2026-11-12T08:30:00Z",
        "branch": "main",
        "detached": False,
        "unborn": False,
        "operation": None,
        "stashes": 0,
        "ahead": 0,
        "behind": 0,
        "missing": [],
        "missing_total": 0,
        "extra": [],
        "extra_total": 0,
        "staged": False,
        "fetched": "2026-11-12T08:31:00Z",
        "remotes": [
            {
                "name": "origin",
                "url": "https://example.org/virtuoso.git",
                "fetched": "2026-11-12T08:31:00Z",
                "branches": {"main": OLD},
                "branches_total": 1,
            }
        ],
        "remote_branches": {"origin/main": {"commit": OLD, "has_reference": False}},
        "branches": {"main": commit},
        "branches_total": 1,
        "tags": {"v1.0": OLD},
        "tags_total": 1,
        "dirty": {**dirty, "truncated": False},
        **more,
    }


def tree_facts(**more: Any) -> dict[str, Any]:
    tree = {
        "name": "source",
        "path": ".",
        "outcome": "ok",
        "reason": "",
        "reference": "r1",
        "complete": True,
        "counts": {"directories": 12, "files": 240, "equal": 240, "ignored": 61, "unknown": 0},
        "base": {
            "commit": OLD,
            "subject": "Deploy stability fixes",
            "committed": None,
            "source": "head",
            "apart": None,
        },
        "unknown_total": 0,
    }
    return {"trees": [{**tree, **more}]}


class Audit:
    """Gathers one findings.json; ``done`` adds what follows from the rest: matrix and verdict."""

    def __init__(self, environments: dict[str, list[str]], reference: dict[str, Any] | None = None, **run: Any) -> None:
        git = {
            "id": "r1",
            "kind": "git",
            "outcome": "ok",
            "reason": "",
            "repo": "../virtuoso",
            "ref": "main",
            "commit": NEW,
            "subject": "Fix whale detection",
            "committed": "2026-11-20T18:00:00Z",
        }
        self.hosts = {host: name for name, hosts in environments.items() for host in hosts}
        self.cells: dict[tuple[str, str], dict[str, str]] = {}
        controller = {"user": "ops", "host": "desk", "ansible": "2.19.14", "collection": "1.0.0"}
        self.data: dict[str, Any] = {
            "schema": "evenkeel.drift/run/1",
            "run": {
                "id": "20261121T024500Z-prod-1",
                "kind": "audit",
                "started": START,
                "finished": END,
                "as_of": END,
                "application": "virtuoso",
                "controller": controller,
                **run,
            },
            "references": [{**git, **(reference or {})}],
            "environments": [
                {
                    "name": name,
                    "reference": "r1",
                    "references": ["r1"],
                    "hosts": hosts,
                    "roots": dict.fromkeys(hosts, "/srv/app"),
                }
                for name, hosts in environments.items()
            ],
            "coverage": [],
            "facts": [],
            "checks": [],
            "findings": [],
            "waivers": [],
            "evidence": [],
        }

    def facts(self, host: str, section: str, facts: dict[str, Any]) -> None:
        self.data["facts"].append({"host": host, "section": section, "facts": facts})
        component = "repository" if section == "git" else "source"
        self.cells.setdefault((section, component), {}).setdefault(self.hosts[host], "in_sync")

    def cover(
        self, host: str, section: str, checked: int, unknown: int = 0, ignored: int = 0, reasons: tuple[str, ...] = ()
    ) -> None:
        row = {"host": host, "section": section, "checked": checked, "unknown": unknown, "ignored": ignored}
        self.data["coverage"].append({**row, "reasons": list(reasons)})

    def evidence(self, host: str, section: str, outcome: str = "ok", **more: Any) -> None:
        path = f"evidence/{host}/{section}.json"
        row = {
            "path": path,
            "host": host,
            "section": section,
            "reader": section,
            "user": "app",
            "started": START,
            "finished": END,
        }
        self.data["evidence"].append({**row, "bytes": 4096, "sha256": digest(path), "outcome": outcome, **more})

    def passed(self, host: str, section: str, check: str, subject: str, summary: str, **more: Any) -> None:
        made = self._check(host, section, check, subject, "pass", summary, {"severity": "medium", **more})
        brief = (
            "id environment host section component check subject outcome severity summary expected observed evidence"
        )
        self.data["checks"].append({key: made[key] for key in brief.split()})

    def fail(self, host: str, section: str, check: str, subject: str, severity: str, summary: str, **more: Any) -> None:
        given = {"outcome": "fail", "state": "differs", "severity": severity, **more}
        made = self._check(host, section, check, subject, given["outcome"], summary, given)
        self.data["findings"].append(made)
        cells = self.cells.setdefault((section, made["component"]), {})
        unknown = made["outcome"] == "unknown" and cells.get(made["environment"]) != "differs"
        cells[made["environment"]] = "unknown" if unknown else "differs"

    def unknown(
        self, host: str, section: str, check: str, subject: str, severity: str, summary: str, **more: Any
    ) -> None:
        given = {
            "outcome": "unknown",
            "state": "unknown",
            "cause": "unseen",
            "remedy": remedy("fix_access", "Remove the obstacle."),
            **more,
        }
        self.fail(host, section, check, subject, severity, summary, **given)

    def _check(
        self, host: str, section: str, check: str, subject: str, outcome: str, summary: str, more: dict[str, Any]
    ) -> dict[str, Any]:
        environment = self.hosts.get(host, next(iter(self.hosts.values())))
        component = more.get("component") or {"git": "repository", "trees": "source"}.get(section, "host")
        return {
            "id": finding_id(environment, host, section, component, check, subject),
            "environment": environment,
            "host": host,
            "section": section,
            "component": component,
            "check": check,
            "subject": subject,
            "summary": summary,
            "state": "differs",
            "direction": "none",
            "cause": None,
            "expected": {},
            "observed": {},
            "impact": "",
            "risk": "operational" if section in ("git", "run") else "system",
            "owner": "",
            "remedy": remedy("deploy", "Deploy main@0487dce."),
            "evidence": [f"evidence/{host}/{section}.json#{component}/{subject}"],
            "waiver": None,
            "first_seen": START,
            **more,
            "outcome": outcome,
        }

    def done(self) -> dict[str, Any]:
        findings = self.data["findings"]
        columns = sorted(set(self.hosts.values()))
        rows = []
        for section, component in sorted(self.cells):
            cells = {}
            for name in columns:
                mine = [
                    one["severity"]
                    for one in findings
                    if (one["section"], one["component"], one["environment"]) == (section, component, name)
                ]
                state = self.cells[section, component].get(name, "not_asked")
                cells[name] = {"state": state, "worst": worst(mine), "count": len(mine)}
            rows.append({"section": section, "component": component, "cells": cells})
        outcomes = {one["outcome"] for one in findings}
        levels = [one["severity"] for one in findings]
        state = "drift" if "fail" in outcomes else "unknown" if "unknown" in outcomes else "in_sync"
        verdict = {
            "state": state,
            "complete": "unknown" not in outcomes,
            "worst": worst(levels),
            "counts": counts(levels),
        }
        return {**self.data, "matrix": {"columns": columns, "rows": rows}, "verdict": verdict}


def remedy(kind: str, text: str, *commands: str) -> dict[str, Any]:
    return {"kind": kind, "text": text, **({"commands": list(commands)} if commands else {})}
