# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A draft as a file: the variables of an audit, every line with its reason. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.unit_names import is_service
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.draft import (
    EPHEMERAL,
    TREE,
    Draft,
    Environment,
    Port,
    relative,
    spelled,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.nodes import (
    Branch,
    Leaf,
    Node,
    Rows,
    comment,
    lines,
    plain,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.services import Service

Json = dict[str, t.Any]

_PIDS_SHOWN = 10
_LIMITS = (
    ("memory_percent", {"warn": 80, "fail": 95}, "of the memory that is in use"),
    ("disk_percent", {"warn": 80, "fail": 95}, "of the disk below"),
    ("clock_skew_s", {"warn": 5, "fail": 60}, "seconds between its clock and the control node's"),
)


def contract(draft: Draft) -> Json:
    """Return the contract that the draft stands for, as plain values."""
    values: Json = plain(_contract(draft))
    return values


def drop_unfit(draft: Draft) -> None:
    """Leave out what no contract can say, such as a unit whose name came back masked; the draft names it."""

    def fits(section: str, name: str, entry: Node) -> bool:
        problems = Problems()
        SECTIONS[section].SHAPE.read([plain(entry)], section, problems)
        try:
            problems.raise_any()
        except ContractError as error:
            draft.leave_out(f"{name}: {error.errors[0]}")
            return False
        return True

    draft.services = [one for one in draft.services if fits("processes", one.name, _process(one, draft))]
    known = {one.name for one in draft.services}
    draft.ports = [one for one in draft.ports if one.process in known and fits("ports", one.why, _port(one))]
    draft.units = {one: why for one, why in draft.units.items() if fits("units", one, _unit(one, why, draft))}
    draft.environments = [one for one in draft.environments if fits("packages", one.path, _environment(one, draft))]


def text(draft: Draft, baseline: str, usage: str, remaining: t.Sequence[str] = ()) -> str:
    """Return the draft as YAML. ``baseline`` is the path of what was seen, ``usage`` the command that audits with
    both, ``remaining`` what an audit right after would still find.
    """
    head = [
        f"A draft of a contract for {draft.root} on {draft.host}, from what ran there at {draft.seen}.",
        "What is, is not always what should be: read every line, and correct it before you rely on it.",
        f"To audit with it: {usage}",
        *(f"Not seen: {reason}" for reason in draft.unseen),
        *(f"An audit right after would say: {summary}" for summary in remaining),
        *(f"Seen, but left out: {sentence}" for sentence in draft.left_out),
    ]
    body = Branch(
        [
            ("drift_root", Leaf(spelled(draft.root), "relative paths below start here")),
            (
                "drift_reference",
                Branch([("baseline", Leaf(baseline, "what was seen; better: git: {repo: …, ref: main}"))]),
            ),
            ("drift_contract", _contract(draft)),
        ]
    )
    return "\n".join(["---", *map(comment, head), "", *lines(body)]) + "\n"


def _contract(draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = []
    if draft.git is not None:
        pairs.append(("git", _git(draft)))
    pairs.append(("trees", Rows([_tree(draft)])))
    if draft.services:
        pairs.append(("processes", Rows([_process(service, draft) for service in draft.services])))
    if draft.ports:
        pairs.append(("ports", Rows([_port(port) for port in draft.ports])))
    if draft.units:
        pairs.append(("units", Rows([_unit(name, why, draft) for name, why in sorted(draft.units.items())])))
    if draft.environments:
        pairs.append(("packages", Rows([_environment(one, draft) for one in draft.environments])))
    if draft.resources:
        pairs.append(("resources", _resources(draft)))
    return Branch(pairs)


def _git(draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = []
    if draft.git:
        pairs.append(("branch", Leaf(draft.git, "is checked out")))
    pairs.append(("clean", Leaf(draft.clean, draft.clean_why or "nothing was modified, untracked or stashed")))
    return Branch(pairs, f"{draft.root} is the work tree of a git repository")


def _tree(draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = [
        ("name", Leaf(TREE)),
        ("path", Leaf(".", f"all of {draft.root}")),
        ("compare", Leaf(["content", "mode"], "a change of either is drift")),
    ]
    if draft.exclude:
        rows = [Leaf(pattern, why) for pattern, why in sorted(draft.exclude.items())]
        pairs.append(("exclude", Rows(rows, "gitignore patterns of what is not compared")))
    return Branch(pairs)


def _process(service: Service, draft: Draft) -> Branch:
    shown = ", ".join(map(str, service.pids[:_PIDS_SHOWN])) + (", …" if len(service.pids) > _PIDS_SHOWN else "")
    first = service.processes[0]
    pairs: list[tuple[str, Node]] = [
        ("name", Leaf(service.name, "called after its program")),
        ("match", Leaf(service.match, "searched in the arguments; matches these processes and no other")),
        ("instances", Leaf(len(service.pids), f"pid {shown}")),
    ]
    if service.common("user"):
        pairs.append(("user", Leaf(service.common("user"), "runs it")))
    for key, why in (("cwd", "its working directory"), ("venv", "the virtual environment that it runs from")):
        value = service.common(key)
        name = spelled(relative(value, draft.root)) if value and value.startswith("/") else None
        if name is not None:
            pairs.append((key, Leaf(name, why)))
    if is_service(service.common("unit")):
        pairs.append(("unit", Leaf(service.common("unit"), "supervises it")))
    if service.name in draft.young:
        pairs.append(("not_older_than", Leaf(TREE, "it was started after the newest file there was changed")))
    return Branch(pairs, f"since {first['started']}: {first['command']}")


def _port(port: Port) -> Branch:
    addresses: t.Any = port.addresses if len(port.addresses) > 1 else port.addresses[0]
    open_to_all = any(address in ("0.0.0.0", "::") for address in port.addresses)  # noqa: S104  compared, not bound
    why = "reachable from other hosts" if open_to_all else "the address that it is bound to"
    number = "one that the kernel gives out: it may change with each start" if port.port >= EPHEMERAL else ""
    return Branch(
        [
            ("port", Leaf(port.port, number)),
            ("proto", Leaf(port.proto)),
            ("process", Leaf(port.process, "the process above that listens")),
            ("bind", Leaf(addresses, why)),
        ],
        port.why,
    )


def _unit(name: str, why: str, draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = [("name", Leaf(name, why)), ("active", Leaf(True, "it is"))]
    if name in draft.enabled:
        pairs.append(("enabled", Leaf(True, "starts with the system")))
    return Branch(pairs)


def _environment(one: Environment, draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = [("venv", Leaf(spelled(relative(one.path, draft.root)), one.why))]
    if one.requirements:
        pairs.append(("requirements", Leaf(one.requirements, "lies there, and what is installed fits it")))
    return Branch(pairs)


def _resources(draft: Draft) -> Branch:
    pairs: list[tuple[str, Node]] = []
    for name, limits, why in _LIMITS:
        unjudged = name in draft.unjudged
        pairs.append((name, Leaf({} if unjudged else limits, "not judged: see above" if unjudged else why)))
    pairs.append(("disks", Leaf([spelled(draft.root)], "the disk that the application lies on")))
    return Branch(pairs, "common limits; those that are given are kept now")
