# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose: one service of a project is brought up, as its files say by then. Private to the collection.

Compose itself finds out whether a container has to be made anew, so that a step can be repeated. ``before`` of a step
is which containers the audit saw, by their ids. Nothing of a container is lost unasked: one whose layer holds files
that exist nowhere else is not made anew, unless ``may_lose`` names them, or is null.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import open_writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.compose_files import ProjectFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.compose_program import Compose
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.container_state import (
    Containers,
    State,
    shown,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, Seen, Step, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.unnamed import left_behind
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]

_NAME = re.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_PATH = re.compile("/.{0,4095}", re.DOTALL)
_FILE = re.compile("[^\0-].{0,4095}", re.DOTALL)
_ID = re.compile("[0-9a-f]{64}")
_HASH = re.compile("[0-9a-f]{0,128}")
_IMAGE = re.compile("(sha256:)?[0-9a-f]{64}")
_IMAGE_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,255}")
_STOPPED = ("created", "exited", "dead", "removing")
_SERVICE: t.Mapping[str, t.Any] = {
    "project": _NAME,
    "service": _NAME,
    "socket": (None, _PATH),
    "before": {"containers": [{"id": _ID, "name": str, "image_id": _IMAGE, "config_hash": _HASH, "state": str}]},
}
_FILES: t.Mapping[str, t.Any] = {
    "directory": _PATH,
    "files": [_FILE],
    "env_file": (None, _FILE),
    "profiles": [_NAME],
}
WORDS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "up": {
        **_SERVICE,
        **_FILES,
        "image": (None, str),
        "anew": bool,
        "work": (None, [[(str, bool)]]),
        "may_lose": (None, [{"container": _ID, "path": str, "size": (None, int), "mtime": (None, str)}]),
    },
    # What takes ``up`` back: with the image that the service ran before, or to nothing where there was nothing.
    "back": {**_SERVICE, **_FILES, "work": (None, [[(str, bool)]]), "spare": bool},
}


def look(step: Step, call: Call) -> Seen:
    """Return whether what the audit saw of a service is still so. Raises Unseen, Refused."""
    if call.since is not None:
        # Whether something is left to do forward is what Compose finds out.
        return Seen(step["do"] == "back" and _Service(step, call).is_back())
    service = _Service(step, call)
    expected, found = {one["id"] for one in step["before"]["containers"]}, service.containers()
    if expected != {one.id for one in found}:
        return Seen(False, f"{service.name} has {_told(expected)}", f"it has {_told([one.id for one in found])}")
    if step["do"] == "up":
        service.spare(found)
        service.require_image()
        Compose(step, service.socket)
    return Seen(False)


def run(step: Step, call: Call) -> str:
    """Bring a service up, and wait until it is well. Raises StepFailed, Unseen."""
    service = _Service(step, call)
    try:
        if step["do"] == "up":
            return service.up()
        return service.back() if service.ran() else service.away()
    except ActError as error:
        raise StepFailed(shown(error.reason, service.host)) from None


def undo(step: Step) -> Step | None:
    """Return the step that brings a service back to what it was before, once its files are back."""
    if step["do"] == "back":
        return None
    spare = step["may_lose"] is not None
    return {"do": "back", "spare": spare, **{name: step[name] for name in (*_SERVICE, *_FILES, "work")}}


def began(_step: Step, _call: Call) -> float | None:
    """Of several containers, one may have been made before another ended."""
    return None


def _some(files: t.Sequence[str]) -> str:
    return ", ".join(path[:100] for path in files[:3]) + (" and more" if len(files) > 3 else "")


def _told(ids: t.Collection[str]) -> str:
    return ", ".join(sorted(one[:12] for one in ids)) if ids else "no container"


def _begun_empty(had: t.Container[str], has: t.Mapping[str, tuple[str, str]]) -> list[str]:
    """Return which volumes without a name are new after the way back: nobody but a restore point knows those before."""
    return [
        f"{container} at {at} has a new, EMPTY volume: a rollback with -e rollback_level=containers brings back the "
        "one it had"
        for name, (container, at) in has.items()
        if name not in had
    ]


