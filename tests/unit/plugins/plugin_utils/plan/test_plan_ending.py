# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a deploy afterwards: every host is accounted for, whatever became of it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, ending, summary
from test_plan_document import change, example

Json = dict[str, t.Any]

BEGUN = {"host": "web1", "who": "ops@control", "what": "change", "result": "begun", "at": "2026-11-21T15:45:00Z"}
REFUSAL = {"name": "coverage", "state": "refuse", "sentence": "src/ could not be read: repair that first"}


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"outcome": "changed", "changed": ["a"], "left": [], "point": "p1"}, "unverified"),
        ({"outcome": "unchanged"}, "unverified"),
        ({"outcome": "rolled_back", "reason": "it was worse", "point": "p1"}, "rolled_back"),
        ({"outcome": "failed", "reason": "no space"}, "failed"),
    ],
)
def test_what_nobody_verified_in_the_end_fails_and_says_what_to_do(result: Json, outcome: str) -> None:
    about = {"id": "d1", "chain": {"unverified": "the disk is full"}}
    (one,) = ending.endings(example(), {"web1": result}, [BEGUN], about)
    assert one.outcome == outcome
    if outcome == "unverified":
        assert "not verified in the end, because the disk is full: verify it with" in one.sentence
        assert "evenkeel.drift.verify -e verify_deploy=d1 --limit web1" in one.sentence
        assert ("rollback -e rollback_to=p1 --limit web1" in one.sentence) == ("point" in result)
        assert ending.verdicts(example(), [one])["web1"]["failed"]
    # One that goes on says nothing of its end.
    (other,) = ending.endings(example(), {"web1": result}, [BEGUN], {"id": "d1", "chain": {"begun": "then"}})
    assert other.outcome == result["outcome"]


@pytest.mark.parametrize(
    ("plan", "result", "steps", "outcome", "words"),
    [
        (example(), {"outcome": "changed", "changed": ["a", "b"], "left": []}, [BEGUN], "changed", "2 paths changed"),
        (
            example(),
            {"outcome": "changed", "changed": ["a"], "left": [{"path": "d", "reason": "not empty"}]},
            [BEGUN],
            "changed",
            "1 path changed; 1 path could not be cleared away",
        ),
        (example(), {"outcome": "failed", "reason": "no space"}, [BEGUN], "failed", "no space"),
        (example(), {"outcome": "planned", "changed": ["a"]}, [], "planned", "1 path would be changed"),
        (example(), None, [], "not_begun", "did not begin"),
        (example(), None, [BEGUN], "failed", "the last that is told is change, begun, at 2026-11-21T15:45:00Z"),
        (change(example(), "hosts", 0, "gates", [REFUSAL]), None, [], "refused", "repair that first"),
        (change(example(), "gates", [REFUSAL]), None, [], "refused", "repair that first"),
        (change(example(), "hosts", 0, "actions", []), None, [], "nothing", "1 path left as they are"),
    ],
)
def test_every_host_is_accounted_for(
    plan: Json, result: Json | None, steps: list[Json], outcome: str, words: str
) -> None:
    (one,) = ending.endings(plan, {} if result is None else {"web1": result}, steps)
    assert one.outcome == outcome
    assert words in one.sentence
    failed = ending.verdicts(plan, [one])
    assert set(failed) == (set() if outcome in ending.GOOD else {"web1"})
    assert words in summary.terminal(plan, [one], {}, "/result.md", columns=400)
    assert all(len(line) <= 80 for line in summary.terminal(plan, [one], {}, "/result.md").splitlines())


@pytest.mark.parametrize(("outcome", "undo"), [("changed", True), ("failed", True), ("refused", False)])
def test_what_touched_nothing_is_not_to_be_undone_though_it_was_saved_before(outcome: str, undo: bool) -> None:
    result = {"outcome": outcome, "reason": "app.py was edited", "changed": [], "left": [], "point": "p-1"}
    (one,) = ending.endings(example(), {"web1": result}, [BEGUN])
    assert one.undo == undo
    assert ("undo it with the restore point p-1" in summary.terminal(example(), [one], {}, "/result.md")) == undo


