# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of files and the services that use them: one after the other, all of it or nothing, whatever ends it."""

from __future__ import annotations

import errno
import functools
import json
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from act_faults import FaultyOs, counted, in_place_of_os, killed_at
from act_world import ABOUT
from ansible_collections.evenkeel.drift.plugins.module_utils.act import recovery, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import (
    Busy,
    Refused,
    RolledBack,
    ServicesFailed,
    ServicesMoved,
    Stuck,
    Unfinished,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import (
    journal,
    kinds,
    processes,
    run,
    under_way,
    units,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.run import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from fake_systemd import FakeSystemd
from service_site import ALL, NEW, OLD, Site, reload, restart, unit
from waiting import lives, wait_until

Json = t.Dict[str, t.Any]


def reload_after(site: Site) -> Json:
    site.systemd.unit("two.service", site.root / "two", CanReload="yes")
    return reload("two")


def test_what_uses_a_change_is_restarted_once(site: Site) -> None:
    told = site.change(site.operations(), restart("one"), restart("two"))
    assert [step["state"] for step in told["services"]] == ["done", "done"]
    assert all(0 <= step["seconds"] < 60 for step in told["services"])
    assert site.running() == site.files() == NEW
    assert site.systemd.calls() == ["restart one.service", "restart two.service"]
    assert site.left() == []


def test_a_unit_is_started_when_its_start_can_be_told_from_the_time_of_the_files(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[Json, list[str]]] = []
    sleep = time.sleep

    def wait(seconds: float) -> None:
        waits.append((site.files(), site.systemd.calls()))
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", wait)
    site.change(site.operations(), restart("one"))
    assert (NEW, []) in waits


def test_the_log_says_from_when_on_the_new_runs(site: Site) -> None:
    before = time.time()
    site.change(site.operations(), restart("one"), reload_after(site))
    log = [json.loads(line) for line in (site.states / "shop" / "log.jsonl").read_text().splitlines()]
    steps = [(one["what"], one["path"], one.get("at_s")) for one in log if one["what"].startswith("step")]
    assert [one[:2] for one in steps] == [
        ("step begins", "one.service"),
        ("step is done", "one.service"),
        ("step begins", "two.service"),
        ("step is done", "two.service"),
    ]
    began, new, reloaded, same = (one[2] for one in steps)
    assert before - 0.1 <= began <= new <= reloaded <= time.time()
    # The process is the one of before.
    assert same is None


def test_a_moment_in_the_log_is_not_taken_for_one_without_parts_of_a_second(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of such a time nobody knows what was before it for a second or two (proc/order.py)."""
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0002)
    site.change(site.operations(), restart("one"))
    log = [json.loads(line) for line in (site.states / "shop" / "log.jsonl").read_text().splitlines()]
    moments = [one["at_s"] for one in log if one["what"] in ("is in place", "step begins")]
    assert len(moments) == 2
    assert all(moment % 1 for moment in moments)


@pytest.mark.parametrize(
    ("unit", "known"),
    [({}, True), ({"NRestarts": "1"}, False), ({"ActiveState": "failed"}, False), ({"without": 1}, False)],
)
def test_what_systemd_has_started_again_did_not_begin_with_its_last_start(site: Site, unit: Json, known: bool) -> None:
    times = {} if "without" in unit else {"InactiveExitTimestampMonotonic": recently()}
    site.systemd.unit("one.service", site.root / "one", **times, **unit)
    step = restart("one")["steps"][0]
    assert (began_since(step, 0.0) is not None) is known


def test_what_systemd_started_before_the_files_were_in_place_did_not_begin_with_them(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", InactiveExitTimestampMonotonic=recently())
    step = restart("one")["steps"][0]
    assert began_since(step, 0.0) is not None
    assert began_since(step, time.clock_gettime(time.CLOCK_MONOTONIC)) is None


def began_since(step: Json, since_s: float) -> float | None:
    return units.began(step, kinds.Call(kinds.Moment(kinds.boot_id(), since_s), 1.0, "/", "/"))


def test_a_check_touches_nothing(site: Site) -> None:
    told = site.change(site.operations(), restart("one"), check=True)
    assert [step["state"] for step in told["services"]] == ["to_do"]
    assert (site.files(), site.systemd.calls()) == (OLD, [])
    assert not site.states.exists() or site.left() == []


def test_a_unit_that_is_not_as_the_plan_saw_it(site: Site) -> None:
    site.systemd.unit("two.service", site.root / "two", active=False)
    with pytest.raises(ServicesMoved) as caught:
        site.change(site.operations(), restart("one"), restart("two"))
    expected = {"expected": "two.service is active", "found": "two.service is inactive", "path": "two.service"}
    assert caught.value.moved == [expected]
    assert (site.files(), site.systemd.calls(), site.left()) == (OLD, [], [])


def test_a_unit_that_is_masked_by_now(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", active=False, LoadState="masked")
    with pytest.raises(ServicesMoved, match=r"one.service is not as it was"):
        site.change([], unit("one", "start", active="inactive"))


def test_without_root_nothing_is_touched(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "needs_root", kinds.needs_root)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Refused, match=r"systemctl restart one.service needs root: set become: true for this host"):
        run.look(Services([restart("one")], {}, 1.0), str(site.root), None)


def test_a_file_that_moved_leaves_no_services_behind(site: Site) -> None:
    operations = site.operations()
    (site.root / "two").write_text("somebody's\n")
    with pytest.raises(Exception, match="two changed since"):
        site.change(operations, restart("one"))
    assert (site.systemd.calls(), site.left()) == ([], [])


def test_a_step_that_fails_is_taken_back_with_the_files(site: Site) -> None:
    site.save()
    with pytest.raises(ServicesFailed, match=r"systemctl restart two.service ended with 1 and said: Job for") as caught:
        site.change(site.operations("broken\n"), restart("one"), restart("two"))
    assert [step["state"] for step in caught.value.steps] == ["done", "failed"]
    assert caught.value.point == site.point()
    with pytest.raises(Unfinished, match=r"not all brought along \(systemctl restart two"):
        site.change(site.operations(), restart("one"))
    told = site.restore()
    assert [(step["path"], step["state"]) for step in told["services"]] == [
        ("one.service", "done"),
        ("two.service", "done"),
    ]
    assert site.running() == site.files() == OLD
    assert site.left() == []


def test_what_was_not_begun_is_not_taken_back(site: Site) -> None:
    site.save()
    operations = [site.write("one", b"broken\n"), site.write("two", b"new two\n")]
    with pytest.raises(ServicesFailed):
        site.change(operations, restart("one"), restart("two"))
    site.restore()
    assert site.systemd.get("two.service")["starts"] == 0


def test_a_failure_that_cannot_be_noted_is_not_taken_back_by_halves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback would find nothing that was begun, and leave units that run with the new files."""
    site.save()
    write = journal.Record.write

    def full(record: journal.Record) -> None:
        if record.document["begun"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(record)

    with monkeypatch.context() as patch:
        patch.setattr(journal.Record, "write", full)
        with pytest.raises(
            Stuck, match=r"services.json cannot be written: .*: make room, then deploy again; systemctl"
        ):
            site.change(site.operations("broken\n"), restart("one"), restart("two"))
    with pytest.raises(ServicesFailed):
        site.recover()
    site.restore()
    assert site.running() == site.files() == OLD


def ill(looping: bool = False, **more: str) -> Json:
    return {"looping": looping, "NRestarts": "7", "ActiveEnterTimestampMonotonic": recently(), **more}


def recently() -> str:
    return str(int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6))


@pytest.mark.parametrize(
    "was", [ill(True), ill(ActiveState="activating", SubState="auto-restart", Result="exit-code", looping=True)]
)
def test_what_looped_before_the_change_does_not_keep_the_way_back_from_ending(site: Site, was: Json) -> None:
    site.systemd.unit("two.service", site.root / "two", **was)
    site.save()
    with pytest.raises(ServicesFailed, match=r"two.service was (re)?started and ended by itself within"):
        site.change(site.operations(), restart("one"), restart("two", was.get("ActiveState", "active")))
    told = site.restore()
    assert [step["state"] for step in told["services"]] == ["done", "done"]
    assert "; before the change it was no better: it was " in told["services"][1]["said"]
    assert (site.files(), site.running()["one"], site.left()) == (OLD, "old one\n", [])


def test_what_was_well_before_must_be_well_on_the_way_back(site: Site) -> None:
    """Only what was not is excused, and not that a unit cannot be restarted at all."""
    site.save()
    with pytest.raises(ServicesFailed):
        site.change(site.operations("broken\n"), restart("one"), restart("two"))
    site.systemd.unit("two.service", site.root / "two", looping=True)
    with pytest.raises(ServicesFailed, match=r"two.service was (re)?started and ended by itself within"):
        site.restore()
    assert site.left() == ["services.json"]


def test_a_crash_loop_is_no_success(site: Site) -> None:
    site.systemd.unit("two.service", site.root / "two", looping=True)
    with pytest.raises(ServicesFailed, match=r"two.service was (re)?started and ended by itself within"):
        site.change(site.operations(), restart("two"))


def test_commands_run_in_their_order(site: Site, tmp_path: Path) -> None:
    def say(word: str) -> list[list[str]]:
        return [["/bin/sh", "-c", f"echo {word} $(cat one) >> {tmp_path}/said"]]

    moments = ("before_change", "after_change", "after_services", "on_failure")
    site.change(site.operations(), restart("one"), hooks={moment: say(moment) for moment in moments})
    assert (tmp_path / "said").read_text().splitlines() == [
        "before_change old one",
        "after_change new one",
        "after_services new one",
    ]


def killed_in_a_hook(site: Site, folder: Path) -> int:
    """Kill a change while its hook runs, and return the hook's process. It says each time that it was started."""
    script = f"echo $$ >> {folder}/started; [ -e {folder}/short ] || exec sleep 600"
    change = os.fork()
    if change == 0:
        os.setsid()
        site.change(site.operations(), restart("one"), hooks={"after_change": [["/bin/sh", "-c", script]]})
        os._exit(0)
    wait_until((folder / "started").exists, "the hook has begun")
    wait_until((folder / "started").read_text, "it has said so")
    hook = int((folder / "started").read_text())
    # What makes the next one short may not be there before this one has looked for it.
    wait_until(lambda: Path(f"/proc/{hook}/cmdline").read_bytes().startswith(b"sleep\0"), "it runs for long")
    os.kill(change, signal.SIGKILL)
    os.waitpid(change, 0)
    (folder / "short").touch()
    return hook


def test_a_hook_that_outlives_a_killed_change_is_named_and_not_started_beside_itself(
    site: Site, tmp_path: Path
) -> None:
    hook = killed_in_a_hook(site, tmp_path)
    try:
        for _again in range(2):
            with pytest.raises(Busy, match=rf"the hook /bin/sh -c .* still runs \(process {hook}\).*kill {hook}\)"):
                site.recover()
        with pytest.raises((Busy, Unfinished)):
            site.change(site.operations(), restart("one"))
        assert len((tmp_path / "started").read_text().split()) == 1
    finally:
        os.kill(hook, signal.SIGKILL)
    wait_until(lambda: not lives(hook), "the hook has ended")
    assert [step["state"] for step in site.recover()] == ["done", "done"]
    assert len((tmp_path / "started").read_text().split()) == 2
    assert (site.running()["one"], site.left()) == ("new one\n", [])


def test_an_engine_that_does_not_look_for_the_hook_is_found_out(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin of the test above: the hook runs twice at once."""
    hook = killed_in_a_hook(site, tmp_path)
    try:
        monkeypatch.setattr(journal.under_way, "left", lambda _noted: [])
        site.recover()
        assert lives(hook)
        assert len((tmp_path / "started").read_text().split()) == 2
    finally:
        os.kill(hook, signal.SIGKILL)


@pytest.mark.parametrize("known", [{"start_s": 1.0}, {"boot": "another"}])
def test_another_process_with_the_number_of_a_hook_is_in_nobodys_way(known: Json) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        try:
            noted = under_way.note(other.pid, "the hook")
            assert under_way.left(noted) == [other.pid]
            assert noted is not None
            assert under_way.left({**noted, **known}) == []
        finally:
            other.kill()


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ({"after": [["true"]]}, "hooks: expected lists of commands by before_change, "),
        ([], "hooks: expected lists of commands by before_change, "),
        ({"after_change": "true"}, r"hooks.after_change\[0\]: expected a command, as a list of its arguments"),
        ({"after_change": [["true"], []]}, r"hooks.after_change\[1\]: expected a command"),
        ({"on_failure": [[""]]}, r"hooks.on_failure\[0\]: expected a command"),
        ({"after_services": [["echo", "a\0b"]]}, r"hooks.after_services\[0\]: expected a command"),
        ({"after_services": [["echo", "\ud800"]]}, r"hooks.after_services\[0\]: expected a command"),
        ({"before_change": [["echo", 1]]}, r"hooks.before_change\[0\]: expected a command"),
    ],
)
def test_commands_that_cannot_run_are_refused_before_anything(site: Site, hooks: t.Any, message: str) -> None:
    """Found out later, they would be in the way of every recovery."""
    for check in (True, False):
        with site.open_state() as opened, pytest.raises(BadOperations, match=message):
            services = Services([], hooks, 1.0)
            run.apply([], [], str(site.root), opened, ABOUT, Host("/", 60), services, check)
    assert site.left() == []


def test_a_command_before_the_change_can_refuse_it(site: Site, tmp_path: Path) -> None:
    hooks = {
        "before_change": [["/bin/sh", "-c", "echo not now >&2; exit 3"]],
        "on_failure": [["touch", f"{tmp_path}/f"]],
    }
    with pytest.raises(Refused, match=r"nothing was touched: .* ended with 3 and said: not now"):
        site.change(site.operations(), restart("one"), hooks=hooks)
    assert (site.files(), site.systemd.calls(), site.left()) == (OLD, [], [])
    assert (tmp_path / "f").exists()


def test_a_command_after_the_change_that_fails_is_a_step_that_failed(site: Site, tmp_path: Path) -> None:
    site.save()
    hooks = {"after_services": [["false"]], "on_failure": [["cp", "one", f"{tmp_path}/on_failure"]]}
    with pytest.raises(ServicesFailed, match=r"the hook false \(after_services\) failed: false ended with 1"):
        site.change(site.operations(), restart("one"), hooks=hooks)
    site.restore()
    assert site.running() == site.files() == OLD
    assert (tmp_path / "on_failure").read_text() == "old one\n"


def recovered(site: Site) -> list[Json]:
    """Recover, as soon as no command of a killed change runs: what was to begin one ends a moment after the change."""
    steps: list[Json] = []

    def is_free() -> bool:
        try:
            steps[:] = site.recover()
        except Busy as busy:
            assert "still runs (process" in str(busy)
            return False
        return True

    wait_until(is_free, "the command of the change that was killed has ended")
    return steps


def change_all(site: Site) -> None:
    site.change(site.operations(), restart("one"), restart("two"), hooks={"after_change": [["true"]]})


def test_killed_anywhere_it_ends_all_new_or_all_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd = FakeSystemd(tmp_path / "count" / "systemd")
    systemd.install(monkeypatch)
    site = Site(tmp_path / "count" / "world", systemd)
    site.save()
    calls = len(counted(lambda: change_all(site)))
    ends = []
    for number in range(1, calls + 1, 1 if ALL else 9):
        folder = tmp_path / str(number)
        systemd = FakeSystemd(folder / "systemd")
        systemd.install(monkeypatch)
        site = Site(folder / "world", systemd)
        site.save()
        operations = site.operations()

        hooks = {"after_change": [["true"]]}
        work = functools.partial(site.change, operations, restart("one"), restart("two"), hooks=hooks)
        assert killed_at(number, work)
        recovered(site)
        assert site.files() in (OLD, NEW)
        assert site.running() == site.files(), f"killed at call {number}"
        assert site.left() == []
        assert site.recover() == []
        ends.append(site.files() == NEW)
    assert {True, False} == set(ends)
    assert ends == sorted(ends), "once the change has gone forward, it does so wherever it is killed later"


def test_an_engine_that_does_not_note_when_the_files_are_in_place_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin of the test above: killed behind the files, it forgets the services."""
    monkeypatch.setattr(transaction, "files_in_place", lambda _state, _token: None)

    def made(name: str) -> tuple[Site, list[Json]]:
        systemd = FakeSystemd(tmp_path / name / "systemd")
        systemd.install(monkeypatch)
        site = Site(tmp_path / name / "world", systemd)
        return site, site.operations()

    site, operations = made("count")
    calls = len(counted(lambda: site.change(operations, restart("one"), restart("two"))))

    def ends_apart(number: int) -> bool:
        site, operations = made(str(number))
        killed_at(number, lambda: site.change(operations, restart("one"), restart("two")))
        site.recover()
        return site.running() != site.files()

    assert any(ends_apart(number) for number in range(calls // 2, calls, 3))


def test_killed_anywhere_on_the_way_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(folder: Path) -> Site:
        systemd = FakeSystemd(folder / "systemd")
        systemd.install(monkeypatch)
        site = Site(folder / "world", systemd)
        site.save()
        with pytest.raises(ServicesFailed):
            site.change(site.operations("broken\n"), restart("one"), restart("two"))
        return site

    site = failed(tmp_path / "count")
    calls = len(counted(site.restore))
    for number in range(1, calls + 1, 1 if ALL else 23):
        site = failed(tmp_path / str(number))
        assert killed_at(number, site.restore)
        with site.open_state() as opened:
            recovery.recover(opened)
        site.restore()
        assert site.running() == site.files() == OLD, f"killed at call {number}"
        assert site.left() == []


def test_a_recovery_runs_what_is_left_and_nothing_twice(site: Site) -> None:
    """As a process that was killed between two steps leaves it."""
    with site.open_state() as opened:
        record = journal.make(opened, ABOUT, str(site.root), 20.0, [restart("one"), restart("two")], {})
        record.come_due()
    site.systemd.unit("one.service", site.root / "one", ActiveEnterTimestampMonotonic=str(10**15))
    assert [step["said"] for step in site.recover()] == [
        "one.service was started after the files had changed, and stays active (running)",
        "two.service was restarted, and stays active (running)",
    ]
    assert site.systemd.calls() == ["restart two.service"]


def test_what_came_to_nothing_in_a_crash_is_told_to_the_commands_for_that(site: Site, tmp_path: Path) -> None:
    """Killed between the command before the change and the first file."""
    hooks = {"before_change": [["touch", f"{tmp_path}/drained"]], "on_failure": [["rm", f"{tmp_path}/drained"]]}
    operations = site.operations()
    assert killed_at(_first_after(site, tmp_path, hooks), lambda: site.change(operations, hooks=hooks))
    assert (tmp_path / "drained").exists()
    assert site.recover() == []
    assert (site.files(), site.left(), (tmp_path / "drained").exists()) == (OLD, [], False)


def test_a_rollback_tells_them_too(site: Site, tmp_path: Path) -> None:
    site.save()
    (site.root / "one").write_text("edited since\n")
    hooks = {"on_failure": [["touch", f"{tmp_path}/told"]]}
    with site.open_state() as opened:
        journal.make(opened, ABOUT, str(site.root), 20.0, [restart("one")], hooks).write()
    assert site.restore()["services"] == []
    assert (site.files(), site.left(), (tmp_path / "told").exists()) == (OLD, [], True)
    assert site.systemd.calls() == []


def _first_after(site: Site, tmp_path: Path, hooks: Json) -> int:
    """Return the number of the first changing call behind the command before a change."""
    seen = []

    def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> None:
        seen.append((tmp_path / "drained").exists())

    with in_place_of_os(FaultyOs(before)):
        site.change([], hooks=hooks)
    (tmp_path / "drained").unlink()
    # The record is written by then, and the process that runs the command has been given its input.
    return seen.index(True) + 1


def test_a_damaged_record_is_named(site: Site) -> None:
    with site.open_state() as opened:
        journal.make(opened, ABOUT, str(site.root), 20.0, [restart("one")], {}).come_due()
        path = site.states / "shop" / journal.NAME
        path.write_text(path.read_text().replace("one.service", "own.service"))
        with pytest.raises(Refused, match=r"services.json is damaged \(its content is not what was written\)"):
            journal.find(opened)


def process(*argv: str) -> tuple[int, float]:
    pid = os.spawnv(os.P_NOWAIT, argv[0], argv)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return pid, int(fields[19]) / os.sysconf("SC_CLK_TCK")


def test_without_files_a_step_that_fails_takes_back_the_others_at_once(site: Site) -> None:
    (site.root / "two").write_text("broken\n")
    site.systemd.unit("one.service", site.root / "one", active=False, UnitFileState="disabled")
    site.systemd.unit("two.service", site.root / "two", active=False)
    with pytest.raises(RolledBack, match=r"systemctl start two.service ended with 1 .*everything is as it was before"):
        site.change([], unit("one", "enable", "start"), unit("two", "start"))
    assert site.left() == []
    assert site.systemd.get("one.service")["UnitFileState"] == "disabled"
    assert site.systemd.get("one.service")["ActiveState"] == "inactive"


def test_what_was_so_already_is_not_taken_back(site: Site) -> None:
    site.systemd.unit("two.service", site.root / "two", looping=True)
    with pytest.raises(ServicesFailed):
        site.change([], unit("one", "start"), restart("two"))
    assert site.systemd.get("one.service")["ActiveState"] == "active"


def test_a_restart_that_helps_nothing_is_told_and_keeps_no_change_out(site: Site) -> None:
    (site.root / "two").write_text("broken\n")
    site.systemd.unit("one.service", site.root / "one", active=False)
    with pytest.raises(ServicesFailed, match=r"ended with 1 .*; no file was changed, and two.service cannot be taken"):
        site.change([], unit("one", "start"), restart("two"))
    assert site.systemd.calls() == ["start one.service", "restart two.service", "stop one.service"]
    assert site.left() == []
    repaired = site.change(site.operations(), restart("two", "inactive"))
    assert [step["state"] for step in repaired["services"]] == ["done"]


@pytest.mark.parametrize(
    ("dos", "active", "enabled", "calls"),
    [
        (["enable", "start"], False, "disabled", ["enable one.service", "start one.service"]),
        (["disable", "stop"], True, "enabled", ["disable one.service", "stop one.service"]),
        (["stop"], False, "enabled", []),
        (["start"], True, "enabled", []),
    ],
)
def test_a_unit_is_brought_to_its_state(
    site: Site, dos: list[str], active: bool, enabled: str, calls: list[str]
) -> None:
    site.systemd.unit("one.service", site.root / "one", active=active, UnitFileState=enabled)
    site.change([], unit("one", *dos))
    assert site.systemd.calls() == calls
    assert site.left() == []


def test_systemd_reads_changed_unit_files_before_it_starts_anything(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", NeedDaemonReload="yes")
    site.change(site.operations(), restart("one"))
    assert site.systemd.calls() == ["daemon-reload", "restart one.service"]


def test_one_that_can_be_reloaded_keeps_running(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", CanReload="yes")
    told = site.change(site.operations(), reload("one"))
    assert site.systemd.calls() == ["reload one.service"]
    assert site.running()["one"] == "new one\n"
    assert told["services"][0]["said"] == "one.service was reloaded, and stays active (running), with process 1"
    # What was read again is known by the log alone.
    lines = [json.loads(line) for line in (site.states / "shop" / "log.jsonl").read_text().splitlines()]
    assert [line["files"] for line in lines if line["what"] == "step is done"] == [["one"]]


def test_one_that_cannot_be_reloaded_is_refused_before_anything(site: Site) -> None:
    with pytest.raises(Refused, match=r"one.service: it has no ExecReload=, and cannot be reloaded: take it out of"):
        site.change(site.operations(), reload("one"), check=True)
    with pytest.raises(Refused):
        site.change(site.operations(), reload("one"))
    assert (site.files(), site.systemd.calls(), site.left()) == (OLD, [], [])


# With RemainAfterExit= a unit is active without any process.
@pytest.mark.parametrize("content", ["crash\n", "ends\n"])
def test_one_that_ends_over_its_reload_has_failed(content: str, site: Site) -> None:
    site.systemd.unit("two.service", site.root / "two", CanReload="yes")
    site.save()
    with pytest.raises(
        ServicesFailed, match=r"two.service was reloaded, and its process 1 ended over it: it is active"
    ):
        site.change(site.operations(content), reload("two"))
    site.restore()
    assert site.systemd.calls() == ["reload two.service", "restart two.service"]
    assert (site.running(), site.left()) == (OLD, [])


def test_one_that_does_nothing_when_it_is_to_reload_has_failed(site: Site) -> None:
    """The exit code alone proves nothing: systemd notes when a unit was reloaded."""
    site.systemd.unit("one.service", site.root / "one", CanReload="yes", deaf=True)
    with pytest.raises(ServicesFailed, match=r"one.service was to be reloaded, and systemd has noted no reload of it"):
        site.change(site.operations(), reload("one"))


def test_one_that_no_longer_runs_reads_all_when_it_is_started(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", CanReload="yes")
    hooks = {"after_change": [[str(site.systemd.folder / "bin" / "systemctl"), "stop", "one.service"]]}
    site.change(site.operations(), reload("one"), hooks=hooks)
    assert site.systemd.calls() == ["stop one.service", "restart one.service"]


def test_without_files_a_reload_is_not_led_back_from(site: Site) -> None:
    site.systemd.unit("one.service", site.root / "one", CanReload="yes")
    with pytest.raises(ServicesFailed, match=r"no file was changed, and one.service cannot be taken back"):
        site.change([], reload("one"), hooks={"after_services": [["false"]]})
    assert site.systemd.calls() == ["reload one.service"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"kind": "spell", "path": "x", "steps": []}, r"services\[0\]: expected an action with a kind of .*hook, "),
        ({"kind": "unit", "path": "x", "steps": []}, r"services\[0\]: an action needs a path and steps"),
        (
            {"kind": "unit", "path": "x", "steps": [{"do": "isolate"}]},
            r"services\[0\].steps\[0\]: expected a step with a do of daemon_reload, disable,",
        ),
        (
            {
                "kind": "unit",
                "path": "x",
                "steps": [{"do": "restart", "unit": "a", "before": {"active": None}, "x": 1}],
            },
            r"services\[0\].steps\[0\].x: is no field of this step",
        ),
        (
            {"kind": "unit", "path": "x", "steps": [{"do": "restart", "unit": "a b", "before": {"active": None}}]},
            r"services\[0\].steps\[0\].unit: is not what it should be",
        ),
        ({"kind": "unit", "path": "x", "steps": [{"do": "restart", "unit": "a"}]}, r"steps\[0\].before: is missing"),
    ],
)
def test_what_makes_no_sense_is_named(site: Site, action: Json, message: str) -> None:
    with pytest.raises(BadOperations, match=message):
        site.change([], action)


def end(pid: int, start_s: float, kill: bool = False, **more: str) -> Json:
    known = {"pid": pid, "start_s": start_s, "boot": kinds.boot_id(), **more}
    step = {"do": "end", **known, "command": "sleep", "unit": "one.service", "kill": kill}
    return {"n": 1, "kind": "process", "path": "main", "steps": [step]}


def reaped(pid: int) -> int:
    """Return the signal that ended a process of this test."""
    status = os.waitpid(pid, 0)[1]
    return os.WTERMSIG(status)


def test_a_second_instance_is_ended_by_id_and_start(site: Site) -> None:
    pid, start_s = process("/bin/sleep", "300")
    try:
        other = site.change([], end(pid, start_s - 5))
        assert [step["state"] for step in other["services"]] == ["unchanged"]
        assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        told = site.change([], end(pid, start_s))
        assert told["services"][0]["said"] == f"process {pid} ended"
    finally:
        os.kill(pid, signal.SIGKILL)
        assert reaped(pid) == signal.SIGTERM


def test_what_an_ended_process_leaves_is_named_and_left_alone(site: Site, tmp_path: Path) -> None:
    script = f"/bin/sleep 300 & echo $! > {tmp_path}/child; wait"
    pid, start_s = process("/bin/sh", "-c", script)
    wait_until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text(), "it has a child")
    child = int((tmp_path / "child").read_text())
    try:
        told = site.change([], end(pid, start_s))
        said = f"process {pid} ended; what it had started still runs, look at it: process {child}"
        assert told["services"][0]["said"] == said
        assert lives(child)
    finally:
        os.kill(child, signal.SIGKILL)
        reaped(pid)


def test_a_process_of_another_boot_is_not_ended(site: Site) -> None:
    """After a reboot the same number can belong to what started in the same second: a plan of before means another."""
    pid, start_s = process("/bin/sleep", "300")
    try:
        told = site.change([], end(pid, start_s, boot="01234567-89ab-cdef-0123-456789abcdef"))
        assert [step["state"] for step in told["services"]] == ["unchanged"]
    finally:
        os.kill(pid, signal.SIGKILL)
        assert reaped(pid) == signal.SIGKILL


def test_an_engine_that_asks_for_the_id_alone_is_found_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken twin: it ends a process that has the id of one that ended long ago."""
    monkeypatch.setattr(processes, "_running", _by_id)
    pid, start_s = process("/bin/sleep", "300")
    try:
        site.change([], end(pid, start_s - 5))
    finally:
        os.kill(pid, signal.SIGKILL)
        assert reaped(pid) == signal.SIGTERM


def _by_id(step: Json) -> Stat | None:
    try:
        found = Proc().stat(step["pid"])
    except Gone:
        return None
    return None if found.ended else found


@pytest.mark.parametrize("kind", ["simple", "oneshot"])
def test_no_instance_is_ended_while_the_supervised_one_does_not_run(kind: str, site: Site) -> None:
    site.systemd.unit("one.service", active=False, Type=kind)
    pid, start_s = process("/bin/sleep", "300")
    try:
        with pytest.raises(RolledBack, match=r"one.service is the one that stays,? and (is inactive|it does not run)"):
            site.change([], end(pid, start_s))
    finally:
        os.kill(pid, signal.SIGKILL)
        assert reaped(pid) == signal.SIGKILL


def test_this_process_is_never_ended(site: Site) -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    with pytest.raises(RolledBack, match="part of this change itself"):
        site.change([], end(os.getpid(), int(fields[19]) / os.sysconf("SC_CLK_TCK")))
