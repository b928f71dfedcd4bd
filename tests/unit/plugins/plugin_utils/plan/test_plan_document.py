# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a plan: what its id covers, and that only a whole one is taken."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, left_out, render

Json = dict[str, t.Any]

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def example(**changes: t.Any) -> Json:
    """Return a plan of one host and one action, with its id."""
    operation = {
        "do": "write",
        "path": "src/app.py",
        "sha256": "a" * 64,
        "size": 2048,
        "mode": None,
        "before": {"type": "file", "sha256": "b" * 64, "size": 12, "mode": "0644"},
    }
    action = {
        "n": 1,
        "kind": "file",
        "path": "src/app.py",
        "summary": "Replace src/app.py, 2 KiB: the host has an older version",
        "severity": "high",
        "findings": ["0123456789abcdef"],
        "operations": [operation],
        "undo": "put back what the restore point holds",
        "restart": ["web"],
        "bytes": 2048,
        "diff": {"text": "--- reference\n+++ host\n@@ -1,2 +1,1 @@\n one\n-two\n+three", "truncated": False},
    }
    restart = {
        "n": 2,
        "kind": "unit",
        "path": "web.service",
        "summary": "Restart web.service: web uses src/app.py",
        "severity": "high",
        "findings": [],
        "steps": [{"do": "restart", "unit": "web.service", "before": {"active": "active"}}],
        "undo": "restart it once its files are the old ones",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }
    left = {"path": ".env", "kind": "secret", "reason": "a file of a secret class", "cure": "by hand"}
    host = {
        "host": "web1",
        "environment": "prod",
        "application": "shop",
        "root": "/srv/shop",
        "state_dir": None,
        "reference": "git-1",
        "actions": [action, restart],
        "left_out": [left],
        "gates": [{"name": "observed", "state": "pass", "sentence": "web1 was observed"}],
        "estimate": {"bytes": 2048, "seconds": 3},
        "blast": {
            "files": 1,
            "services": ["web.service"],
            "by_hand": [{"name": "job", "reason": "it runs without a unit"}],
        },
    }
    plan = {
        "schema": document.SCHEMA,
        "run": "20261121T150000Z-prod-1",
        "created": "2026-11-21T15:00:00Z",
        "policy": {
            "strategy": "tree",
            "prune": False,
            "overwrite_host_work": False,
            "services": True,
            "step_timeout": 120,
            "hooks": {"before_change": [["/usr/local/bin/announce", "begins"]]},
        },
        "references": [{"id": "git-1", "kind": "git", "repo": "/srv/repo", "commit": COMMIT, "subject": "Release"}],
        "gates": [],
        "hosts": [host],
        **changes,
    }
    return {**plan, "id": document.identity(plan)}


def change(plan: Json, *place: t.Any) -> Json:
    """Return a copy with another value at a place."""
    *way, last, value = place
    changed = copy.deepcopy(plan)
    at: t.Any = changed
    for step in way:
        at = at[step]
    at[last] = value
    return changed


@pytest.mark.parametrize(
    "place",
    [
        ("hosts", 0, "actions", 0, "operations", 0, "sha256", "c" * 64),
        ("hosts", 0, "actions", 0, "operations", 0, "path", "src/other.py"),
        ("hosts", 0, "actions", 0, "operations", 0, "before", {"type": "absent"}),
        ("hosts", 0, "actions", []),
        ("hosts", 0, "root", "/srv/other"),
        ("hosts", 0, "state_dir", "/srv/state"),
        ("hosts", 0, "host", "web2"),
        ("references", 0, "commit", "f" * 40),
        ("references", 0, "repo", "/srv/other"),
        ("policy", "prune", True),
        ("policy", "hooks", {}),
        ("hosts", 0, "actions", 1, "steps", 0, "do", "start"),
        ("hosts", 0, "actions", 1, "steps", 0, "before", "active", "failed"),
    ],
)
def test_another_change_is_another_plan(place: tuple[t.Any, ...], tmp_path: Path) -> None:
    plan = example()
    changed = change(plan, *place)
    assert document.identity(changed) != plan["id"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(changed))
    with pytest.raises(document.PlanError, match="changed after it was made"):
        document.load(str(path))


def test_the_example_follows_the_schema() -> None:
    plan = example()
    plan["hosts"][0]["actions"][0]["operations"][0].update(dict.fromkeys(("uid", "gid", "mtime_ns", "xattrs")))
    jsonschema.validate(plan, SCHEMA)
    assert set(SCHEMA["$defs"]["left_out"]["properties"]["kind"]["enum"]) == set(left_out.KINDS)


