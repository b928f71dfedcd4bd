# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of services that nothing declares, or that the contract wants to be gone. Private to the collection. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_instance import is_supervised
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import (
    REMOVAL,
    Json,
    Proposal,
    Seen,
    Step,
    reasons,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import quoted

_WATCH = Step("Watch what used it for as long as you would need to notice; then remove what is left of it.")
# A unit as a step names it (``module_utils/act/services/units.py``).
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,240}\.service")
# Without these nobody may reach the host any more, be it to undo that.
_DOORS = re.compile(
    r"(?:sshd?(?:@.*)?|dropbear(?:@.*)?|systemd-(?:networkd|resolved)|NetworkManager|networking|dbus(?:-broker)?)\.service"
)
_DOOR = "without it nobody may reach the host any more: see that there is another way in, such as its console"
# They listen for containers: to stop the engine's unit for one of them would stop all.
_OF_ENGINES = frozenset(
    {"docker-proxy", "dockerd", "containerd", "conmon", "rootlessport", "rootlesskit", "slirp4netns"}
)


def removals(seen: Seen) -> list[Proposal]:
    """Return what ends each unit, process and container that should not be there.

    A unit that the contract itself wants to be inactive is no matter of these: a plan stops it.
    """
    return [*_containers(seen), *_processes(seen), *_undeclared(seen)]


def _processes(seen: Seen) -> list[Proposal]:
    """Return the end of processes of which the contract wants none: by their unit, where they have one."""
    data = seen.section("processes")
    unwanted = {one["name"] for one in seen.contract.get("processes") or [] if one["instances"] == 0}
    made = []
    for finding in seen.found("processes", "instances"):
        name = finding["component"]
        if data is None or name not in unwanted:
            continue
        pids = data["matches"].get(name, [])
        there = [one for one in data["processes"] if one["pid"] in pids and "unit" not in one["unread"]]
        said = f"{name} runs on {seen.host}, where the contract says that it must not"
        made += [_end(_Ended(name, one, [finding], said), seen) for one in _grouped(there)]
    return made


def _undeclared(seen: Seen) -> list[Proposal]:
    """Return the end of what listens where only what is declared may."""
    found: dict[tuple[t.Any, ...], list[Json]] = {}
    for finding in seen.found("ports", "declared", "closed"):
        one = finding["observed"]
        if finding["cause"] == "undeclared_listener" and one["pid"] and one["name"] not in _OF_ENGINES:
            found.setdefault((one["unit"], one["pid"]), []).append(finding)
    made = []
    ended: set[str] = set()
    for (unit, _pid), why in found.items():
        listeners = [one["observed"] for one in why]
        for group in _grouped([{**listeners[0], "started": None}]):
            if group[0] in ended:
                continue
            ended.add(group[0] or "")
            said = f"{listeners[0]['name']} listens on {seen.host}, where nothing declares it"
            made.append(_end(_Ended(unit if group[0] else listeners[0]["name"], group, why, said), seen))
    return made


class _Ended(t.NamedTuple):
    """What is to end: its unit with what runs in it, or one process without a unit."""

    subject: str
    group: tuple[str, list[Json]]
    why: list[Json]
    said: str


def _grouped(there: t.Sequence[Json]) -> list[tuple[str, list[Json]]]:
    """Return processes by the unit that supervises them, "" for none. Those in containers are not among them, nor is
    the first of all.
    """
    found: dict[str, list[Json]] = {}
    for one in there:
        # The first process listens for the units of sockets, and is none that could end.
        if not one["container"] and one["pid"] > 1:
            unit = one["unit"] if is_supervised(one) and one.get("unit_user") is None else ""
            found.setdefault(unit or "", []).append(one)
    return sorted(found.items())


def _end(ended: _Ended, seen: Seen) -> Proposal:
    unit, there = ended.group
    pids = sorted({one["pid"] for one in there})
    return Proposal(
        kind=REMOVAL,
        subject=unit or ended.subject,
        host=seen.host,
        title=f"Disable and stop {unit}" if unit else f"End {ended.subject}",
        what=f"{ended.said}. " + ("The unit's files stay." if unit else "It has no unit that would start it again."),
        why=reasons(ended.why),
        notes=(
            *([_DOOR] if _DOORS.fullmatch(unit) else ()),
            *_ports([one for one in _listeners(seen) if one["pid"] in pids or (unit and one["unit"] == unit)]),
        ),
        review=(
            Step("On the host, see what it is:", tuple(f"ps -fp {pid}" for pid in pids)),
            *(
                [Step("See what needs it:", (f"systemctl list-dependencies --reverse --plain {quoted(unit)}",))]
                if unit
                else ()
            ),
        ),
        apply=(*_ways(unit, there), _WATCH),
        undo=_back(unit, there),
        actions=(_stopping(unit, ended),) if _UNIT.fullmatch(unit) and not _DOORS.fullmatch(unit) else (),
    )


def _ways(unit: str, there: t.Sequence[Json]) -> tuple[Step, ...]:
    if unit:
        return (Step("On the host:", (f"systemctl disable --now {quoted(unit)}",)),)
    told = ", ".join(f"pid {one['pid']}" + (f" since {one['started']}" if one["started"] else "") for one in there)
    listed = [str(one["pid"]) for one in there]
    return (
        Step(
            f"End it, when it is still the same: {told}",
            (f"TZ=UTC ps -o pid,lstart,args -p {','.join(listed)}", f"kill {' '.join(listed)}"),
        ),
    )