class _Service:
    """One service, and the engine that it runs in. Every method raises ActError and Unseen."""

    def __init__(self, step: Step, call: Call) -> None:
        self._step = step
        self._limit_s = call.limit_s
        # Compose has its own limit, tried again, and what waits for the containers has one.
        self.host = Host(call.root, call.limit_s * 4)
        self._writer = open_writer(step["socket"], self.host)
        self.socket = self._writer.engine.socket
        self._look = Containers(self._writer.engine, self.host)
        self.name = f"service {step['service']} of {step['project']}"

    def containers(self) -> list[State]:
        return self._look.of_service(self._step["project"], self._step["service"])

    def spare(self, found: t.Sequence[State]) -> None:
        """Raise Refused when a container holds files that exist nowhere else."""
        if self._step["may_lose"] is None:
            return
        for one in found:
            files = self._look.own_files(one, self._step["work"], self._step["may_lose"])
            if files:
                raise Refused(
                    f"{one.name} holds files that exist only there ({_some(files)}), and they would be lost when "
                    "Compose makes it anew: rescue them (evenkeel.drift.rescue), or -e sync_overwrite_host_work=true"
                )

    def require_image(self) -> None:
        """Raise Refused when the image that a service is to have is not on the host."""
        said = self._step["image"]
        if said is not None and "$" in said:
            try:
                said = ProjectFiles(self._step, self.host).filled(said)
            except Refused:
                # The files that the change brings may be what repairs that. They are read again then.
                return
        if said is not None and _IMAGE_NAME.fullmatch(said) and self._image_id(said) is None:
            raise Refused(
                f"the image {mask(said)} of {self.name} is not on this host, and a deploy pulls none: docker pull "
                f"{mask(said)}, then deploy again"
            )

    def _image_id(self, name: str) -> str | None:
        try:
            return Fields(self._writer.engine.get(f"/images/{name}/json"), "the image").raw("Id")
        except NotFound:
            return None

    def up(self) -> str:
        """Bring the service up as its files say."""
        compose = Compose(self._step, self.socket)
        wanted = ProjectFiles(self._step, self.host).wanted(self._step["service"])
        compose.check()
        mine = {one["id"] for one in self._step["before"]["containers"]}
        self.spare([one for one in self.containers() if one.id in mine])
        had = self._unnamed()
        compose.up(self._limit_s, self._step["anew"], None)
        said = self._look.well(self.containers, wanted, self._limit_s, "was brought up")
        has = self._unnamed()
        return "; ".join([said, *(left_behind(name, *had[name]) for name in had if name not in has)])

    def ran(self) -> bool:
        """Return whether any container of the service ran before."""
        return any(one["state"] not in _STOPPED for one in self._step["before"]["containers"])

    def is_back(self) -> bool:
        """Return whether what ran before runs again, as after a rollback of containers: as many, of the same image and
        the same declaration.
        """
        ran = [one for one in self._step["before"]["containers"] if one["state"] not in _STOPPED]
        before = sorted((one["image_id"].replace("sha256:", ""), one["config_hash"]) for one in ran)
        found = self.containers()
        now = sorted((one.image.replace("sha256:", ""), one.config_hash) for one in found if one.runs)
        return bool(ran) and all(config_hash for _image, config_hash in before) and before == now

    def back(self) -> str:
        """Bring the service up as its files, which are back, say, with the image that it ran before."""
        compose = Compose(self._step, self.socket)
        files = ProjectFiles(self._step, self.host)
        wanted = files.wanted(self._step["service"])
        before = [one for one in self._step["before"]["containers"] if one["state"] not in _STOPPED]
        image = before[0]["image_id"]
        image = image if image.startswith("sha256:") else f"sha256:{image}"
        said = files.image(self._step["service"])
        hashes = {one["config_hash"] for one in before} - {""}
        if hashes and compose.config_hash() not in hashes:
            raise StepFailed(
                f"{self.name} ran as none of its files says, so that Compose cannot bring it back: the restore point "
                "can, by a rollback with -e rollback_level=containers"
            )
        declared = self._image_id(said) if said is not None and _IMAGE_NAME.fullmatch(said) else None
        had = self._unnamed()
        compose.up(self._limit_s, False, None if declared == image else {"image": image, "files": files.paths()})
        new = _begun_empty(had, self._unnamed())
        if any(one["state"] != "running" for one in before):
            # What it is now is for the audit that follows to tell.
            return "; ".join([f"{self.name} was brought back, and was not well before", *new])
        return "; ".join([self._look.well(self.containers, wanted, self._limit_s, "was brought back"), *new])

    def _unnamed(self) -> dict[str, tuple[str, str]]:
        """Return the volumes without a name by their ids: whose each is, and where it is mounted."""
        return {name: (one.name, text(at, 200)) for one in self.containers() for name, at in one.unnamed}

    def away(self) -> str:
        """Stop the containers of a service that did not run before, and remove those that it did not have, unless they
        hold files that exist nowhere else. Volumes stay.
        """
        before = {one["id"] for one in self._step["before"]["containers"]}
        # A step that an earlier version wrote down does not say.
        spare, work, kept = self._step.get("spare", True), self._step.get("work"), []
        for one in self.containers():
            # One that is gone meanwhile does not run.
            with contextlib.suppress(NotFound):
                self._writer.stop(one.id, limit_s=self._limit_s)
                files = self._look.own_files(one, work, ()) if spare and one.id not in before else []
                kept += [f"{one.name} stays: it holds files that exist only there ({_some(files)})"] if files else []
                if one.id not in before and not files:
                    self._writer.remove(one.id)
        return "; ".join([f"{self.name} does not run, as before", *kept])
