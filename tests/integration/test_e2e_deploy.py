# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys over the local connection: a drifted host is brought to its reference, and nothing else of it is touched."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import stat
import subprocess
import typing as t
from pathlib import Path

import jsonschema
import pytest
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from e2e_operator import Operator, Outcome
from e2e_project import Repository, git, write

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
DEPLOY = "evenkeel.drift.deploy"
TREES: dict[str, t.Any] = {"drift_sections": ["trees"]}

Json = dict[str, t.Any]
Print = dict[str, tuple[int, int, int, int, str]]


def fingerprint(root: Path) -> Print:
    """Return what is known of every path below a folder: mode, inode, times, and content or target."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder) / name
            seen = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes().hex() if path.is_file() else ""
            found[str(path.relative_to(root))] = (
                seen.st_mode,
                seen.st_ino,
                seen.st_mtime_ns,
                seen.st_ctime_ns,
                content,
            )
    return found


class Site:
    """An application of two commits, and hosts that were deployed at the first and then went their own way."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.folder = folder
        self.operator = operator
        self.reference = Repository(folder / "reference")
        write(
            self.reference.path,
            {
                ".gitignore": "*.log\n",
                "app/main.py": "one\n",
                "app/edited.py": "as it was\n",
                "app/deleted.py": "still needed\n",
                "app/gone.py": "no longer needed\n",
                "old/one.py": "1\n",
                "old/two.py": "2\n",
                "bin/start.sh": "#!/bin/sh\n",
                "eol.bat": "echo\n",
                ".gitattributes": "*.bat text eol=crlf\n",
            },
        )
        (self.reference.path / "bin/start.sh").chmod(0o755)
        self.first = self.reference.commit("First")
        for name in ("app/gone.py", "old/one.py", "old/two.py"):
            (self.reference.path / name).unlink()
        (self.reference.path / "app/current").symlink_to("main.py")
        write(self.reference.path, {"bin/stop.sh": "#!/bin/sh\n"})
        (self.reference.path / "bin/stop.sh").chmod(0o755)
        files = {
            "app/main.py": "two\n",
            "new/deep/module.py": "new\n",
            "new/other.py": "other\n",
            "eol.bat": "echo 2\n",
        }
        self.second = self.reference.commit("Second", {**files, "logs/.keep": ""})
        self.hosts: dict[str, Path] = {}

    def host(self, name: str = "web1") -> Path:
        """Deploy a host as of the first commit, without git, and let it drift."""
        root = self.reference.deploy(self.folder / name, self.first, with_git=False)
        (root / "app/deleted.py").unlink()
        (root / "bin/start.sh").chmod(0o644)
        (root / "app/main.py").chmod(0o640)
        write(root, {"logs/app.log": "a line\n"})
        self.hosts[name] = root
        return root

    def inventory(self, **variables: t.Any) -> Path:
        hosts = {name: {"drift_root": str(root)} for name, root in self.hosts.items()}
        given = {"drift_repo": str(self.reference.path), "drift_state_dir": str(self.folder / "state"), **TREES}
        return self.operator.inventory(hosts, **given, **variables)

    def deploy(self, *arguments: str, inventory: Path | None = None, **variables: t.Any) -> Outcome:
        extra = ["-e", json.dumps({"drift_output_dir": str(self.operator.runs), **variables})]
        return self.operator.play(DEPLOY, "-i", str(inventory or self.inventory()), *extra, *arguments)

    def last(self) -> Path:
        """Return the folder of the newest deploy."""
        return max((self.operator.runs / "deploys").iterdir(), key=lambda path: path.name if path.is_dir() else "")

    def plan(self) -> Json:
        return t.cast(Json, json.loads((self.last() / "plan.json").read_text()))

    def result(self) -> Json:
        return t.cast(Json, json.loads((self.last() / "run.json").read_text()))

    def points(self) -> list[str]:
        return sorted(str(path) for path in (self.folder / "state").glob("*/points/*"))


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Site:
    return Site(tmp_path / "site", operator)


