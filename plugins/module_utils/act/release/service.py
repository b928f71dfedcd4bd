# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy ``release``: a request of the control node that makes a new release and switches to it. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import service
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.back import remember
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.expand import expand
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.prune import prune
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.site import find, next_name, read
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.strategy import Work
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc

Json = t.Dict[str, t.Any]


def answer(request: Json) -> Json:
    """Return what ``act/service.py`` answers."""
    return service.answer(request, functools.partial(release, request["release"]))


@contextlib.contextmanager
def release(
    values: t.Any, planned: Work, state: State | None, about: t.Mapping[str, t.Any], host: Host, check: bool
) -> t.Iterator[Work]:
    """Give the operations that make a release of a plan's and switch to it. Afterwards old ones are removed.

    Raises BadOperations, ActError, Unseen, OSError.
    """
    asked = read(values)
    site = find(planned.root)
    made = expand(site, planned.operations, asked, next_name(site, asked.commit), state, host)
    notes: list[str] = []
    yield Work(site.above, made.operations, planned.sources, made.changed, True, notes)
    if check or state is None or not made.operations:
        return
    # The change is in place: what cannot be noted, removed or told is in nobody's way.
    with contextlib.suppress(OSError, Unseen):
        remember(state, site, None if made.parts else about.get("point"), host)
    told = _pruned(planned.root, asked.keep, site.name)
    if "reason" in told:
        notes.append(f"old releases were left where they are, and take room: {told['reason']}")
    with contextlib.suppress(OSError):
        state.log({"what": "old releases removed", **{key: about.get(key) for key in ("id", "who", "run")}, **told})


def _pruned(root: str, keep: int, before: str) -> Json:
    try:
        return {"releases": prune(root, keep, before, Proc(), containers.mounted)}
    except (ActError, Unseen) as error:
        return {"releases": [], "reason": error.reason}
    except OSError as error:
        return {"releases": [], "reason": explain(error)}
