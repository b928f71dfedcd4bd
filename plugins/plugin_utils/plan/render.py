# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan for people: on a terminal, and as plan.md. Private to the collection.

Text diffs were masked on the host and in the store; every text goes through ``report/safe.py``.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_argv
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, short, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import readme
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import (
    markdown,
    markdown_code,
    markdown_fence,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import Status

Json = dict[str, t.Any]

_REFUSAL = 20
"""A gate that refuses says why to its end: the last words of tests that failed are in it."""
SHOWN = 40
"""How many actions, and how many left-out paths, of a host the terminal shows; plan.md has all."""

STATES = {
    "pass": Status("PASS", "\u2705", "green"),
    "refuse": Status("REFUSE", "\u274c", "red"),
    "not_declared": Status("NOT DECLARED", "\u2796", "none"),
    "not_asked": Status("AT APPLY", "\u2796", "none"),
    "never_asked": Status("NOT ASKED", "\u2796", "none"),
    "unknown": Status("UNKNOWN", "\u2753", "cyan"),
}
_HUNK = re.compile(r"@@ -(\S+) \+(\S+) @@")


def totals(host: Json) -> str:
    """Return what happens on one host in a few words."""
    if not host["actions"]:
        return "nothing is planned" if gates.refusals(host["gates"]) else "nothing to do"
    estimate = host["estimate"]
    blast = host["blast"]
    count = f"{number(len(host['actions']), 'change')}, {number(blast['files'], 'path')}"
    if blast["services"]:
        count += f", {number(len(blast['services']), 'service')}"
    return f"{count}, {size(estimate['bytes'])}, about {duration(estimate['seconds'])}"


def restarts(host: Json) -> str:
    """Return what of a host is left to hands, and why, nothing when nothing is."""
    told = "; ".join(f"{one['name']} ({one['reason']})" for one in host["blast"]["by_hand"])
    return f"To be restarted by hand afterwards: {told}" if told else ""


def hooks(plan: Json) -> list[str]:
    """Return the sentences about the commands that a plan runs on each host that it changes."""
    return [
        f"{moment}: {shlex.join(mask_argv(argv))}"
        for moment, commands in plan["policy"]["hooks"].items()
        for argv in commands
    ]


def terminal(plan: Json, path: str, columns: int = 80, colour: bool = False) -> str:
    """Return what the operator sees, no line but the plan's path wider than ``columns``."""
    screen = Screen(columns, colour)
    screen.line(f"Plan {plan['id']}, from audit {plan['run']}")
    for one in plan["references"]:
        screen.line(f"to commit {short(one['commit'])}, {one.get('subject') or 'without a subject'}")
        screen.line(f"of {one['repo']}")
    for told in hooks(plan):
        screen.line(f"hook {told}")
    for host in plan["hosts"]:
        screen.gap()
        screen.line(f"{host['host']} ({host['environment']}), {host['root']}")
        screen.line(f"  {totals(host)}")
        for action in host["actions"][:SHOWN]:
            if "steps" in action:
                # Of what runs the reason counts, and what is to be known before; of files the path, which stands first.
                screen.paragraph(action["summary"], " " * 7, 4, first=f"  {action['n']:>3}. ")
            else:
                screen.line(f"  {action['n']:>3}. {action['summary']}")
        if len(host["actions"]) > SHOWN:
            screen.line(f"       and {len(host['actions']) - SHOWN} more in plan.md")
        if restarts(host):
            screen.paragraph(restarts(host), "  ", 5)
        _left_out(screen, host["left_out"])
        _gates(screen, host["gates"])
    readme.show(screen, plan.get("proposals", []))
    screen.gap()
    _gates(screen, plan["gates"], quiet=False)
    screen.whole("Plan: ", path)
    return screen.text()


def _left_out(screen: Screen, left: t.Sequence[Json]) -> None:
    if left:
        screen.line(f"  Left as they are: {number(len(left), 'path')}")
    cures: dict[str, list[str]] = {}
    for one in left:
        cures.setdefault(one["cure"], []).append(f"{one['path']}: {one['reason']}")
    for cure, paths in list(cures.items()):
        for said in paths[:SHOWN]:
            screen.line(f"    {said}")
        if len(paths) > SHOWN:
            screen.line(f"    and {len(paths) - SHOWN} more in plan.md")
        screen.paragraph(f"-> {cure}", "      ", 4)


def _gates(screen: Screen, gates: t.Sequence[Json], quiet: bool = True) -> None:
    """Show the gates; ``quiet`` shows only those that refuse."""
    for gate in gates:
        if gate["state"] == "refuse":
            screen.marked(STATES["refuse"], gate["name"])
            screen.paragraph(gate["sentence"], "  ", _REFUSAL)
        elif not quiet:
            screen.marked_paragraph(STATES[gate["state"]], f"{gate['name']}: {gate['sentence']}", "  ", 6)


def document(plan: Json) -> str:
    """Return plan.md."""
    parts = [
        f"# Plan {plan['id']}",
        f"Made {markdown(plan['created'])} from the audit {markdown_code(plan['run'])}. It has changed nothing.",
        *(
            f"The reference is commit {markdown_code(one['commit'])} of {markdown_code(one['repo'])}: "
            f"{markdown(one.get('subject') or '')}"
            for one in plan["references"]
        ),
        *(f"Hook {markdown_code(told)}" for told in hooks(plan)),
        "## Gates",
        _gate_table(plan["gates"]),
    ]
    for host in plan["hosts"]:
        parts += _host(host)
    parts += readme.document(plan.get("proposals", []))
    return "\n\n".join(parts) + "\n"


def _gate_table(gates: t.Sequence[Json]) -> str:
    rows = [
        f"| {markdown(gate['name'])} | {STATES[gate['state']].word} | {markdown(gate['sentence'])} |" for gate in gates
    ]
    return "\n".join(["| gate | state | why |", "|---|---|---|", *rows])


def _host(host: Json) -> list[str]:
    parts = [
        f"## {markdown(host['host'])}",
        f"{markdown(host['environment'])}, {markdown_code(host['root'])}: {markdown(totals(host))}.",
        _gate_table(host["gates"]),
        *([f"{markdown(restarts(host))}."] if restarts(host) else []),
    ]
    if host["actions"]:
        rows = [
            f"| {action['n']} | {markdown(action['summary'])} | {markdown(action['severity'])} | "
            f"{markdown(', '.join(action['restart']) or 'nothing')} | {markdown(action['undo'])} |"
            for action in host["actions"]
        ]
        parts += ["\n".join(["| # | change | severity | to restart | undo |", "|---|---|---|---|---|", *rows])]
    if host["left_out"]:
        rows = [
            f"| {markdown_code(one['path'])} | {markdown(one['reason'])} | {markdown(one['cure'])} |"
            for one in host["left_out"]
        ]
        head = ["| left as it is | why | what would make it part of a plan |", "|---|---|---|"]
        parts += ["\n".join([*head, *rows])]
    for action in host["actions"]:
        parts += _action(action)
    return parts


def _action(action: Json) -> list[str]:
    """Return the details of one action: each operation, and the text that changes; or each step."""
    title = f"### {action['n']}. {markdown(action['summary'])}"
    if "steps" in action:
        return [title, *_steps(action)]
    if not action["operations"]:
        return [title, _strategy(action)]
    lines = [
        f"| {markdown(one['do'])} | {markdown_code(one['path'])} | {markdown(before(one['before']))} | "
        f"{markdown(after(one))} |"
        for one in action["operations"]
    ]
    made = [title, "\n".join(["| operation | path | now | then |", "|---|---|---|---|", *lines])]
    if action.get("diff"):
        cut = " The diff is cut." if action["diff"]["truncated"] else ""
        made += [f"What changes on the host.{cut}", markdown_fence(forward(action["diff"]["text"]), "diff")]
    return made


def _strategy(action: Json) -> str:
    """Return what an action without operations of its own does: the host makes them out."""
    if "git" in action:
        asked = action["git"]
        rows = [
            ("HEAD", _head(asked["head"]["commit"], asked["head"]["branch"]), _head(asked["commit"], asked["branch"]))
        ]
        if asked["branch"] is not None and asked["branch"] != asked["head"]["branch"]:
            rows.append((f"branch {asked['branch']}", asked["was"] or "absent", asked["commit"]))
    else:
        asked = action["release"]
        rows = [("release", "the one in use", f"a new one of {asked['commit']}")]
        rows += [("shared", path, f"shared/{path}") for path in asked["shared"]]
        rows.append(("kept", "all", f"the {asked['keep']} newest, and those in use"))
    lines = [f"| {markdown(what)} | {markdown(now)} | {markdown(then)} |" for what, now, then in rows]
    return "\n".join(["| what | now | then |", "|---|---|---|", *lines])


def _head(commit: str | None, branch: str | None) -> str:
    return f"{commit or 'no commit'}, {'detached' if branch is None else 'on ' + branch}"


def _steps(action: Json) -> list[str]:
    rows = [
        f"| {markdown(step['do'])} | {markdown(_now(step))} | {markdown(_about(step))} |" for step in action["steps"]
    ]
    return ["\n".join(["| step | now | of |", "|---|---|---|", *rows])]


def _now(step: Json) -> str:
    """Return what the audit saw."""
    seen = step.get("before") or {}
    if "containers" in seen:
        told = [f"{one['name']} ({one['id'][:12]}), {one['state']}" for one in seen["containers"]]
        return "; ".join(told) or "no container"
    return " ".join(str(value) for value in (step.get("before") or {}).values() if value is not None) or "not known"


def _about(step: Json) -> str:
    """Return all else that a step says."""
    told = {name: step[name] for name in sorted(step) if name not in ("do", "before") and step[name]}
    return ", ".join(f"{name.replace('_', ' ')} {_word(value)}" for name, value in told.items())


def _word(value: t.Any) -> str:
    """Return a value of a step as one text."""
    return " ".join(map(_word, value)) if isinstance(value, list) else "yes" if value is True else str(value)


def before(seen: Json) -> str:
    """Return what a path is now, in a few words."""
    if seen["type"] == "file":
        content = f", sha256 {seen['sha256'][:12]}" if seen.get("sha256") else ", its content not read"
        large = "of a secret class" if seen.get("size") is None else size(seen["size"])
        return f"{large}, {seen.get('mode') or 'any mode'}{content}"
    if seen["type"] == "link":
        return f"a link to {seen['target']}"
    return {"absent": "nothing", "directory": "a directory"}[seen["type"]]


def after(operation: Json) -> str:
    """Return what a path is to be, in a few words."""
    do = operation["do"]
    if do == "write":
        mode = f", {operation['mode']}" if operation.get("mode") else ""
        return f"{size(operation['size'])}{mode}, sha256 {operation['sha256'][:12]}"
    if do == "link":
        return f"a link to {operation['target']}"
    if do == "attributes":
        return f"mode {operation.get('mode') or 'as it is'}"
    return {"directory": "a directory", "remove": "nothing", "remove_directory": "nothing, when it is empty"}[do]


def forward(diff: str) -> str:
    """Return the diff from host to reference, of one from reference to host, as the evidence has it."""
    lines = ["--- host", "+++ reference"]
    removed: list[str] = []
    added: list[str] = []
    for line in diff.split("\n")[2:]:
        if line.startswith("+"):
            removed.append("-" + line[1:])
        elif line.startswith("-"):
            added.append("+" + line[1:])
        else:
            lines += [*removed, *added, _HUNK.sub(r"@@ -\2 +\1 @@", line)]
            removed, added = [], []
    return "\n".join([*lines, *removed, *added])
