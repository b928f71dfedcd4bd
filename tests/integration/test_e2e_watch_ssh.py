# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: a host is watched over SSH; and when its connection is cut in the window, the report says what was seen
of it, and passes nothing.
"""

from __future__ import annotations

import json
import socket
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_ssh import SshServer, ssh_server
from endpoint_server import answer, serving

# A slice of the watch is as long, and one connection: what is cut after it leaves the first one whole.
SLICE_S = 20

Json = dict[str, t.Any]


@pytest.fixture(name="server")
def fixture_server(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "ssh") as server:
        if server is None:
            pytest.skip("no SSH server is installed, or root lacks /run/sshd")
        yield server


def verified(
    server: SshServer, operator: Operator, folder: Path, window: Json, cut_after_s: float | None
) -> tuple[Json, str, str]:
    """Watch an endpoint; the connection is cut while it answers, so long after the first look."""
    looks: list[float] = []
    cut = 0

    def handle(connection: socket.socket, _request: bytes) -> None:
        nonlocal cut
        looks.append(time.monotonic())
        # The first request is the audit's.
        if not cut and cut_after_s is not None and len(looks) > 2 and looks[-1] - looks[1] > cut_after_s:
            cut = server.cut()
        connection.sendall(answer(b"ok"))

    root = folder / "app"
    root.mkdir()
    with serving(handle) as endpoint:
        contract = {"endpoints": [{"name": "tick", "url": f"{endpoint.url}/tick"}]}
        variables = {**server.variables, "drift_root": str(root), "drift_contract": contract}
        extra = {"drift_output_dir": str(operator.runs), "verify_watch": window}
        inventory = operator.inventory({"web1": variables})
        done = operator.play("evenkeel.drift.verify", "-i", str(inventory), "-e", json.dumps(extra))
    assert bool(cut) == (cut_after_s is not None), done.text
    kept = operator.runs / "verifications" / "latest"
    return json.loads((kept / "verify.json").read_text()), (kept / "verify-report.md").read_text(), done.text


def verdict(made: Json, name: str) -> str:
    (one,) = [one for one in made["checks"] if (one["section"], one["check"]) == ("watch", name)]
    return str(one["verdict"])


def test_a_host_is_watched_over_ssh(server: SshServer, operator: Operator, tmp_path: Path) -> None:
    made, report, text = verified(server, operator, tmp_path, {"for": "12s", "every": "1s"}, None)
    (seen,) = made["watch"]
    assert seen["window"]["gaps"] == [], text
    assert (verdict(made, "window"), verdict(made, "available")) == ("PASS", "PASS")
    assert "Not observed from" not in report


def test_a_cut_connection_is_a_gap_that_is_told_and_nothing_passes(
    server: SshServer, operator: Operator, tmp_path: Path
) -> None:
    made, report, text = verified(server, operator, tmp_path, {"for": "40s", "every": "2s"}, SLICE_S + 2)
    (seen,) = made["watch"]
    window = seen["window"]
    assert window["observed_s"] < 0.95 * window["for_s"], text
    # What the first connection brought stays, and the rest is a gap.
    assert window["looks"] >= 5
    assert window["observed_s"] >= SLICE_S / 2
    assert (verdict(made, "window"), verdict(made, "available")) == ("UNKNOWN", "UNKNOWN")
    assert made["overall"]["verdict"] == "FAIL"
    assert any("closed" in gap["reason"] for gap in window["gaps"]) or "closed" in seen["reason"], seen
    assert "closed by remote host" in report
