# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section containers: what runs in containers, asked of the engine over its socket. Private to the collection."""

from __future__ import annotations

import fnmatch
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.engine import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.images import Images
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.layer import layer
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.log import tail
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import (
    bare_id,
    plain_name,
    record,
    secrets,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.usage import usage
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.sockets import KINDS
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "socket": {"type": "path"},
    "engine": {"type": "str", "choices": list(KINDS)},
    "names": {"type": "list", "elements": "str", "default": []},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "layers": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 60},
}

_MOST = 1000
_MOST_OUTSIDE = 100
_INSPECT_S = 10.0
# What one container may take of the time, and all together: one that hangs must not hide the others.
_USAGE_S, _USAGE_ALL_S = 5.0, 30.0
_LAYER_S, _LAYER_ALL_S = 10.0, 60.0
_LOG_S, _LOG_ALL_S = 5.0, 20.0
_SHARE = 0.2
# How many containers are measured at once: Docker 20.10 measures once a second, whoever asks.
_AT_ONCE = 50

Json = t.Dict[str, t.Any]


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return the containers of one engine (``docs/design.md``).

    ``spec`` may have ``socket``, ``engine`` (its kind), ``names`` and ``ignore`` (patterns of names as in a shell;
    none: all), ``layers``: whether changed files are looked for, and ``brief``: nothing is asked but how each container
    is and what it uses. Raises Unseen when no engine can be asked, or it does not list its containers.
    """
    engine = open_engine(spec.get("socket"), host, spec.get("engine"))
    look = _Look(engine, host)
    listed = _listed(engine.get("/containers/json", {"all": True}))
    chosen = {name: identity for name, identity in listed.items() if _chosen(name, spec)}
    brief = spec.get("brief", False)
    look.inspect(chosen)
    if not brief:
        look.images()
    look.usage()
    if spec.get("layers", True) and not brief:
        look.layers()
    if not brief:
        look.logs()
        look.outside()
    return {
        "engine": {"socket": text(engine.socket), **engine.version},
        "about": None if brief else look.about(),
        "elsewhere": [{key: text(value) for key, value in one.items()} for one in engine.elsewhere],
        "now_s": time.time(),
        "total": len(listed),
        "ignored": len(listed) - len(chosen),
        "layers": bool(spec.get("layers", True)),
        "containers": sorted(look.seen, key=lambda one: str(one["name"])),
        "outside": look.made,
        "gone": sorted(look.gone),
        "unread": sorted(look.unread, key=lambda one: (one["container"], one["what"])),
    }


def _listed(found: t.Any) -> dict[str, str]:
    """Return the id of each container by its name. Raises Unseen."""
    if not isinstance(found, list):
        raise Unseen("the engine lists its containers in another form than its API says")
    listed: dict[str, str] = {}
    for item in found:
        fields = Fields(item, "the list of containers")
        identity = bare_id(fields.raw("Id"))
        # A container that others link to has further names, such as /web/db.
        names = [plain_name(name) for name in fields.texts("Names")]
        name = min(names, key=lambda one: (one.count("/"), one)) if names else identity[:12]
        if not identity or not identity.isalnum():
            raise Unseen("the engine lists a container without an id")
        listed[name if name not in listed else f"{name} ({identity[:12]})"] = identity
    return listed


def _chosen(name: str, spec: t.Mapping[str, t.Any]) -> bool:
    wanted, left_out = spec.get("names") or ["*"], spec.get("ignore") or []
    return any(fnmatch.fnmatchcase(name, one) for one in wanted) and not any(
        fnmatch.fnmatchcase(name, one) for one in left_out
    )


class _Budget:
    """The time that one kind of question may take, for one container and for all."""

    def __init__(self, host: Host, each_s: float, all_s: float) -> None:
        self._each_s = each_s
        self._end = time.monotonic() + min(all_s, max(host.time_left(), 0.0) * _SHARE)

    def limit_s(self) -> float:
        """Return the seconds that the next question may take. Raises Unseen when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unseen("not asked any more: others took all the time that there was for it")
        return min(self._each_s, left)


