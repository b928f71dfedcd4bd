# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts as files: their names, and that none is overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.discovery import Drafted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.drafts import DraftFolder, names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.draft import Draft
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError


def drafted(root: str) -> Drafted:
    return Drafted(Draft("web1", root, "2026-11-21T08:00:00Z"), b"{}\n", [])


def test_drafts_are_private_and_name_each_other(tmp_path: Path) -> None:
    folder = DraftFolder("discovered/web1", str(tmp_path))
    folder.check_free()
    written = folder.write([drafted("/srv/app"), drafted("/srv/b")], "-i web1,")
    assert [Path(one["contract"]).name for one in written] == ["app.yml", "b.yml"]
    text = (tmp_path / "discovered/web1/app.yml").read_text()
    assert "baseline: discovered/web1/app.baseline.json " in text
    assert "ansible-playbook evenkeel.drift.audit -i web1, -e @discovered/web1/app.yml" in text
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "discovered/web1").iterdir()}
    assert modes == {0o600}
    with pytest.raises(StoreError, match="already, and drafts are never overwritten"):
        folder.check_free()


def test_outside_of_where_the_user_stands_paths_are_absolute(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    DraftFolder("../other", str(tmp_path / "desk")).write([drafted("/srv/app")], "-i web1,")
    assert f"baseline: {tmp_path}/other/app.baseline.json " in (tmp_path / "other/app.yml").read_text()


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file cannot be used for drafts"):
        DraftFolder("file", str(tmp_path)).check_free()


def test_roots_of_one_name_have_files_of_their_own() -> None:
    assert names(["/srv/app", "/srv/b"]) == ["app", "b"]
    one, other, third = names(["/srv/a/app", "/srv/b/app", "/srv/c"])
    assert one != other and one.startswith("app-") and third == "c"
    assert len(set(names(["/srv/a b", "/srv/a?b"]))) == 2
