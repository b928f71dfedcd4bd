# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A remediation that is killed at any moment, and run again, ends as one that nobody interrupts.

The moments are the start and the end of every task, and every change that the control node makes to its folders. Some
that lie around the change and the way back are killed. ``EVENKEEL_FAULTS=all`` (``make faults``) tries every state of
the disk that a kill at any of them can leave: a remediation runs to its end, each state is copied, put back, and the
remediation is run on it. ``EVENKEEL_FAULTS=kills`` kills at each moment instead, which takes some times as long. A kill
of what runs on a host meanwhile is the matter of ``test_act_whole.py`` and its neighbours.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import typing as t
from pathlib import Path

import e2e_states
import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import shelf, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError, past_runs
from e2e_operator import Operator
from e2e_shop import BAD, Shop, fingerprint, opened

FAULTS = os.environ.get("EVENKEEL_FAULTS", "")
CALLBACKS = Path(__file__).with_name("callbacks")
PARTS = 8
"""Into so many tests all kills of a scenario are divided, which can run beside each other."""
_OPEN = ("journal.*.json", "services.json", "rollback.json", "stopped.json")

Json = dict[str, t.Any]
Tree = dict[str, tuple[int, str]]


class Scenario(t.NamedTuple):
    """What is committed, to which hosts it goes, and how that ends."""

    hosts: tuple[str, ...]
    files: dict[str, str]
    code: int
    outcomes: tuple[str, ...]
    reviewed: bool = False
    """Whether a plan is made before, and given each time."""


SCENARIOS = {
    # A canary, and one after it: the second host is changed when the first one is verified.
    "good": Scenario(("web1", "web2"), {"src/other.py": "2\n", "src/new/deep.py": "3\n"}, 0, ("changed", "nothing")),
    "bad": Scenario(("web1",), {"src/app.py": BAD, "src/new/deep.py": "3\n"}, 2, ("rolled_back",)),
    "reviewed": Scenario(("web1", "web2"), {"src/other.py": "2\n"}, 0, ("changed", "unchanged"), reviewed=True),
    "reviewed bad": Scenario(("web1",), {"src/app.py": BAD}, 2, ("rolled_back",), reviewed=True),
}
SAMPLE = [
    ("good", "start Save, change and check the host"),
    ("good", "end Decide what follows on web2"),
    ("bad", "end Save, change and check the host on web1"),
    ("bad", "start Bring back the hosts that the change made worse"),
    ("bad", "end Bring back the hosts that the change made worse on web1"),
    ("reviewed", "end Save, change and check the host on web1"),
    ("reviewed bad", "end Save, change and check the host on web1"),
    ("reviewed bad", "end Decide what follows on web1"),
]