def checked_out(site: Site, clone: Path | None = None) -> dict[str, tuple[str, str, bool]]:
    """Return what a checkout of the second commit holds, by path: kind, content and whether it is executable."""
    if clone is None:
        clone = site.folder / "expected"
        git(site.folder, "clone", "-q", str(site.reference.path), str(clone))
    return {path: about for path, about in tree(clone).items() if not path.startswith(".git/")}


def tree(root: Path) -> dict[str, tuple[str, str, bool]]:
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path), False)
        elif path.is_file():
            found[name] = ("file", path.read_bytes().decode("latin-1"), bool(path.stat().st_mode & stat.S_IXUSR))
    return found


def test_a_drifted_host_is_deployed_and_audits_clean(site: Site) -> None:
    root = site.host()
    outcome = site.deploy()
    assert outcome.state() == (0, "drift"), outcome.text
    # Without sync_prune, what the reference removed is still there; nothing else is left of the drift.
    assert {subject for _check, subject, _cause in outcome.brief()} == {"app/gone.py", "old"}
    outcome = site.deploy(sync_prune=True)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert tree(root) == {**checked_out(site), "logs/app.log": ("file", "a line\n", False)}
    assert (root / "eol.bat").read_bytes() == b"echo 2\r\n"
    # Of a mode a commit knows the executable bit alone.
    assert stat.S_IMODE((root / "app/main.py").stat().st_mode) == 0o640
    assert not (root / "old").exists()
    assert not list(root.rglob(".evenkeel-*"))
    _steps_are_told(site)
    # Once more: nothing is touched, and nothing is saved.
    before, points = fingerprint(root), site.points()
    outcome = site.deploy(sync_prune=True)
    assert outcome.code == 0, outcome.text
    assert "NOTHING TO DO" in outcome.text
    assert "changed=0" in outcome.text
    assert (fingerprint(root), site.points()) == (before, points)


def _steps_are_told(site: Site) -> None:
    """Each step is told in the folder of the deploy, and on the host."""
    steps = [json.loads(line) for line in (site.last() / "steps.jsonl").read_text().splitlines()]
    assert [(step["what"], step["result"]) for step in steps] == [
        ("check, save and change", "begun"),
        *((what, "done") for what in ("check", "save", "change")),
    ]
    assert all(step["who"] and step["at"] for step in steps)
    (log,) = (site.folder / "state").glob("*/log.jsonl")
    assert site.plan()["id"] in log.read_text()
    report = (site.last() / "result.md").read_text()
    assert "CHANGED" in report
    assert "in\\_sync" in report


def test_a_rollback_undoes_a_deploy(site: Site) -> None:
    root = site.host()
    before = {
        name: (mode, mtime, content) for name, (mode, _inode, mtime, _ctime, content) in fingerprint(root).items()
    }
    assert site.deploy(sync_prune=True).code == 0
    extra = ["-e", json.dumps({"drift_output_dir": str(site.operator.runs)})]
    outcome = site.operator.play("evenkeel.drift.rollback", "-i", str(site.inventory()), *extra)
    assert outcome.code == 0, outcome.text
    after = {name: (mode, mtime, content) for name, (mode, _inode, mtime, _ctime, content) in fingerprint(root).items()}
    assert {name: about for name, about in after.items() if before.get(name) != about} == {}
    assert before.keys() == after.keys()


def test_a_rollback_that_was_interrupted_is_finished_first(site: Site) -> None:
    root = site.host()
    before = tree(root)
    assert site.deploy(sync_prune=True).code == 0
    state = open_state(str(site.folder / "state"), site.plan()["hosts"][0]["application"])
    assert state is not None
    with state:
        point = Path(site.points()[0]).name
        pending.begin(state, (point, "config", "ops@control", "a rollback at night"), {}, [])
    outcome = site.deploy(sync_prune=True)
    assert f"web1: a rollback to {point} was interrupted, and is finished" in outcome.text
    assert outcome.state() == (0, "in_sync"), outcome.text
    # What it had left was brought back first, and then the host was deployed to again.
    assert len(site.plan()["hosts"][0]["actions"]) > 0
    assert tree(root) != before
    assert not Path(state.path, "rollback.json").exists()