def test_the_folder_tells_all_of_it_and_is_sealed_at_the_end(tmp_path: Path) -> None:
    plan = example()
    folder = deploys.open_deploy(os.fspath(tmp_path), "prod", plan, {"user": "ops", "host": "control"})
    deploys.note(folder, "web1", "ops@control", "change", "begun")
    assert [one.outcome for one in deploys.report(folder, plan)] == ["failed"]
    assert not folder.complete()
    deploys.note(folder, "web1", "ops@control", "change", "done")
    deploys.keep_result(folder, "web1", {"outcome": "changed", "changed": ["a"], "left": [], "point": "p-1"})
    assert [one.outcome for one in deploys.report(folder, plan, {"after": "run-2", "verdict": "in_sync"})] == [
        "changed"
    ]
    folder.verify()
    report = Path(folder.join("result.md")).read_text()
    assert "`p-1`" in report
    assert "The audit `run-2` afterwards: in\\_sync" in report
    # One line a step, when it began and how long it took; the verdict of all of it stands first.
    assert report.count("| change |") == 1
    assert "**\u2705 [IN SYNC]" in "".join(report.splitlines()[:3])
    assert folder.read("run.json")["overall"]["verdict"] == "IN SYNC"


def test_what_a_host_says_cannot_break_the_report(tmp_path: Path) -> None:
    plan, hostile = example(), "\x1b[2J | x\n| <b>"
    folder = deploys.open_deploy(os.fspath(tmp_path), "prod", plan, {})
    deploys.keep_result(folder, "web1", {"outcome": "failed", "reason": hostile})
    deploys.note(folder, "web1", "ops", "change", hostile)
    (one,) = deploys.report(folder, plan)
    report = Path(folder.join("result.md")).read_text()
    assert "\x1b" not in report + summary.terminal(plan, [one], {}, "/result.md")
    assert "<b>" not in report.replace(r"\<b\>", "")
    # That of the host, and that of its paths.
    assert sum(line.startswith("| web1 ") for line in report.splitlines()) == 2


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    folder = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    deploys.note(folder, "web1", "ops", "check", "begun")
    with open(folder.join(deploys.STEPS), "ab") as file:
        file.write(b'{"host": "web')
    assert [step["what"] for step in deploys.steps(folder)] == ["check"]


def test_old_deploys_go_and_those_that_did_not_end_stay(tmp_path: Path) -> None:
    plan = example()

    def deploy(end: bool, keep: int = 3) -> str:
        folder = deploys.open_deploy(os.fspath(tmp_path), "prod", plan, {}, more={"keep": keep})
        if end:
            deploys.report(folder, plan, {})
        return folder.id

    interrupted = deploy(False)
    ended = [deploy(True) for _number in range(3)]
    assert sorted(path.name for path in (tmp_path / "deploys").iterdir() if path.is_dir()) == sorted(
        [interrupted, *ended]
    )
    newest = deploy(True)
    left = {path.name for path in (tmp_path / "deploys").iterdir() if path.is_dir()}
    assert left == {interrupted, *ended[1:], newest}


def test_a_deploy_that_was_interrupted_is_told_of_by_the_next(tmp_path: Path) -> None:
    first = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    report = Path(first.join("result.md"))
    assert "has not ended, or was interrupted" in report.read_text()
    assert "| web1 | NOT BEGUN |" in report.read_text()
    deploys.note(first, "web1", "ops", "change", "begun")
    second = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    assert "| web1 | FAILED |" in report.read_text()
    assert not first.complete()
    deploys.report(second, example(), {})
    assert "has not ended" not in Path(second.join("result.md")).read_text()


def test_what_the_next_deploy_finished_stands_in_the_report_of_the_one_that_was_interrupted(tmp_path: Path) -> None:
    older, first = (deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}) for _number in range(2))
    for folder in (older, first):
        deploys.note(folder, "web1", "ops", "change", "begun")
    told = "a change of 15:45 was interrupted, and is finished"
    second = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}, more={"recovered": {"web1": told}})
    text = Path(first.join("result.md")).read_text()
    assert f"change, begun, at {deploys.steps(first)[0]['at']}; the deploy {second.id} after it: {told} |" in text
    assert "deploy again" not in text
    # Of what was interrupted before that one, nothing was left to finish.
    assert "after it" not in Path(older.join("result.md")).read_text()
    # What it says stays there when deploys follow that know no more.
    deploys.report(second, example(), {})
    deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}, more={"recovered": {}})
    assert Path(first.join("result.md")).read_text() == text


