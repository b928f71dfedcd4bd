# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node dies while a host is changed; the host's program ends the change by itself, and nobody hears of it.

The next remediation has nothing to change there, and verifies the change all the same, or takes it back.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_shop import BAD, GOOD, Shop, fingerprint, opened
from e2e_ssh import SshServer, ssh_server
from waiting import LIMIT_S, lives, wait_until

Json = dict[str, t.Any]


class Pause:
    """A command before the change that says which program runs it, and waits until it is let go."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "program"
        self._gate = folder / "gate"
        os.mkfifo(self._gate)

    def command(self) -> list[str]:
        said = f"{self._said}.new"
        return ["/bin/sh", "-c", f"echo $PPID > {said}; mv {said} {self._said}; read line < {self._gate}"]

    def program(self) -> int:
        wait_until(self._said.exists, "the host is about to be changed")
        return int(self._said.read_text())

    def let_go(self) -> bool:
        """Let the command end, and return whether it has come as far as to wait for that."""
        with contextlib.suppress(OSError):
            fd = os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK)
            os.write(fd, b"go\n")
            os.close(fd)
            return True
        return False


@pytest.fixture(name="shop")
def fixture_shop(tmp_path: Path, operator: Operator) -> Iterator[Shop]:
    with opened(tmp_path / "shop", operator) as shop:
        yield shop


@pytest.fixture(name="pause")
def fixture_pause(tmp_path: Path) -> Iterator[Pause]:
    pause = Pause(tmp_path)
    yield pause
    pause.let_go()


@pytest.fixture(name="server")
def fixture_server(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "ssh") as server:
        if server is None:
            pytest.skip("no SSH server is installed, or root lacks /run/sshd")
        yield server


def workers(pid: int) -> list[int]:
    """Return the processes that ansible-playbook has forked: what these have started on a host is no such process."""
    found = []
    for folder in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (folder / "children").read_text().split()]
    return found


def asked(pause: Pause, variables: Json) -> Json:
    return {**variables, "sync_hooks": {"before_change": [pause.command()], **variables.get("sync_hooks", {})}}


def cut(shop: Shop, pause: Pause, **variables: t.Any) -> Path:
    """Kill the control node's side while the host is being changed, let the host go on, and return the deploy."""
    process = shop.operator.start(*shop.command(**asked(pause, variables)))
    try:
        program = pause.program()
    finally:
        control = [process.pid, *workers(process.pid)]
        for pid in control:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
    assert lives(program), "the program on the host was killed as well"
    assert program not in control
    wait_until(pause.let_go, "the command before the change waits")
    wait_until(lambda: not lives(program), "the program on the host has ended")
    process.communicate()
    deploy = shop.deploys()[-1]
    assert (deploy / "INCOMPLETE").exists()
    assert not (deploy / "results/web1.json").exists()
    return deploy


def said(outcome: Outcome) -> str:
    return " ".join(outcome.text.split())


def told(shop: Shop) -> str:
    """Return the report of the last deploy, without what keeps names from being markup."""
    return (shop.deploys()[-1] / "result.md").read_text().replace("\\", "")


def remediate(shop: Shop, pause: Pause, *arguments: str, **variables: t.Any) -> Outcome:
    # With the same variables: nothing is changed, so that the command is not run again.
    return shop.remediate(*arguments, **asked(pause, variables))


def reviewed(shop: Shop, pause: Pause) -> str:
    """Make a plan, and return its path."""
    outcome = remediate(shop, pause, "--check")
    assert outcome.code == 0, outcome.text
    return str(shop.deploys()[-1] / "plan.json")