class _Look:
    """What was seen of the containers so far, and what could not be."""

    def __init__(self, engine: Engine, host: Host) -> None:
        self._engine = engine
        self._host = host
        self._names: dict[str, str] = {}
        self._uppers: dict[str, str] = {}
        self.seen: list[Json] = []
        self.gone: list[str] = []
        self.unread: list[dict[str, str]] = []
        self.made: list[Json] = []

    def inspect(self, chosen: t.Mapping[str, str]) -> None:
        for number, (name, identity) in enumerate(sorted(chosen.items())):
            try:
                if number >= _MOST:
                    raise Unseen(f"only {_MOST} containers are looked at")
                found = self._engine.get(f"/containers/{identity}/json", limit_s=_INSPECT_S)
                self._host.learn(secrets(found))
                made = {**record(found, self._host.key), "name": name}
                self._names[made["id"]] = Fields(found).map("Config").raw("Image")
                self._uppers[made["id"]] = Fields(found).map("GraphDriver").map("Data").raw("UpperDir")
                self.seen.append(made)
            except NotFound:
                self.gone.append(name)
            except Unseen as unseen:
                self._note(name, "container", unseen)

    def images(self) -> None:
        images = Images(self._engine)
        for one in self.seen:
            try:
                one["image"] = images.about(one["image"], self._names[one["id"]])
            except Unseen as unseen:
                self._note(one["name"], "image", unseen)

    def usage(self) -> None:
        budget = _Budget(self._host, _USAGE_S, _USAGE_ALL_S)
        running = {one["id"]: one for one in self.seen if one["state"] == "running"}
        ids = sorted(running)
        for begin in range(0, len(ids), _AT_ONCE):
            paths = {identity: f"/containers/{identity}/stats" for identity in ids[begin : begin + _AT_ONCE]}
            try:
                found = self._engine.get_each(paths, {"stream": False, "one-shot": True}, limit_s=budget.limit_s())
            except Unseen as unseen:
                found = dict.fromkeys(paths, unseen)
            for identity, answer in found.items():
                one = running[identity]
                try:
                    if isinstance(answer, Unseen):
                        raise answer
                    one["usage"] = usage(answer)
                except Unseen as unseen:
                    self._note(one["name"], "usage", unseen)

    def layers(self) -> None:
        budget = _Budget(self._host, _LAYER_S, _LAYER_ALL_S)
        for one in self.seen:
            targets = [mount["target"] for mount in one["mounts"]]
            upper = self._uppers[one["id"]]

            def read(found: t.Any, targets: t.Sequence[str] = targets, upper: str = upper) -> Json:
                return layer(found, targets, upper)

            one["layer"] = self._ask(one, "layer", budget, "changes", {}, read)

    def logs(self) -> None:
        """Add the end of the log of each container that is not well: its own words are the best reason."""
        budget = _Budget(self._host, _LOG_S, _LOG_ALL_S)
        for one in self.seen:
            if is_ill(one):
                try:
                    one["log"] = tail(self._engine, one["id"], one["tty"], budget.limit_s())
                except Unseen as unseen:
                    self._note(one["name"], "log", unseen)

    def outside(self) -> None:
        """Add how those were made that no Compose file speaks of. Only a plan asks: what is not seen costs nothing."""
        alone = [one for one in self.seen if one["compose"] is None][:_MOST_OUTSIDE]
        if not alone:
            return
        try:
            engines = Engines(self._engine, self._host)
        except Unseen:
            return
        for one in alone:
            try:
                self.made.append({**engines.outside(one["id"]), "name": one["name"], "reason": ""})
            except NotFound:
                continue
            except Unseen as unseen:
                self.made.append({"id": one["id"], "name": one["name"], "reason": unseen.reason})

    def about(self) -> Json | None:
        """Return what the engine says about its host; null when it does not."""
        try:
            fields = Fields(self._engine.get("/info", limit_s=_INSPECT_S))
            return {
                "name": fields.text("Name"),
                "system": fields.text("OperatingSystem"),
                "storage_driver": fields.text("Driver"),
                "cgroup_version": fields.text("CgroupVersion"),
                "cgroup_driver": fields.text("CgroupDriver"),
                "live_restore": fields.flag("LiveRestoreEnabled"),
                "root": fields.text("DockerRootDir"),
                "warnings": [text(one) for one in fields.texts("Warnings")][:20],
            }
        except Unseen as unseen:
            self._note("", "about", unseen)
            return None

    def _ask(
        self,
        one: Json,
        what: str,
        budget: _Budget,
        question: str,
        query: t.Mapping[str, bool],
        read: t.Callable[[t.Any], Json],
    ) -> Json | None:
        try:
            return read(self._engine.get(f"/containers/{one['id']}/{question}", query, limit_s=budget.limit_s()))
        except Unseen as unseen:
            self._note(one["name"], what, unseen)
            return None

    def _note(self, name: str, what: str, unseen: Unseen) -> None:
        self.unread.append({"container": name, "what": what, "reason": unseen.reason})


def is_ill(one: t.Mapping[str, t.Any]) -> bool:
    """Return whether a container's own log may say what is wrong with it."""
    health = one["health"] or {}
    failed = one["state"] in ("exited", "dead") and one["exit_code"] != 0
    restarted = one["state"] == "restarting" or one["restarts"] > 0
    return failed or restarted or one["oom_killed"] or health.get("status") == "unhealthy"
