# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points in a repository of the real restic: encrypted, proven, listed, brought back, forgotten."""

from __future__ import annotations

import concurrent.futures
import json
import os
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import restic
from restic_lab import CANARY, PASSWORD, Kept, content, needs_restic

pytestmark = needs_restic


@pytest.fixture(name="kept")
def fixture_kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path)
    made.init()
    return made


def holds(folder: Path, secret: str) -> bool:
    """Return whether a file below a folder holds a secret, as a search finds it."""
    return any(secret.encode() in one for one in content(folder).values())


def test_what_is_kept_is_the_point_byte_for_byte_and_nobody_can_read_it(kept: Kept, tmp_path: Path) -> None:
    made = kept.ask()
    assert made["restic"]["snapshot"] == kept.snapshots()[0]["short_id"], made
    assert kept.snapshots()[0]["hostname"] == "web1"
    kept.restic("restore", "latest", "--target", str(tmp_path / "oracle"))
    assert content(tmp_path / "oracle" / made["point"]) == content(kept.folder(made["point"]))
    # The twin: what is searched for would be found.
    assert holds(tmp_path / "oracle", CANARY)
    assert not holds(kept.repository, CANARY)
    assert PASSWORD not in json.dumps(made)
    assert json.loads((kept.state / "app/log.jsonl").read_text().splitlines()[-1])["what"].endswith("kept elsewhere")


def test_a_point_that_is_gone_comes_back_and_is_used(kept: Kept) -> None:
    point = kept.ask()["point"]
    saved = content(kept.folder(point))
    kept.lose(point)
    (kept.root / "src/main.py").write_text("two\n")
    rehearsed = kept.ask("restored", check=True, point=point)
    assert "nothing can be rehearsed before it is back" in rehearsed["msg"]
    back = kept.ask("restored", point=point)
    assert (back["returned"], back["changed"], back["at_point"]) == (True, True, True), back
    assert (kept.root / "src/main.py").read_text() == "one\n"
    assert content(kept.folder(point)) == saved
    assert not [one for one in kept.folder(point).rglob("*") if one.stat().st_mode & 0o077]
    again = kept.ask("verified", point=point)
    assert (again["returned"], again["changed"]) == (False, False)


def test_a_host_that_lost_all_is_told_what_there_is_and_gets_it(kept: Kept) -> None:
    point = kept.ask()["point"]
    os.rename(kept.state, kept.top / "lost")
    refused = kept.ask("restored")
    assert f"the newest is {point}: name the one to use" in refused["msg"]
    assert kept.ask("verified", point=point)["returned"] is True
    assert kept.ask("restored", point=point)["at_point"] is True
    absent = kept.ask("verified", point="20200101T000000Z-000000")
    assert "there is no restore point 20200101T000000Z-000000 on this host, nor of the host web1" in absent["msg"]


def test_the_list_says_which_points_are_where(kept: Kept) -> None:
    first, second = kept.ask()["point"], kept.ask()["point"]
    kept.lose(first)
    told = kept.info()
    assert [one["id"] for one in told["points"]] == [second]
    assert [(one["id"], one["on_host"]) for one in told["restic"]["points"]] == [(second, True), (first, False)]
    assert told["restic"]["outcome"] == "ok"
    unseen = kept.info(repository=str(kept.top / "nowhere"))
    assert unseen["restic"]["outcome"] == "unknown"
    assert "restic init" in unseen["restic"]["reason"]
    assert [one["id"] for one in unseen["points"]] == [second]


def test_a_removal_names_the_copy_that_stays(kept: Kept) -> None:
    point = kept.ask()["point"]
    [snapshot] = [one["id"] for one in kept.snapshots()]
    told = kept.ask("absent", point=point)
    assert (told["changed"], len(told["notes"])) == (True, 1)
    assert told["notes"][0].endswith(f" stays; to remove it as well: restic forget --prune {snapshot[:8]}")
    kept.restic("forget", "--prune", snapshot[:8])
    assert kept.ask("absent", point=point) == {"changed": False, "point": point, "notes": []}
    [note] = kept.ask("absent", point=point, restic=kept.place(repository="/nowhere"))["notes"]
    assert note.startswith("whether a copy of it is in the repository of restic cannot be seen: ")