def test_a_bad_change_that_ended_alone_is_taken_back(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD, "src/new.py": "new\n"})
    deploy = cut(shop, pause)
    assert (root / "src/app.py").read_text() == BAD
    outcome = remediate(shop, pause)
    assert outcome.code == 2, outcome.text
    assert fingerprint(root) == before
    assert f"web1: was changed by the deploy {deploy.name}, which was interrupted" in said(outcome)
    assert shop.ended()["outcomes"] == {"web1": "rolled_back"}
    result = shop.result("web1")
    assert (result["of"], result["changed"]) == (deploy.name, ["src/app.py", "src/new.py"])
    assert f"Everything is back as restore point {result['point']} has it" in result["reason"]
    assert "verified again: nothing is worse than before the change" in result["reason"]
    assert f"before the change; it was changed by the deploy {deploy.name}, which was interrupted" in said(outcome)
    # The report of the interrupted deploy tells the end as well.
    later = f"the deploy {shop.deploys()[-1].name} after it: it took the host over: ROLLED BACK"
    assert later in (deploy / "result.md").read_text().replace("\\", "")
    # It was compared with the audit before that change, not with the one that saw it.
    assert result["verification"]["before"] == json.loads((deploy / "run.json").read_text())["audit"]
    # It is over: the next one plans it anew.
    outcome = shop.remediate("--check")
    assert (outcome.code, shop.ended()["outcomes"]) == (0, {"web1": "planned"}), outcome.text


def test_a_bad_change_is_taken_back_though_another_application_was_deployed_since(
    shop: Shop, pause: Pause, tmp_path: Path
) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    ran, moments = tmp_path / "ran", ("after_change", "after_services", "on_failure")
    hooks = {moment: [["/bin/sh", "-c", f"echo {moment} >> {ran}"]] for moment in moments}
    deploy = cut(shop, pause, sync_hooks=hooks)
    with opened(tmp_path / "blog", shop.operator) as blog:
        blog.hosts("web1")
        blog.reference.commit("Second", {"src/other.py": "2\n"})
        outcome = blog.remediate()
        assert (outcome.code, blog.ended()["outcomes"]) == (0, {"web1": "changed"}), outcome.text
    outcome = remediate(shop, pause, sync_hooks=hooks)
    assert (outcome.code, fingerprint(root)) == (2, before), outcome.text
    assert (shop.result("web1")["outcome"], shop.result("web1")["of"]) == ("rolled_back", deploy.name)
    # Once each, as of a remediation that nobody interrupts.
    assert ran.read_text().split() == list(moments)


def test_from_another_control_node_it_is_told_which_change_was_the_last_and_how_to_take_it_back(
    shop: Shop, pause: Pause
) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    deploy = cut(shop, pause)
    shutil.rmtree(shop.operator.runs)
    # The newest restore point is not the one from before the change.
    backup = shop.operator.play("evenkeel.drift.backup", *shop.command()[1:])
    assert backup.code == 0, backup.text
    outcome = remediate(shop, pause)
    assert (outcome.code, shop.ended()["outcomes"]) == (2, {"web1": "nothing"}), outcome.text
    report = told(shop)
    assert f"The last to change it was the deploy {deploy.name}, of which nothing is known here. Where" in report
    back = re.search(r"evenkeel.drift.rollback -e (rollback_to=\S+) --limit web1 brings back what it replaced", report)
    assert back, report
    rollback = shop.operator.play("evenkeel.drift.rollback", *shop.command()[1:], "-e", back[1])
    assert (rollback.code, fingerprint(root)) == (0, before), rollback.text


