# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and containers from control groups: lines as the kernel's and systemd's documentation and the container engines
give them, for versions 1 and 2, both together, and none.
"""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import (
    container_of,
    machine_of,
    unit_of,
    within,
)

ID = b"0123456789ab" + b"cdef" * 13


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        (b"", None),
        (b"0::/\n", None),
        (b"0::/init.scope\n", "init.scope"),
        (b"0::/system.slice/ssh.service\n", "ssh.service"),
        (b"0::/system.slice/ssh.service (deleted)\n", "ssh.service"),
        (b"0::/system.slice/system-app.slice/app@a\\x2db.service/worker\n", "app@a\\x2db.service"),
        (b"0::/system.slice/_cpu.service\n", "cpu.service"),
        (b"0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope"),
        (b"0::/user.slice/user-7.slice/user@7.service/app.slice/app.service\n", "app.service"),
        (b"12:cpu,cpuacct:/\n1:name=systemd:/system.slice/cron.service\n", "cron.service"),
        (b"1:name=systemd:/system.slice/cron.service\n0::/system.slice/other.service\n", "cron.service"),
        (b"4:memory:/system.slice/no.service\n0::/user.slice\n", None),
        (b"1:name=systemd:/docker/" + ID + b"\n", None),
        (b"no line of the kernel\n\xff:\xff\n", None),
    ],
)
def test_unit(cgroup: bytes, unit: str | None) -> None:
    assert unit_of(cgroup) == unit


@pytest.mark.parametrize(
    ("path", "container"),
    [
        (b"/system.slice/docker-" + ID + b".scope", "0123456789ab"),
        (b"/docker/" + ID, "0123456789ab"),
        (b"/docker/" + ID + b"/system.slice/a.service", "0123456789ab"),
        (b"/machine.slice/libpod-" + ID + b".scope/container", "0123456789ab"),
        (b"/machine.slice/libpod-conmon-" + ID + b".scope", None),
        (b"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + ID + b".scope", "0123456789ab"),
        (b"/kubepods/burstable/pod1/" + ID, "0123456789ab"),
        (b"/system.slice/kubepods-pod1.slice:cri-containerd:" + ID, "0123456789ab"),
        (b"/kubepods.slice/crio-" + ID + b".scope", "0123456789ab"),
        (b"/lxc.payload.web/system.slice/nginx.service", "web"),
        (b"/lxc/web", "web"),
        (b"/lxc.monitor.web", None),
        (b"/machine.slice/systemd-nspawn@web.service/payload/system.slice/a.service", "web"),
        (b"/machine.slice/systemd-nspawn@web.service/supervisor", None),
        (b"/system.slice/ssh.service", None),
        (b"/system.slice/" + ID[:40] + b".service", None),
    ],
)
def test_container(path: bytes, container: str | None) -> None:
    assert container_of(b"0::" + path + b"\n") == container
    assert container_of(b"9:cpu:/\n1:name=systemd:" + path + b"\n") == container


@pytest.mark.parametrize(
    ("first", "machine"),
    [
        (b"0::/init.scope\n", b""),
        (b"9:cpu:/docker/" + ID + b"\n1:name=systemd:/docker/" + ID + b"/init.scope\n", b"/docker/" + ID),
        (b"0::/lxc.payload.web/init.scope\n", b"/lxc.payload.web"),
        # An application is the first process: the container supervises it.
        (b"1:name=systemd:/docker/" + ID + b"\n", b""),
        (b"", b""),
    ],
)
def test_machine(first: bytes, machine: bytes) -> None:
    assert machine_of(first) == machine


def test_the_container_that_a_machine_lives_in_supervises_nothing_in_it() -> None:
    machine = b"/docker/" + ID
    inner = b"fedcba987654" + ID[12:]
    session = b"9:cpu:" + machine + b"\n1:name=systemd:" + machine + b"/user.slice/user-1.slice/session-1.scope\n"
    assert within(session, machine) == b"9:cpu:/\n1:name=systemd:/user.slice/user-1.slice/session-1.scope\n"
    assert container_of(within(session, machine)) is None
    assert container_of(within(b"1:name=systemd:" + machine + b"/docker/" + inner + b"\n", machine)) == "fedcba987654"
    # Another container beside the machine, and a file without the machine's group, stay as they are.
    beside = b"0::" + machine + b"0/a.service\nno line of the kernel\n"
    assert within(beside, machine) == beside
    assert within(session, b"") == session