def test_work_of_the_host_alone_is_never_overwritten(site: Site) -> None:
    root = site.host()
    write(root, {"app/edited.py": "a fix made at night\n", "app/main.py": "another\n", "own.py": "only here\n"})
    outcome = site.deploy(sync_prune=True, drift_fail_on="medium")
    assert outcome.state() == (2, "drift"), outcome.text
    for name, content in (("edited.py", "a fix made at night\n"), ("main.py", "another\n")):
        assert (root / "app" / name).read_text() == content
    assert (root / "own.py").read_text() == "only here\n"
    assert {one["path"] for one in site.plan()["hosts"][0]["left_out"]} == {"app/edited.py", "app/main.py", "own.py"}
    # Committed to any branch, it is no longer work that only the host has.
    git(site.reference.path, "checkout", "-q", "-b", "rescued", site.first)
    site.reference.commit("A fix from web1", {"app/edited.py": "a fix made at night\n", "app/main.py": "another\n"})
    git(site.reference.path, "checkout", "-q", "main")
    assert site.deploy(sync_prune=True).code == 0
    assert (root / "app/edited.py").read_text() == "as it was\n"
    assert (root / "own.py").read_text() == "only here\n"


def test_what_was_rescued_is_replaced_and_can_be_had_from_the_bundle(site: Site) -> None:
    root = site.host()
    write(root, {"app/edited.py": "a fix made at night\n", "own.py": "only here\n", ".env": "PASSWORD=abcdefgh12345\n"})
    before = fingerprint(root)
    extra = ["-e", json.dumps({"drift_output_dir": str(site.operator.runs)})]
    outcome = site.operator.play("evenkeel.drift.rescue", "-i", str(site.inventory()), *extra)
    assert outcome.code == 0, outcome.text
    assert fingerprint(root) == before
    (kept,) = (path for path in (site.operator.runs / "rescues").iterdir() if path.is_dir())
    about = json.loads((kept / "rescue.json").read_text())
    assert sorted(about["files"]) == ["app/edited.py", "own.py"]
    git(site.reference.path, "fetch", "-q", str(kept / "work.bundle"), f"{about['branch']}:rescued")
    assert git(site.reference.path, "show", "rescued:own.py") == "only here"
    git(site.reference.path, "branch", "-D", "rescued")
    assert site.deploy(sync_prune=True).code == 0
    assert (root / "app/edited.py").read_text() == "as it was\n"
    assert not (root / "own.py").exists()
    assert (root / ".env").read_text() == "PASSWORD=abcdefgh12345\n"
    # A secret of the host is in nothing that an operator is left with.
    left = [path for path in site.operator.runs.rglob("*") if path.is_file()]
    assert len(left) > 20
    assert not [path for path in left if b"abcdefgh12345" in path.read_bytes()]


def test_a_rescue_takes_large_folders_modes_and_what_was_deleted(site: Site) -> None:
    root = site.host()
    (root / "bin/start.sh").chmod(0o755)
    (root / "app/main.py").chmod(0o755)
    own = {f"own/f{number:03}.py": f"own {number}\n" for number in range(250)}
    write(root, own)
    before = fingerprint(root)
    extra = ["-e", json.dumps({"drift_output_dir": str(site.operator.runs)})]
    outcome = site.operator.play("evenkeel.drift.rescue", "-i", str(site.inventory()), *extra)
    assert outcome.code == 0, outcome.text
    assert fingerprint(root) == before
    (kept,) = (path for path in (site.operator.runs / "rescues").iterdir() if path.is_dir())
    about = json.loads((kept / "rescue.json").read_text())
    assert about["files"].keys() == own.keys()
    assert (about["not_rescued"], about["deleted_paths"]) == ([], ["app/deleted.py"])
    assert "\n  deleted there: app/deleted.py\n" in outcome.text
    for branch in (about["branch"], about["deleted"]["branch"]):
        (command,) = (line for line in outcome.text.splitlines() if line.endswith(f":{branch}"))
        subprocess.run(shlex.split(command.split(": ", 1)[1]), check=True, capture_output=True)
    names = git(site.reference.path, "diff", "--name-status", site.first, about["branch"]).splitlines()
    assert sorted(names) == sorted(["M\tapp/main.py", *(f"A\t{path}" for path in own)])
    assert git(site.reference.path, "show", f"{about['branch']}:app/main.py") == "one"
    gone = git(site.reference.path, "diff", "--name-status", about["branch"], about["deleted"]["branch"])
    assert gone == "D\tapp/deleted.py"


