# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a file in the style of .env, and what is said when it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.env_value import read_value
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

TEXT = r"""
# TOKEN=comment
export TOKEN=first
TOKEN = "sec\"ond" # the last one counts
PLAIN=a#b # comment
SINGLE='a "b" #c'
EMPTY=
COLON: yaml-like
OTHER_TOKEN=no
"""


@pytest.mark.parametrize(
    ("key", "value"),
    [("TOKEN", 'sec"ond'), ("PLAIN", "a#b"), ("SINGLE", 'a "b" #c'), ("COLON", "yaml-like")],
)
def test_the_value_is_read(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/env").write_text(TEXT)
    (tmp_path / ".env").symlink_to("shared/env")
    assert read_value(str(tmp_path), ".env", key) == value
    assert read_value("/", str(tmp_path / ".env"), key) == value


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, ".env cannot be read: no such file or directory"),
        (lambda path: path.write_text("A=1\n"), ".env has no value for TOKEN"),
        (lambda path: path.write_text("TOKEN=\n"), ".env has no value for TOKEN"),
        (lambda path: path.write_bytes(b"TOKEN=\xff"), ".env is not text in UTF-8"),
        (lambda path: path.mkdir(), ".env cannot be read: .env is not a regular file"),
        (lambda path: path.write_text("#" * (2 << 20)), ".env cannot be read: larger than"),
    ],
)
def test_what_cannot_be_had_is_unseen(tmp_path: Path, make: object, reason: str) -> None:
    make(tmp_path / ".env")  # type: ignore[operator]  # a callable of the table
    with pytest.raises(Unseen) as caught:
        read_value(str(tmp_path), ".env", "TOKEN")
    assert caught.value.reason.startswith(reason)
