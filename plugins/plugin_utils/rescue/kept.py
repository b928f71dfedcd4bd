# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier rescues hold. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError, remove

Json = dict[str, t.Any]

FOLDER = "rescues"
"""Where rescues lie, beside the run folders."""
ABOUT = "rescue.json"


def rescued(output_dir: str, application: str) -> set[str]:
    """Return the SHA-256 of every content in a rescue of an application. One that is damaged does not count."""
    return {digest for about in _whole(output_dir, application) for digest in about["files"].values()}


def rescued_containers(output_dir: str, application: str) -> Rescued:
    """Return what of containers is in the rescues of an application. One that is damaged does not count."""
    files: set[tuple[t.Any, ...]] = set()
    settings: set[tuple[str, str]] = set()
    for about in _whole(output_dir, application):
        for one in about.get("containers") or ():
            files.update((one["id"], file["path"], file["size"], file["mtime"]) for file in one["files"])
            settings.update((one["id"], key) for key in one["settings"])
    return Rescued(frozenset(files), frozenset(settings))


def _whole(output_dir: str, application: str) -> t.Iterator[Json]:
    """Yield what each rescue of an application says of itself, as far as it is whole."""
    top = os.path.join(output_dir, FOLDER)
    names = sorted(os.listdir(top)) if os.path.isdir(top) else []
    for name in names:
        folder = RunFolder(os.path.join(top, name))
        if not os.path.isfile(folder.join(ABOUT)):
            continue
        try:
            folder.verify()
            about = folder.read(ABOUT)
        except StoreError:
            continue
        if about.get("application") == application:
            yield about


def prune(output_dir: str, keep: int | None, saved: t.Callable[[str, t.Mapping[str, str]], set[str]]) -> list[str]:
    """Remove the oldest rescues beyond ``keep`` (None: none), and return their ids.

    A rescue is where work was saved: one goes only when it is whole, and the repository that it is of has every one of
    its contents by now. ``saved(repo, contents)`` returns the paths whose content a repository has. What cannot be told
    stays. Raises StoreError.
    """
    top = os.path.join(output_dir, FOLDER)
    names = sorted(os.listdir(top)) if keep is not None and os.path.isdir(top) else []
    rescues = [RunFolder(os.path.join(top, name)) for name in names]
    rescues = [folder for folder in rescues if folder.complete() and os.path.isfile(folder.join(ABOUT))]
    removed = []
    for folder in rescues[: max(0, len(rescues) - (keep or 0))]:
        try:
            folder.verify()
            about = folder.read(ABOUT)
            # Of what was in a container it is not known where else it is. A rescue of before there were containers in
            # rescues says nothing of them.
            needless = not about.get("containers") and saved(about["repo"], about["files"]) >= about["files"].keys()
        except (StoreError, ReferenceUnavailable):
            continue
        if needless and remove(folder):
            removed.append(folder.id)
    return removed