def test_only_who_says_so_overwrites_it_and_the_restore_point_has_it(site: Site) -> None:
    root = site.host()
    write(root, {"app/edited.py": "a fix made at night\n", "own.py": "only here\n"})
    outcome = site.deploy(sync_prune=True, sync_overwrite_host_work=True)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert not (root / "own.py").exists()
    kept = [path.read_text() for path in (site.folder / "state").rglob("objects/*")]
    assert {"a fix made at night\n", "only here\n"} <= set(kept)


def test_check_mode_shows_the_same_plan_and_changes_nothing(site: Site) -> None:
    root = site.host()
    before = fingerprint(root)
    checked = site.deploy("--check", sync_prune=True)
    shown = site.plan()
    assert checked.code == 0, checked.text
    assert "WOULD BE CHANGED" in checked.text
    assert fingerprint(root) == before
    assert not (site.folder / "state").exists()
    assert site.deploy(sync_prune=True).code == 0
    real = site.plan()
    jsonschema.validate(real, SCHEMA)
    assert real["id"] == shown["id"]
    assert [host["actions"] for host in real["hosts"]] == [host["actions"] for host in shown["hosts"]]


def test_a_reviewed_plan_is_applied_as_it_is(site: Site) -> None:
    root = site.host()
    assert site.deploy("--check", sync_prune=True).code == 0
    plan = site.last() / "plan.json"
    # What is committed meanwhile is not part of it.
    site.reference.commit("Third", {"app/main.py": "three\n"})
    outcome = site.deploy(drift_plan=str(plan))
    assert site.result()["outcomes"] == {"web1": "changed"}, outcome.text
    assert (root / "app/main.py").read_text() == "two\n"
    assert outcome.brief() == {("content", "app/main.py", "behind")}


def test_a_reviewed_plan_is_refused_after_a_file_moved(site: Site) -> None:
    root = site.host()
    assert site.deploy("--check").code == 0
    plan = site.last() / "plan.json"
    write(root, {"app/main.py": "edited after the review\n"})
    before = fingerprint(root)
    outcome = site.deploy(drift_plan=str(plan))
    assert outcome.code == 2
    assert fingerprint(root) == before
    assert "app/main.py was" in outcome.text
    assert site.points() == []


def test_a_plan_that_was_changed_is_refused(site: Site) -> None:
    site.host()
    assert site.deploy("--check").code == 0
    path = site.last() / "plan.json"
    plan = json.loads(path.read_text())
    plan["hosts"][0]["actions"][0]["operations"][-1]["path"] = "app/other.py"
    (site.folder / "plan.json").write_text(json.dumps(plan))
    outcome = site.deploy(drift_plan=str(site.folder / "plan.json"))
    assert outcome.code == 2
    assert "it was changed after it was made" in " ".join(outcome.text.split())


def test_a_plan_without_a_name_is_refused_and_no_new_one_is_made(site: Site) -> None:
    root = site.host()
    before = fingerprint(root)
    for variable in ("drift_plan", "sync_serial"):
        outcome = site.deploy(**{variable: ""})
        assert outcome.code == 2
        assert f"{variable}: is empty" in " ".join(outcome.text.split())
        assert fingerprint(root) == before
    assert not (site.operator.runs / "deploys").exists()


