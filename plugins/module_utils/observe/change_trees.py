# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last change of each tree of a host, and what of it was taken back: from the closed journals of changes.

Private to the collection. What was started before a change that was taken back runs what it was started with, and that
is there again: what counts for it is the change before. The journals tell whether everything came back; where a deploy
may have let programs read its files without starting them anew, nobody knows that of them.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import HISTORY, read_document
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import epoch
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

EXACT = "exact"
ABOUT = ("kind", "who", "why", "run", "journal")
_MOST_JOURNALS = 20
_ROLLBACK = "rollback"
# What of a path a program reads. Owners and extended attributes do not change what it runs.
_CONTENT = ("type", "sha256", "mode", "target")

Json = t.Dict[str, t.Any]
Paths = t.Dict[str, t.Tuple[t.Any, t.Any]]
"""What a change did, by absolute path: what was there before, and after."""


class _Tree:
    """The changes of one tree, read from the newest on until it is known which counts."""

    def __init__(self) -> None:
        self.taken_back: list[Json] = []
        self.settled = False
        self.newest: Json | None = None
        self._back: tuple[Json, Paths] | None = None

    def add(self, change: Json, begun_s: int | None, paths: Paths) -> None:
        """Take the next older change, which touched these paths of the tree. ``begun_s`` is None where it does not help
        that it was taken back.
        """
        if self._back is not None and begun_s is not None and _undoes(self._back[1], paths):
            self.taken_back.append({"since_s": begun_s, "before": None})
            self._back = None
            return
        if self._back is not None:
            # That rollback brought back something else.
            self.settled = True
            return
        if self.taken_back:
            self.taken_back[-1]["before"] = change
        self.newest = self.newest or change
        if change["kind"] == _ROLLBACK:
            self._back = change, paths
        else:
            self.settled = True

    def ended(self, unfound: Json | None) -> None:
        """Take note that there is no older change to be looked at: why not, or None where there is none."""
        if not self.settled and self._back is None and self.taken_back:
            self.taken_back[-1]["before"] = unfound


def changes(
    dir_fd: int,
    placed: tuple[t.Sequence[Json], str, t.Collection[str | None]],
    trees: t.Mapping[str, str],
    host: Host,
    reread: t.Mapping[str, float],
) -> Json:
    """Return ``{trees: {name: null|Change|{reason}}, taken_back: {name: [{since_s, before: null|Change|{reason}}]}}``.

    The closed journal of a change says which paths it changed. Those that were ``reread`` since do not count: by their
    times, which a deploy does not turn back, other processes are judged. ``taken_back`` has the newest first: for what
    was started before ``since_s`` the last change that counts is ``before``. ``placed`` are the changes in place, the
    newest first, why the newest is not known, and the runs of those that may have let programs read their files.
    """
    listed, reason, stirred = placed
    root = os.path.realpath(host.root)
    wanted = {name: os.path.normpath(os.path.join(root, path)) for name, path in trees.items()}
    # Where the root is a link that a change switches, all below it is another tree.
    above, link = os.path.split(os.path.normpath(host.root))
    way = os.path.join(os.path.realpath(above), link)
    found = {name: _Tree() for name in wanted}
    known = journals(dir_fd) if listed and wanted and not reason else {}
    unread = reason
    for change in listed[:_MOST_JOURNALS] if not reason else ():
        if all(tree.settled for tree in found.values()):
            break
        host.check_time()
        read = _read(dir_fd, known.get(str(change["journal"])))
        if read is None:
            unread = f"the journal of the change of {change['time']} is no longer there, or cannot be read"
            break
        begun_s, paths = read
        counting = {path: one for path, one in paths.items() if reread.get(path, -1) < change[EXACT]}
        # Exactly, as it is held against starts of processes.
        about = {**{key: change[key] for key in ("time", *ABOUT)}, "time_s": change[EXACT]}
        for name, path in wanted.items():
            below = path.rstrip("/") + "/"
            touched = {one: seen for one, seen in counting.items() if one in (way, path) or one.startswith(below)}
            if touched and not found[name].settled:
                found[name].add(about, None if change["run"] in stirred else begun_s, touched)
    if not unread and len(listed) > _MOST_JOURNALS:
        unread = f"none of the last {_MOST_JOURNALS} changes touched it, and those before were not looked at"
    unfound: Json | None = {"reason": unread} if unread else None
    for tree in found.values():
        tree.ended(unfound)
    return {
        "trees": {name: tree.newest or unfound for name, tree in found.items()},
        "taken_back": {name: tree.taken_back for name, tree in found.items() if tree.taken_back},
    }


def journals(dir_fd: int) -> dict[str, str]:
    """Return the files of closed journals by the id of the journal."""
    try:
        folder = open_dir(dir_fd, HISTORY)
    except FileNotFoundError:
        return {}
    try:
        return {name[: -len(".json")].rpartition("-")[2]: name for name in os.listdir(folder) if name.endswith(".json")}
    finally:
        os.close(folder)


def _read(dir_fd: int, name: str | None) -> tuple[int | None, Paths] | None:
    """Return when the change of a closed journal began, and what it did; None when it cannot be read."""
    if name is None:
        return None
    folder = open_dir(dir_fd, HISTORY)
    try:
        document = journal_form.opened(read_document(folder, name))
    except (OSError, Unseen, ValueError):
        return None
    finally:
        os.close(folder)
    steps = [step for step in document["steps"] if step["how"] not in journal_form.IDLE]
    done = {os.path.join(document["root"], step["path"]): (step.get("old"), step.get("new")) for step in steps}
    return epoch(document["started"]), done


def _undoes(back: Paths, change: Paths) -> bool:
    """Return whether a rollback left all paths of a change as they were before it, and no other than it was."""
    return change.keys() <= back.keys() and all(
        _content(after) == _content(change[path][0] if path in change else before)
        for path, (before, after) in back.items()
    )


def _content(state: t.Any) -> t.Any:
    return [(state or {"type": "absent"}).get(key) for key in _CONTENT]