def test_older_points_are_forgotten_and_nothing_of_others(kept: Kept) -> None:
    (kept.top / "theirs").write_text("theirs")
    kept.restic("backup", "--host", "web1", "theirs")
    other = kept.ask(application="app,other application")["restic"]["snapshot"]
    elsewhere = kept.ask(restic=kept.place(host="web2"))["restic"]["snapshot"]
    points = [kept.ask(restic=kept.place(keep=2)) for _number in range(3)]
    assert points[-1]["restic"]["forgotten"] == [points[0]["point"]]
    left = {one["short_id"] for one in kept.snapshots()}
    assert {other, elsewhere, points[1]["restic"]["snapshot"], points[2]["restic"]["snapshot"]} < left
    assert len(left) == 5
    # Nothing was pruned: what the forgotten snapshot took is there for whoever prunes.
    kept.restic("check", "--read-data")


def refuse(kept: Kept, monkeypatch: pytest.MonkeyPatch, case: str) -> dict[str, t.Any]:
    """Return what the second place is asked with, so that it cannot be used."""
    if case == "wrong password":
        kept.password.write_text("another\n")
    elif case == "no repository":
        return {"repository": str(kept.top / "nowhere")}
    elif case == "open password":
        kept.password.chmod(0o644)
    elif case == "no password":
        return {"password_file": str(kept.top / "none")}
    elif case == "no restic":
        monkeypatch.setattr(
            "ansible_collections.evenkeel.drift.plugins.module_utils.act.program.find", lambda _name: None
        )
    elif case == "slow":
        kept.in_between(monkeypatch, "sleep 60")
        return {"timeout": 1}
    elif case == "unreachable":
        secret = kept.top / "env"
        secret.write_text(f"RESTIC_REPOSITORY=rest:http://me:{CANARY}@127.0.0.1:9/\n")
        secret.chmod(0o600)
        return {"repository": None, "env_file": str(secret)}
    return {}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("wrong password", "the password file is not that of this repository"),
        ("no repository", "restic init"),
        ("open password", "chmod 0600"),
        ("no password", "cannot be read"),
        ("no restic", "there is no restic on this host"),
        ("slow", "was not done after"),
        ("unreachable", "restic ended with"),
    ],
)
def test_without_the_second_place_a_point_is_good_and_said_to_be_alone(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, case: str, said: str
) -> None:
    if case == "unreachable":
        kept.in_between(monkeypatch, 'echo "Fatal: cannot reach $RESTIC_REPOSITORY" >&2; exit 1')
    place = refuse(kept, monkeypatch, case)
    made = kept.ask(restic=kept.place(**place))
    assert made["failed"] is True
    assert f"the restore point {made['point']} is good, and on this host alone: " in made["msg"]
    assert said in made["msg"]
    assert PASSWORD not in json.dumps(made)
    assert CANARY not in json.dumps(made)
    assert kept.ask("verified", restic=None)["point"] == made["point"]
    # What is on the host is used without asking the repository.
    assert kept.ask("restored", point=made["point"], restic=kept.place(**place))["at_point"] is True
    assert json.loads((kept.state / "app/log.jsonl").read_text().splitlines()[0])["what"] == "restore point made"


LOCKED = """case "$*" in *backup*) if [ "$(wc -l < TRIES)" -lt 2 ]; then echo tried >> TRIES
  echo "unable to create lock in backend: repository is already locked exclusively by PID 7 on web2" >&2
  echo "lock was created at 2026-11-21 22:48:17 (214.95126ms ago)" >&2
  echo "storage ID 96c7c199" >&2
  echo "the \\`unlock\\` command can be used to remove stale locks" >&2
  exit 1; fi ;; esac; exec "$RESTIC" "$@" """


