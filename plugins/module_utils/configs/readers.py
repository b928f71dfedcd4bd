# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what runs has the values of a file: configured against running. Private to the collection.

Values are compared here, on the host; what leaves it says only whether they are the same.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import interpolate
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, assumed_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import environments
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.content import Content, Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import MAX_TOLD, spell
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Item, Parsed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import EXACT_S, later
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.shared import within
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import unit_environment
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

_LISTED = 10

Json = t.Dict[str, t.Any]
_Spec = t.Mapping[str, t.Any]


class _Start(t.NamedTuple):
    """When something began to run, and how far a change of a file must be apart from that."""

    started_s: float | None
    within_s: float = EXACT_S


class Configured(t.NamedTuple):
    """A file as it is on the disk, and the run's key."""

    content: Content
    parsed: Parsed
    key: bytes | None


def readers(asked: t.Sequence[_Spec], file: Configured, socket: str | None, host: Host) -> list[Json]:
    """Return what runs of ``asked`` (``{kind, name, match, containers}``) with its values against those of a file.

    One item for each process, container and unit (``docs/design.md``).
    """
    made: list[Json] = []
    for one in asked:
        about = {"kind": one["kind"], "name": one["name"]}
        try:
            host.check_time()
            if one["kind"] == "process":
                instances, hidden = environments.processes([one["match"]], host, one["containers"])
                made += [{**about, **_process(found, file)} for found in instances]
                made += [{**about, **_nothing("unknown", mask(hidden))}] if hidden else []
            elif one["kind"] == "unit":
                made.append({**about, **_unit(one["name"], file, host)})
            else:
                made.append({**about, **_container(one["name"], file, socket, host)})
        except Missing as missing:
            made.append({**about, **_nothing("missing", str(missing))})
        except Unseen as unseen:
            made.append({**about, **_nothing("unknown", mask(unseen.reason))})
    return made


def _nothing(outcome: str, reason: str, pid: int | None = None) -> Json:
    made: Json = {"outcome": outcome, "reason": reason, "pid": pid, "complete": False, "keys": []}
    return {**made, "started": None, "started_s": None, "older": None}


def _process(found: environments.Instance, file: Configured) -> Json:
    if found.environment is None:
        return _nothing("unknown", found.reason, found.pid)
    made = _seen(file, found.environment, _Start(found.started_s, found.boot.within_s), found.pid, complete=False)
    return _doubted(made, found.boot.reason) if found.boot.reason else made


def _unit(name: str, file: Configured, host: Host) -> Json:
    about = unit_environment(name, host)
    if not about.loaded:
        raise Missing("systemd has no such unit, or cannot load it")
    if not about.main_pid:
        raise Missing("it does not run: it has no main process")
    proc = Proc()
    try:
        environment = environments.environ_of(proc, about.main_pid, host)
        boot = clock.boot(proc)
        started_s = clock.start_time(proc.stat(about.main_pid), boot.time_s)
    except Gone:
        raise Missing("its main process ended while it was looked at") from None
    passed = {os.path.realpath(path) for path, _optional in environments.files_of(about)}
    return _seen(file, environment, _Start(started_s, boot.within_s), about.main_pid, file.content.target in passed)


def _container(name: str, file: Configured, socket: str | None, host: Host) -> Json:
    found = environments.container(name, socket, host)
    if not found.running:
        raise Missing("the container does not run")
    return _seen(file, found.environment, _Start(found.created_s), None, complete=True)


def _doubted(made: Json, reason: str) -> Json:
    return {**made, "older": None, "reason": "; ".join(filter(None, [made["reason"], reason]))}


def _seen(file: Configured, environment: Parsed, start: _Start, pid: int | None, complete: bool) -> Json:
    keys, unclear = compare(file.parsed, {str(one.path[0]): str(one.value) for one in environment.keys}, file.key)
    reasons = [environment.partial] if environment.partial else []
    if unclear:
        more = f" and {len(unclear) - _LISTED} more" if len(unclear) > _LISTED else ""
        listed = ", ".join(unclear[:_LISTED])
        reasons.append(f"not compared, as other variables decide the value: {listed}{more}")
    started_s, changed_s = start.started_s, file.content.mtime_s
    within_s = within(file.content.target, start.within_s)
    older = None if started_s is None else later(changed_s, started_s, within_s)
    made = {
        "outcome": "ok",
        "reason": "; ".join(reasons),
        "pid": pid,
        "started": None if started_s is None else iso(started_s),
        "started_s": None if started_s is None else round(started_s, 3),
        "older": older,
        "complete": complete and not environment.partial,
        "keys": keys,
    }
    if older is None and started_s is not None and not any(key["state"] == "same" for key in keys):
        # What has none of the values, and reads the file itself, is judged by its age alone.
        return _doubted(made, "it was started and the file was changed at times that cannot be told apart")
    return made


def compare(parsed: Parsed, running: t.Mapping[str, str], key: bytes | None) -> tuple[list[Json], list[str]]:
    """Return ``{key, state: same|other|absent}`` of each variable of a file, and the names of those that cannot be
    compared: they hold variables that the file does not set, and who started the process may have replaced them.
    """
    known: dict[str, str] = {}
    keys: list[Json] = []
    unclear: list[str] = []
    for item in parsed.keys:
        name = _variable(item)
        if name is None or item.value is None or isinstance(item.value, (dict, list)):
            continue
        possible = _possible(item, known)
        known[name] = possible[-1]
        if name not in running:
            keys.append({"key": spell(item.path, key), "state": "absent"})
        elif spelled(running[name]) in {spelled(one) for one in possible}:
            keys.append({"key": spell(item.path, key), "state": "same"})
        elif len(possible) > 1:
            unclear.append(spell(item.path, key))
        else:
            keys.append({"key": spell(item.path, key), "state": "other"})
    return sorted(keys, key=lambda one: str(one["key"]))[:MAX_TOLD], sorted(unclear)


def _variable(item: Item) -> str | None:
    """Return the name of the variable that a key sets: ``NAME``, or ``Service.Environment.NAME`` of a unit file."""
    last = item.path[-1] if len(item.path) == 1 or item.path[1:2] == ("Environment",) else None
    return last if isinstance(last, str) else None


def _possible(item: Item, known: t.Mapping[str, str]) -> list[str]:
    """Return the values that a variable can have: as it is written, and where others stand in it, with these."""
    plain = canonical(item.value)
    if item.template is None or "$" not in item.template:
        return [plain]
    try:
        replaced = interpolate(item.template, known)
    except Unsupported:
        return [plain, plain]
    return [plain, plain if assumed_in(replaced) else str(replaced)]
