# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that ended well is taken back with what it brought along: all of it, wherever that is killed."""

from __future__ import annotations

import functools
import os
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act import recovery, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused, ServicesFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import looking, pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal, run
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.run import Services
from fake_systemd import FakeSystemd
from service_site import ALL, NEW, OLD, Site, restart, unit

BROUGHT = Services([restart("one"), restart("two")], {}, 20.0)


def changed(site: Site) -> Site:
    """Save and change a site, and let all of that end well."""
    site.save()
    site.change(site.operations(), restart("one"), restart("two"))
    return site


def test_a_change_that_ended_well_is_taken_back_with_what_it_brought_along(site: Site, tmp_path: Path) -> None:
    """The files alone would leave what runs with those of the change."""
    changed(site)
    hooks = {"on_failure": [["touch", f"{tmp_path}/told"]], "after_change": [["touch", f"{tmp_path}/never"]]}
    told = site.restore(BROUGHT._replace(hooks=hooks))
    assert [(step["path"], step["state"]) for step in told["services"]][:2] == [
        ("one.service", "done"),
        ("two.service", "done"),
    ]
    assert site.running() == site.files() == OLD
    assert site.systemd.calls()[2:] == ["restart one.service", "restart two.service"]
    assert (site.left(), (tmp_path / "told").exists(), (tmp_path / "never").exists()) == ([], True, False)


def test_a_unit_whose_own_file_comes_back_is_started_as_that_says(site: Site, tmp_path: Path) -> None:
    """The file is older then than the one that systemd has read, and of that systemd says nothing."""
    link = tmp_path / "one.service"
    link.symlink_to(site.root / "one")
    site.systemd.unit("one.service", FragmentPath=str(link))
    changed(site)
    assert site.running() == NEW
    site.restore(BROUGHT)
    assert site.running() == site.files() == OLD
    # Once for all units, and each unit once.
    assert site.systemd.calls()[3:] == ["daemon-reload", "restart one.service", "restart two.service"]


def test_what_looped_before_a_change_that_cured_it_loops_again_and_the_way_back_ends(site: Site) -> None:
    (site.root / "two").write_text("loops\n")
    site.systemd.unit("two.service", site.root / "two")
    site.save()
    done = site.change(site.operations(), restart("one"), restart("two"))["services"]
    assert "ill" not in done[0]
    assert "systemd had started it again" in done[1]["ill"]
    two = restart("two")
    two["steps"][0]["ill"] = done[1]["ill"]
    options = {"services": [restart("one"), two], "hooks": {}, "step_timeout": 20}
    told = site.restore(looking.change(options))
    assert [step["state"] for step in told["services"]] == ["done", "done"]
    assert "; before the change it was no better: it was " in told["services"][1]["said"]
    assert (site.running()["one"], (site.root / "two").read_text(), site.left()) == ("old one\n", "loops\n", [])


def test_who_does_not_know_that_it_looped_before_has_a_way_back_that_fails(site: Site) -> None:
    """What the test above would not notice, if it saw nothing; and how it was before is asked of no plan."""
    (site.root / "two").write_text("loops\n")
    site.systemd.unit("two.service", site.root / "two")
    site.save()
    site.change(site.operations(), restart("one"), restart("two"))
    with pytest.raises(ServicesFailed, match=r"two.service was (re)?started and ended by itself within"):
        site.restore(BROUGHT)
    two = restart("two")
    two["steps"][0]["ill"] = "it looped"
    with pytest.raises(BadOperations, match="ill: is no field of this step"):
        site.change(site.operations(), two)
    with pytest.raises(BadOperations, match="ill: is not what it should be"):
        two["steps"][0]["ill"] = 1
        looking.change({"services": [two], "hooks": {}, "step_timeout": 20})


def test_the_files_alone_leave_what_runs_as_it_is(site: Site) -> None:
    """What the test above would not notice, if it saw nothing."""
    changed(site).restore()
    assert (site.files(), site.running()) == (OLD, NEW)


def test_what_the_change_started_is_stopped_again(site: Site) -> None:
    site.save()
    site.systemd.unit("two.service", site.root / "two", active=False)
    site.change(site.operations(), unit("two", "start", active="inactive"))
    site.restore(Services([unit("two", "start", active="inactive")], {}, 20.0))
    assert site.systemd.get("two.service")["ActiveState"] == "inactive"


def refused(*_given: t.Any, **_named: t.Any) -> t.NoReturn:
    raise Refused("somebody works in the repository")


def test_a_way_back_that_is_refused_leaves_no_trace_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(site)
    monkeypatch.setattr(transaction, "apply_locked", refused)
    with pytest.raises(Refused):
        site.restore(BROUGHT)
    assert (site.left(), site.running(), site.files()) == ([], NEW, NEW)
    assert not list(site.states.glob("*/rollback.json"))


def goes_on(site: Site) -> None:
    """Let a host be as the next deploy leaves it, once it has finished what was interrupted."""
    with site.open_state() as opened:
        recovery.recover(opened)
    if list(site.states.glob("*/rollback.json")):
        site.restore()
    else:
        site.recover()