def test_an_approval_is_asked_for_and_given(site: Site) -> None:
    root = site.host()
    before = fingerprint(root)
    outcome = site.deploy(sync_require_approval=True)
    assert outcome.code == 2
    assert fingerprint(root) == before
    plan = site.plan()["id"]
    assert f"-e sync_approve={plan}" in " ".join(outcome.text.split())
    outcome = site.deploy(sync_require_approval=True, sync_approve=plan)
    assert site.result()["outcomes"] == {"web1": "changed"}, outcome.text


def test_a_host_out_of_reach_is_not_changed_and_keeps_no_other_from_it(site: Site) -> None:
    root = site.host()
    hosts = {
        "web1": {"drift_root": str(root)},
        "web2": {
            "drift_root": str(root),
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": 1,
            "ansible_ssh_common_args": "-o BatchMode=yes -o ConnectTimeout=2",
        },
    }
    given = {"drift_repo": str(site.reference.path), "drift_state_dir": str(site.folder / "state"), **TREES}
    outcome = site.deploy(inventory=site.operator.inventory(hosts, **given), sync_prune=True)
    assert outcome.code != 0
    assert site.result()["outcomes"] == {"web1": "changed", "web2": "refused"}, outcome.text
    assert (root / "app/main.py").read_text() == "two\n"


def test_a_batch_that_fails_stops_those_after_it(site: Site) -> None:
    first, second = site.host("web1"), site.host("web2")
    assert site.deploy("--check").code == 0
    plan = site.last() / "plan.json"
    write(first, {"app/main.py": "edited after the review\n"})
    before = fingerprint(second)
    outcome = site.deploy(drift_plan=str(plan), sync_serial=1)
    assert outcome.code == 2
    assert site.result()["outcomes"] == {"web1": "refused", "web2": "not_begun"}, outcome.text
    assert fingerprint(second) == before
    assert "not begun, because web1 failed" in " ".join(outcome.text.split())


def test_batches_of_the_inventory_are_refused_because_ansible_would_not_see_them(site: Site) -> None:
    root = site.host()
    before = fingerprint(root)
    outcome = site.deploy(inventory=site.inventory(sync_serial=1))
    assert outcome.code == 2
    assert "sync_serial: is set in the inventory" in " ".join(outcome.text.split())
    # What begins like ours may be another role's; what looks like ours is probably meant.
    outcome = site.deploy(inventory=site.inventory(sync_google_drive="{{ undefined_here }}", sync_prun=True))
    assert outcome.code == 2
    assert 'did you mean "sync_prune"' in outcome.text
    assert "google" not in outcome.text
    assert fingerprint(root) == before


def test_what_one_host_may_no_other_host_may(site: Site) -> None:
    prints = {root: fingerprint(root) for root in (site.host("web1"), site.host("web2"))}
    hosts: Json = {name: {"drift_root": str(root)} for name, root in site.hosts.items()}
    hosts["web1"]["sync_overwrite_host_work"] = True
    given = {"drift_repo": str(site.reference.path), "drift_state_dir": str(site.folder / "state"), **TREES}
    outcome = site.deploy(inventory=site.operator.inventory(hosts, **given))
    assert outcome.code == 2
    assert "must be equal on all hosts of a deploy, but is None for web2 and True for web1" in outcome.text
    assert {root: fingerprint(root) for root in prints} == prints


def test_batches_may_come_from_a_playbook_that_imports_this_one(site: Site) -> None:
    site.host("web1"), site.host("web2")
    book = site.operator.desk / "site.yml"
    book.write_text(json.dumps([{"import_playbook": DEPLOY, "vars": {"sync_serial": 1}}]))
    extra = ["-e", json.dumps({"drift_output_dir": str(site.operator.runs), "sync_prune": True})]
    outcome = site.operator.play(str(book), "-i", str(site.inventory()), *extra)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert site.result()["outcomes"] == {"web1": "changed", "web2": "changed"}
    steps = [json.loads(line) for line in (site.last() / "steps.jsonl").read_text().splitlines()]
    assert [step["host"] for step in steps] == ["web1"] * 4 + ["web2"] * 4


