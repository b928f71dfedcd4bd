# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that is kept is there whole or not at all, never in the way of anything, and only that of one version."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, failing_at, in_place_of_os, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act import leftover
from ansible_collections.evenkeel.drift.plugins.module_utils.act.keeping import keep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state

OLD, NEW = "0" * 16, "1" * 16
PACKS = [b"first pack", b"second pack" * 9000]

Json = t.Dict[str, t.Any]


@pytest.fixture(name="change")
def fixture_change(tmp_path: Path) -> Json:
    state = open_state(str(tmp_path / "state"), "shop")
    assert state is not None
    state.close()
    return {"state_dir": str(tmp_path / "state"), "application": "shop"}


def kept(change: Json) -> Path:
    return Path(change["state_dir"], change["application"], "code")


def names(version: str, packs: t.Iterable[bytes] = tuple(PACKS)) -> list[str]:
    return sorted(f"{version}-{hashlib.sha256(pack).hexdigest()}" for pack in packs)


def test_what_is_kept_is_told_by_the_next_look(change: Json) -> None:
    assert leftover.answer(change)["code"] == {"folder": str(kept(change)), "names": []}
    keep(change, NEW, PACKS)
    told = leftover.answer(change)
    assert told == {"changed": False, "needed": False, "code": {"folder": str(kept(change)), "names": names(NEW)}}
    assert sorted(path.read_bytes() for path in kept(change).iterdir()) == sorted(PACKS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept(change).iterdir()} == {0o600}
    assert stat.S_IMODE(kept(change).stat().st_mode) == 0o700


def test_a_pack_is_added_to_those_of_its_version_and_others_go(change: Json) -> None:
    keep(change, OLD, PACKS)
    keep(change, NEW, PACKS[:1])
    keep(change, NEW, PACKS[1:])
    assert leftover.answer(change)["code"]["names"] == names(NEW)


def test_what_was_damaged_is_put_there_again(change: Json) -> None:
    keep(change, NEW, PACKS)
    for path in kept(change).iterdir():
        path.write_bytes(b"something else")
    keep(change, NEW, PACKS)
    assert sorted(path.read_bytes() for path in kept(change).iterdir()) == sorted(PACKS)


def test_a_host_without_a_state_directory_gets_none(tmp_path: Path) -> None:
    keep({"state_dir": str(tmp_path / "none"), "application": "shop"}, NEW, PACKS)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("odd", ["link", "file", "open to others"])
def test_a_folder_that_is_not_ours_is_left_alone(odd: str, change: Json, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("precious")
    if odd == "link":
        kept(change).symlink_to(elsewhere)
    elif odd == "file":
        kept(change).write_text("precious")
    else:
        elsewhere.rename(kept(change))
        kept(change).chmod(0o755)
    keep(change, NEW, PACKS)
    left = kept(change).read_text() if odd == "file" else (kept(change) / "precious").read_text()
    assert left == "precious"


def whole(change: Json) -> bool:
    """Return whether each name is that of what it names."""
    told = leftover.answer(change)["code"]["names"]
    return all(hashlib.sha256((kept(change) / name).read_bytes()).hexdigest() == name[-64:] for name in told)


def test_killed_or_failed_at_any_call_no_name_is_of_half_a_pack(change: Json) -> None:
    keep(change, OLD, PACKS)
    calls = len(counted(lambda: keep(change, NEW, PACKS)))
    assert calls > 2 * len(PACKS)
    for number in range(1, calls + 1):
        for fails in (False, True):
            keep(change, OLD, PACKS)
            if fails:
                with in_place_of_os(failing_at(number, errno.ENOSPC)):
                    keep(change, NEW, PACKS)
            else:
                assert killed_at(number, lambda: keep(change, NEW, PACKS), torn=True)
            assert whole(change), number
            keep(change, NEW, PACKS)
            assert sorted(os.listdir(kept(change))) == names(NEW), number
