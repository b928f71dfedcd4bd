# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's socket tables: every address comes back, hostile lines are refused, ss agrees."""

from __future__ import annotations

import ipaddress
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.net.table import parse_address, parse_table
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import ports
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from hypothesis import given
from hypothesis import strategies as st

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(local: str, remote: str = "00000000:0000", state: str = "0A", uid: int = 1000, inode: int = 77) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  {uid}        0 {inode} 1 0 100 0\n"


def kernel(address: str, order: str) -> str:
    packed = ipaddress.ip_address(address).packed
    words = (packed[begin : begin + 4] for begin in range(0, len(packed), 4))
    return "".join(f"{struct.unpack(order + 'I', word)[0]:08X}" for word in words)


@given(st.ip_addresses(), st.sampled_from("<>"))
def test_every_address_comes_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address, order: str) -> None:
    read = parse_address(kernel(str(address), order), order)
    mapped = getattr(address, "ipv4_mapped", None)
    assert ipaddress.ip_address(read) == (mapped or address)


def test_listening_sockets_alone_are_taken() -> None:
    table = HEAD + line("0100007F:1F41") + line("0100007F:1F42", state="01") + line("00000000:0016", uid=0, inode=5)
    found = parse_table("tcp", table)
    assert [(one.address, one.port, one.uid, one.inode, one.wildcard) for one in found] == (
        [("127.0.0.1", 8001, 1000, 77, False), ("0.0.0.0", 22, 0, 5, True)]
        if sys.byteorder == "little"
        else [("1.0.0.127", 8001, 1000, 77, False), ("0.0.0.0", 22, 0, 5, True)]
    )


def test_udp_is_taken_when_it_has_no_peer() -> None:
    table = HEAD + line("00000000:0035", state="07") + line("00000000:0036", remote="0100007F:0035", state="01")
    assert [one.port for one in parse_table("udp", table)] == [53]


def test_an_ipv4_address_in_an_ipv6_table_is_one() -> None:
    mapped = kernel("::ffff:192.0.2.7", "<" if sys.byteorder == "little" else ">")
    table = HEAD + line(f"{mapped}:1F41", remote=f"{'0' * 32}:0000")
    (one,) = parse_table("tcp6", table)
    assert (one.address, one.family, one.proto) == ("192.0.2.7", "ipv6", "tcp")


@pytest.mark.parametrize("bad", ["x\n", line("0100007F"), line("01:1F41"), line("ZZZZZZZZ:1F41")])
def test_another_form_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"address|field|literal|digit|base 16"):
        parse_table("tcp", HEAD + bad)


def test_twenty_thousand_sockets_are_no_matter() -> None:
    table = HEAD + "".join(line(f"0100007F:{port:04X}", inode=port) for port in range(1, 20_001))
    begun = time.process_time()
    assert len(parse_table("tcp", table)) == 20_000
    assert time.process_time() - begun < 25


def _tree(tmp_path: Path, **tables: str) -> Proc:
    net = tmp_path / "self/net"
    net.mkdir(parents=True)
    for name, text in {"tcp": HEAD, "tcp6": HEAD, "udp": HEAD, "udp6": HEAD, **tables}.items():
        (net / name).write_text(text)
    return Proc(str(tmp_path))


def test_a_table_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    proc = _tree(tmp_path, tcp=HEAD + "nonsense\n")
    (tmp_path / "self/net/udp").unlink()
    (tmp_path / "self/net/udp").mkdir()
    data = ports.collect({}, Host("/", 60), proc)
    assert data["outcomes"]["tcp"]["outcome"] == "unknown"
    assert data["outcomes"]["udp"]["outcome"] == "unknown"
    assert data["outcomes"]["tcp6"] == {"outcome": "ok", "reason": ""}


def test_a_kernel_without_ipv6_is_not_unknown(tmp_path: Path) -> None:
    proc = _tree(tmp_path)
    (tmp_path / "self/net/tcp6").unlink()
    assert ports.collect({}, Host("/", 60), proc)["outcomes"]["tcp6"]["outcome"] == "ok"
    (tmp_path / "self/net/if_inet6").write_text("")
    assert ports.collect({}, Host("/", 60), proc)["outcomes"]["tcp6"]["outcome"] == "unknown"


def test_an_owner_that_cannot_be_told_is_null_with_the_reason(tmp_path: Path) -> None:
    data = ports.collect({}, Host("/", 60), _tree(tmp_path, tcp=HEAD + line("0100007F:1F41")))
    (one,) = data["listeners"]
    assert one["pid"] is None
    assert one["reason"]


def test_the_own_listener_is_found_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        mine = " ".join(Path("/proc/self/cmdline").read_text().split("\0")[:-1])
        data = ports.collect({"processes": {"me": re.escape(mine), "other": "^nothing$"}}, Host("/", 60))
        (one,) = [item for item in data["listeners"] if (item["proto"], item["port"]) == ("tcp", port)]
    assert one["address"] == "127.0.0.1"
    assert one["reason"] == ""
    assert data["declared_processes"]["other"] == []
    assert one["pid"] in data["declared_processes"]["me"]


def test_ss_sees_the_same() -> None:
    ss = shutil.which("ss")
    if ss is None:
        pytest.skip("there is no ss on this machine")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        mine = {tcp.getsockname()[1], udp.getsockname()[1]}
        said = subprocess.run([ss, "-H", "-ltnup"], capture_output=True, text=True, check=True).stdout
        data = ports.collect({}, Host("/", 60))
    theirs = {
        (words[0], words[4].rpartition(":")[0], int(words[4].rpartition(":")[2]), pid[1] if pid else None)
        for words, pid in ((row.split(), re.search(r"pid=(\d+)", row)) for row in said.splitlines())
    }
    assert {
        (one["proto"], one["address"], one["port"], str(one["pid"])) for one in data["listeners"] if one["port"] in mine
    } == {one for one in theirs if one[2] in mine}


@pytest.mark.parametrize(
    ("pattern", "said"), [("(", "does not understand the pattern of me"), (r"(?:.+)+\x00", "not told apart")]
)
def test_a_pattern_that_cannot_be_searched_is_unseen(pattern: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)), pytest.raises(Unseen, match=said):
        ports.collect({"processes": {"me": pattern}}, Host("/", 1))