def test_a_way_back_of_a_change_is_killed_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(name: str) -> Site:
        systemd = FakeSystemd(tmp_path / name / "systemd")
        systemd.install(monkeypatch)
        return changed(Site(tmp_path / name / "world", systemd))

    site = made("count")
    calls = len(counted(lambda: site.restore(BROUGHT)))
    seen = set()
    for number in range(1, calls + 1, 1 if ALL else 17):
        site = made(str(number))
        assert killed_at(number, functools.partial(site.restore, BROUGHT))
        # As the next deploy begins: whatever it finds, what runs has the files that are there.
        goes_on(site)
        assert site.running() == site.files(), f"killed at call {number}"
        assert (site.files() in (OLD, NEW), site.left()) == (True, []), f"killed at call {number}"
        seen.add(site.files()["one"])
        # As it goes on, where that host has to go back still.
        site.restore(BROUGHT)
        assert site.running() == site.files() == OLD, f"killed at call {number}"
    assert len(seen) == 2


STARTED = Services([unit("two", "start", active="inactive")], {}, 20.0)


def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site whose change started a unit, and touched no file."""
    systemd = FakeSystemd(folder / "systemd")
    systemd.install(monkeypatch)
    site = Site(folder / "world", systemd)
    site.save()
    systemd.unit("two.service", site.root / "two", active=False)
    site.change([], *STARTED.actions)
    return site


def killed_everywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kill the way back of such a change just before each thing that others see of it, and return how each ends."""
    site = started(folder / "count", monkeypatch)
    names = counted(lambda: site.restore(STARTED))
    ends = []
    for number in (at for at, name in enumerate(names, 1) if ALL or name in ("rename", "unlink")):
        site = started(folder / str(number), monkeypatch)
        assert killed_at(number, functools.partial(site.restore, STARTED))
        goes_on(site)
        assert site.left() == []
        ends.append(str(site.systemd.get("two.service")["ActiveState"]))
    return ends


def test_a_way_back_without_a_file_is_killed_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction of files tells then that it goes back. Once it does, it does so wherever it is killed later."""
    ends = killed_everywhere(tmp_path, monkeypatch)
    assert set(ends) == {"active", "inactive"}
    assert ends == sorted(ends)


def test_an_engine_that_turns_no_services_before_the_end_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin of the test above: killed behind its own record, it lets run what it was to stop."""
    turned = journal.turned
    monkeypatch.setattr(journal, "turned", lambda state: None if pending.find(state) else turned(state))
    ends = killed_everywhere(tmp_path, monkeypatch)
    assert ends != sorted(ends)


class Killed(Exception):
    """In the place of a signal."""


def killed(*_given: t.Any) -> t.NoReturn:
    raise Killed


def test_a_rollback_by_hand_turns_the_services_of_a_failed_change_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has brought the files back meanwhile, so that no transaction does it."""
    site.save()
    times = {name: ((site.root / name).stat().st_atime_ns, (site.root / name).stat().st_mtime_ns) for name in OLD}
    with pytest.raises(ServicesFailed):
        site.change(site.operations("broken\n"), restart("one"), restart("two"))
    for name, content in OLD.items():
        (site.root / name).write_text(content)
        os.utime(site.root / name, ns=times[name])
    with site.open_state() as opened:
        pending.begin(opened, (str(site.point()), "config", "ops", "a test"), {}, [])
    with monkeypatch.context() as patch:
        patch.setattr(run, "take_back", killed)
        with pytest.raises(Killed):
            site.restore()
    with site.open_state() as opened:
        found = journal.find(opened)
    assert found is not None and found.direction == journal.BACK
    assert {step["do"] for step in site.recover()} == {"restart"}
    assert (site.running(), site.left()) == (OLD, [])


def test_a_way_back_that_is_killed_before_it_began_leaves_nothing_to_finish(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was written down what the change brought along, and not yet that it is taken back."""
    changed(site)
    calls = site.systemd.calls()
    with monkeypatch.context() as patch:
        patch.setattr(pending, "begin", killed)
        with pytest.raises(Killed):
            site.restore(BROUGHT)
    with site.open_state() as opened:
        assert recovery.look(opened)["found"] is None
        assert run.resume(opened, "ops", "a test") == (None, [])
    assert (site.left(), site.running(), site.files(), site.systemd.calls()) == ([], NEW, NEW, calls)


def test_one_that_is_refused_while_an_earlier_one_is_under_way_is_gone_on_with_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy goes on with it, and knows nothing of what the change brought along but what lies there."""
    changed(site)
    with site.open_state() as opened:
        pending.begin(opened, (str(site.point()), "config", "ops", "a test"), {}, [])
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "apply_locked", refused)
        with pytest.raises(Refused):
            site.restore(BROUGHT)
    site.restore()
    assert (site.running(), site.files(), site.left()) == (OLD, OLD, [])
