# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault about a port is found, and a host that listens as declared is in sync."""

from __future__ import annotations

import os
import pwd
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from own_port import own_port

Opened = t.Callable[[str], int]


@pytest.fixture(name="opened")
def fixture_opened() -> Iterator[Opened]:
    """Open listeners in this process, on ports that the kernel gives, and close them at the end."""
    sockets: list[socket.socket] = []

    def listen(address: str) -> int:
        made = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        sockets.append(made)
        return int(made.getsockname()[1])

    yield listen
    for one in sockets:
        one.close()


def me() -> tuple[str, str]:
    """Return the user and the process name that the listeners of this process have."""
    return pwd.getpwuid(os.geteuid()).pw_name, Path("/proc/self/comm").read_text().strip()


def drift(operator: Operator, root: Path, entries: list[dict[str, t.Any]]) -> set[tuple[str, str, str | None]]:
    outcome = operator.audit_one(root, drift_contract={"ports": entries})
    return {
        (one["check"], one["subject"], one["cause"])
        for one in outcome.findings["findings"]
        if one["outcome"] != "observation"
    }


def test_each_fault_is_found_with_its_cause(operator: Operator, opened: Opened, tmp_path: Path) -> None:
    user, name = me()
    right, wide, other, closed, extra = (opened(address) for address in ("127.0.0.1", "0.0.0.0", *["127.0.0.1"] * 3))
    with own_port() as silent:
        entries = [
            {"port": right, "bind": "127.0.0.1", "process": name, "user": user},
            {"port": wide, "bind": "127.0.0.1"},
            {"port": other, "process": "another", "user": "nobody-at-all"},
            {"port": closed, "closed": True},
            {"port": silent},
            {"range": f"{extra}-{extra}", "only_declared": True},
        ]
        found = drift(operator, tmp_path, entries)
    assert found == {
        ("address", f"tcp/0.0.0.0/{wide}", "wrong_address"),
        ("process", f"tcp/127.0.0.1/{other}", "wrong_process"),
        ("user", f"tcp/127.0.0.1/{other}", "wrong_user"),
        ("closed", f"tcp/127.0.0.1/{closed}", "undeclared_listener"),
        ("listening", f"tcp/*/{silent}", "not_listening"),
        ("declared", f"tcp/127.0.0.1/{extra}", "undeclared_listener"),
    }


def test_a_host_that_listens_as_declared_is_in_sync(operator: Operator, opened: Opened, tmp_path: Path) -> None:
    user, name = me()
    port = opened("127.0.0.1")
    with own_port() as silent:
        entries = [
            {"port": port, "bind": "127.0.0.1", "process": name, "user": user},
            {"range": f"{port}-{port}", "only_declared": True},
            {"port": silent, "closed": True},
        ]
        outcome = operator.audit_one(tmp_path, drift_contract={"ports": entries})
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert {one["outcome"] for one in outcome.findings["findings"]} <= {"observation"}
    assert f"tcp/127.0.0.1/{port}" in outcome.report
