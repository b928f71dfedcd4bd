# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a finding. Work that exists only on a host is always saved first. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

SAVE_FIRST = (
    "Save the host's version before anything else touches it. Do not stash, pull, reset or check out on this host "
    "before that: it would hide or overwrite work that exists nowhere else."
)


def remedy(kind: str, text: str, commands: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Return a remedy; ``commands`` only read."""
    made: dict[str, t.Any] = {"kind": kind, "text": text}
    if commands:
        made["commands"] = list(commands)
    return made


def with_terms(given: Details, terms: Details) -> dict[str, t.Any]:
    """Put the contract's own text in the place of ours; the warning about unsaved work stays."""
    own = terms.get("remedy")
    if not own:
        return dict(given)
    text = f"{SAVE_FIRST} {own}" if SAVE_FIRST in given["text"] else own
    return {**given, "text": text}


def saving(kind: str, text: str, commands: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Return a remedy that begins with saving the host's work."""
    return remedy(kind, f"{SAVE_FIRST} {text}", commands)


FIX_ACCESS = remedy("fix_access", "Remove the stated obstacle and audit again: nothing is known about this until then.")
EXERCISE = remedy("investigate", "Use it, or look for longer, and audit again: nothing happened that could be judged.")
