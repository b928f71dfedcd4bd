# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the strategy of a deploy makes of the operations of its plan, on the host. Private to the collection.

Only hosts that are deployed so are sent the code of another strategy than ``tree``, which adds nothing.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import Operation
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

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
    """Return the size of each content that a strategy needs besides those of the operations, by SHA-256."""
    pack = (request.get("git") or {}).get("pack")
    return {pack["sha256"]: pack["size"]} if pack else {}
