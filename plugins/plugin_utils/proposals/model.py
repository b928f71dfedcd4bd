# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan can only suggest: one thing that a person should read, and then apply or leave.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

Json = dict[str, t.Any]

UNIT, COMPOSE, IGNORE, CLEAN_UP, ROTATION, OVERLAY, REMOVAL = KINDS = (
    "unit",
    "compose",
    "gitignore",
    "clean_up",
    "log_rotation",
    "compose_overlay",
    "removal",
)


class Step(t.NamedTuple):
    """A sentence that says what is to be done, and the lines that a shell gets for it."""

    text: str
    commands: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Proposal:
    """One suggestion for one host.

    ``subject`` is what it is about, in a word, of which its name is made. ``why`` holds ``{id, summary}`` of findings.
    ``files`` are the texts that lie beside its README by file name. ``actions`` are those of a plan, without their
    number; where there are none it is applied by hand, and ``apply`` says how. ``covers`` are paths that a plan
    leaves as they are unless it is applied. ``notes`` say what the files do not.
    """

    kind: str
    subject: str
    host: str
    title: str
    what: str
    why: tuple[Json, ...] = ()
    files: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    review: tuple[Step, ...] = ()
    apply: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    actions: tuple[Json, ...] = ()
    covers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is known of one host: its contract, what was seen there, and what was found wrong.

    ``section(name)`` is a section's evidence, None where it was not asked or not seen. ``has(path)`` tells whether
    the reference has a file, ``ignores(path)`` whether it ignores one. ``repository`` is the reference's, and
    ``committed(path)`` the content of a file of the commit, None where it has none.
    """

    host: str
    environment: str
    application: str
    root: str
    contract: t.Mapping[str, t.Any]
    section: t.Callable[[str], Json | None]
    findings: t.Sequence[Json]
    has: t.Callable[[str], bool] = lambda path: False
    ignores: t.Callable[[str], bool] = lambda path: False
    repository: str | None = None
    committed: t.Callable[[str], bytes | None] = lambda path: None

    def found(self, section: str, *checks: str) -> list[Json]:
        """Return the findings of some checks of a section that nobody has waived, in their order."""
        return [
            one
            for one in self.findings
            if one["section"] == section and one["check"] in checks and one["outcome"] == "fail" and not one["waiver"]
        ]


def reasons(findings: t.Iterable[Json]) -> tuple[Json, ...]:
    """Return what a proposal tells of the findings that it is made for."""
    return tuple({"id": one["id"], "summary": one["summary"]} for one in findings)
