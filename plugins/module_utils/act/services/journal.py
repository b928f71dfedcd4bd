# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``services.json`` in the state directory: which steps follow a change of files, and how far they came. Private to the
collection.

It is on the disk before the files begin to change, and is gone when all is done. Its phases: ``pending`` (the files are
not in place; without a journal of files they never will be), ``due`` (they are, and the steps are run), ``failed`` (one
of the steps did not do what it should). When files are brought back while it lies there, it turns: what was begun is
taken back, by steps that are run in the same way.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Busy, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import hooks, kinds, registry, under_way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Moment
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

NAME = journal_form.SERVICES
PENDING, DUE, FAILED = "pending", "due", "failed"
FORWARD, BACK = "forward", "back"
WAY_BACK = "rollback"
"""What a change that ended well and is taken back is called as a kind."""
LABEL = "services"
"""The key under which the journal of the files names what belongs to it here."""

Json = t.Dict[str, t.Any]


class Record:
    """The services of one change. ``document`` has ``token``, ``about``, ``root``, ``started``, ``limit_s``,
    ``actions``, ``hooks``, ``files`` (whether any file changed), and how far it came: ``phase``, ``direction``,
    ``since``, ``begun`` and ``done`` (lists of ``[action, step]`` by place), ``reason``, and ``hook``, the
    last command that was begun (``under_way.py``; the key is missing in older ones). A step on what was not well before
    has ``ill``, which says how it was.
    """

    def __init__(self, state: State, document: Json) -> None:
        self.state = state
        self.document = document

    @property
    def phase(self) -> str:
        return str(self.document["phase"])

    @property
    def direction(self) -> str:
        return str(self.document["direction"])

    @property
    def since(self) -> Moment | None:
        since = self.document["since"]
        return None if since is None else Moment(*since)

    @property
    def is_unbegun(self) -> bool:
        """Whether it is that of a way back that changed nothing, when no rollback is under way: one that did has turned
        it before it came to its end.
        """
        return self.document["about"].get("kind") == WAY_BACK and self.direction == FORWARD

    def needed(self) -> bool:
        """Return whether there is anything to be run: steps behind the files, or commands around the change."""
        return bool(self.document["actions"] or self.document["hooks"])

    def write(self) -> None:
        """Bring it to the disk as it is now. Raises OSError."""
        self.state.write(NAME, journal_form.sealed(self.document))

    def note(self, hook: Json) -> None:
        """Bring to the disk which command is about to begin. A full disk keeps none from being run: what is lost is
        that a recovery finds it, if this process is killed meanwhile.
        """
        self.document["hook"] = hook
        with contextlib.suppress(OSError):
            self.write()

    def come_due(self) -> None:
        """Note that the files are in place, as of this moment. Raises OSError."""
        self.document.update(phase=DUE, since=list(kinds.now()))
        self.write()

    def turn_back(self, files: bool = True) -> list[str]:
        """Make what was begun the steps that lead back, due from this moment on; ``files`` says whether files were
        brought back as well. Returns the names of what no step leads back from. Raises OSError.
        """
        actions, stay = [], []
        for number, action in enumerate(self.document["actions"]):
            begun, done = (_only(action, number, self.document[name]) for name in ("begun", "done"))
            undone = registry.undoing(begun, files)
            actions += [] if undone is None else [undone]
            stay += [str(action["path"])] if registry.stays(begun, done, files) else []
        actions += hooks.actions(self.document["hooks"], hooks.ON_FAILURE)
        self.document.update(actions=actions, direction=BACK, begun=[], done=[])
        self.come_due()
        return stay

    def close(self) -> None:
        """Forget it: nothing is left to do. Raises OSError."""
        fs.unlink(self.state.fd, NAME)
        fs.sync_directory(self.state.fd)

    def summary(self) -> Json:
        """Return what an operator is told of it."""
        document = self.document
        return {
            **{key: document["about"].get(key) for key in ("kind", "who", "why", "run", "id", "point")},
            "started": document["started"],
            "root": document["root"],
            "phase": self.phase,
            "direction": self.direction,
            "services": [action["path"] for action in document["actions"]],
            "reason": document["reason"],
        }


