# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: one user's alone, and every document in it whole."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import (
    INCOMING,
    State,
    open_state,
)


def opened(folder: Path) -> State:
    state = open_state(str(folder), "shop")
    assert state is not None
    return state


def test_it_is_made_for_one_user(tmp_path: Path) -> None:
    with opened(tmp_path / "new/state") as state:
        os.close(state.folder(INCOMING))
        assert state.path == str(tmp_path / "new/state/shop")
    for folder in ("new/state", "new/state/shop", "new/state/shop/incoming"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert open_state(str(tmp_path / "state"), "shop", create=False) is None
    assert open_state(str(tmp_path / "no/state"), "shop", create=False) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "n" * 201])
def test_what_cannot_name_an_application(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot name an application"):
        open_state(str(tmp_path), name)


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(Refused, match="not an absolute path"):
        open_state("state", "shop")


def test_a_folder_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    with pytest.raises(Refused, match=r"state is open to others \(mode 0755\): chmod 0700 it"):
        opened(tmp_path / "state")


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state/shop").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="shop cannot be used"):
        opened(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to run as root")
def test_the_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    os.chown(tmp_path / "state", 12345, 12345)
    with pytest.raises(Refused, match="belongs to user 12345: chown it to user 0"):
        opened(tmp_path / "state")


def test_a_document_comes_back(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        assert state.read("one.json") is None
        state.write("one.json", {"name": "n\u00e4me"})
        # What a process that was killed left does not stand in the way.
        (tmp_path / "state/shop/.one.json.new").write_bytes(b"{")
        state.write("one.json", {"name": "other"})
        assert state.read("one.json") == {"name": "other"}
    assert [path.name for path in (tmp_path / "state/shop").iterdir()] == ["one.json"]


def test_a_torn_line_of_the_log_ends_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        state.log({"what": "one"})
        log = tmp_path / "state/shop/log.jsonl"
        with log.open("ab") as torn:
            torn.write(b'{"half')
        state.log({"what": "two"})
    lines = log.read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["what"] for line in (lines[0], lines[2])] == ["one", "two"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_where_it_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder() == "/var/lib/evenkeel" or os.geteuid() != 0
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ops")
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert default_folder() == "/home/ops/.local/state/evenkeel"
    monkeypatch.setenv("XDG_STATE_HOME", "/home/ops/state")
    assert default_folder() == "/home/ops/state/evenkeel"
