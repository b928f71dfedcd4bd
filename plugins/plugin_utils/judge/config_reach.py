# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads a configuration, and the host names that it can resolve. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import some

BARE = re.compile(r"(?!localhost\Z)[A-Za-z][A-Za-z0-9_-]{0,62}")


class Reader(t.NamedTuple):
    """What reads a key; ``project`` is that of a Compose service."""

    kind: str
    name: str
    project: str = ""

    def __str__(self) -> str:
        return f"service {self.name} (compose {self.project})" if self.project else f"{self.kind} {self.name}"


class Affected(t.NamedTuple):
    """What reads a key, and what depends on that, in words."""

    readers: tuple[str, ...]
    users: tuple[str, ...]

    def __str__(self) -> str:
        if not self.readers:
            return ""
        if not self.users:
            return f"Read by {some(self.readers)}."
        return f"Read by {some(self.readers)}, on which {some(self.users)} depend{'s' if len(self.users) == 1 else ''}."


NOBODY = Affected((), ())


class Reach(t.NamedTuple):
    """The host names that the readers of a key can resolve: those that every one of them can.

    Where nothing tells the readers, ``known`` is false and ``names`` are those that any service can. ``doubt`` says why
    there may be more names.
    """

    projects: tuple[str, ...]
    names: frozenset[str]
    known: bool
    doubt: str

    def breaks(self, key: str, own: t.Collection[str], other: t.Collection[str], whose: str) -> str:
        """Return what taking over another value would break, nothing when nothing is known to.

        ``own`` and ``other`` are the host names in this value and the other one; ``whose`` names the latter.
        """
        if not self.known and self.names.isdisjoint(own):
            # Then these names may be resolved by other means than a Compose network.
            return ""
        lost = sorted(one for one in set(other) - set(own) - self.names if BARE.fullmatch(one))
        if not lost:
            return ""
        project = f"project {self.projects[0]}" if len(self.projects) == 1 else f"projects {', '.join(self.projects)}"
        said = f"taking over {whose} would point {key} at {some(lost)}"
        if self.doubt:
            return f"{said}, and whether a service of {project} is called that is not known: {self.doubt}"
        return f"{said}, which no service of {project} is called"