class World:
    """A shop with a commit that its hosts do not have yet, and what it is to look like in the end."""

    def __init__(self, folder: Path, shop: Shop, scenario: Scenario) -> None:
        self.shop = shop
        self.scenario = scenario
        self.folder = folder
        self.seen = folder / "seen"
        self.log = folder / "moments"
        self.roots = shop.hosts(*scenario.hosts)
        self.before = [fingerprint(root) for root in self.roots]
        shop.reference.commit("Second", dict(scenario.files))
        self.wanted = plain(shop.reference.deploy(folder / "wanted", with_git=False))
        self.asked: Json = {}
        if scenario.reviewed:
            outcome = shop.remediate("--check")
            assert outcome.code == 0, outcome.text
            self.asked = {"drift_plan": str(shop.deploys()[-1] / "plan.json")}

    def interrupted(self, moment: str, **environment: str) -> int:
        """Run the play until a moment, and return how it ended."""
        operator = self.shop.operator
        process = operator.start(
            *self.shop.command(**self.asked),
            environment={
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_CALLBACKS_ENABLED": "evenkeel_stop",
                "EVENKEEL_STOP_LOG": str(self.log),
                "EVENKEEL_STOP_AT": moment,
                "EVENKEEL_STOP_BELOW": f"{operator.runs}:{operator.cache}",
                "EVENKEEL_STOP_WORLD": str(self.seen),
                **environment,
            },
        )
        try:
            process.communicate(timeout=300)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode

    def states(self) -> list[tuple[Path, list[str]]]:
        """Run the play to its end, and return each state that a kill could have left, with its moments."""
        states = self.folder / "states"
        states.mkdir()
        assert self.interrupted("0", EVENKEEL_STOP_STATES=str(states)) == self.scenario.code
        return e2e_states.kept(states)

    def moments(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()

    def wrong(self) -> list[str]:
        """Run the play once more, to its end, and return what is not as it is to be."""
        outcome = self.shop.remediate(**self.asked)
        found = [] if outcome.code == self.scenario.code else [f"exit code {outcome.code}: {outcome.text}"]
        bad = self.scenario.code != 0
        for root, before in zip(self.roots, self.before, strict=True):
            if (fingerprint(root) != before) if bad else (plain(root) != self.wanted):
                found.append(f"{root.name} has {sorted(plain(root).items())}")
        ended = self.shop.ended()
        if any(one not in self.scenario.outcomes for one in ended.get("outcomes", {"": "none"}).values()):
            found.append(f"outcomes {ended.get('outcomes')}: {outcome.text}")
        if not bad and ended.get("verification", {}).get("verdict") != "PASS":
            found.append(f"verification {ended.get('verification')}")
        return [*found, *self._on_hosts(bad), *self._folders()]

    def _on_hosts(self, bad: bool) -> t.Iterator[str]:
        """Yield what is open, held or not whole in the state directories."""
        folders = sorted(path for path in (self.shop.folder / "state").iterdir() if path.is_dir())
        if len(folders) != len(self.roots):
            yield f"{len(folders)} state directories"
        for folder in folders:
            yield from (f"open: {path}" for name in _OPEN for path in folder.glob(name))
            with open(folder / "lock", "r+b") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield f"{folder} is locked"
            yield from _points(folder / "points", bad)

    def _folders(self) -> t.Iterator[str]:
        """Yield what cannot be read in the folders of runs, and what has neither ended nor says so."""
        runs = self.shop.operator.runs
        for parent in (runs, runs / "deploys", runs / "verifications"):
            for path in parent.iterdir():
                if path.is_dir() and not path.is_symlink() and path.name[0].isdigit():
                    yield from _folder(RunFolder(str(path)))
        newest = past_runs(str(runs / "deploys"))[-1]
        if not newest.complete():
            yield f"{newest.path} is not complete"
        latest = RunFolder(os.path.realpath(runs / "latest"))
        if not latest.complete():
            yield f"the newest run is {latest.path}"


def _points(folder: Path, bad: bool) -> t.Iterator[str]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        listed = shelf.listed(fd)
        states = {one["state"] for one in listed}
        if states != ({shelf.GOOD, shelf.BAD} if bad else {shelf.GOOD}):
            yield f"restore points {[(one['id'], one['state'], one['reason']) for one in listed]}"
        for one in listed:
            verify.verify(fd, one["id"], Host("/", 60))
    finally:
        os.close(fd)


def _folder(folder: RunFolder) -> t.Iterator[str]:
    # One that is just being made holds nothing yet, and is no run to anybody.
    made = any(not name.startswith(".") for name in os.listdir(folder.path))
    try:
        if made and folder.complete():
            folder.verify()
    except StoreError as error:
        yield str(error)


def plain(root: Path) -> Tree:
    """Return mode and content of every path."""
    return {path: (mode, content) for path, (mode, _mtime, content) in fingerprint(root).items()}


@contextlib.contextmanager
def world(folder: Path, name: str) -> t.Iterator[World]:
    seen = folder / "seen"
    seen.mkdir(parents=True)
    operator = Operator(seen / "operator")
    with opened(seen / "shop", operator) as shop:
        yield World(folder, shop, SCENARIOS[name])


@pytest.mark.parametrize(("name", "moment"), SAMPLE)
def test_killed_at_a_moment_and_run_again_it_ends_the_same(tmp_path: Path, name: str, moment: str) -> None:
    with world(tmp_path / "world", name) as made:
        assert made.interrupted(moment) == -signal.SIGKILL
        assert made.moments()[-1] == moment
        assert made.wrong() == []


def test_a_remediation_that_leaves_no_mark_for_the_next_one_is_found_out(tmp_path: Path) -> None:
    with world(tmp_path / "world", "bad") as made:
        made.interrupted("end Save, change and check the host on web1")
        about = made.shop.ended()
        del about["chain"]
        (made.shop.deploys()[-1] / "run.json").write_text(json.dumps(about))
        assert any(one.startswith("web1 has") for one in made.wrong())


if FAULTS == "all":

    @pytest.mark.parametrize("name", sorted(SCENARIOS))
    def test_from_each_state_that_a_kill_can_leave_it_ends_the_same(tmp_path: Path, name: str) -> None:
        found: Json = {}
        with world(tmp_path / "world", name) as made:
            states = made.states()
            assert made.wrong() == []
            for state, moments in states:
                e2e_states.put_back(state, made.seen)
                if wrong := made.wrong():
                    found[", ".join(moments)] = wrong
        print(f"{name}: {len(made.moments())} moments, {len(states)} states")
        assert not found, json.dumps(found, indent=1)


if FAULTS == "kills":

    @pytest.mark.parametrize("part", range(PARTS))
    @pytest.mark.parametrize("name", sorted(SCENARIOS))
    def test_killed_at_every_moment_and_run_again_it_ends_the_same(tmp_path: Path, name: str, part: int) -> None:
        with world(tmp_path / "whole", name) as made:
            assert made.interrupted("0") == SCENARIOS[name].code
            moments = made.moments()
        found: Json = {}
        for number in range(1 + part, len(moments) + 1, PARTS):
            with world(tmp_path / str(number), name) as made:
                code = made.interrupted(str(number))
                wrong = made.wrong()
                if code != -signal.SIGKILL or wrong:
                    found[f"{number} {made.moments()[-1]}"] = [code, *wrong]
        print(f"{name}: {len(moments)} moments")
        assert not found, json.dumps(found, indent=1)
