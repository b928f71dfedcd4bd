# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public ``verify_*`` variables: their shapes, defaults and validation. Private to the collection."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import log_shapes, prefixed, shapes, watch
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Key, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import RunName

PREFIX = "verify_"
AHEAD_S = 60
"""How far ``verify_since`` may be ahead of the clock of the control node: those of hosts may differ by so much."""


class FolderName(RunName):
    """The id of a folder below ``drift_output_dir``, left as it is, or its path."""

    def describe(self) -> str:
        return "id, or path of a folder on the control node"


def variables(cwd: str = ".") -> dict[str, Key]:
    """Return every ``verify_*`` variable; relative paths of the control node start at ``cwd``."""
    folder = FolderName(cwd)
    return {
        "verify_since": Key(
            log_shapes.Since(), log_shapes.DEPLOY, "from when on logs are read that have no `since` in the contract"
        ),
        "verify_accepted": Key(
            folder, None, "what to compare with: a verification or a run that was accepted, by its id or its folder"
        ),
        "verify_deploy": Key(
            folder, None, "the deploy that is verified, by its id or its folder; its gates stand in the report"
        ),
        # What was asked for makes passing harder: it is not dropped because nothing stands behind it.
        "verify_strict": Key(
            shapes.Boolean(), False, "whether a host fails that holds only under conditions", never_empty=True
        ),
        "verify_watch": dataclasses.replace(watch.KEY, never_empty=True),
        "verify_exercise_alerts": Key(
            shapes.Boolean(), False, "whether each alert channel of the contract gets a test message, which others see"
        ),
        "verify_again_days": Key(shapes.Integer(1, 3650), 7, "in how many days to verify again at the latest"),
    }


@dataclasses.dataclass(frozen=True)
class VerifySettings:
    """Field ``x`` is variable ``verify_x``, validated and complete."""

    since: t.Any
    """Seconds before now, a time in UTC, or ``deploy``."""
    accepted: str | None
    deploy: str | None
    strict: bool
    watch: dict[str, t.Any] | None
    exercise_alerts: bool
    again_days: int


def resolve(values: t.Mapping[str, t.Any], *, cwd: str, now_s: float) -> VerifySettings:
    """Return the settings that the variables give; names without ``verify_`` are not looked at.

    ``now_s`` are the seconds since 1970. Raises ContractError with all that is wrong.
    """
    problems = Problems()
    read = prefixed.read(values, PREFIX, variables(cwd), problems)
    _past(read["verify_since"], now_s, problems)
    problems.raise_any()
    return VerifySettings(**{name.removeprefix(PREFIX): value for name, value in read.items()})


def _past(since: t.Any, now_s: float, problems: Problems) -> None:
    """Note a time that is still to come: no log has a line since then, and one that says nothing fails nothing."""
    if not isinstance(since, str) or since == log_shapes.DEPLOY:
        return
    if datetime.datetime.fromisoformat(since).timestamp() > now_s + AHEAD_S:
        now = datetime.datetime.fromtimestamp(now_s, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        problems.add(
            "verify_since",
            f"{since} is still to come: the clock of the control node says {now}, and more than {AHEAD_S} s ahead "
            "of it there is nothing to read. Give a time that has passed, with its zone, or a duration like 1h",
        )


def documented_keys() -> list[tuple[str, Key]]:
    """Return what docs/verify.md lists."""
    return prefixed.documented(variables())
