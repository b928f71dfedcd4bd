# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``log_archive`` without Ansible: archives of an application's logs in its state directory, and how many of
them are kept. Private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.logs import archive
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, open_state
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import LogFile, Missing, locate
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

FOLDER = "logs"
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{6}\.tar\.gz")
_SPARE = 64 << 20
_DAY_S = 86400

Json = t.Dict[str, t.Any]


def reply(request: Json) -> Json:
    """Return what the module answers: ``{changed, archive, logs, left_out, bytes, removed}``, or ``failed`` and
    ``msg``.

    ``request`` has ``root``, ``application``, ``state_dir`` (null: the default), ``logs`` (paths as the contract has
    them), ``keep``, ``keep_days`` (null: as old as they get), ``who``, ``why``, ``timeout_s`` and ``check``.
    """
    try:
        return _archived(request)
    except (ActError, Unseen) as error:
        said = error.reason
    except OSError as error:
        said = f"{error.filename}: {explain(error)}" if isinstance(error.filename, str) else explain(error)
    return {"failed": True, "changed": False, "msg": mask(spelled(said))}


def _archived(request: Json) -> Json:
    host = Host(request["root"], request["timeout_s"])
    with contextlib.ExitStack() as stack:
        logs, left_out = _opened(request["logs"], host, stack)
        told: Json = {
            "changed": bool(logs),
            "archive": None,
            "logs": [{"path": spelled(log.path), "size": log.size} for log in logs],
            "left_out": left_out,
            "bytes": sum(log.size for log in logs),
            "removed": [],
        }
        if request["check"] or not logs:
            return told
        state = open_state(request["state_dir"] or default_folder(), request["application"])
        if state is None:
            raise Refused("there is no state directory, and none could be made")
        with state, lock.held(state, request["who"], request["why"]):
            return {**told, **_kept(state, logs, request, host)}


def _opened(paths: t.Sequence[str], host: Host, stack: contextlib.ExitStack) -> tuple[list[LogFile], list[Json]]:
    """Return the logs, open, each file once, and those that there are not. Raises Unseen for one that is unreadable."""
    found: dict[tuple[int, int], LogFile] = {}
    left_out = []
    for path in paths:
        try:
            log = locate(path, host)
        except Missing as missing:
            left_out.append({"path": path, "reason": spelled(str(missing))})
            continue
        except Unseen as unseen:
            raise Unseen(f"{path} cannot be archived: {unseen.reason}") from None
        stack.callback(log.close)
        about = os.fstat(log.fd)
        found.setdefault((about.st_dev, about.st_ino), log)
    return list(found.values()), left_out


def _kept(state: State, logs: t.Sequence[LogFile], request: Json, host: Host) -> Json:
    """Make an archive, and remove those that are not kept any more."""
    folder_fd = state.folder(FOLDER)
    try:
        for name in sorted(os.listdir(folder_fd)):
            if name.startswith(archive.NEW):
                fs.unlink(folder_fd, name)
        _check_room(folder_fd, sum(log.size for log in logs))
        name = f"{time.strftime(_STAMP, time.gmtime())}-{os.urandom(3).hex()}.tar.gz"
        size = archive.write(folder_fd, name, logs, host)
        about = {"who": request["who"], "why": request["why"]}
        paths = [log.path for log in logs]
        state.log({"what": "logs archived", "archive": name, "bytes": size, "logs": paths, **about})
        removed = _pruned(folder_fd, name, request["keep"], request["keep_days"])
        if removed:
            state.log({"what": "archives of logs removed", "removed": removed, **about})
    finally:
        os.close(folder_fd)
    return {"archive": f"{state.path}/{FOLDER}/{name}", "packed": size, "removed": removed}


def _check_room(folder_fd: int, size: int) -> None:
    """Refuse logs for which there would be no room, packed as badly as can be."""
    seen = os.fstatvfs(folder_fd)
    free = seen.f_bavail * seen.f_frsize
    if free < size + _SPARE:
        raise Refused(
            f"the logs have {size} bytes, and {free} are free where archives are kept, of which {_SPARE} are to spare: "
            "make room, archive fewer logs, or name another place with drift_state_dir"
        )


def _pruned(folder_fd: int, made: str, keep: int, keep_days: int | None) -> list[str]:
    """Remove archives that are not kept any more, and return their names; ``made`` stays, also where others have a
    later time, of a clock that was wrong. Raises Refused.
    """
    names = sorted(name for name in os.listdir(folder_fd) if _NAME.fullmatch(name) and name != made)
    oldest = "" if keep_days is None else time.strftime(_STAMP, time.gmtime(time.time() - keep_days * _DAY_S))
    gone = [name for at, name in enumerate(names) if at <= len(names) - keep or name < oldest]
    try:
        for name in gone:
            fs.unlink(folder_fd, name)
        if gone:
            fs.sync_directory(folder_fd)
    except OSError as error:
        raise Refused(f"the archive {made} was made, and older ones could not be removed: {explain(error)}") from error
    return gone
