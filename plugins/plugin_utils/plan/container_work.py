# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists only in a container, and is lost when it is made anew: files in its layer, settings given by hand.

Private to the collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]

_SHOWN = 3
_BY_HAND = "lost_on_restart"
_CURE = (
    "rescue it (evenkeel.drift.rescue) or write it into the Compose file or the image: then the container is made "
    "anew; -e sync_overwrite_host_work=true makes it anew unsaved"
)


def saved_files(layer: Json | None, identity: str, rescued: Rescued) -> list[Json]:
    """Return the changed files of a layer that a rescue holds as they are, ``[{path, size, mtime}]``: these may go."""
    files = [{key: one[key] for key in ("path", "size", "mtime")} for one in (layer or {}).get("changed", ())]
    # Without a time it cannot be told whether it is still what was rescued.
    files = [one for one in files if one["mtime"] is not None]
    return [one for one in files if (identity, one["path"], one["size"], one["mtime"]) in rescued.files]


def lost(
    container: Json,
    layer: Json | None,
    findings: t.Iterable[Json],
    rescued: Rescued,
    counts: t.Callable[[str], bool] = lambda path: True,
) -> LeftOut | None:
    """Return why a container must not be made anew, None when nothing of it would be lost for certain.

    ``container`` is as in the evidence of the section compose, ``layer`` as in that of the section containers. What
    is not known of a layer is looked for on the host, before anything is touched. ``counts`` says of a path whether the
    contract wants to know of it.
    """
    identity, name = container["id"], container["name"]
    settings = [
        one["subject"][len(name) + 1 :]
        for one in findings
        if one["check"] == "setting" and one["cause"] == _BY_HAND and one["subject"].startswith(f"{name}.")
    ]
    settings = [key for key in settings if (identity, key) not in rescued.settings]
    saved = {one["path"] for one in saved_files(layer, identity, rescued)}
    # What was deleted in a layer is in the image still.
    files = [one["path"] for one in (layer or {}).get("changed", ()) if one["kind"] != "deleted"]
    files = [path for path in files if path not in saved and counts(path)]
    more = (layer or {}).get("total", 0) - len((layer or {}).get("changed", ()))
    said = []
    if files or more > 0:
        said.append(f"only its layer has {_listed(files, more)}")
    if settings:
        said.append(f"by hand, and in no file: {_listed(settings, 0)}")
    if not said:
        return None
    return LeftOut(f"container {name}", left_out.HOST_WORK, "; ".join(said), _CURE)


def _listed(names: t.Sequence[str], more: int) -> str:
    shown = ", ".join(names[:_SHOWN])
    rest = len(names) - len(names[:_SHOWN]) + max(more, 0)
    return f"{shown} and {rest} more" if rest else shown