def _back(unit: str, there: t.Sequence[Json]) -> tuple[Step, ...]:
    if unit:
        return (Step("On the host, where it was enabled:", (f"systemctl enable --now {quoted(unit)}",)),)
    known = [one for one in there if one.get("argv") and MARK not in one["command"]]
    commands = tuple(f"cd {quoted(one['cwd'] or '/')} && {' '.join(map(quoted, one['argv']))}" for one in known)
    return (Step("Start it again as it was started, with the variables that it needs.", commands),)


def _stopping(unit: str, ended: _Ended) -> Json:
    """Return the action of a plan. What the unit is just now, the host sees; a rollback takes back what was done."""
    return {
        "kind": "unit",
        "path": unit,
        "summary": f"Disable and stop {unit}: {ended.said}",
        "severity": ended.why[0]["severity"],
        "findings": sorted(one["id"] for one in ended.why),
        "steps": [
            {"do": "disable", "unit": unit, "before": {"enabled": None}},
            {"do": "stop", "unit": unit, "before": {"active": None}},
        ],
        "undo": "enable it, start it",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }


def _containers(seen: Seen) -> list[Proposal]:
    data = seen.section("containers")
    if data is None:
        return []
    made = []
    for one in data["containers"]:
        why = [wrong for wrong in seen.found("containers", "declared") if wrong["subject"] == one["name"]]
        expected = (seen.contract.get("containers") or {}).get("expected") or []
        if expected and one["name"] not in {entry["name"] for entry in expected}:
            why += [wrong for wrong in seen.found("containers", "compose") if wrong["subject"] == one["name"]]
        if why:
            made.append(_container(one, data, why, seen))
    return made


def _container(one: Json, data: Json, why: t.Sequence[Json], seen: Seen) -> Proposal:
    identity, policy = one["id"][:12], one["restart_policy"]
    tool = "podman" if data["engine"]["kind"] == "podman" else "docker"
    restart = f"{policy['name']}:{policy['maximum']}" if policy["maximum"] else policy["name"]
    start = f" && {tool} start {identity}" if one["state"] == "running" else ""
    return Proposal(
        kind=REMOVAL,
        subject=one["name"],
        host=seen.host,
        title=f"Stop the container {one['name']}, which nothing declares",
        what=(
            f"{one['name']} ({one['image']['name']}) is {one['state']} on {seen.host}, and no contract names it. It is "
            "stopped, and is not started again by the engine; the container itself stays until it is removed by hand."
        ),
        why=reasons(why),
        notes=tuple(_dependents(one, data)),
        review=(
            Step("On the host, see what it is:", (f"{tool} inspect {identity}", f"{tool} logs --tail 50 {identity}")),
        ),
        apply=(
            Step("On the host:", (f"{tool} update --restart no {identity} && {tool} stop {identity}",)),
            Step(
                "Watch what used it for as long as you would need to notice. Then, when nothing in it is wanted:",
                (f"{tool} rm {identity}",),
            ),
        ),
        undo=(
            Step(
                "On the host, as long as it was not removed:",
                (f"{tool} update --restart {quoted(restart)} {identity}{start}",),
            ),
        ),
        actions=(_stopped(one, data, why),) if tool == "docker" else (),
    )


def _stopped(one: Json, data: Json, why: t.Sequence[Json]) -> Json:
    """Return the action of a plan. With the step goes what leads back: a deploy that fails starts it again."""
    before = {"id": one["id"], "image_id": one["image"]["id"], "started_s": one["started_s"]}
    step = {
        "do": "stop",
        "container": one["id"],
        "name": one["name"],
        "socket": data["engine"]["socket"],
        "restart": {"name": one["restart_policy"]["name"], "maximum": one["restart_policy"]["maximum"] or 0},
        "running": one["state"] == "running",
        "before": before,
    }
    return {
        "kind": "container",
        "path": one["name"],
        "summary": f"Stop the container {one['name']}, which nothing declares",
        "severity": why[0]["severity"],
        "findings": sorted(wrong["id"] for wrong in why),
        "steps": [step],
        "undo": "give it its restart policy back, start it",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }


def _dependents(one: Json, data: Json) -> t.Iterator[str]:
    """Yield what may depend on a container, as far as an audit sees it."""
    others = [other for other in data["containers"] if other["id"] != one["id"]]
    sharing = [
        other["name"]
        for other in others
        if other["network_mode"] in (f"container:{one['id']}", f"container:{one['name']}")
    ]
    if sharing:
        yield f"these have no network without it: {some(sharing)}"
    networks = {net["name"] for net in one["networks"]} - {"bridge", "host", "none"}
    near = [other["name"] for other in others if networks & {net["name"] for net in other["networks"]}]
    if near:
        yield f"these are in a network with it and may look for it by its name: {some(near)}"
    volumes = {mount["name"] for mount in one["mounts"] if mount["type"] == "volume"} - {None}
    users = [other["name"] for other in others if volumes & {mount["name"] for mount in other["mounts"]}]
    if users:
        yield f"these use a volume of it: {some(users)}"
    bound = [f"{port['address']}:{port['host_port']}" for port in one["ports"]["published"]]
    if bound:
        yield f"it is reached from outside of the engine at {some(bound)}"
    if (one["layer"] or {}).get("total"):
        yield "files were changed inside it, and exist nowhere else"


def _listeners(seen: Seen) -> list[Json]:
    found: list[Json] = (seen.section("ports") or {"listeners": []})["listeners"]
    return found


def _ports(listening: t.Sequence[Json]) -> tuple[str, ...]:
    spots = sorted({f"{one['proto']} {one['address']} port {one['port']}" for one in listening})
    return (f"it listens, so somebody may use it: {some(spots)}",) if spots else ()
