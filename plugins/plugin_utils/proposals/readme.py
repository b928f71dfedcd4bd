# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of a proposal, and what a plan shows of all of them. Private to the collection.

Every text of a host goes through ``report/safe.py``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Json, Proposal, Step
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import (
    markdown,
    markdown_code,
    markdown_fence,
    terminal,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen

SHOWN = 20
"""How many proposals the terminal shows; plan.md has all."""


def readme(name: str, one: Proposal, plan: Json) -> str:
    """Return README.md of a proposal. ``plan`` is the plan that it belongs to."""
    host = "all hosts" if one.host == "*" else markdown_code(one.host)
    parts = [
        f"# {markdown(one.title)}",
        f"For {host}, from the audit {markdown_code(plan['run'])}. It is a proposal.",
        markdown(one.what),
    ]
    if one.why:
        reasons = (f"* {markdown(why['summary'])} (finding {markdown_code(why['id'])})" for why in one.why)
        parts += ["## Why", "\n".join(reasons)]
    if one.notes:
        parts += ["## To be looked at first", "\n".join(f"* {markdown(note)}" for note in one.notes)]
    parts += ["## Review", *_steps(one.review), "## Apply"]
    if one.actions:
        parts += [
            "A deploy that is asked to does it, with all gates, a restore point and a journal:",
            markdown_fence(
                f'ansible-playbook evenkeel.drift.deploy -i INVENTORY -e \'{{"sync_proposals": ["{name}"]}}\'', "sh"
            ),
        ]
    else:
        parts += ["By hand, as root on the host where nothing else is said.", *_steps(one.apply)]
    parts += ["## Undo", *_steps(one.undo)]
    return "\n\n".join(parts) + "\n"


def _steps(steps: t.Sequence[Step]) -> list[str]:
    parts = []
    for at, step in enumerate(steps, start=1):
        parts.append(markdown(step.text) if len(steps) == 1 else f"{at}. {markdown(step.text)}")
        if step.commands:
            parts.append(markdown_fence("\n".join(map(terminal, step.commands)), "sh"))
    return parts


def show(screen: Screen, listed: t.Sequence[Json]) -> None:
    """Show the proposals of a plan, as it lists them, on a terminal."""
    if not listed:
        return
    screen.gap()
    screen.line(f"{number(len(listed), 'proposal')}, to be read and applied only when asked:")
    for one in listed[:SHOWN]:
        screen.line(f"  {one['name']} ({_how(one)})")
        screen.line(f"    {one['title']}")
    if len(listed) > SHOWN:
        screen.line(f"  and {len(listed) - SHOWN} more in plan.md")
    screen.line("  -> how to review, apply and undo: proposals/NAME/README.md beside the plan")


def document(listed: t.Sequence[Json]) -> list[str]:
    """Return the part of plan.md about proposals."""
    if not listed:
        return []
    rows = [_row(one) for one in listed]
    return [
        "## Proposals",
        "What can only be suggested. Each has a folder below `proposals/` of the deploy that made the plan, with a "
        "README that says why, how to review, how to apply and how to undo it.",
        "\n".join(["| name | host | what | applied | findings |", "|---|---|---|---|---|", *rows]),
    ]


def _row(one: Json) -> str:
    cells = (one["host"], one["title"], _how(one), ", ".join(one["findings"]))
    return f"| {markdown_code(one['name'])} | {' | '.join(map(markdown, cells))} |"


def _how(one: Json) -> str:
    if one["applied"]:
        return "part of this plan"
    return "with sync_proposals" if one["can_apply"] else "by hand"
