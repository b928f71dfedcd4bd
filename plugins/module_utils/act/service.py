# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of the control node: apply operations, or finish a change that was interrupted. Private to the
collection.

A request has ``what`` (``apply`` or ``recover``), ``state_dir`` (null: the default), ``application``, ``about``
(``id``, ``kind``, ``who``, ``why``, ``run``, ``point``), ``check`` and ``timeout_s``; ``apply`` also ``root``,
``operations``, ``git`` (null, or as ``gitmove/asked.py`` has it), the contents as ``pack`` (base64), ``pack_file`` (a
path) or ``folder`` (a path), and what follows: ``services``, ``hooks``, ``step_timeout_s`` (``services/run.py``);
``recover`` its ``direction``.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import delivery, recovery, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.delivery import unpacked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import (
    ActError,
    Busy,
    Moved,
    Refused,
    RolledBack,
    ServicesFailed,
    ServicesMoved,
    Stuck,
    Unfinished,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations, checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import run
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.looking import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, open_state
from ansible_collections.evenkeel.drift.plugins.module_utils.act.strategy import Strategy, contents, tree
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_followed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

STEP_S = 120
"""What each step of what follows a change may take, unless the request says so."""

Json = t.Dict[str, t.Any]


def answer(request: Json, strategy: Strategy = tree) -> Json:
    """Return what a module answers: what was done, or ``failed`` with ``msg``, ``outcome`` and what belongs to it."""
    check = bool(request["check"])
    folder = request.get("state_dir") or default_folder()
    try:
        # Where nothing is kept, there is nothing to finish.
        state = open_state(folder, request["application"], create=not check and request["what"] != "recover")
        if state is None:
            return _perform(request, None, strategy)
        with state:
            return _perform(request, state, strategy)
    except BadOperations as error:
        return {"failed": True, "changed": False, "outcome": "refused", "msg": str(error)}
    except ActError as error:
        return _failed(error)
    except Unseen as unseen:
        return {"failed": True, "changed": False, "outcome": "refused", "msg": unseen.reason}
    except OSError as error:
        # Nothing that comes after a change has begun ends here: the transaction tells of it itself.
        name = f"{show(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
        return {"failed": True, "changed": False, "outcome": "refused", "msg": name + explain(error)}


def _perform(request: Json, state: State | None, strategy: Strategy) -> Json:
    check, about = bool(request["check"]), request["about"]
    if request["what"] == "recover":
        found = recovery.look(state) if state is None or check else _recover(state, request, about)
        return {"changed": found["found"] is not None, "outcome": "recovered", **_noted(found)}
    host = Host(request["root"], request["timeout_s"])
    with _sources(request, state) as sources:
        given = request.get("services") or [], request.get("hooks") or {}, request.get("step_timeout_s", STEP_S)
        services = Services(*given)
        done = run.apply(request["operations"], sources, request["root"], state, about, host, services, check, strategy)
    done["changed_paths"] = done.pop("changed")
    stirred = any(step["state"] != "unchanged" for step in done["services"])
    return {
        "changed": bool(done["changed_paths"] or stirred),
        "outcome": "planned" if check else "applied",
        **_noted(done),
    }


def _recover(state: State, request: Json, about: t.Mapping[str, t.Any]) -> Json:
    """Finish the files of an interrupted change first, and then its services."""
    who, why = str(about["who"]), str(about["why"])
    found = recovery.recover(state, request["direction"], who, why)
    _sweep(request.get("root"), state)
    if _is_rollback_left(state):
        # Another one finishes what a rollback left, services included: the point has it.
        return {**found, "services": [], "rollback": True}
    services, steps = run.resume(state, who, why)
    if found["found"] is None and services is not None:
        found.update(found=services, direction=services["direction"])
    return {**found, "services": steps, "rollback": False}


def _is_rollback_left(state: State) -> bool:
    try:
        transaction.refuse_rollback(state)
    except Unfinished:
        return True
    return False


def _sweep(root: str | None, state: State) -> None:
    """Remove what a process that was killed left in a repository, and of its contents. What cannot be looked at is in
    nobody's way.
    """
    with contextlib.suppress(OSError):
        delivery.sweep(state)
    if root:
        with contextlib.suppress(OSError, Unseen):
            sweep(root)


def _noted(done: Json) -> Json:
    """Return an answer with its warnings as ``notes``: ansible-core makes objects of its own of a module's warnings."""
    return {**{key: value for key, value in done.items() if key != "warnings"}, "notes": done["warnings"]}


@contextlib.contextmanager
def _sources(request: Json, state: State | None) -> t.Iterator[list[int] | None]:
    """Give the directories of contents. Raises Refused, OSError, BadOperations."""
    if request.get("folder"):
        try:
            fd = open_followed(None, request["folder"])
        except OSError as error:
            raise Refused(f"the contents in {request['folder']} cannot be read: {explain(error)}") from error
        try:
            yield [fd]
        finally:
            os.close(fd)
    elif request["check"] or state is None:
        yield None
    else:
        writes = [operation for operation in checked(request["operations"]) if operation["do"] == "write"]
        sizes = {operation["sha256"]: operation["size"] for operation in writes}
        sizes.update(contents(request))
        with _packed(request) as packed, unpacked(state, packed, sizes) as fd:
            yield [fd]


def _packed(request: Json) -> t.BinaryIO:
    if request.get("pack_file"):
        return open(request["pack_file"], "rb")
    return io.BytesIO(base64.b64decode(request.get("pack") or ""))


def _failed(error: ActError) -> Json:
    told: Json = {"failed": True, "changed": False, "msg": error.reason}
    if isinstance(error, Moved):
        moved = [{"path": one["path"], **_both(one)} for one in error.paths]
        return {**told, "outcome": "moved", "moved": moved}
    if isinstance(error, Busy):
        return {**told, "outcome": "busy", "holder": error.holder}
    if isinstance(error, Unfinished):
        return {**told, "outcome": "unfinished", "found": error.journal}
    if isinstance(error, ServicesMoved):
        return {**told, "outcome": "moved", "moved": error.moved}
    if isinstance(error, ServicesFailed):
        about = {"services": error.steps, "direction": error.direction, "point": error.point}
        return {**told, "changed": True, "outcome": "services_failed", **about}
    if isinstance(error, RolledBack):
        return {**told, "outcome": "rolled_back", "path": error.path, "left": error.left}
    if isinstance(error, Stuck):
        return {**told, "changed": True, "outcome": "stuck", "path": error.path}
    return {**told, "outcome": "refused"}


def _both(moved: t.Mapping[str, t.Any]) -> Json:
    secret = moved["expected"].get("secret") is True or is_secret_file(moved["path"])
    return {"expected": describe(moved["expected"], secret), "found": describe(moved["found"], secret)}


def describe(entry: t.Mapping[str, t.Any], secret: bool) -> str:
    """Return an entry in words; of a secret file nothing that tells its content."""
    kind = str(entry["type"])
    if kind == "link":
        return f"a link to {entry['target']}"
    if kind not in ("file", "directory"):
        return {"absent": "absent", "other": "a special file"}[kind]
    told = [f"mode {entry['mode']}"] if entry.get("mode") else []
    if kind == "file" and not secret and entry.get("sha256"):
        told.append(f"sha256 {entry['sha256'][:12]}")
    elif kind == "file" and not secret and entry.get("size") is not None:
        told.append(f"{entry['size']} bytes")
    return f"a {kind}{' (' + ', '.join(told) + ')' if told else ''}"
