# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a change in progress: what is to be done, and how far it came. Private to the collection.

The document is written once, before anything else. How far the change came is in the name of its file,
``journal.<phase>.<tries>.json``, and a step further is a rename: it needs no space on a full disk, and is never half
done.

Phases: ``begin`` (files are prepared beside their places), ``commit`` (they take their places), ``done`` (what they
replaced is removed), or ``back`` (everything returns to what it was).
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import HISTORY, read_document
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, write_document
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

BEGIN, COMMIT, DONE, BACK = journal_form.BEGIN, journal_form.COMMIT, journal_form.DONE, journal_form.BACK
KEPT = 100
"""How many closed journals the history keeps."""

Json = t.Dict[str, t.Any]


class Journal:
    """An open journal. ``document`` has ``id``, ``about``, ``root``, ``started``, ``steps``, ``folders``; ``phase`` is
    how far it came, ``tries`` how often a recovery began.
    """

    def __init__(self, state: State, document: Json, phase: str = BEGIN, tries: int = 0) -> None:
        self.state = state
        self.document = document
        self.phase = phase
        self.tries = tries

    @property
    def name(self) -> str:
        return f"journal.{self.phase}.{self.tries}.json"

    def write(self) -> None:
        """Open the journal: it is on the disk before anything else happens. Raises OSError."""
        write_document(self.state.fd, self.name, journal_form.sealed(self.document))

    def advance(self, phase: str, tries: int | None = None) -> None:
        """Go on to a phase, on the disk. Raises OSError; it may have happened all the same."""
        old = self.name
        new = Journal(self.state, self.document, phase, self.tries if tries is None else tries)
        fs.rename(self.state.fd, old, self.state.fd, new.name)
        self.phase, self.tries = new.phase, new.tries
        fs.sync_directory(self.state.fd)

    def close(self) -> None:
        """Put the journal into the history: nothing is in progress any more. One that could not be written is no
        matter. Raises OSError.
        """
        folder = self.state.folder(HISTORY)
        try:
            with contextlib.suppress(FileNotFoundError):
                fs.rename(self.state.fd, self.name, folder, f"{self.document['started']}-{self.document['id']}.json")
            fs.sync_directory(folder)
            fs.sync_directory(self.state.fd)
            for name in sorted(os.listdir(folder))[:-KEPT]:
                fs.unlink(folder, name)
        finally:
            os.close(folder)

    def summary(self) -> Json:
        """Return what an operator is told of it."""
        return journal_form.summary(self.document, self.phase, self.tries)


def find(state: State) -> Journal | None:
    """Return the journal of a change that was interrupted, None when there is none.

    Raises OSError, Refused when it cannot be trusted.
    """
    names = [match for match in map(journal_form.NAME.match, sorted(os.listdir(state.fd))) if match]
    if not names:
        return None
    if len(names) > 1:
        raise Refused(f"{state.path} has {len(names)} journals and can have one: docs/changes.md says what to do")
    name = names[0].group()
    try:
        document = journal_form.opened(read_document(state.fd, name))
    except (Unseen, ValueError) as error:
        raise Refused(
            f"the journal {state.path}/{name} is damaged ({error}): docs/changes.md says how to finish by hand"
        ) from None
    return Journal(state, document, names[0].group(1), int(names[0].group(2)))
