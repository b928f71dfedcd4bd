# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that holds a known secret is not sealed, and does not keep it either."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.leaks import hide_in_commits, refuse_leaks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.learned import keep_learned, keep_public, learned
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run, run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

VALUE = "Zr7-kQ_2xVb9"
ENCODED = base64.b64encode(f"app:{VALUE}".encode()).decode()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    about = {"hosts": ["web1", "never"], "environments": {"web1": "prod", "never": "prod"}}
    run = open_run(str(tmp_path / "out"), "prod", "2026-03-01T10:00:00Z", about)
    keep_learned(run, "web1", [keyed(run_key(run), VALUE) or ""])
    run.write("evidence/web1/git.json", {"subject": "harmless", "path": "a/b"})
    return run


def everything(folder: RunFolder) -> str:
    return "".join(path.read_text("utf-8", "replace") for path in Path(folder.path).rglob("*") if path.is_file())


def test_a_run_without_secrets_passes(folder: RunFolder) -> None:
    refuse_leaks(folder)
    folder.seal()
    assert folder.complete()


@pytest.mark.parametrize("text", [f"line with {VALUE}.", f"Authorization: Basic {ENCODED}", VALUE])
def test_evidence_with_a_secret_is_refused_and_masked(folder: RunFolder, text: str) -> None:
    folder.write("evidence/web1/logs.json", {"logs": [{"samples": [{"text": text}]}], "n": 1})
    folder.write_bytes("report.md", f"| log | {VALUE} |\n".encode())
    with pytest.raises(
        StoreError, match=r"evidence/web1/logs\.json, logs\[0\]\.samples\[0\]\.text; report\.md"
    ) as raised:
        refuse_leaks(folder)
    assert "audit again" in str(raised.value) and VALUE not in str(raised.value)
    assert Path(folder.join("INCOMPLETE")).read_text() == f"{raised.value}\n"
    assert VALUE not in everything(folder) and ENCODED not in everything(folder)
    assert folder.read("evidence/web1/logs.json")["n"] == 1
    assert not folder.complete() and not Path(folder.join(".private")).exists()


def test_a_secret_in_a_commit_is_masked_and_does_not_stop_the_run(folder: RunFolder) -> None:
    folder.write("references/git-1.json", {"id": "git-1", "subject": f"use {VALUE}"})
    folder.write("evidence/web1/git.json", {"data": {"head": {}, "relation": {"missing": [{"subject": VALUE}]}}})
    folder.write("relations.json", {"branches": [{"subject": f"x {VALUE}"}]})
    trees = {
        "base": {"subject": f"use {VALUE}"},
        "differences": [
            {"path": f"a/{VALUE}", "host": None, "reference": {"mode": "0644"}},
            {"path": "b", "host": {"type": "file"}},
        ],
        "groups": [{"side": "reference", "path": f"{VALUE}/", "sample": [f"{VALUE}/x"]}],
    }
    folder.write("evidence/web1/trees.json", {"data": {"trees": [trees]}})
    hide_in_commits(folder, {"relations.json"})
    assert folder.read("references/git-1.json")["subject"] == "use <masked>"
    refuse_leaks(folder)
    folder.seal()
    assert VALUE not in everything(folder)


def test_what_a_host_says_of_its_trees_is_not_passed_over(folder: RunFolder) -> None:
    difference = {"path": VALUE, "host": {"type": "file"}}
    trees = {"base": None, "differences": [difference], "groups": [{"side": "host", "path": "x/", "sample": []}]}
    folder.write("evidence/web1/trees.json", {"data": {"trees": [trees]}})
    hide_in_commits(folder)
    with pytest.raises(StoreError):
        refuse_leaks(folder)


def test_what_a_host_says_of_its_repository_is_not_passed_over(folder: RunFolder) -> None:
    folder.write("evidence/web1/git.json", {"data": {"branches": {VALUE: "0" * 40}, "relation": None}})
    hide_in_commits(folder)
    with pytest.raises(StoreError):
        refuse_leaks(folder)


def test_a_secret_in_a_key_is_not_told_with_its_place(folder: RunFolder) -> None:
    folder.write("evidence/web1/logs.json", {VALUE: {"inner": f"{VALUE} again"}})
    with pytest.raises(StoreError) as raised:
        refuse_leaks(folder)
    assert VALUE not in str(raised.value) and VALUE not in everything(folder)


def test_only_the_named_files_are_looked_at(folder: RunFolder) -> None:
    folder.write_bytes("report.md", VALUE.encode())
    refuse_leaks(folder, {"findings.json"})
    with pytest.raises(StoreError, match=r"report\.md"):
        refuse_leaks(folder, {"report.md"})


def test_a_file_that_is_no_text_can_be_searched(folder: RunFolder) -> None:
    folder.write_bytes("report.md", b"\xff\xfe " + VALUE.encode())
    with pytest.raises(StoreError):
        refuse_leaks(folder)
    assert Path(folder.join("report.md")).read_bytes() == b"\xff\xfe <masked>"


def test_what_the_reference_says_is_masked_and_the_run_is_sealed(folder: RunFolder) -> None:
    """A committed secret is no leak of a host: it must not keep the audit from ending."""
    differences = [{"path": "a.py", "diff": {"text": f"-connect({VALUE!r})\n+connect()", "truncated": False}}]
    folder.write("evidence/web1/trees.json", {"data": {"trees": [{"name": "source", "differences": differences}]}})
    folder.write("evidence/web1/configs.json", {"data": {"configs": [{"reference": {"keys": [{"value": VALUE}]}}]}})
    hide_in_commits(folder)
    refuse_leaks(folder)
    assert VALUE not in everything(folder)
    (tree,) = folder.read("evidence/web1/trees.json")["data"]["trees"]
    assert tree["differences"][0]["diff"]["text"] == "-connect('<masked>')\n+connect()"


def test_the_message_says_whose_secret_it_is(folder: RunFolder) -> None:
    digest = keyed(run_key(folder), VALUE)
    key = {"key": "BOT_TOKEN", "digest": digest, "secret": True, "weak": False, "empty": False, "placeholder": False}
    entry = {"name": ".env", "secret": True, "outcome": "ok", "partial": "", "cut": 0, "keys": [key]}
    folder.write("evidence/web1/settings.json", {"environment": "prod", "contract": {"configs": []}, "url": VALUE})
    folder.write("evidence/web1/configs.json", {"outcome": "ok", "data": {"configs": [entry]}})
    with pytest.raises(StoreError) as raised:
        refuse_leaks(folder)
    assert "held BOT_TOKEN of .env (web1) in clear text (evidence/web1/settings.json, url)" in str(raised.value)
    assert "drift_public_values" in str(raised.value)


def test_what_another_host_calls_public_does_not_keep_a_run_from_being_sealed(folder: RunFolder) -> None:
    folder.write("evidence/web1/logs.json", {"text": f"line with {VALUE}"})
    keep_public(folder, "never", [keyed(run_key(folder), VALUE) or ""])
    assert learned(folder, "web1") == set()
    refuse_leaks(folder)
    folder.seal()
