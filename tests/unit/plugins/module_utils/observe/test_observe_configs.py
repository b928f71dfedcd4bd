# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section configs on a host: files of every kind, and what cannot be read of them."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import configs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from configs_asked import KEY, asked, look


def test_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.yml").write_text("a: 1\na: 2\n")
    os.utime(tmp_path / "app.yml", (1_000_000_000, 1_000_000_000))
    (found,) = look(tmp_path, asked("path", "app.yml", tests=[{"id": "0.max", "key": "a", "max": 2}]))
    (key,) = found.pop("keys")
    assert (key["value"], key["line"], key["tests"]) == ("2", 2, {"0.max": True})
    assert found == {
        "name": "app.yml",
        "kind": "path",
        "source": "app.yml",
        "format": "yaml",
        "outcome": "ok",
        "reason": "",
        "secret": False,
        "path": str(tmp_path / "app.yml"),
        "mtime": "2001-09-09T01:46:40Z",
        "mtime_s": 1_000_000_000.0,
        "size": 10,
        "digest": keyed(KEY, b"a: 1\na: 2\n"),
        "partial": "",
        "duplicates": [{"key": "a", "lines": [1, 2]}],
        "cut": 0,
        "readers": [],
    }


def test_a_link_is_followed_and_the_name_of_either_end_tells_a_secret(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/secrets.yml").write_text("mode: live-and-well\n")
    (tmp_path / "app.yml").symlink_to("shared/secrets.yml")
    (found,) = look(tmp_path, asked("path", "app.yml"))
    assert (found["path"], found["secret"], found["size"]) == (str(tmp_path / "shared/secrets.yml"), True, None)
    assert found["keys"][0]["value"] is None
    (found,) = look(tmp_path, asked("path", "app.yml", secret=False))
    assert found["keys"][0]["value"] == "live-and-well"


@pytest.mark.parametrize(
    ("make", "outcome", "reason"),
    [
        (lambda path: None, "missing", "it does not exist"),
        (lambda path: path.symlink_to("nowhere"), "missing", "it is a link that leads nowhere"),
        (lambda path: path.symlink_to(path.name), "unknown", "it cannot be opened: too many levels of symbolic links"),
        (lambda path: path.mkdir(), "unknown", "x.yml is not a regular file"),
        (os.mkfifo, "unknown", "x.yml is not a regular file"),
        (
            lambda path: path.write_text("a: [hunter2\n"),
            "unknown",
            "line 1, column 4: the list or map that begins here",
        ),
        (lambda path: path.write_bytes(b"a: \xff\n"), "unknown", "line 1, column 4: not text in UTF-8"),
        (lambda path: path.write_text("#" * (2 << 20)), "unknown", "it is larger than 1024 KiB"),
    ],
)
def test_what_cannot_be_read_is_never_empty(tmp_path: Path, make: t.Any, outcome: str, reason: str) -> None:
    make(tmp_path / "x.yml")
    (found,) = look(tmp_path, asked("path", "x.yml"))
    assert (found["outcome"], found["keys"]) == (outcome, [])
    assert found["reason"].startswith(reason)
    whole = (tmp_path / "x.yml").read_bytes() if (tmp_path / "x.yml").is_file() else None
    assert found["digest"] == (None if whole is None else keyed(KEY, whole))


def test_fifty_megabytes_are_compared_as_a_whole(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(50 << 20)
    (found,) = look(tmp_path, asked("path", "x.json"))
    assert found["reason"] == "it is larger than 4096 KiB: only its whole content is compared"
    assert found["digest"] == keyed(KEY, bytes(50 << 20))


def test_a_file_whose_name_tells_nothing_needs_a_format(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("A=1\n")
    unclear, told = look(tmp_path, asked("path", "settings"), asked("path", "settings", format="env"))
    assert (unclear["outcome"], unclear["format"], bool(unclear["digest"])) == ("unknown", "auto", True)
    assert (told["outcome"], told["keys"][0]["value"]) == ("ok", "1")


def test_a_pattern_that_never_ends_costs_its_own_file_alone(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text(f"A={'a' * 60}!\n")
    slow = asked("path", "x.env", tests=[{"id": "0", "key": "A", "matches": "(a+)+b"}])
    late, found = look(tmp_path, slow, asked("path", "x.env"), seconds=3)
    assert late["outcome"] == "unknown"
    assert "still busy at the time limit" in late["reason"]
    assert (found["outcome"], len(found["keys"])) == ("ok", 1)


def test_alone_it_needs_no_key_and_tells_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=hunter2hunter2\nMODE=changeme\n")
    params = {**dict.fromkeys(("path", "process", "unit", "container", "socket", "secret")), "format": "auto"}
    found = configs.look({**params, "path": str(tmp_path / ".env"), "timeout": 20}, Host("/", 20))
    assert [(key["key"], key["value"], key["placeholder"]) for key in found["keys"]] == [
        ("MODE", None, True),
        ("TOKEN", None, False),
    ]
    assert not {"digest", "readers", "name"} & found.keys()
    with pytest.raises(Unseen, match="line 1 is no NAME=value"):
        (tmp_path / ".env").write_text("hunter2!\n")
        configs.look({**params, "path": str(tmp_path / ".env"), "timeout": 20}, Host("/", 20))


def test_alone_a_secret_is_not_told_under_another_key_either(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB_PASSWORD=Zx9-kkLmm2\nCOPY=Zx9-kkLmm2\nNOTE=it was Zx9-kkLmm2\n")
    params = {**dict.fromkeys(("process", "unit", "container", "socket")), "format": "auto", "secret": False}
    host = Host("/", 20)
    found = observe_alone(configs.look, {**params, "path": str(tmp_path / ".env")}, host)
    assert [key["value"] for key in found["keys"]] == ["<masked>", None, "it was <masked>"]
    with pytest.raises(Unseen, match=r"app/\.env is no absolute path"):
        configs.look({**params, "path": "app/.env"}, host)