def test_the_same_change_is_the_same_plan_whenever_it_is_made() -> None:
    plan = example()
    assert document.identity(example(run="20261122T150000Z-prod-1", created="2026-11-22T15:00:00Z")) == plan["id"]
    assert plan["id"].startswith("plan-")


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    plan = example()
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert document.load(document.named("plan.json", str(tmp_path))) == plan
    assert document.load(document.named(str(tmp_path), "/")) == plan


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "[" * 5000, '{"schema": 1e999}'),
        json.dumps({**example(), "schema": "evenkeel.drift/plan/2"}),
        json.dumps(change(example(), "hosts", 0, "actions", 0, "operations", 1)),
    ],
)
def test_anything_else_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(document.PlanError, match="is no plan"):
        document.load(str(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "a\0b"),
        ("path", "../../etc/passwd"),
        ("path", "/etc/passwd"),
        ("do", "run"),
        ("before", {"type": "fifo"}),
        ("sha256", None),
        ("mode", "rwx"),
    ],
)
def test_operations_that_make_no_sense_are_refused_whatever_the_id_says(key: str, value: t.Any, tmp_path: Path) -> None:
    plan = change(example(), "hosts", 0, "actions", 0, "operations", 0, key, value)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**plan, "id": document.identity(plan)}))
    with pytest.raises(document.PlanError, match="is no plan"):
        document.load(str(path))


def test_a_plan_that_is_not_there_is_named() -> None:
    with pytest.raises(document.PlanError, match=r"drift_plan: /nonexistent/plan\.json cannot be read"):
        document.load("/nonexistent/plan.json")


def test_the_terminal_says_what_happens_where_and_what_does_not() -> None:
    text = render.terminal(example(), "/runs/deploys/1/plan.json")
    assert "web1 (prod), /srv/shop\n  2 changes, 1 path, 1 service, 2 KiB, about 3 s\n" in text
    assert "hook before_change: /usr/local/bin/announce begins\n" in text
    assert "    2. Restart web.service: web uses src/app.py\n" in text
    assert "  To be restarted by hand afterwards: job (it runs without a unit)\n" in text
    assert "1. Replace src/app.py, 2 KiB: the host has an older version" in text
    assert ".env: a file of a secret class" in text
    assert text.endswith("Plan: /runs/deploys/1/plan.json\n")
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_terminal_cuts_nothing_of_what_is_to_be_known_before_a_service_is_touched() -> None:
    summary = (
        "Bring up service web of shop: compose.yml declares it otherwise; what it has goes on only while it is wanted"
    )
    text = render.terminal(change(example(), "hosts", 0, "actions", 1, "summary", summary), "/plan.json")
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("    2. Bring up"))
    assert lines[at + 1].startswith("       ")
    assert f"{lines[at]} {lines[at + 1].strip()}" == f"    2. {summary}"
    # Of a file the path stays, however long: it is cut at its end.
    summary = f"Replace {'deep/' * 20}main.py, 2 KiB"
    text = render.terminal(change(example(), "hosts", 0, "actions", 0, "summary", summary), "/plan.json")
    assert "    1. Replace deep/deep/deep/" in text


def test_a_refusal_is_shown_with_its_reason() -> None:
    gate = {"name": "coverage", "state": "refuse", "sentence": "not all was seen: src/: Permission denied"}
    text = render.terminal(change(example(), "hosts", 0, "gates", [gate]), "/plan.json")
    assert "[REFUSE] coverage\n  not all was seen: src/: Permission denied" in text


@pytest.mark.parametrize("colour", [False, True])
def test_a_gate_that_nobody_declared_says_all_that_it_has_to_say(colour: bool) -> None:
    sentence = "sync_window is not set, so hosts are changed at any time of any day, also when everybody is asleep"
    gate = {"name": "window", "state": "not_declared", "sentence": sentence}
    text = render.terminal(change(example(), "gates", [gate]), "/plan.json", colour=colour)
    first = "[NOT DECLARED] window: sync_window is not set, so hosts are changed at any time"
    assert f"{first}\n  of any day, also when everybody is asleep\n" in text


def test_names_cannot_steer_the_terminal_or_break_the_document() -> None:
    hostile = "\x1b[2Jx|\n| [x](http://example.org) <b>"
    plan = change(example(), "hosts", 0, "actions", 0, "summary", f"Replace {hostile}")
    plan = change(plan, "hosts", 0, "actions", 0, "operations", 0, "path", hostile)
    assert "\x1b" not in render.terminal(plan, "/plan.json")
    text, calm = render.document(plan), render.document(example())
    assert "\x1b" not in text
    assert len(text.splitlines()) == len(calm.splitlines())
    assert "<b>" not in text.replace(r"\<b\>", "")


def test_the_diff_goes_from_the_host_to_the_reference() -> None:
    there = "--- reference\n+++ host\n@@ -1,3 +1,2 @@\n one\n-two\n-three\n+drei\n four"
    assert render.forward(there) == "--- host\n+++ reference\n@@ -1,2 +1,3 @@\n one\n-drei\n+two\n+three\n four"
    assert "```diff\n--- host\n+++ reference" in render.document(example())


def test_a_hook_is_shown_as_a_shell_would_take_it() -> None:
    argv = ["sh", "-c", "exec ./restart.sh $(cat logs/name)", "--token", "correct-horse-battery"]
    plan = change(example(), "policy", "hooks", {"after_services": [argv]})
    for text in (render.document(plan), render.terminal(plan, "/plan.json", columns=200)):
        told = text.replace("\\", "")
        assert "sh -c 'exec ./restart.sh $(cat logs/name)' --token" in told
        assert "correct-horse-battery" not in told
