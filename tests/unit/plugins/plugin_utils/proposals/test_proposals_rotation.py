# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation that is proposed: for what grows, and in a form that logrotate takes."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.rotation import A_DAY, LARGE, rotation
from proposals_seen import seen

LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
Json = dict[str, t.Any]


def log(path: str = "logs/a.log", size: int = LARGE, **more: t.Any) -> Json:
    read = {"bytes": 1000, "dated": True, "first_s": 0.0, "last_s": 1000.0, **more.pop("read", {})}
    return {"name": path, "kind": "path", "source": path, "path": path, "size": size, "read": read, **more}


def proposed(*logs: Json) -> list[t.Any]:
    return rotation(seen({"logs": [{"path": "logs/a.log"}]}, logs={"logs": list(logs)}))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (log(), True),
        (log(size=LARGE - 1), False),
        (log(size=5, read={"bytes": A_DAY // 864, "last_s": 100.0}), False),
        (log(size=5, read={"bytes": A_DAY // 864 + 1, "last_s": 100.0}), True),
        (log(size=5, read={"bytes": 1 << 40, "last_s": 59.0}), False),
        (log(size=5, read={"bytes": 1 << 40, "first_s": None}), False),
        (log(size=5, read={"bytes": 1 << 40, "dated": False}), False),
        (log(source="logs/*.log"), False),
        (log(kind="journal"), False),
        (log(path=None, source="x"), False),
    ],
)
def test_what_is_large_or_grows_fast_is_rotated(given: Json, wanted: bool) -> None:
    assert bool(proposed(given)) == wanted
    assert rotation(seen({"logs": [{"path": "a"}]})) == []


def test_the_file_says_which() -> None:
    (one,) = proposed(log(), log("/var/log/b c.log"), log('x"{y'))
    assert one.files["shop"].splitlines()[1:4] == ['"/srv/app/logs/a.log"', '"/var/log/b c.log"', "{"]
    assert any('x"{y' in note for note in one.notes)
    assert "64 MiB, about 84.38 KiB more each day" in one.what
    assert not one.actions and proposed(log('x"y')) == []


@pytest.mark.skipif(LOGROTATE is None, reason="there is no logrotate on this machine")
def test_logrotate_takes_it(tmp_path: Path) -> None:
    for name in ("a.log", "b c.log", "=~%#@,+.log"):
        (tmp_path / name).write_text("line\n" * 100)
    (one,) = proposed(*(log(str(path)) for path in tmp_path.iterdir()))
    (tmp_path / "conf").write_text(one.files["shop"])
    # It refuses one that others may write.
    (tmp_path / "conf").chmod(0o644)
    command = [str(LOGROTATE), "--debug", "--force", "--state", str(tmp_path / "state"), str(tmp_path / "conf")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    told = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0 and "error" not in told, told
    assert told.count("copying") >= 3, told
