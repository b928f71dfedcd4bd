# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of services that nothing declares, or that the contract wants to be gone. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

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

_AWAY = ("inactive", "failed")
_WATCH = Step("Watch what used it for as long as you would need to notice; then remove what is left of it.")


def removals(seen: Seen) -> list[Proposal]:
    """Return what ends each unit, process and container that should not be there."""
    return [*_containers(seen), *_units(seen), *_processes(seen)]


def _units(seen: Seen) -> list[Proposal]:
    data = seen.section("units") or {"units": []}
    wrong = [one for one in seen.found("units", "active", "enabled") if one["cause"] == "only_on_host"]
    made = []
    for unit in data["units"]:
        why = [one for one in wrong if one["subject"] == unit["name"]]
        if why:
            made.append(_unit(unit["name"], unit, why, seen))
    return made


def _unit(name: str, unit: Json, why: t.Sequence[Json], seen: Seen) -> Proposal:
    listening = [one for one in _listeners(seen) if one["unit"] == name]
    state = f"{unit['active']}, {unit['enabled'] or 'without a unit file'}"
    return Proposal(
        kind=REMOVAL,
        subject=name,
        host=seen.host,
        title=f"Stop and disable {name}",
        what=f"{name} is {state} on {seen.host}, where the contract wants it not to be. Its files stay.",
        why=reasons(why),
        notes=_ports(listening),
        review=(
            Step(
                "On the host, see what needs it and what it does:",
                (f"systemctl list-dependencies --reverse --plain {quoted(name)}", f"systemctl status {quoted(name)}"),
            ),
        ),
        apply=(Step("On the host:", (f"systemctl disable --now {quoted(name)}",)), _WATCH),
        undo=(Step("On the host:", (f"systemctl {_again(unit)} {quoted(name)}",)),),
    )


def _again(unit: Json) -> str:
    if unit["enabled"] not in ("enabled", "enabled-runtime"):
        return "start"
    return "enable" if unit["active"] in _AWAY else "enable --now"


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
        there = [one for one in data["processes"] if one["pid"] in pids]
        units = sorted({one["unit"] for one in there if one["unit"] and is_supervised(one) and not one["container"]})
        loose = [one for one in there if not is_supervised(one) and "unit" not in one["unread"]]
        if units or loose:
            made.append(_process(name, units, loose, finding, seen))
    return made


def _process(name: str, units: t.Sequence[str], loose: t.Sequence[Json], why: Json, seen: Seen) -> Proposal:
    pids = [one["pid"] for one in loose]
    listening = [one for one in _listeners(seen) if one["pid"] in pids or (one["unit"] in units and one["unit"])]
    steps = [Step(f"{one} supervises it:", (f"systemctl disable --now {quoted(one)}",)) for one in units]
    if loose:
        told = ", ".join(f"pid {one['pid']} since {one['started']}" for one in loose)
        listed = ",".join(map(str, pids))
        steps.append(
            Step(
                f"Started by hand; end it when the start times are still these: {told}",
                (f"TZ=UTC ps -o pid,lstart,args -p {listed}", f"kill {' '.join(map(str, pids))}"),
            )
        )
    again = (
        [Step("Start the unit again:", tuple(f"systemctl enable --now {quoted(one)}" for one in units))]
        if units
        else []
    )
    again += [
        Step(
            "Start what was started by hand again, with the variables that it needs:",
            tuple(f"cd {quoted(one['cwd'] or '/')} && {' '.join(map(quoted, one['argv']))}" for one in loose),
        )
    ] * bool(loose)
    return Proposal(
        kind=REMOVAL,
        subject=name,
        host=seen.host,
        title=f"End {name}, of which the contract wants no instance",
        what=f"{name} runs on {seen.host}, where the contract says that it must not.",
        why=reasons([why]),
        notes=_ports(listening),
        review=(Step("On the host, see what it is:", tuple(f"ps -fp {pid}" for pid in pids) or ("systemctl status",)),),
        apply=(*steps, _WATCH),
        undo=tuple(again),
    )


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
    restart = f"{policy['name']}:{policy['maximum']}" if policy["maximum"] else policy["name"]
    start = f" && docker start {identity}" if one["state"] == "running" else ""
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
            Step("On the host, see what it is:", (f"docker inspect {identity}", f"docker logs --tail 50 {identity}")),
        ),
        apply=(
            Step("On the host:", (f"docker update --restart no {identity} && docker stop {identity}",)),
            Step(
                "Watch what used it for as long as you would need to notice. Then, when nothing in it is wanted:",
                (f"docker rm {identity}",),
            ),
        ),
        undo=(
            Step(
                "On the host, as long as it was not removed:",
                (f"docker update --restart {quoted(restart)} {identity}{start}",),
            ),
        ),
    )


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