def _an_audit_tells_of_it(site: Site) -> None:
    """An audit names the change that was interrupted, and leaves the host and its record alone."""
    before = fingerprint(site.folder)
    outcome = site.operator.audit(site.inventory(drift_fail_on="critical"))
    assert outcome.code == 2, outcome.text
    assert ("change", outcome.findings["run"]["application"], "interrupted_change") in outcome.brief("run")
    assert fingerprint(site.folder) == before
    assert "state=recovered" in outcome.report


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_change_that_was_interrupted_is_finished_first(site: Site, share: float) -> None:
    root = site.host()
    checked = site.deploy("--check", sync_prune=True, sync_overwrite_host_work=True)
    assert checked.code == 0, checked.text
    part = site.plan()["hosts"][0]
    clone = site.folder / "expected"
    git(site.folder, "clone", "-q", str(site.reference.path), str(clone))
    contents = site.folder / "contents"
    contents.mkdir()
    for path in clone.rglob("*"):
        if path.is_file() and not path.is_symlink():
            (contents / hashlib.sha256(path.read_bytes()).hexdigest()).write_bytes(path.read_bytes())
    operations = [one for action in part["actions"] for one in action["operations"]]

    def change(where: Path, folder: Path) -> None:
        state = open_state(str(folder), part["application"])
        source = os.open(contents, os.O_RDONLY)
        about = {"id": "", "kind": "sync", "who": "ops@control", "why": "an earlier deploy", "run": ""}
        transaction.apply(operations, [source], str(where), state, about, Host(str(where), 60))

    shutil.copytree(root, site.folder / "twin", symlinks=True)
    calls = len(counted(lambda: change(site.folder / "twin", site.folder / "twin-state")))
    assert killed_at(int(calls * share), lambda: change(root, site.folder / "state"))
    _an_audit_tells_of_it(site)
    outcome = site.deploy(sync_prune=True, sync_overwrite_host_work=True)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert tree(root) == {**checked_out(site, clone), "logs/app.log": ("file", "a line\n", False)}
    assert "was interrupted, and is" in outcome.text
    assert "was interrupted, and is" in (site.last() / "result.md").read_text()
    assert not list(root.rglob(".evenkeel-*"))


def test_the_role_does_the_same_in_one_play(site: Site) -> None:
    root = site.host()
    play = {"name": "Deploy", "hosts": "all", "gather_facts": False, "roles": ["evenkeel.drift.sync"]}
    book = site.operator.desk / "site.yml"
    book.write_text(json.dumps([play]))
    extra = ["-e", json.dumps({"drift_output_dir": str(site.operator.runs), "sync_prune": True})]
    outcome = site.operator.play(str(book), "-i", str(site.inventory()), *extra)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert (root / "app/main.py").read_text() == "two\n"


def test_against_a_baseline_nothing_is_ignored_and_nothing_is_removed(site: Site) -> None:
    """What a commit ignores says nothing of a host that was saved as it was."""
    root = site.host()
    baseline = site.folder / "baseline.json"
    place = {"web1": {"drift_root": str(root)}}
    saved = site.operator.audit_one(root, drift_save_baseline=str(baseline), **TREES)
    assert saved.code == 0, saved.text
    write(root, {"logs/later.log": "since then\n", ".gitignore": "*.log\nlogs/\n"})
    before = fingerprint(root)
    against = site.operator.inventory(
        place, drift_reference={"baseline": str(baseline)}, drift_state_dir=str(site.folder / "state"), **TREES
    )
    outcome = site.deploy(inventory=against, sync_prune=True, sync_overwrite_host_work=True)
    assert outcome.code == 2
    assert "the reference is a baseline: files are deployed from a git commit" in " ".join(outcome.text.split())
    assert fingerprint(root) == before
    findings = json.loads((site.operator.runs / "latest/findings.json").read_text())["findings"]
    assert {one["subject"] for one in findings} == {"logs/later.log", ".gitignore"}