def test_a_host_that_another_keeps_out_tries_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = kept.top / "tries"
    tries.write_text("")
    kept.in_between(monkeypatch, LOCKED.replace("TRIES", str(tries)))
    monkeypatch.setattr(restic, "_PAUSE_S", 0.01)
    assert "snapshot" in kept.ask()["restic"]
    assert tries.read_text() == "tried\n" * 2
    tries.write_text("")
    monkeypatch.setattr(restic, "_PATIENCE_S", 0.0)
    alone = kept.ask()
    assert "on this host alone" in alone["msg"]
    assert "a lock that was left goes with: restic unlock" in alone["msg"]
    assert tries.read_text() == "tried\n"


def test_hosts_that_share_a_repository_do_so_at_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restic, "_PAUSE_S", 0.2)
    (kept.root / "large.bin").write_text("small")

    def work(host: str) -> list[t.Any]:
        place = kept.place(host=host, keep=1)
        return [kept.ask(restic=place, state_dir=str(kept.top / host)) for _number in range(2)]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        made = [one for host in pool.map(work, ("web1", "web2", "web3")) for one in host]
    assert [one.get("msg") for one in made] == [None] * 6
    assert [one["restic"]["notes"] for one in made] == [[]] * 6
    assert {one["hostname"] for one in kept.snapshots()} == {"web1", "web2", "web3"}
    assert len(kept.snapshots()) == 3


DAMAGE = {
    "cut": 'case "$*" in *dump*) "$RESTIC" "$@" | head -c 4000 ;; *) exec "$RESTIC" "$@" ;; esac',
    "changed": 'case "$*" in *dump*) "$RESTIC" "$@" | sed s/canary/Canary/ ;; *) exec "$RESTIC" "$@" ;; esac',
    "nothing": 'case "$*" in *dump*) ;; *) exec "$RESTIC" "$@" ;; esac',
    "noise": 'case "$*" in *dump*) head -c 9000000 /dev/zero ;; *) exec "$RESTIC" "$@" ;; esac',
    "more": 'case "$*" in *dump*) "$RESTIC" "$@"; head -c 9000000 /dev/zero ;; *) exec "$RESTIC" "$@" ;; esac',
}


@pytest.mark.parametrize("how", sorted(DAMAGE))
def test_what_the_repository_gives_back_otherwise_is_neither_kept_nor_used(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    point = kept.ask()["point"]
    kept.in_between(monkeypatch, DAMAGE[how])
    made = kept.ask()
    assert made.get("failed") is True, made
    assert "on this host alone" in made["msg"]
    kept.lose(point)
    refused = kept.ask("verified", point=point)
    assert refused.get("failed") is True, refused
    assert sorted(one.name for one in (kept.state / "app/points").iterdir()) == [made["point"]]


def test_a_return_that_is_killed_leaves_nothing_that_counts_and_goes_again(kept: Kept) -> None:
    (kept.root / "large.bin").unlink()
    point = kept.ask()["point"]
    kept.lose(point)
    calls = counted(lambda: kept.ask("verified", point=point))
    assert "rename" in calls
    for number in range(2, len(calls) + 1, 7):
        kept.lose(point)
        assert killed_at(number, lambda: kept.ask("verified", point=point))
        left = [one for one in kept.top.rglob("*") if one.is_file() and CANARY.encode() in one.read_bytes()]
        assert {kept.folder("") in one.parents for one in left if one != kept.root / ".env"} <= {True}
        states = {one["id"]: one["state"] for one in kept.info()["points"]}
        assert states.get(point) in (None, "good")
        if number % 2:
            assert "msg" not in kept.ask(restic=None, paths=["empty"])
            assert not (kept.folder("") / ".returned").exists()
        assert kept.ask("verified", point=point)["point"] == point
        assert not list((kept.folder("") / ".returned").glob("*"))
