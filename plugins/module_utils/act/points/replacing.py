# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings containers back as they were saved, one after the other. Private to the collection.

The names of containers say how far that came, so that it can be killed anywhere and begun again. The new container is
made as ``<name>.evenkeel-new`` while the present one runs. That is stopped, and becomes ``<name>.evenkeel-old``; the
new one gets its name, and is started. Only when the new one is well the old one is removed; else the old one comes
back. So there is a container to go back to at every moment.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import NotDone, Uncertain
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import emptied, images, recipe, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import read_member
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Container, Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]
Look = t.Callable[[str], t.Optional[Container]]

NEW, OLD = ".evenkeel-new", ".evenkeel-old"
SAME, START, STOP, REPLACE, MAKE, FINISH = "same", "start", "stop", "replace", "make", "finish"
_PAUSE_S = 0.25
# How long a container without a health check has to run on to be taken for well.
_STEADY_S = 2.0
_WELL_S = 120.0
# What it takes at most to have a container back that was there before, beyond the time limit if need be.
_BACK_S = 90.0


class Step(t.NamedTuple):
    """What is to be done with one saved container; ``reason`` says why nothing can be."""

    name: str
    how: str
    reason: str = ""


class Replacing:
    """Brings the containers of a point back. ``ran`` says of each name whether it ran before the rollback began."""

    def __init__(self, engines: Engines, part: Json, objects_fd: int, ran: t.Mapping[str, bool], host: Host) -> None:
        self._engines = engines
        self._part = part
        self._objects_fd = objects_fd
        self._ran = ran
        self._host = host
        self._late = False
        self._saved = {one["name"]: one for one in part["containers"]}
        self._made: dict[str, str] = {}

    def plan(self) -> list[Step]:
        """Return what is to be done with each saved container; nothing is changed. Raises Unseen."""
        names = self._engines.names()
        return [self._step(one, names) for one in recipe.ordered(self._part["containers"])]

    def prepare(self, steps: t.Sequence[Step]) -> None:
        """Make the new containers beside those that they replace, and then stop all of those at once: one that does not
        listen takes seconds to end. What does not succeed here is tried again, and told, by :meth:`do`.
        """
        found = []
        for step in steps:
            if step.how != REPLACE:
                continue
            with contextlib.suppress(ActError, Unseen):
                one = self._saved[step.name]
                if not recipe.joins(self._read(one["recipe"])):
                    self._made[step.name] = self._make(one)
                    found.append(self._must(step.name))
        threads = [threading.Thread(target=self._stop_quietly, args=(one,)) for one in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _stop_quietly(self, one: Container) -> None:
        with contextlib.suppress(ActError, Unseen):
            self._stop(one)

    def do(self, step: Step) -> None:
        """Do one step, and settle what an earlier one that was interrupted left of this container.

        Raises PointError when the container is not as it was saved afterwards; the one that was there before is then
        there again.
        """
        one = self._saved[step.name]
        try:
            if self._late:
                raise Unseen(f"not reached within the time limit of {self._host.timeout_s:g} s")
            if step.how == STOP:
                self._stop(self._must(step.name))
            elif step.how == START:
                self._start(self._must(step.name), one)
            elif step.how in (REPLACE, MAKE, FINISH):
                self._replace(one)
        except (ActError, Unseen) as error:
            # That the time is up is no reason to leave stopped what was stopped for this; nothing new is begun then.
            self._late = self._late or self._host.time_left() < 0
            self._host.deadline = max(self._host.deadline, time.monotonic() + _BACK_S)
            self._come_back(one, error.reason, isinstance(error, Uncertain))

    def apart(self) -> list[str]:
        """Return the names of the containers that are not as they were saved, sorted. Raises Unseen."""
        return sorted(step.name for step in self.plan() if step.how != SAME)

    def _step(self, one: Json, names: t.Mapping[str, str]) -> Step:
        name = one["name"]
        present = self._engines.look(name, names)
        if self._engines.look(name + OLD, names) or self._engines.look(name + NEW, names):
            return Step(name, FINISH)
        if present is None:
            return Step(name, MAKE, self._lacking(one))
        if not self._is(present, one):
            if present.running and present.inspected["HostConfig"].get("AutoRemove"):
                return Step(name, REPLACE, "it was started with --rm, so stopping it would remove it: stop it by hand")
            return Step(name, REPLACE, self._lacking(one))
        if present.running == one["running"]:
            return Step(name, SAME)
        return Step(name, START if one["running"] else STOP)

    def _lacking(self, one: Json) -> str:
        """Return why a container cannot be made again, if it cannot: its image is nowhere."""
        image = self._image(one)
        if image["archive"] is None and not self._has_image(one["image"]):
            return f"its image {one['image'][:19]} is gone, and not in the point: {image['reason']}"
        return ""

    def _image(self, one: Json) -> Json:
        return t.cast(Json, next(image for image in self._part["images"] if image["id"] == one["image"]))

    def _has_image(self, image: str) -> bool:
        return bool(images.stands_for(image, self._engines.writer))

    def _is(self, present: Container, one: Json) -> bool:
        """Return whether a container is as it was saved, also in its volumes without a name, where these are left."""
        engine = self._engines.engine
        return present.print == one["print"] and not emptied.are_others(self._read(one["recipe"]), present, engine)

    def _look(self, name: str) -> Container | None:
        return self._engines.look(name, self._engines.names())

    def _must(self, name: str) -> Container:
        found = self._look(name)
        if found is None:
            raise NotDone(f"the container {name} went away meanwhile")
        return found

    def _replace(self, one: Json) -> None:
        name, writer = one["name"], self._engines.writer
        present, old = self._look(name), self._look(name + OLD)
        if old is not None and not (present is not None and self._is(present, one)):
            # Interrupted while the old one was aside, or on the way to another point: begin anew, from what was there.
            self._put_back(name, present, old)
            present, old = self._must(name), None
        left = self._look(name + NEW)
        prepared = self._made.pop(name, "")
        if left is not None and left.id != prepared:
            writer.remove(left.id)
        if old is None and (present is None or not self._is(present, one)):
            made = prepared or self._make(one)
            if present is not None:
                self._stop(present)
                writer.rename(present.id, name + OLD)
                old = present
            writer.rename(made, name)
        current = self._must(name)
        if old is not None:
            # A machine that started anew meanwhile may have started this one as well, on the same ports.
            self._stop_now(name + OLD)
        if one["running"]:
            self._start(current, one)
        elif current.running:
            self._stop(current)
        if old is not None:
            writer.remove(old.id)

    def _make(self, one: Json) -> str:
        """Make the new container beside the present one, and return its id; it does not run."""
        writer, image = self._engines.writer, self._image(one)
        if not self._has_image(one["image"]):
            if image["archive"] is None:
                raise NotDone(self._lacking(one))
            images.load(one["image"], image["archive"], self._objects_fd, writer, self._host)
        images.tag(one["image"], image["tags"], writer)
        self._make_networks()
        create = self._read(one["recipe"])
        called = one["called"]
        create["Image"] = called if called and images.stands_for(called, writer) == one["image"] else one["image"]
        self._join(create["HostConfig"])
        identity = writer.create(one["name"] + NEW, create)
        for network, endpoint in sorted(one["connect"].items()):
            writer.connect(network, identity, endpoint)
        return identity

    def _join(self, host_config: Json) -> None:
        """Let a container share with those that are there now: one that was made again has another id."""
        names = {one["id"]: one["name"] for one in self._part["containers"]}
        for key in recipe.JOINED:
            other = str(host_config.get(key) or "").partition(":")[2]
            if key in recipe.joins({"HostConfig": host_config}) and other in names:
                host_config[key] = f"container:{self._must(names[other]).id}"

    def _make_networks(self) -> None:
        for network in self._part["networks"]:
            try:
                self._engines.engine.get(f"/networks/{network['name']}")
            except NotFound:
                self._engines.writer.create_network(self._read(network["recipe"]))

    def _read(self, kept: Json) -> Json:
        content = read_member(self._objects_fd, kept["sha256"].encode("ascii"), verify.SMALL)
        return t.cast(Json, json.loads(content))

    def _stop(self, one: Container) -> None:
        if one.running:
            self._engines.writer.stop(one.id, one.stop_grace)

    def _stop_now(self, name: str) -> None:
        found = self._look(name)
        if found is not None:
            self._stop(found)

    def _start(self, one: Container, saved: Json) -> None:
        """Start a container, and wait until it is well. Raises NotDone when it is not."""
        self._engines.writer.start(one.id)
        begun = time.monotonic()
        end = begun + min(_WELL_S, self._host.time_left())
        restarts = -1
        while True:
            found = self._engines.engine.get(f"/containers/{one.id}/json")
            state, count = found["State"], int(found.get("RestartCount") or 0)
            health = (state.get("Health") or {}).get("Status", "none")
            restarts = count if restarts < 0 else restarts
            now = time.monotonic()
            if state.get("Status") in ("exited", "dead") or health == "unhealthy" or count != restarts:
                how = f"exit code {state.get('ExitCode')}" if health in ("none", "starting") else health
                raise NotDone(f"the container {saved['name']} does not keep running ({how})")
            if health == "healthy" or (health == "none" and now - begun >= _STEADY_S):
                return
            if now > end:
                raise NotDone(f"the container {saved['name']} is not well after {now - begun:.0f} s ({health})")
            time.sleep(_PAUSE_S)

    def _come_back(self, one: Json, reason: str, unsure: bool) -> t.NoReturn:
        """Let the container that was there before be there again, and say why. ``unsure`` says that what was asked last
        may still be under way. Raises PointError.
        """
        name = one["name"]
        try:
            present, old = self._look(name), self._look(name + OLD)
            if old is not None:
                self._put_back(name, present, old)
            elif present is not None and name not in self._ran and self._is(present, one):
                # There was none before; one that is not like it was made by somebody else meanwhile.
                self._stop(present)
                self._engines.writer.remove(present.id)
            elif present is not None and self._ran.get(name):
                if unsure:
                    # A stop that nobody waited for goes on: what is started before its end is ended by it.
                    self._stop_now(name)
                self._engines.writer.start(present.id)
            left = self._look(name + NEW)
            if left is not None:
                self._engines.writer.remove(left.id)
        except (ActError, Unseen) as error:
            raise PointError(
                f"the container {name} cannot be brought back: {reason}; nor could the one that was there before: "
                f"{error.reason}; it is kept as {name + OLD}, and another rollback tries again"
            ) from None
        raise PointError(
            f"the container {name} cannot be brought back: {reason}; the one that was there before is there again"
        )

    def _put_back(self, name: str, present: Container | None, old: Container) -> None:
        writer = self._engines.writer
        if present is not None:
            left = self._look(name + NEW)
            if left is not None:
                writer.remove(left.id)
            self._stop(present)
            writer.rename(present.id, name + NEW)
        writer.rename(old.id, name)
        if self._ran.get(name, True):
            writer.start(old.id)
        left = self._look(name + NEW)
        if left is not None:
            writer.remove(left.id)