def test_what_is_planned_for_anew_is_told_how_it_was_before_both(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/app.py": BAD})
    deploy = cut(shop, pause)
    shop.reference.commit("Third", {"src/other.py": "3\n"})
    outcome = shop.remediate()
    # It was broken when this one began, and is not taken back for that.
    assert (outcome.code, shop.ended()["outcomes"]) == (2, {"web1": "changed"}), outcome.text
    assert f"was changed by the deploy {deploy.name}, which was interrupted before it was" in said(outcome)
    point = shop.ended()["chain"]["unproven"]["web1"]["point"]
    assert f"-e rollback_to={point} --limit web1 brings back what it replaced" in told(shop)
    rollback = shop.operator.play("evenkeel.drift.rollback", *shop.command()[1:], "-e", f"rollback_to={point}")
    assert (rollback.code, (root / "src/app.py").read_text()) == (0, GOOD), rollback.text


def test_a_good_change_that_ended_alone_is_verified(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    deploy = cut(shop, pause)
    outcome = remediate(shop, pause)
    assert outcome.code == 0, outcome.text
    assert (root / "src/other.py").read_text() == "2\n"
    result = shop.result("web1")
    assert (result["outcome"], result["of"], result["verification"]["verdict"]) == ("changed", deploy.name, "PASS")
    assert f"1 path changed by the deploy {deploy.name}, which was interrupted; verified: PASS" in said(outcome)
    again = shop.remediate()
    assert (again.code, shop.ended()["outcomes"]) == (0, {"web1": "nothing"}), again.text


def test_a_bad_change_of_a_reviewed_plan_is_taken_back_when_that_is_given_again(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD, "src/new.py": "new\n"})
    plan = reviewed(shop, pause)
    deploy = cut(shop, pause, drift_plan=plan)
    # Looking at it in between, with the same plan, makes no difference.
    looked = remediate(shop, pause, "--check", drift_plan=plan)
    assert (looked.code, shop.result("web1")["outcome"]) == (0, "unchanged"), looked.text
    outcome = remediate(shop, pause, drift_plan=plan)
    assert (outcome.code, fingerprint(root)) == (2, before), outcome.text
    assert f"web1: was changed by the deploy {deploy.name}, which was interrupted" in said(outcome)
    assert shop.ended()["outcomes"] == {"web1": "rolled_back"}
    result = shop.result("web1")
    assert (result["of"], result["changed"]) == (deploy.name, ["src/app.py", "src/new.py"])
    # It was compared with the run that the plan was made of.
    assert result["verification"]["before"] == json.loads(Path(plan).read_text())["run"]
    assert "verified again: nothing is worse than before the change" in result["reason"]


def test_a_good_change_of_a_reviewed_plan_is_verified_once(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    shop.reference.commit("Second", {"src/other.py": "2\n"})
    plan = reviewed(shop, pause)
    deploy = cut(shop, pause, drift_plan=plan)
    outcome = remediate(shop, pause, drift_plan=plan)
    assert (outcome.code, (root / "src/other.py").read_text()) == (0, "2\n"), outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["of"], result["verification"]["verdict"]) == ("changed", deploy.name, "PASS")
    again = remediate(shop, pause, drift_plan=plan)
    assert (again.code, shop.ended()["outcomes"]) == (0, {"web1": "unchanged"}), again.text


def test_a_bad_change_whose_connection_was_lost_is_taken_back_by_the_next_play(
    shop: Shop, pause: Pause, server: SshServer
) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    variables = asked(pause, server.variables)
    process = shop.operator.start(*shop.command(**variables))
    try:
        program = pause.program()
        assert server.cut()
        # The play comes to its end, and cannot tell what became of the host.
        output = process.communicate(timeout=LIMIT_S)[0].decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    (deploy,) = shop.deploys()
    assert (shop.ended()["outcomes"], fingerprint(root)) == ({"web1": "failed"}, before), output
    assert "the connection was lost" in shop.result("web1")["reason"]
    assert lives(program)
    wait_until(pause.let_go, "the command before the change waits")
    wait_until(lambda: not lives(program), "the program on the host has ended")
    assert (root / "src/app.py").read_text() == BAD
    outcome = shop.remediate(**variables)
    assert (outcome.code, fingerprint(root)) == (2, before), outcome.text
    result = shop.result("web1")
    assert (result["outcome"], result["of"]) == ("rolled_back", deploy.name)


def test_a_change_that_was_taken_back_by_hand_since_is_not_taken_over(shop: Shop, pause: Pause) -> None:
    (root,) = shop.hosts("web1")
    before = fingerprint(root)
    shop.reference.commit("Second", {"src/app.py": BAD})
    cut(shop, pause)
    back = shop.command()
    outcome = shop.operator.play("evenkeel.drift.rollback", *back[1:])
    assert (outcome.code, fingerprint(root)) == (0, before), outcome.text
    # What the reference wants now is what the host has: only its own record tells the two apart.
    shop.reference.commit("Third", {"src/app.py": GOOD})
    outcome = shop.remediate()
    assert (outcome.code, shop.ended()["outcomes"]) == (0, {"web1": "nothing"}), outcome.text
