# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may have anything that a recovery would end: asked before it is sent the code that does so. Nothing is
touched. Private to the collection.

When in doubt the answer is yes: a recovery says what is the matter, and does nothing where there is nothing to do.
"""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import CODE, default_folder

# What lies in a state directory between two changes. Contents on their way in, and a lock that names somebody, were
# left by a process that was killed, or belong to one that is at work.
_AT_REST = frozenset(
    {"code", "history", "incoming", "lock", "log.jsonl", "logs", "outgoing", "points", "releases.json"}
)
# How long a name is: a version and a digest. What is being prepared has a longer one.
_PACK = 81
_MOST_PACKS = 500

_GIT_LOCK = "index.lock"
_GIT_PREPARED = ".evenkeel-lock-"
_GIT_REFS = "refs/evenkeel/incoming"

Json = t.Dict[str, t.Any]


NOTHING: t.Mapping[str, t.Any] = {
    "outcome": "recovered",
    "found": None,
    "direction": "none",
    "paths": [],
    "left": [],
    "reason": "",
    "services": [],
    "rollback": False,
}
"""What a recovery returns that has nothing to do (``service.py``), but for its notes."""


def answer(request: Json) -> Json:
    """Return ``{needed: bool, code: {folder, names}}``: whether a recovery is needed of the ``state_dir``,
    ``application`` and ``root`` of a request, and what code of an earlier change there is.
    """
    folder = request.get("state_dir") or default_folder()
    needed = _in_state(folder, request["application"]) or _in_repository(request.get("root"))
    return {"changed": False, "needed": needed, "code": _code(os.path.join(folder, request["application"], CODE))}


def _code(folder: str) -> Json:
    try:
        names = sorted(name for name in os.listdir(folder) if len(name) == _PACK)
    except (OSError, ValueError):
        # None that can be used, which is no more than a reason to send it.
        names = []
    return {"folder": folder, "names": names[:_MOST_PACKS]}


def _in_state(folder: str, application: str) -> bool:
    if not folder.startswith("/") or not application.strip(".") or {"/", "\0"} & set(application):
        return True
    path = os.path.join(folder, application)
    try:
        if not (_is_own(folder) and _is_own(path)):
            return True
        names = os.listdir(path)
        lock = os.lstat(os.path.join(path, "lock")).st_size if "lock" in names else 0
        incoming = os.listdir(os.path.join(path, "incoming")) if "incoming" in names else []
    except FileNotFoundError:
        # There is none, or it changes just now.
        return os.path.lexists(path)
    except OSError:
        return True
    return bool(lock or incoming) or not _AT_REST.issuperset(names)


def _is_own(path: str) -> bool:
    seen = os.lstat(path)
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid in (os.geteuid(), 0) and not stat.S_IMODE(seen.st_mode) & 0o077


def _in_repository(root: str | None) -> bool:
    if not root:
        return False
    git = os.path.join(root, ".git")
    try:
        names = os.listdir(git)
        if _GIT_LOCK in names or any(name.startswith(_GIT_PREPARED) for name in names):
            return True
        return bool(os.listdir(os.path.join(git, _GIT_REFS)))
    except (FileNotFoundError, NotADirectoryError):
        # No repository of its own, the only kind that a change moves; or one without such refs.
        return False
    except OSError:
        return True
