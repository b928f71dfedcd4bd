# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section ports: each fault with its cause, and nothing else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.ports import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import ports
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

CONTEXT = Context("prod", "web1")
OK = {"outcome": "ok", "reason": ""}
BLIND = {"outcome": "unknown", "reason": "/proc/self/net/tcp6 cannot be read: permission denied"}

Json = dict[str, t.Any]


def contract(*entries: Json) -> list[Json]:
    problems = Problems()
    read = SHAPE.read(list(entries), "ports", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def listener(address: str = "127.0.0.1", port: int = 8001, **more: t.Any) -> Json:
    made = {
        "proto": "tcp",
        "family": "ipv6" if ":" in address else "ipv4",
        "address": address,
        "port": port,
        "wildcard": address in ("0.0.0.0", "::"),
        "inode": 1,
        "uid": 1000,
        "user": "app",
        "pid": 10,
        "name": "python3",
        "command": "python3 -m api",
        "unit": "api.service",
        "container": None,
        "reason": "",
    }
    return {**made, **more}


def judged(entries: list[Json], *listeners: Json, **more: t.Any) -> Judgement:
    outcomes = {**dict.fromkeys(("tcp", "tcp6", "udp", "udp6"), OK), **more.pop("outcomes", {})}
    evidence = {"listeners": list(listeners), "outcomes": outcomes, "declared_processes": {}, **more}
    return ports.judge(contract(*entries), evidence, CONTEXT)


def found(made: Judgement) -> set[tuple[str, str, str | None, str]]:
    return {
        (check.check, check.subject, check.cause, check.outcome) for check in made.checks if check.outcome != "pass"
    }


UNSEEN: Json = {"pid": None, "name": None, "command": None, "unit": None, "reason": "permission denied"}
WANTED = {"port": 8001, "bind": "127.0.0.1"}
CASES: list[tuple[str, list[Json], list[Json], set[tuple[str, str, str | None, str]]]] = [
    ("as declared", [WANTED], [listener()], set()),
    ("nothing listens", [WANTED], [], {("listening", "tcp/127.0.0.1/8001", "not_listening", "fail")}),
    (
        "open to all",
        [WANTED],
        [listener("0.0.0.0")],
        {("address", "tcp/0.0.0.0/8001", "wrong_address", "fail")},
    ),
    (
        "open to all of IPv6, and so to IPv4",
        [WANTED],
        [listener("::")],
        {("address", "tcp/::/8001", "wrong_address", "fail")},
    ),
    ("all of IPv6 is how all of IPv4 is opened", [{"port": 8001, "bind": "0.0.0.0"}], [listener("::")], set()),
    (
        "closed to others",
        [{"port": 8001, "bind": "192.0.2.1"}],
        [listener()],
        {
            ("address", "tcp/127.0.0.1/8001", "wrong_address", "fail"),
            ("address", "tcp/192.0.2.1/8001", "wrong_address", "fail"),
        },
    ),
    (
        "another program",
        [{"port": 8001, "process": "nginx"}],
        [listener()],
        {("process", "tcp/127.0.0.1/8001", "wrong_process", "fail")},
    ),
    ("a name cut by the kernel", [{"port": 8001, "process": "a" * 20}], [listener(name="a" * 15)], set()),
    (
        "an owner that may not be seen",
        [{"port": 8001, "process": "nginx"}],
        [listener(**UNSEEN)],
        {("process", "tcp/127.0.0.1/8001", "unseen", "unknown")},
    ),
    (
        "another user",
        [{"port": 8001, "user": "root"}],
        [listener()],
        {("user", "tcp/127.0.0.1/8001", "wrong_user", "fail")},
    ),
    ("a user by number", [{"port": 8001, "user": "1000"}], [listener()], set()),
    (
        "closed and open",
        [{"port": 8001, "closed": True}],
        [listener()],
        {("closed", "tcp/127.0.0.1/8001", "undeclared_listener", "fail")},
    ),
    ("closed and closed", [{"port": 8001, "closed": True}], [], set()),
    (
        "two programs, one behind each family",
        [{"port": 8001}],
        [listener("0.0.0.0"), listener("::", pid=11, name="node", unit="web.service", inode=2)],
        {("conflict", "tcp/::/8001", "port_conflict", "fail")},
    ),
    (
        "workers of one service",
        [{"port": 8001}],
        [listener("0.0.0.0"), listener("0.0.0.0", pid=11, inode=2)],
        set(),
    ),
    (
        "instances of one template",
        [{"port": 8001}],
        [listener(unit="api@1.service"), listener(pid=11, inode=2, name="py", unit="api@2.service")],
        set(),
    ),
    (
        "two whose owners may not be seen",
        [{"port": 8001}],
        [listener("0.0.0.0", **UNSEEN), listener("::", inode=2, **UNSEEN)],
        {("conflict", "tcp/*/8001", "unseen", "unknown")},
    ),
    ("two at other addresses", [{"port": 8001}], [listener(), listener("192.0.2.1", pid=11, name="x", inode=2)], set()),
    (
        "undeclared in a range",
        [{"range": "8000-8009", "only_declared": True}, WANTED],
        [listener(), listener("0.0.0.0", 8005, inode=2)],
        {("declared", "tcp/0.0.0.0/8005", "undeclared_listener", "fail")},
    ),
    (
        "undeclared elsewhere",
        [WANTED],
        [listener(), listener("0.0.0.0", 22, inode=2)],
        {("declared", "tcp/0.0.0.0/22", "undeclared_listener", "observation")},
    ),
    ("an UDP port of a client", [WANTED], [listener(), listener(port=40000, proto="udp", inode=2)], set()),
]


@pytest.mark.parametrize(("entries", "listeners", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_each_case(entries: list[Json], listeners: list[Json], wanted: set[tuple[str, str, str | None, str]]) -> None:
    assert found(judged(entries, *listeners)) == wanted


@pytest.mark.parametrize("given", ["low", {"declared": "low"}])
def test_a_range_has_the_severity_that_it_is_given(given: t.Any) -> None:
    entries = [{"range": "8000-8009", "only_declared": True, "severity": given}]
    assert [check.severity for check in judged(entries, listener()).checks] == ["low"]
    assert [check.severity for check in judged(entries).checks] == ["low"]


def test_a_declared_process_is_known_by_its_pid() -> None:
    entries = [{"port": 8001, "process": "api"}]
    assert found(judged(entries, listener(), declared_processes={"api": [10]})) == set()
    made = judged(entries, listener(name="api"), declared_processes={"api": [99]})
    assert found(made) == {("process", "tcp/127.0.0.1/8001", "wrong_process", "fail")}


def test_a_table_that_was_not_read_is_never_in_sync() -> None:
    outcomes = {"tcp6": BLIND}
    for entries in ([WANTED], [{"port": 8001, "closed": True}], [{"range": "8000-8009", "only_declared": True}]):
        (check,) = judged(entries, outcomes=outcomes).checks
        assert check.outcome == "unknown"
        assert "permission denied" in check.summary
    made = judged([WANTED], listener(), outcomes=outcomes)
    assert found(made) == {("address", "tcp/127.0.0.1/8001", "unseen", "unknown")}


def test_reachable_from_other_hosts_is_said() -> None:
    (check,) = [check for check in judged([WANTED], listener("0.0.0.0")).checks if check.outcome == "fail"]
    assert "it can be reached from other hosts" in check.summary
    assert (check.severity, check.component) == ("high", "8001/tcp")


def test_observations_are_bounded_and_counted() -> None:
    made = judged([WANTED], listener(), *(listener(port=port, inode=port) for port in range(10_000, 10_200)))
    assert sum(check.outcome == "observation" for check in made.checks) == 50
    assert made.facts["undeclared"] == 200
    assert made.coverage["ignored"] == 150


def test_what_was_not_seen_is_no_difference_between_hosts() -> None:
    assert judged([WANTED], listener(**UNSEEN)).marks == {}
    assert judged([WANTED], listener(), outcomes={"tcp6": BLIND}).marks == {}
    assert judged([{"range": "1-9", "only_declared": True}], outcomes={"tcp6": BLIND}).marks == {}


def test_each_host_may_listen_at_its_own_address() -> None:
    one, other, open_to_all = (
        judged([{"port": 8001}], listener(address)).marks for address in ("192.0.2.1", "192.0.2.2", "0.0.0.0")
    )
    assert one == other != open_to_all


def test_marks_hold_neither_pids_nor_times() -> None:
    one, other = (judged([WANTED], listener(pid=pid, inode=pid)).marks for pid in (10, 11))
    assert one == other != {}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"port": 1, "range": "1-2"}], "exactly one of port and range"),
        ([{}], "exactly one of port and range"),
        ([{"range": "9-2", "only_declared": True}], "range of ports"),
        ([{"range": "1-2"}], "needs only_declared"),
        ([{"range": "1-2", "only_declared": True, "process": "x"}], "process belongs to port"),
        ([{"port": 1, "only_declared": True}], "only_declared belongs to range"),
        ([{"port": 1, "closed": True, "bind": "127.0.0.1"}], "leave out bind"),
        ([{"port": 1, "bind": "localhost"}], "names are not resolved"),
        ([{"port": 1, "process": "a"}, {"port": 1, "process": "b"}], r"claims 1/tcp, which ports\[0\] claims too"),
        ([{"port": 1, "bind": "0.0.0.0"}, {"port": 1, "bind": "127.0.0.1"}], "claims 1/tcp"),
    ],
)
def test_mistakes_in_the_contract(entries: list[Json], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        contract(*entries)


def test_two_processes_may_share_a_port_at_two_addresses() -> None:
    entries = contract({"port": 1, "bind": "127.0.0.1", "process": "a"}, {"port": 1, "bind": "192.0.2.1"})
    assert [entry["bind"] for entry in entries] == [["127.0.0.1"], ["192.0.2.1"]]
