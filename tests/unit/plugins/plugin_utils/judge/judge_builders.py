# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small evidence for the tests of the judge."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.run import RunInputs, judge_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context

WANTED = "0487dce" + "0" * 33
OLD = "4ad26e4" + "0" * 33
AS_OF = "2026-11-21T02:45:00Z"
REFERENCE = {
    "id": "r1",
    "kind": "git",
    "outcome": "ok",
    "reason": "",
    "repo": "/srv/repo",
    "ref": "main",
    "commit": WANTED,
    "subject": "Fix the detection",
    "committed": "2026-11-20T10:00:00Z",
}
FAILED_REFERENCE = {
    "id": "r1",
    "kind": "git",
    "outcome": "unknown",
    "reason": "no such ref",
    "repo": "/srv/repo",
    "ref": "main",
}
CONTEXT = Context("prod", "prod-1", REFERENCE)
ALONE = Context("prod", "prod-1", None)
UNMADE = Context("prod", "prod-1", FAILED_REFERENCE)

TREE = {
    "name": "source",
    "path": ".",
    "severity": {"critical": ["src/core/**", "src/monitoring/**"], "low": ["docs/"], "info": ["notes/"]},
    "forbid": ["**/*.pyc"],
    "must_contain": [],
    "must_not_contain": [],
    "impact": "Orders are placed by this code.",
    "owner": "trading",
    "remedy": None,
    "risk": "business",
}
BASE = {"commit": OLD, "subject": "Deploy", "committed": "2026-11-01T10:00:00Z", "source": "head", "apart": None}


def entry(content: str = "a", **more: t.Any) -> dict[str, t.Any]:
    """A file; ``content`` stands for its digest."""
    made = {
        "type": "file",
        "mode": "0644",
        "size": 10,
        "lines": 3,
        "sha256": content * 64,
        "owner": "app",
        "group": "app",
    }
    return {**made, **more}


def difference(path: str, host: t.Any, reference: t.Any, *aspects: str, **more: t.Any) -> dict[str, t.Any]:
    named = list(aspects) or (["presence"] if host is None or reference is None else ["content"])
    return {"path": path, "host": host, "reference": reference, "aspects": named, "diff": None, "secret": False, **more}


def tree(**more: t.Any) -> dict[str, t.Any]:
    made = {
        "name": "source",
        "path": ".",
        "outcome": "ok",
        "reason": "",
        "reference": "r1",
        "complete": True,
        "digest": "d" * 32,
        "counts": {"directories": 3, "files": 9, "equal": 9, "ignored": 1, "unknown": 0},
        "base": BASE,
        "differences": [],
        "groups": [],
        "identical": [],
        "forbidden": [],
        "contents": [],
        "unknown": [],
        "unknown_total": 0,
    }
    made.update(more)
    made["unknown_total"] = max(made["unknown_total"], len(made["unknown"]))
    return made


def git(**more: t.Any) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {
        "repository": "present",
        "reason": "",
        "layout": "worktree",
        "object_format": "sha1",
        "ref_storage": "files",
        "shallow": False,
        "head": {"commit": WANTED, "branch": "main", "detached": False, "unborn": False},
        "branches": {"main": WANTED},
        "tags": {"v1": WANTED},
        "remotes": {"origin": {"url": "https://example.org/x.git", "branches": {"main": WANTED}, "fetched": AS_OF}},
        "stashes": 0,
        "worktrees": [],
        "operation": None,
        "index": {"outcome": "ok", "reason": "", "version": 2, "entries": 9, "tree": "e" * 40},
        "changes": changes(),
        "relation": relation(),
        "unknown": [],
        "owners": [],
    }
    made.update(more)
    return made


def changes(**more: t.Any) -> dict[str, t.Any]:
    lists = {kind: [] for kind in ("modified", "deleted", "mode", "conflicted", "unverified", "untracked")}
    return {"outcome": "ok", "reason": "", "truncated": False, **lists, **more}


def relation(**more: t.Any) -> dict[str, t.Any]:
    made = {
        "known": True,
        "commit": WANTED,
        "subject": "Fix the detection",
        "committed": "2026-11-20T10:00:00Z",
        "ahead": 0,
        "behind": 0,
        "apart_reason": "",
        "missing": [],
        "missing_total": 0,
        "extra": [],
        "extra_total": 0,
        "staged": False,
        "remote_branches": {"origin/main": {"commit": WANTED, "has_reference": True}},
        "fetched": AS_OF,
    }
    return {**made, **more}


def at(commit: str, **more: t.Any) -> dict[str, t.Any]:
    """Evidence of a repository at another commit than the reference's."""
    head = {"commit": commit, "branch": "main", "detached": False, "unborn": False}
    return git(head=head, relation=relation(commit=commit, **more))


def evidence(data: dict[str, t.Any], outcome: str = "ok", reason: str = "") -> dict[str, t.Any]:
    return {"outcome": outcome, "reason": reason, "data": data}


def host(name: str = "prod-1", environment: str = "prod", reference: str | None = "r1", **more: t.Any) -> HostInputs:
    settings = {
        "contract": {"git": {"path": ".", "clean": True}, "trees": [TREE]},
        "fail_on": "high",
        "root": "/srv/app",
    }
    sections = {"git": evidence(git()), "trees": evidence({"trees": [tree()]})}
    made = {"settings": settings, "sections": sections, "failure": None, **more}
    return HostInputs(name=name, environment=environment, reference=reference, **made)


def with_trees(*trees: dict[str, t.Any], **more: t.Any) -> HostInputs:
    return host(sections={"git": evidence(git()), "trees": evidence({"trees": list(trees)})}, **more)


def run(*hosts: HostInputs, **more: t.Any) -> dict[str, t.Any]:
    meta = {
        "id": "20261121T024500Z",
        "kind": "audit",
        "started": AS_OF,
        "finished": AS_OF,
        "as_of": AS_OF,
        "application": "app",
        "controller": {"user": "ops", "host": "desk"},
        "settings": {},
    }
    given: dict[str, t.Any] = {"references": [REFERENCE], **more}
    return judge_run(RunInputs(run=meta, hosts=iter(copy.deepcopy(hosts)), **given))


def waiver(**more: t.Any) -> dict[str, t.Any]:
    stars = {"environment": "*", "host": "*", "component": "*", "check": "*"}
    return {
        "section": "trees",
        "subject": "a.py",
        **stars,
        "reason": "known",
        "owner": "ops",
        "expires": "2027-01-31",
        **more,
    }
