# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategy of a deploy makes of the operations of its plan, on the host. Private to the collection.

Only hosts that are deployed so are sent the code of another strategy than ``tree``, which adds nothing.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations, Operation
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

Json = t.Dict[str, t.Any]


class Work(t.NamedTuple):
    """What is applied: ``operations`` below ``root``, with the contents in the folders ``sources`` (None: with
    ``check``); ``paths`` are those that would change besides, or, with ``instead``, all that are told. ``notes`` are
    sentences about what could not be cleared away afterwards.
    """

    root: str
    operations: t.Sequence[Operation]
    sources: t.Sequence[int] | None
    paths: t.Sequence[str] = ()
    instead: bool = False
    notes: t.Sequence[str] = ()

    def told(self, changed: t.Sequence[str]) -> list[str]:
        """Return the paths that an operator is told of, when the change of files tells ``changed``."""
        return sorted(self.paths) if self.instead else sorted({*changed, *self.paths})


# Of what was planned, the state directory (None: there is none yet), who and why, the host, and whether nothing is to
# be touched. Raises BadOperations, ActError, Unseen, OSError.
Strategy = t.Callable[[Work, "State | None", t.Mapping[str, t.Any], Host, bool], t.ContextManager[Work]]


@contextlib.contextmanager
def tree(
    planned: Work, _state: State | None, _about: t.Mapping[str, t.Any], _host: Host, _check: bool
) -> t.Iterator[Work]:
    """Give the operations as they were planned."""
    yield planned


def contents(request: Json) -> dict[str, int]:
    """Return the size of each content that a strategy needs besides those of the operations, by SHA-256.

    Raises BadOperations with a message that names the place.
    """
    git = request.get("git")
    return content_of("git.pack", git.get("pack")) if isinstance(git, dict) else {}


def content_of(place: str, value: t.Any) -> dict[str, int]:
    """Return the size of a content by its SHA-256 from ``{sha256, size}``, nothing for null. Raises BadOperations."""
    if value is None:
        return {}
    sha256, size = (value.get("sha256"), value.get("size")) if isinstance(value, dict) else (None, None)
    if not _SHA256.match(str(sha256)) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise BadOperations(f"{place}: expected the sha256 and the size in bytes of a content")
    return {str(sha256): size}
