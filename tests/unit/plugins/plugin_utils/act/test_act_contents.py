# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which contents are sent to a host, and which are not."""

from __future__ import annotations

import hashlib
import io
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.delivery import unpacked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import open_state
from ansible_collections.evenkeel.drift.plugins.plugin_utils.act.contents import ContentError, check, needed, pack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import act_script

ONE, TWO = (hashlib.sha256(content).hexdigest() for content in (b"one\n", b"two\n"))
Json = dict[str, t.Any]


def write(path: str, sha256: str, **before: t.Any) -> Json:
    return {"do": "write", "path": path, "sha256": sha256, "size": 4, "before": before or {"type": "absent"}}


def test_what_stands_there_already_is_not_sent() -> None:
    operations = [
        write("a", ONE),
        {**write("b", TWO), "before": {"type": "file", "sha256": TWO, "mode": "0600"}},
        {"do": "remove", "path": "c", "before": {"type": "file", "sha256": ONE}},
    ]
    assert needed(operations, []) == {ONE: "a"}


@pytest.mark.parametrize("path", [".env", "config/prod.env", "keys/id_rsa", "a/b.pem"])
def test_a_secret_is_not_sent(path: str) -> None:
    with pytest.raises(ContentError, match="is of a secret class by its name"):
        needed([write(path, ONE)], [])
    assert needed([write(path, ONE)], [path]) == {ONE: path}
    with pytest.raises(ContentError, match="is of a secret class"):
        needed([write("plain.txt", ONE, type="file", secret=True, mode="0600")], ["plain.txt"])


def test_contents_are_checked_and_packed(tmp_path: Path) -> None:
    (tmp_path / ONE).write_bytes(b"one\n")
    (tmp_path / TWO).write_bytes(b"another\n")
    assert check(str(tmp_path), {ONE: "a"}) == 4
    with pytest.raises(ContentError, match=r"the content of b in .* is damaged"):
        check(str(tmp_path), {ONE: "a", TWO: "b"})
    with pytest.raises(ContentError, match=r"the content of c cannot be read from .*: No such file"):
        check(str(tmp_path), {"0" * 64: "c"})
    packed = io.BytesIO()
    pack(str(tmp_path), {ONE: "a"}, packed)
    packed.seek(0)
    state = open_state(str(tmp_path / "state"), "shop")
    assert state is not None
    with state, unpacked(state, packed, {ONE: 4}) as folder:
        assert os.listdir(folder) == [ONE]


def test_a_change_moves_little_more_than_its_bytes(tmp_path: Path) -> None:
    operations = []
    for number in range(20):
        content = os.urandom(5_000)
        sha256 = hashlib.sha256(content).hexdigest()
        (tmp_path / sha256).write_bytes(content)
        operations.append({**write(f"src/module/file-{number}.py", sha256), "size": 5_000})
    packed = io.BytesIO()
    pack(str(tmp_path), needed(operations, []), packed)
    script = act_script({"what": "apply", "operations": operations, "pack_file": "/tmp/contents"})
    assert packed.tell() < 20 * 5_000 + 5_000
    # What the whole of a deploy moves is measured, and told in docs/benchmarks.md.
    assert len(script) < 200_000
