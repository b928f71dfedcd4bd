# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of restore points without Ansible: their options, what they ask for, and their answer when something goes
wrong. Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Moved
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    elsewhere,
    looking,
    restic,
    rollback,
    sealing,
    session,
    shelf,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.levels import LEVELS
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.volumes import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

Json = t.Dict[str, t.Any]

INFO_ARGUMENTS: dict[str, Json] = {
    "root": {"type": "path"},
    "application": {"type": "str"},
    "state_dir": {"type": "path"},
    "restic": {"type": "dict"},
}
ARGUMENTS: dict[str, Json] = {
    "state": {"type": "str", "choices": ["present", "verified", "restored", "bad", "absent"], "default": "present"},
    **INFO_ARGUMENTS,
    "fetch": {"type": "dict"},
    "point": {"type": "str"},
    "paths": {"type": "list", "elements": "str", "default": []},
    "operations": {"type": "list", "elements": "dict", "default": []},
    "trees": {"type": "list", "elements": "dict", "default": []},
    "git": {"type": "bool", "default": True},
    "running": {"type": "bool"},
    "units": {"type": "list", "elements": "str", "default": []},
    "projects": {"type": "list", "elements": "str", "default": []},
    "containers": {"type": "list", "elements": "str", "default": []},
    "socket": {"type": "path"},
    "images": {"type": "bool", "default": True},
    "volumes": {"type": "list", "elements": "str", "default": []},
    "volumes_stop": {"type": "bool", "default": False},
    "required": {"type": "bool", "default": False},
    "level": {"type": "str", "choices": list(LEVELS)},
    "restart": {"type": "bool", "default": True},
    "keep": {"type": "int", "default": 10},
    "keep_days": {"type": "int"},
    "keep_mb": {"type": "int"},
    "save": {"type": "bool", "default": True},
    "who": {"type": "str"},
    "why": {"type": "str", "default": ""},
    "run": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 600},
}
NEEDS = [("state", "bad", ("point", "why")), ("state", "absent", ("point",))]


def reply(request: Json) -> Json:
    """Return what a module answers: ``request`` has its ``options``, whether it is a ``check``, and ``list`` for the
    module that lists points.
    """
    told = answer(request["options"], list_points if request["list"] else act, request["check"])
    return {"changed": False, **told}


def answer(options: Json, act: t.Callable[[Json, bool], Json], check: bool) -> Json:
    """Return what ``act`` returns, or ``{failed, msg}`` and what is known besides; text that UTF-8 can spell."""
    try:
        result = act(options, check)
    except Moved as moved:
        # What was expected and found are digests, of secrets too: only the paths are told.
        result = {"failed": True, "msg": moved.reason, "moved": [one["path"] for one in moved.paths][:1000]}
    except elsewhere.OnlyHere as error:
        result = {"failed": True, "changed": True, "msg": error.reason, "point": error.point}
    except (ActError, Unseen) as error:
        result = {"failed": True, "msg": error.reason}
    except BadOperations as error:
        result = {"failed": True, "msg": str(error)}
    except OSError as error:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        result = {"failed": True, "msg": f"{where}{explain(error)}"}
    if result.get("failed"):
        result["msg"] = mask(spelled(str(result["msg"])))
    answered: Json = json.loads(json.dumps(result))
    return answered


def act(options: Json, check: bool) -> Json:
    """Do what the module ``restore_point`` is asked. Raises ActError and Unseen with a reason, OSError."""
    asked = _asked(options)
    state, point, second = options["state"], options["point"], restic.place_of(options.get("restic"))
    if second is not None and state in ("verified", "restored"):
        return _used(options, asked, check, second)
    if state == "present":
        what = What(options["trees"], options["paths"], options["operations"], options["git"], _services(options))
        keep = shelf.Keep(options["keep"], options["keep_days"], options["keep_mb"])
        host = Host(asked.root, options["timeout"])
        return session.present(asked, what, _checked(keep), host, check, elsewhere.Second(second, _recipient(options)))
    if state == "bad":
        return session.bad(asked, point, asked.why, check)
    if state == "absent":
        return session.absent(asked, point, check)
    return _use(options, asked, check)


def _use(options: Json, asked: Asked, check: bool) -> Json:
    host = Host(asked.root, options["timeout"])
    if options["state"] == "verified":
        return session.verified(asked, options["point"], host)
    wanted = looking.Wanted(options["point"], options["level"], options["save"], options["restart"])
    return rollback.restored(asked, wanted, host, check)


def _used(options: Json, asked: Asked, check: bool, second: restic.Place) -> Json:
    """Use a point that is on the host, or in the second place."""
    point = options["point"]
    if point is not None:
        returned = elsewhere.bring_back(second, asked, point, check)
        # What a slow line took is no part of the time that a rollback has.
        told = _use(options, asked, check)
        return {**told, "returned": returned, "changed": told["changed"] or returned}
    try:
        return {**_use(options, asked, check), "returned": False}
    except NoPoint as error:
        raise NoPoint(error.reason + elsewhere.hint(second, asked.application)) from None


def _recipient(options: Json) -> sealing.Recipient | None:
    fetch = options.get("fetch")
    return None if fetch is None else sealing.Recipient(fetch["certificate"], fetch["timeout"])


def _services(options: Json) -> Services:
    containers = Containers(options["projects"], options["containers"], options["socket"])
    volumes, stop = checked(options["volumes"]), options["volumes_stop"]
    return Services(options["units"], containers, options["images"], options["required"], volumes=volumes, stop=stop)


def list_points(options: Json, _check: bool) -> Json:
    """Do what the module ``restore_point_info`` is asked. Raises ActError, OSError."""
    asked = _asked({"who": "", "why": "", "run": "", **options})
    return session.info(asked, restic.place_of(options.get("restic")))


def _asked(options: Json) -> Asked:
    root, application = options["root"], options["application"]
    if not root or not root.startswith("/"):
        raise PointError("root is not set: say where the application lives on the host, for example root: /srv/app")
    if not application:
        raise PointError("application is not set: say whose restore points these are")
    texts = (mask(spelled(options[name] or "")) for name in ("who", "why", "run"))
    return Asked(root, application, options["state_dir"], *texts)


def _checked(keep: shelf.Keep) -> shelf.Keep:
    for name, value in zip(("keep", "keep_days", "keep_mb"), keep):
        if value is not None and value < 1:
            raise PointError(f"{name}: expected a number from 1 on, found {value}")
    return keep
