# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of restic in which a host keeps its restore points as well: encrypted on the host, with a password that
the operator chose. Private to the collection.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import time
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.act import program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, piped
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.key_files import read_text, read_variables
from ansible_collections.evenkeel.drift.plugins.module_utils.act.program import ProgramFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import Masker, mask, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

_MARK = "evenkeel.drift"
_REPOSITORY = "RESTIC_REPOSITORY"
# These say the same as the password file, or take its place.
_PASSWORDS = ("RESTIC_PASSWORD", "RESTIC_PASSWORD_COMMAND", "RESTIC_REPOSITORY_FILE")
_SNAPSHOT = re.compile("[0-9a-f]{64}")
_LIST_BYTES = 64 << 20
# Of the four lines that restic says of a lock, the last one.
_LOCKED = "`unlock` command"
# Hosts that share a repository forget one after the other: each keeps the others out for a second or two.
_PATIENCE_S, _PAUSE_S = 180.0, 2.0
_CURES = (
    ("wrong password", "the password file is not that of this repository"),
    ("unable to open config file", "is the address right? A new repository is made once, with: restic init"),
    (_LOCKED, "another restic works there: wait until it is done; a lock that was left goes with: restic unlock"),
)

Json = t.Dict[str, t.Any]


class Place(t.NamedTuple):
    """Where points are kept besides: ``repository`` as restic names it (None: ``RESTIC_REPOSITORY`` of ``env_file``),
    two files of the host, the name by which this host's snapshots are known, how many are kept there, and the time
    limit in seconds.
    """

    repository: str | None
    password_file: str
    env_file: str | None
    host: str
    keep: int
    keep_days: int | None
    timeout: int


class Snapshot(t.NamedTuple):
    """One point in the repository; ``size`` is that of its files, in bytes."""

    id: str
    point: str
    size: int


class Repository:
    """The snapshots of one application of one host. What restic says is masked."""

    def __init__(self, place: Place, application: str) -> None:
        """Raises PointError when there is no restic, or a file of the operator cannot be used."""
        self.place = place
        self._application = f"application={urllib.parse.quote(application, safe='')}"
        password = read_text(place.password_file).strip()
        if not password:
            raise PointError(f"{place.password_file} holds no password")
        given = read_variables(place.env_file) if place.env_file else {}
        self._environment = {name: value for name, value in given.items() if name not in _PASSWORDS}
        self._environment["RESTIC_PASSWORD_FILE"] = place.password_file
        if place.repository:
            self._environment[_REPOSITORY] = place.repository
        if not self._environment.get(_REPOSITORY):
            raise PointError(f"no repository is named: give one, or {_REPOSITORY} in env_file")
        address = self._environment[_REPOSITORY]
        others = [value for name, value in given.items() if name != _REPOSITORY]
        self._masker = Masker([password, *others, *secrets_of("", address)])
        self.address = self._hidden(mask(address))
        found = program.find("restic")
        if found is None:
            raise PointError("there is no restic on this host: install it, as its package is called")
        self._program = found

    def save(self, points_fd: int, point: str, size: int, host: Host) -> Snapshot:
        """Make a snapshot of a point. Raises PointError, Unseen."""
        tags = ",".join((_MARK, self._application, f"point={point}", f"bytes={size}"))
        # Points are named relative to their folder: so they stand in the snapshot, wherever a host keeps them.
        folder = f"/proc/{os.getpid()}/fd/{points_fd}"
        self._change(["backup", "--host", self.place.host, "--tag", tags, "--", point], host, folder)
        found = self.find(point, host)
        if found is None:
            raise PointError(f"restic made no snapshot of {point} in {self.address}")
        return found

    def find(self, point: str, host: Host) -> Snapshot | None:
        """Return the newest snapshot of a point, None when there is none. Raises PointError, Unseen."""
        return next((one for one in self.snapshots(host) if one.point == point), None)

    def snapshots(self, host: Host) -> list[Snapshot]:
        """Return the snapshots of this host's points, the newest point first. Raises PointError, Unseen."""
        tags = f"{_MARK},{self._application}"
        words = ["snapshots", "--no-lock", "--json", "--host", self.place.host, "--tag", tags]
        ran = command.execute(
            self._argv(words), host, host.time_left(), max_bytes=_LIST_BYTES, environment=self._environment
        )
        if ran.exit_code != 0:
            said = program.last_words(ran.err) or program.last_words(ran.out) or "nothing"
            raise self._failed(f"restic ended with {ran.exit_code} and said: {said}")
        try:
            listed = json.loads(ran.out)
            found = [_snapshot(one) for one in listed or ()]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise PointError(f"what restic lists of {self.address} cannot be read") from None
        ours = [one for one in found if one is not None]
        # restic lists the oldest first: of two of one point, the later one comes first here.
        ours.reverse()
        return sorted(ours, key=lambda one: one.point, reverse=True)

    @contextlib.contextmanager
    def reading(self, snapshot: Snapshot, host: Host) -> t.Iterator[piped.Source]:
        """Yield a point as the repository gives it back, as a tar archive. Raises PointError, Unseen."""
        words = ["dump", "--no-lock", "--archive", "tar", snapshot.id, f"/{snapshot.point}"]
        try:
            with contextlib.ExitStack() as stack:
                yield stack.enter_context(piped.output_of(self._argv(words), host, self._environment))
        except ProgramFailed as error:
            raise self._failed(str(error)) from None

    def forget(self, snapshots: t.Sequence[Snapshot], host: Host) -> None:
        """Remove snapshots from the repository's list; what they take is freed by whoever prunes it. Raises PointError,
        Unseen.
        """
        if snapshots:
            self._change(["forget", *(one.id for one in snapshots)], host, "/")

    def _change(self, words: t.Sequence[str], host: Host, folder: str) -> None:
        patient_until = time.monotonic() + min(_PATIENCE_S, host.time_left())
        while True:
            host.check_time()
            try:
                program.run(self._argv(words), host.time_left(), cwd=folder, environment=self._environment)
            except ProgramFailed as error:
                if _LOCKED not in str(error) or time.monotonic() + _PAUSE_S > patient_until:
                    raise self._failed(str(error)) from None
            else:
                return
            time.sleep(_PAUSE_S)

    def _argv(self, words: t.Sequence[str]) -> list[str]:
        # Without a cache nothing is left on the host, and what is read back comes from the repository.
        return [self._program, "--quiet", "--no-cache", *words]

    def _failed(self, said: str) -> PointError:
        said = self._hidden(said)
        cure = next((cure for sign, cure in _CURES if sign in said), None)
        return PointError(f"{said} ({cure})" if cure else said)

    def _hidden(self, said: str) -> str:
        return self._masker.mask(said)


def limits(place: Place, most: float = math.inf) -> Host:
    """Return the time that the work with a repository may take, at most so many seconds."""
    return Host("/", min(place.timeout, most))


def _snapshot(listed: Json) -> Snapshot | None:
    """Return a snapshot of the list, None when it is none of ours."""
    tags = dict(tag.partition("=")[::2] for tag in listed["tags"])
    point, size = tags.get("point", ""), tags.get("bytes", "")
    if not manifest.ID.fullmatch(point) or not size.isdecimal() or not _SNAPSHOT.fullmatch(listed["id"]):
        return None
    return Snapshot(listed["id"], point, int(size))
