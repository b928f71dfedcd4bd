# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own record says of changes: one that was interrupted, one under way, and the last that is in place.

Private to the collection. The state directory is read as it is: it is not made, its lock is not taken.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import (
    SYSTEM,
    default_folder,
    open_own,
    read_document,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_history import last_changes
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_lock import holder
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import starts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_followed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_LOOKS = 3
_AS_WHO = "observe the host as the user who deploys there (become), or name the directory with drift_state_dir"

Json = t.Dict[str, t.Any]


def look(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return what is known of the changes of an application; the shape is in ``docs/design.md``.

    ``spec`` has ``application``, ``state_dir`` (null: the usual one) and ``trees``, the paths of trees by name.
    """
    folder = spec.get("state_dir") or default_folder()
    path = os.path.join(folder, spec["application"])
    told: Json = {
        "outcome": "none",
        "reason": "",
        "path": show(path),
        "open": None,
        "under_way": None,
        "last": None,
        "last_reason": "no change of this application is recorded on this host",
        "starts": starts([]),
        "deployed": None,
        "rehearsed": {},
        "reloads": [],
        "trees": dict.fromkeys(spec.get("trees") or {}),
        "taken_back": {},
    }
    try:
        state = _opened(folder, spec["application"])
        if state is not None:
            with contextlib.closing(state):
                told["outcome"] = "ok"
                told.update(_unfinished(state.fd))
                told.update(last_changes(state.fd, spec.get("trees") or {}, host))
        elif not spec.get("state_dir"):
            told["reason"] = _hidden(spec["application"])
    except Refused as refused:
        told["reason"] = f"{refused.reason}: {_AS_WHO}"
    except (OSError, ValueError) as error:
        said = explain(error) if isinstance(error, OSError) else str(error)
        told["reason"] = f"{show(path)} cannot be read: {said}"
    except Unseen as unseen:
        told["reason"] = unseen.reason
    if told["reason"]:
        told.update(outcome="unknown", last_reason=told["reason"])
    masked: Json = mask_texts(told)
    return masked


class _Folder:
    """The state directory of one application, open. Raises FileNotFoundError when there is none, OSError, Refused."""

    def __init__(self, folder: str, application: str) -> None:
        above, name = os.path.split(folder.rstrip("/"))
        with contextlib.ExitStack() as held:
            outer = open_followed(None, above or "/")
            held.callback(os.close, outer)
            inner = open_own(outer, name, folder)
            held.callback(os.close, inner)
            self.fd = open_own(inner, application, os.path.join(folder, application))

    def close(self) -> None:
        os.close(self.fd)


def _opened(folder: str, application: str) -> _Folder | None:
    """Return the state directory of one application, None when there is none. Raises OSError, Refused."""
    try:
        return _Folder(folder, application)
    except FileNotFoundError:
        return None


def _hidden(application: str) -> str:
    """Return why there may be a record that this user cannot see, or nothing."""
    if os.geteuid() == 0:
        return ""
    try:
        os.lstat(os.path.join(SYSTEM, application))
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"the state directory {SYSTEM} cannot be looked into: {explain(error)}: {_AS_WHO}"
    return f"the state directory {SYSTEM}/{application} is root's: {_AS_WHO}"


def _unfinished(fd: int) -> Json:
    """Return the change that is open: ``under_way`` while its process lives, ``open`` when nobody works at it."""
    for _again in range(_LOOKS):
        names = [match for match in map(journal_form.NAME.match, sorted(os.listdir(fd))) if match]
        kept = _kept(fd)
        if not names and not any(one is not None for one in kept):
            return {}
        held = holder(fd)
        if held is not None:
            return {"under_way": held}
        if not names:
            if kept != _kept(fd):
                # It came to its end between the two looks.
                continue
            rollback, services, stopped = kept
            if rollback is not None:
                return {"open": _rollback(rollback)}
            found = None if services is None else _services(services)
            return {"open": _stopped(stopped) if found is None and stopped is not None else found}
        if len(names) > 1:
            return {"open": _damaged(f"there are {len(names)} journals, and there can be one")}
        found = _read(fd, names[0].group())
        if found is not None:
            return {"open": _told(found, names[0].group(1), int(names[0].group(2)))}
    raise Unseen("its journal was moved each time that it was looked at: a change is under way")


def _kept(fd: int) -> tuple[t.Any, t.Any, t.Any]:
    """Return what is left to do of a rollback and of services, and what was stopped; null each where nothing is."""
    rollback, services = _read(fd, journal_form.ROLLBACK), _read(fd, journal_form.SERVICES)
    return rollback, services, _read(fd, journal_form.STOPPED)


def _read(fd: int, name: str) -> t.Any:
    """Return the journal as it is kept, null when it is no longer there."""
    try:
        return read_document(fd, name)
    except (Unseen, ValueError) as error:
        return {"damaged": f"{name}: {error}"}


def _told(kept: t.Any, phase: str, tries: int) -> Json:
    if isinstance(kept, dict) and "damaged" in kept:
        return _damaged(str(kept["damaged"]), phase, tries)
    try:
        summary = journal_form.summary(journal_form.opened(kept), phase, tries)
    except ValueError as error:
        return _damaged(str(error), phase, tries)
    forward = phase in (journal_form.COMMIT, journal_form.DONE)
    return {**summary, "direction": "forward" if forward else "back", "damaged": "", "services": []}


def _rollback(kept: t.Any) -> Json:
    """Return what is left of a rollback: what follows its files, and these unless it says that they are there."""
    if not isinstance(kept, dict) or not all(isinstance(kept.get(key), str) for key in ("point", "level", "started")):
        return _damaged(f"{journal_form.ROLLBACK} cannot be read", "rollback")
    about = {key: str(kept.get(key) or "") for key in ("who", "why", "started")}
    what = f"restore point {kept['point']}, level {kept['level']}"
    phase = "rollback" if kept.get("files") is True else journal_form.ROLLBACK_BEGUN
    return {**_damaged("", phase), **about, "kind": "rollback", "direction": "forward", "services": [what]}


def _stopped(kept: t.Any) -> Json:
    """Return what is told of containers that a backup stopped, and that nobody started again."""
    try:
        names = [str(one["name"]) for one in kept["containers"]]
        about = {key: str(kept[key]) for key in ("why", "started")}
    except (KeyError, TypeError):
        return _damaged(f"{journal_form.STOPPED} cannot be read", journal_form.STOPPED_PHASE)
    told = {**_damaged("", journal_form.STOPPED_PHASE), **about, "kind": "backup", "direction": "forward"}
    return {**told, "services": names}


def _services(kept: t.Any) -> Json | None:
    """Return what is left of a change whose files are in place: services that its steps did not come to."""
    if isinstance(kept, dict) and "damaged" in kept:
        return _damaged(str(kept["damaged"]), "services")
    try:
        document = journal_form.opened(kept)
    except ValueError as error:
        return _damaged(f"{journal_form.SERVICES}: {error}", "services")
    if document["phase"] == "pending":
        # Its files never came into place: what would have followed them is forgotten.
        return None
    about = {key: document["about"].get(key) for key in ("kind", "who", "why", "run", "id")}
    return {
        **_damaged("", str(document["phase"])),
        **about,
        **{key: document[key] for key in ("started", "root", "direction")},
        "services": [str(action["path"]) for action in document["actions"]],
    }


def _damaged(reason: str, phase: str = "", tries: int = 0) -> Json:
    """Return what is told of a journal that cannot be used: it is open all the same."""
    unknown = dict.fromkeys(("kind", "who", "why", "run", "id", "journal", "started", "root", "paths", "direction"))
    return {**unknown, "phase": phase, "tries": tries, "damaged": reason, "services": []}
