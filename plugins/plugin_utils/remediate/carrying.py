# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the batches of a remediation watched, as evidence of the verification in its end. Private to the collection.

Nothing is watched twice: a window of a host that stayed as its batch left it counts in the end as well.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import file_of

_UNCHANGED = "it was not watched: nothing was changed on it, and a remediation watches what it changes"
_BACK = "it was brought back, and what was watched before that says nothing of it now"
_UNVERIFIED = "it was changed, and the verification of that did not come to an end"
_FAILED = "it was not watched: its change failed"
_DONE_NOTHING = ("unchanged", "planned", "refused", "not_begun")

Json = dict[str, t.Any]


def carry(deploy: RunFolder, opened: RunFolder, hosts: t.Iterable[str], window: t.Any) -> None:
    """Copy into the folder of a verification what was watched of each host, and note in its run.json of whom that is,
    and why there is nothing of the others. Raises StoreError.
    """
    results = deploys.results(deploy)
    carried: dict[str, str] = {}
    unwatched: dict[str, str] = {}
    for host in hosts:
        result = results.get(host) or {}
        told: Json = result.get("verification") or {}
        reason = _unwatched(result, told) or _copied(opened, told["id"], host)
        if reason:
            unwatched[host] = reason
        else:
            carried[host] = told["id"]
    about = opened.read(folder.ABOUT)
    opened.write(folder.ABOUT, {**about, "watch": window, "carried": carried, "unwatched": unwatched})


def _unwatched(result: Json, told: Json) -> str:
    """Return why what was watched of a host does not count, if it does not. ``told`` is its verification."""
    if not result or result["outcome"] in _DONE_NOTHING:
        return _UNCHANGED
    if told.get("back") or (not told and result["outcome"] == "rolled_back"):
        return _BACK
    if not told and result["outcome"] == "failed":
        return _FAILED
    return "" if told.get("id") else _UNVERIFIED


def _copied(opened: RunFolder, name: str, host: str) -> str:
    """Copy what a verification watched of a host as it vouches for it, and return why that cannot be. Raises
    StoreError where it cannot be written.
    """
    source, file = RunFolder(os.path.join(os.path.dirname(opened.path), name)), file_of(host)
    try:
        vouched = source.verify()
    except (StoreError, OSError) as error:
        return f"what was watched of it cannot be used any more: {error}"
    if file not in vouched:
        return f"the verification {name} of its change did not watch it"
    opened.write(file, source.read(file))
    if opened.checksum(file) != vouched[file]:
        raise StoreError(f"{opened.join(file)} is not what {source.path} vouches for")
    return ""
