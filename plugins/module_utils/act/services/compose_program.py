# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Compose of the host, run with nothing of its user: no configuration, no credentials, no variables. Private to
the collection.

Only two of its commands are ever run: ``config``, which says whether the files can be read, and by which hash Compose
knows a service, and ``up`` of one service. Neither pulls nor builds an image, and neither touches another service.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

_VERSION_S = 20.0
_CONFIG_S = 60.0
_VERSION = re.compile(r"v?([0-9]+)\.[0-9]+")
# That of a change that was killed may still be at work, and two of them are in each other's way.
_TRIES = 2
_NOWHERE = "/nonexistent"
_PIN = "-"
"""How Compose calls a file that it reads from its standard input."""

# Of what it cannot read, Compose repeats the text, which can be a line of a key or the end of a password.
_REPEATED = re.compile(
    r"(variable name|quoted value|[Ii]nvalid template:|[Ii]nvalid interpolation format) .*", re.DOTALL
)
_UNSET = re.compile(r'The \\*"[^"]*" variable is not set')

Json = t.Dict[str, t.Any]


def bare(said: str) -> str:
    """Return what Compose said, without what it repeats of the files that it could not read."""
    return _REPEATED.sub(r"\1 (not shown: it may be a secret)", _UNSET.sub("A variable is not set", said))


class Compose:
    """Compose for one project. ``files`` are its Compose files, absolute; none: those that Compose looks for."""

    def __init__(self, step: Json, socket: str) -> None:
        """Find it. Raises StepFailed when this host has none that can be used."""
        self._step = step
        self._directory = os.fsdecode(raw(step["directory"]))
        self._environment = {
            "DOCKER_HOST": f"unix://{socket}",
            "DOCKER_CONFIG": f"{_NOWHERE}/.docker",
            "HOME": _NOWHERE,
        }
        self._program = self._found()

    def _found(self) -> list[str]:
        reasons = []
        for argv in (["docker", "compose"], ["docker-compose"]):
            path = program.find(argv[0])
            if path is None:
                continue
            found = [path, *argv[1:]]
            try:
                done = program.run(
                    [*found, "version", "--short"], _VERSION_S, environment=self._environment, name=" ".join(argv)
                )
            except program.ProgramFailed as failed:
                reasons.append(str(failed))
                continue
            match = _VERSION.match(done.out.decode("ascii", "replace").strip())
            if match and int(match[1]) >= 2:
                return found
            reasons.append(f"{path} is Compose {mask(done.said)[:40]}, and version 2 is needed")
        why = "; ".join(reasons) or "neither docker compose nor docker-compose is installed"
        raise StepFailed(f"Compose cannot be run on this host: {why}. Install the Compose plugin, version 2")

    def check(self) -> None:
        """Raise StepFailed when Compose cannot read the files of the project, in its words, masked."""
        try:
            self._run(["config", "--quiet"], _CONFIG_S, [], b"")
        except program.ProgramFailed as failed:
            raise StepFailed(f"the Compose files in {self._step['directory']} cannot be used: {failed}") from None

    def config_hash(self) -> str:
        """Return the hash by which Compose knows the declaration of the service, as its files are now. Raises
        StepFailed.
        """
        service = self._step["service"]
        try:
            done = self._run(["config", "--hash", service], _CONFIG_S, [], b"")
        except program.ProgramFailed as failed:
            raise StepFailed(f"the Compose files in {self._step['directory']} cannot be used: {failed}") from None
        words = done.out.decode("ascii", "replace").split()
        return words[-1] if words else ""

    def up(self, limit_s: float, anew: bool, pinned: Json | None) -> None:
        """Bring one service up without those that it depends on. ``anew`` makes its containers anew in any case,
        ``pinned`` is ``{image, files}``: the image that it gets instead of the declared one, and all Compose files.
        Raises StepFailed.
        """
        service = self._step["service"]
        argv = ["up", "--detach", "--no-deps", "--no-build", "--pull", "never", "--remove-orphans=false"]
        argv += ["--force-recreate"] if anew else []
        files: list[str] = []
        stdin = b""
        if pinned is not None:
            files = [*pinned["files"], _PIN]
            stdin = json.dumps({"services": {service: {"image": pinned["image"]}}}).encode("ascii")
        for left in range(_TRIES - 1, -1, -1):
            try:
                self._run([*argv, "--", service], limit_s, files, stdin)
                return
            except program.ProgramFailed as failed:
                if not left:
                    name = f"service {service} of {self._step['project']}"
                    raise StepFailed(f"{name} was not brought up: {failed}") from None

    def _run(self, argv: t.Sequence[str], limit_s: float, files: t.Sequence[str], stdin: bytes) -> program.Done:
        step = self._step
        options = ["--ansi", "never", "--project-name", step["project"], "--project-directory", self._directory]
        for name in files or step["files"]:
            options += ["--file", name]
        if step["env_file"] is not None:
            options += ["--env-file", step["env_file"]]
        for profile in step["profiles"]:
            options += ["--profile", profile]
        try:
            return program.run(
                [*self._program, *options, *argv],
                limit_s,
                cwd=self._directory,
                environment=self._environment,
                stdin=stdin,
                name=f"docker compose {argv[0]}",
            )
        except program.ProgramFailed as failed:
            raise program.ProgramFailed(bare(str(failed))) from None
