# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are hashed whole, whatever their size is and was."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file, secret_name_regex
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from hypothesis import example, given
from hypothesis import strategies as st

BLOCK = digest.READ_BYTES
SIZES = [0, 1, 5000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7]


def hashed(folder: Path, seen: os.stat_result, key: bytes | None = None) -> tuple[str, os.stat_result]:
    fd = os.open(folder, os.O_RDONLY)
    try:
        return digest.hash_file(fd, "file", seen, Host(str(folder), 60), key)
    finally:
        os.close(fd)


@pytest.mark.parametrize("size", SIZES)
def test_hash_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "other").write_bytes(b"x" * BLOCK)
    (tmp_path / "file").write_bytes(content)
    seen = (tmp_path / "file").stat()
    assert hashed(tmp_path, seen) == (hashlib.sha256(content).hexdigest(), seen)
    assert hashed(tmp_path, seen, b"key")[0] == hmac.new(b"key", content, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("before", SIZES)
@pytest.mark.parametrize("size", SIZES)
def test_hash_of_a_file_that_was_replaced_is_that_of_the_new_one(tmp_path: Path, before: int, size: int) -> None:
    (tmp_path / "file").write_bytes(b"a" * before)
    stale = (tmp_path / "file").stat()
    (tmp_path / "new").write_bytes(b"b" * size)
    (tmp_path / "new").replace(tmp_path / "file")
    value, seen = hashed(tmp_path, stale)
    assert value == hashlib.sha256(b"b" * size).hexdigest()
    assert seen.st_size == size


@given(st.text(alphabet="aAkK\u212asS\u017fiI\u0130.eEnNvVyYpPmM/\n-_*", max_size=12))
@example(".docker/config.json")
@example("config.json")
@example("id_r\u017fa")
@example("x.\u212aey")
@example("a/.ENV")
def test_the_quick_answer_about_a_name_is_that_of_the_whole_expression(path: str) -> None:
    assert is_secret_file(path) == bool(re.search(secret_name_regex(), path, re.IGNORECASE))
