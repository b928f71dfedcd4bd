# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback that is under way: what it was to do, and what was so before it. Private to the collection.

Files have a journal of their own. What follows them asks of each thing how it is, so that all of it can be done again;
what cannot be asked any more after a crash stands in this document.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import levels, manifest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

NAME = journal_form.ROLLBACK
_BOOT = "/proc/sys/kernel/random/boot_id"

Json = t.Dict[str, t.Any]


class Pending(t.NamedTuple):
    """``ran`` says of containers whether they ran, by name; ``since_us`` when the rollback began, in microseconds of
    the boot ``boot``; ``restart`` names the units that use what was to be changed, ``restarts`` says whether units are
    started anew at all; ``tags`` are the images that names stood for; ``files`` says whether all files are in place,
    ``volumes`` which of them are as they were saved, None before the first of them is touched; ``torn`` says that they
    were of two ages already when it began, as one to another point had touched some.
    """

    point: str
    level: str
    who: str
    why: str
    started: str
    boot: str
    since_us: int
    ran: dict[str, bool]
    restart: list[str]
    restarts: bool = True
    tags: dict[str, str] | None = None
    files: bool = False
    volumes: list[str] | None = None
    torn: bool = False

    def is_torn(self) -> bool:
        """Return whether volumes may be of two ages: some were touched, and not all are known to be back."""
        return self.torn or (self.volumes is not None and not self.files)

    def back_at(self, point: str) -> list[str] | None:
        """Return which volumes are as a point has them, None where none of them has to follow others."""
        if self.point == point:
            return self.volumes
        return [] if self.is_torn() else None

    def is_before(self, since_us: int) -> bool:
        """Return whether something that is active since then, in this boot, became so before the rollback."""
        return boot() == self.boot and since_us < self.since_us

    def summary(self) -> Json:
        """Return what an operator is told of it."""
        kept = ("who", "why", "started", "point", "level", "files")
        return {"kind": "rollback", **{name: getattr(self, name) for name in kept}}


def begin(
    state: State,
    about: tuple[str, str, str, str],
    ran: t.Mapping[str, bool],
    restart: t.Iterable[str],
    restarts: bool = True,
    tags: t.Mapping[str, str] | None = None,
) -> Pending:
    """Write down what is about to be done; ``about`` is point, level, who and why. Raises OSError.

    One that was interrupted is gone on with: what ran is what ran before that one, and so are names of images.
    """
    earlier = find(state)
    point, level, who, why = about
    made = Pending(point, level, who, why, utc_now(), boot(), now_us(), dict(ran), sorted(restart), restarts)
    made = made._replace(tags=dict(tags or {}))
    if earlier is not None:
        made = made._replace(ran={**ran, **earlier.ran}, restart=sorted({*made.restart, *earlier.restart}))
        made = made._replace(tags={**(tags or {}), **(earlier.tags or {})})
        torn = earlier.torn if earlier.point == point else earlier.is_torn()
        made = made._replace(volumes=earlier.back_at(point), torn=torn)
        if earlier.boot == made.boot:
            made = made._replace(since_us=earlier.since_us)
    state.write(NAME, made._asdict())
    return made


def note(state: State, begun: Pending, **more: t.Any) -> Pending:
    """Note how far it came: fields of :class:`Pending`. Returns it as it is now. Raises OSError."""
    begun = begun._replace(**more)
    state.write(NAME, begun._asdict())
    return begun


def find(state: State) -> Pending | None:
    """Return the rollback that was interrupted, None when none was. Raises OSError, Refused when it cannot be read."""
    try:
        found = state.read(NAME)
        if found is None:
            return None
        made = Pending(**found)
        if made.level not in levels.LEVELS or not manifest.ID.fullmatch(made.point):
            raise ValueError("it names no point or level")
        return made
    except (Unseen, ValueError, TypeError) as error:
        raise Refused(
            f"{state.path}/{NAME} cannot be read ({error}): a rollback was interrupted; remove the file, then roll "
            "back to the point that is wanted, by its id"
        ) from None


def end(state: State) -> None:
    """Forget it: all is done. Raises OSError."""
    fs.unlink(state.fd, NAME)
    fs.sync_directory(state.fd)


def boot() -> str:
    """Return the id of this boot of the machine."""
    with open(_BOOT, "rb") as file:
        return file.read(64).decode("ascii", "replace").strip()


def now_us() -> int:
    """Return the clock by which systemd tells times, in microseconds."""
    return int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6)