def _only(action: Json, number: int, begun: t.Sequence[t.Sequence[int]]) -> Json:
    """Return an action with the steps alone that were begun, or done: what was so already is not taken back."""
    steps = [step for place, step in enumerate(action["steps"]) if [number, place] in begun]
    return {**action, "steps": steps}


def make(
    state: State, about: t.Mapping[str, t.Any], root: str, limit_s: float, actions: t.Sequence[Json], hooked: Json
) -> Record:
    """Return the record of a change that is about to begin; it is not written yet."""
    return Record(
        state,
        {
            "token": os.urandom(8).hex(),
            "about": dict(about),
            # Not as links lead just now: once a release was switched to, that one is meant. And by this path steps name
            # what lies below it.
            "root": os.path.normpath(root),
            "started": utc_now(),
            "limit_s": limit_s,
            "actions": list(actions),
            "hooks": hooked,
            "files": True,
            "phase": PENDING,
            "direction": FORWARD,
            "since": None,
            "begun": [],
            "done": [],
            "reason": "",
            "hook": None,
        },
    )


def of_a_change(
    state: State, about: t.Mapping[str, t.Any], root: str, limit_s: float, actions: t.Sequence[Json], hooked: Json
) -> Record:
    """Return the record of a change that ended well and is about to be taken back; it is not written yet.

    It lies there as if the change had failed at its last step: it turns when the files are back, and whoever finds it
    after a crash finds all that its steps want done.
    """
    record = make(state, about, root, limit_s, actions, hooked)
    places = [[number, place] for number, one in enumerate(actions) for place in range(len(one["steps"]))]
    record.document.update(phase=FAILED, since=[kinds.boot_id(), 0.0], begun=places, done=list(places))
    record.document["reason"] = f"it is being taken back: {about['why']}"
    return record


def find(state: State) -> Record | None:
    """Return the services of a change that did not end, None when there are none. Raises OSError, Refused."""
    try:
        sealed = state.read(NAME)
        return None if sealed is None else Record(state, journal_form.opened(sealed))
    except (Unseen, ValueError) as error:
        raise Refused(
            f"{state.path}/{NAME} is damaged ({error}): the files are whole; look at the services that it names, then "
            "remove it"
        ) from None


def turned(state: State) -> Record | None:
    """Return the services of a change that did not end, or is taken back, on their way back from now on; None where
    there are none, or they never came due. Raises OSError, Refused.
    """
    record = find(state)
    if record is None or record.phase == PENDING:
        return None
    if record.direction != BACK:
        record.turn_back()
    return record


def refuse_hook(state: State) -> None:
    """Raise Busy while a command of a change that was interrupted still runs: it is not started a second time beside
    itself, and nothing changes under it. Raises OSError, Refused.
    """
    record = find(state)
    hook = None if record is None else record.document.get("hook")
    pids = under_way.left(hook)
    if hook is None or not pids:
        return
    listed = ", ".join(map(str, pids))
    raise Busy(
        f"the hook {hook['said']} of a change that was interrupted still runs (process {listed}): wait until it has "
        f"ended, or end it (kill {' '.join(map(str, pids))}), and deploy again",
        {"pid": pids[0], "why": f"hook {hook['said']}"},
    )


def files_in_place(state: State, token: t.Any) -> None:
    """Note that the files of a change are all in place; its journal is still open, so that this can be repeated.

    ``token`` is that of the change. The steps that belong to it are due now. Those of another change turn back, for
    what was changed now lies under what they started; those that never came due are left to be forgotten. Raises
    OSError, Refused.
    """
    record = find(state)
    if record is None:
        return
    if record.document["token"] == token:
        if record.phase == PENDING:
            record.come_due()
    elif record.phase == PENDING:
        return
    elif record.direction == BACK:
        record.document.update(begun=[], done=[])
        record.come_due()
    else:
        record.turn_back()