def test_what_became_of_a_host_that_was_taken_over_stands_in_each_report_before(tmp_path: Path) -> None:
    first, second, third = (deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}) for _number in range(3))
    deploys.note(first, "web1", "ops", "change", "begun")
    changed: Json = {"outcome": "changed", "changed": ["a"], "left": [], "point": "p1", "of": first.id}
    deploys.keep_result(second, "web1", changed)
    deploys.keep_result(third, "web1", {**changed, "outcome": "rolled_back", "reason": "it was worse"})
    deploys.report(third, example())
    assert "after it" not in Path(first.join("result.md")).read_text()
    deploys.report(third, example(), {})
    for folder in (first, second):
        said = f"; the deploy {third.id} after it: it took the host over: ROLLED BACK, it was worse; it was changed by"
        assert said in Path(folder.join("result.md")).read_text()
    # The one that ended is sealed, and says itself whose change it was.
    third.verify()
    assert (
        f"it was changed by the deploy {first.id}, which was interrupted" in Path(third.join("result.md")).read_text()
    )


def test_a_host_that_is_as_planned_in_the_end_is_told_once(tmp_path: Path) -> None:
    """Its program has ended the change alone: nothing of it was left to finish."""
    first = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    deploys.note(first, "web1", "ops", "change", "begun")
    later = []
    for _number in range(2):
        later.append(deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}))
        deploys.keep_result(later[-1], "web1", {"outcome": "unchanged", "changed": []})
        deploys.report(later[-1], example(), {})
    text = Path(first.join("result.md")).read_text()
    assert f"; the deploy {later[0].id} after it: AS PLANNED ALREADY |" in text
    assert later[1].id not in text


@pytest.mark.parametrize(("key", "other"), [("application", "blog"), ("root", "/srv/blog"), ("environment", "staging")])
def test_what_became_of_something_else_is_not_told_of_what_was_interrupted(
    tmp_path: Path, key: str, other: str
) -> None:
    """Another application of the host, or another host of that name."""
    first = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    deploys.note(first, "web1", "ops", "change", "begun")
    elsewhere = change(example(), "hosts", 0, key, other)
    elsewhere = {**elsewhere, "id": document.identity(elsewhere)}
    second = deploys.open_deploy(os.fspath(tmp_path), "prod", elsewhere, {}, more={"recovered": {"web1": "finished"}})
    deploys.keep_result(second, "web1", {"outcome": "unchanged", "changed": []})
    deploys.report(second, elsewhere, {})
    text = Path(first.join("result.md")).read_text()
    assert "deploy again, which finishes or takes back" in text
    assert "after it" not in text


def test_what_became_of_a_change_is_told_though_another_application_was_deployed_since(tmp_path: Path) -> None:
    first = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    deploys.note(first, "web1", "ops", "change", "begun")
    blog = change(example(), "hosts", 0, "application", "blog")
    blog = {**blog, "id": document.identity(blog)}
    between = deploys.open_deploy(os.fspath(tmp_path), "prod", blog, {})
    deploys.note(between, "web1", "ops", "change", "begun")
    deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}, more={"recovered": {"web1": "finished"}})
    assert "after it: finished" in Path(first.join("result.md")).read_text()
    assert "after it" not in Path(between.join("result.md")).read_text()


def test_a_deploy_that_ended_is_not_written_anew(tmp_path: Path) -> None:
    first = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {})
    lost = {"outcome": "failed", "reason": "the connection was lost"}
    deploys.keep_result(first, "web1", lost)
    deploys.report(first, example(), {})
    second = deploys.open_deploy(os.fspath(tmp_path), "prod", example(), {}, more={"recovered": {"web1": "finished"}})
    deploys.keep_result(second, "web1", {"outcome": "changed", "changed": ["a"], "left": [], "of": first.id})
    deploys.report(second, example(), {})
    first.verify()
    assert "after it" not in Path(first.join("result.md")).read_text()
