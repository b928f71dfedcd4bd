# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of restore points without Ansible: their options, what they ask for, and their answer when something goes
wrong. Private to the collection.
"""

from __future__ import annotations

import json
import types
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Moved
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    session,
    shelf,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import (
    NoPoint,
    OnlyHere,
    PointError,
    shortened,
)
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
    "fetch": {"type": "dict"},
}
ARGUMENTS: dict[str, Json] = {
    "state": {"type": "str", "choices": ["present", "verified", "restored", "bad", "absent"], "default": "present"},
    **INFO_ARGUMENTS,
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
    "volumes_back": {"type": "bool", "default": True},
    "services": {"type": "list", "elements": "dict", "default": []},
    "hooks": {"type": "dict", "default": {}},
    "step_timeout": {"type": "int", "default": 120},
    "keep": {"type": "int", "default": 10},
    "keep_days": {"type": "int"},
    "keep_mb": {"type": "int"},
    "save": {"type": "bool", "default": True},
    "who": {"type": "str"},
    "why": {"type": "str", "default": ""},
    "run": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 600},
}
SECOND = ("restic", "fetch")
"""The options that name a second place for points."""

NEEDS = [("state", "bad", ("point", "why")), ("state", "absent", ("point",))]


def reply(request: Json) -> Json:
    """Return what a module answers: ``request`` has its ``options``, whether it is a ``check``, and ``list`` for the
    module that lists points.
    """
    told = answer(request["options"], list_points if request["list"] else act, request["check"])
    return {"changed": False, **told}


def answer(options: Json, act: t.Callable[[Json, bool], Json], check: bool) -> Json:
    """Return what ``act`` returns, or ``{failed, msg}`` and what is known besides, as ``no_point``: there is none here;
    text that UTF-8 can spell.
    """
    try:
        result = act(options, check)
    except Moved as moved:
        # What was expected and found are digests, of secrets too: only the paths are told.
        result = {"failed": True, "msg": moved.reason, "moved": [one["path"] for one in moved.paths][:1000]}
    except OnlyHere as error:
        result = {"failed": True, "changed": True, "msg": error.reason, "point": error.point}
    except NoPoint as error:
        result = {"failed": True, "msg": error.reason, "no_point": True}
    except (ActError, Unseen) as error:
        result = {"failed": True, "msg": error.reason}
    except BadOperations as error:
        result = {"failed": True, "msg": str(error)}
    except OSError as error:
        where = f"{shortened(error.filename)}: " if isinstance(error.filename, str) else ""
        result = {"failed": True, "msg": f"{where}{explain(error)}"}
    if result.get("failed"):
        result["msg"] = mask(spelled(str(result["msg"])))
    answered: Json = json.loads(json.dumps(result))
    return answered


def act(options: Json, check: bool) -> Json:
    """Do what the module ``restore_point`` is asked. Raises ActError and Unseen with a reason, OSError."""
    asked = _asked(options)
    state, point = options["state"], options["point"]
    if state == "present":
        what = What(options["trees"], options["paths"], options["operations"], options["git"], _services(options))
        keep = shelf.Keep(options["keep"], options["keep_days"], options["keep_mb"])
        told = session.present(asked, what, _checked(keep), Host(asked.root, options["timeout"]), check)
        if _beside(options) and not check:
            told = _second().keep(options, asked, told)
        return told
    if state == "bad":
        return session.bad(asked, point, asked.why, check)
    if state == "absent":
        told = session.absent(asked, point, check)
        return {**told, "notes": _second().left(options, asked)} if options.get("restic") is not None else told
    if _beside(options):
        used: Json = _second().use(options, asked, check, lambda: _use(options, asked, check))
        return used
    return _use(options, asked, check)


def _use(options: Json, asked: Asked, check: bool) -> Json:
    # From here on: what it took to bring a point back is no part of the time that a rollback has.
    host = Host(asked.root, options["timeout"])
    if options["state"] == "verified":
        return session.verified(asked, options["point"], host)
    # Only here: who makes a restore point is not sent the way back.
    from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import looking, rollback

    wanted = looking.Wanted(options["point"], options["level"], options["save"], options["restart"])
    wanted = wanted._replace(volumes=options["volumes_back"], change=looking.change(options))
    return rollback.restored(asked, wanted, host, check)


def _beside(options: Json) -> bool:
    return any(options.get(name) is not None for name in SECOND)


def _second() -> types.ModuleType:
    # Only here: a request without a second place comes without that code.
    from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import second

    return second


def _services(options: Json) -> Services:
    containers = Containers(options["projects"], options["containers"], options["socket"])
    volumes, stop = checked(options["volumes"]), options["volumes_stop"]
    return Services(options["units"], containers, options["images"], options["required"], volumes=volumes, stop=stop)


def list_points(options: Json, _check: bool) -> Json:
    """Do what the module ``restore_point_info`` is asked. Raises ActError, OSError."""
    asked = _asked({"who": "", "why": "", "run": "", **options})
    told = session.info(asked)
    places: Json = {"outcome": "not_asked", "reason": "", "address": None, "points": []}
    if options.get("restic") is not None:
        places = _second().listed(options, asked, {one["id"] for one in told["points"]})
    return {**told, "restic": places}


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
