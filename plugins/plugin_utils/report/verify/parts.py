# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, what may go wrong, what to do, what it rests on, and how to see it again. Private to the
collection.
"""

from __future__ import annotations

import shlex

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.render import STATES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import HOSTS, plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    fence,
    heading,
    join,
    paragraph,
    phrase,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import NOT_STATED, priority
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import STATUS, Verification, rows

_INFRASTRUCTURE = ("processes", "units", "ports", "containers", "compose", "streams", "resources")
_CODE = ("git", "trees", "packages")
_CHECK = "# in the folder of the run, and in that of the verification\nsha256sum -c MANIFEST.sha256"
_COMMANDS = 200
_NAMED = 3
_WIDTH = 150
_PLACES = 10
_WHERE = Markup(
    "These only read. Run them on the host, in the root that is named, as the user that it was read as: after "
    "`sudo -i` where that was root by `become`. What another user may not see they do not show."
)
_NOW = "For a check of the window they show how it is now: what was seen in it stands in the evidence."
_WORDS = Markup(
    "The tables from here to the risks show what the audit measured, in its words: OK, DRIFT, UNKNOWN, NOTE, NOT "
    "EXERCISED. What a row is called is the worst of all checks above about the same thing, also of those of the "
    "observation window, of the comparison and of test messages. DRIFT is FAIL above from severity medium on, and "
    "OBSERVATION below."
)


def measured(seen: Verification) -> Lines:
    """Return the tables of the sections, in the words of an audit's report: what each shows is what was measured."""
    lines: Lines = []
    for title, sections in (
        ("API endpoints", ("endpoints",)),
        ("Infrastructure", _INFRASTRUCTURE),
        ("Logs and performance", ("logs",)),
        ("Configuration, expected and observed", ("configs",)),
        ("Code", _CODE),
        ("Commands of the contract", ("commands",)),
    ):
        here = [section for section in sections if section in seen.report.sections]
        if here and not lines:
            lines += paragraph(_WORDS)
        lines += heading(2, title) if here else []
        for section in here:
            lines += registry.RENDERERS[section](seen.report)
    return lines


def gates(seen: Verification) -> Lines:
    """Return the gates of the deploy that is verified: what is not declared blocks nothing."""
    found = seen.data["gates"]
    if seen.data["deploy"] is None:
        return []
    lines = heading(2, "Before the deployment")
    lines += paragraph(phrase("The gates of the deploy {}, as they were when it began:", code(seen.data["deploy"])))
    ticked = [
        phrase(
            "- {}{} {}{}: {}",
            Markup("" if one["state"] == "not_declared" else "[x] " if one["state"] == "pass" else "[ ] "),
            Markup(f"[{STATES[one['state']].word}]" if one["state"] in STATES else "[UNKNOWN]"),
            one["name"].replace("_", " "),
            Markup("") if one["host"] is None else phrase(" of {}", one["host"]),
            one["sentence"],
        )
        for one in found
    ]
    return [*lines, *ticked, ""]


def regression(seen: Verification) -> Lines:
    """Return what was compared with an accepted run: both numbers, and by which bounds."""
    told: Json | None = seen.data["regression"]
    if told is None:
        return []
    found = [one for one in seen.checks if one["section"] == "regression"]
    lines = heading(2, "Regression")
    lines += paragraph(phrase("Compared with {}. {}", code(told["accepted"]), Markup(told["rule"])))
    listed = [
        (
            one["host"],
            one["component"],
            one["check"],
            _value(one["expected"]),
            _value(one["observed"]),
            STATUS[one["verdict"]].markdown(),
        )
        for one in found
    ]
    return [*lines, *rows(("Host", "What", "Compared", "Accepted", "Now", "Verdict"), listed)]


def _value(side: Json) -> str:
    """Return the number of one side of a comparison."""
    if "ms" in side:
        return f"{side['ms']:.0f} ms"
    if "kib" in side:
        return f"{side['kib'] / 1024:.0f} MiB"
    if "count" in side:
        return (
            f"{side['count']} in {duration(side['seconds'])}" if side["seconds"] else f"{side['count']}, time not known"
        )
    return f"{side['passed']} of {side['checks']} passed" if "checks" in side else ""


def risks(seen: Verification) -> Lines:
    """Return every check that is not PASS, with the impact and the owner that the contract states."""
    found = [seen.check(name) for name in seen.data["risks"]]
    lines = heading(2, "Risks")
    if not found:
        return [*lines, *paragraph("None: every check is PASS.")]
    return [*lines, *rows(("Risk", "Host", "Verdict", "Severity", "Impact", "Owner"), [_risk(one) for one in found])]


def _risk(one: Json) -> tuple[object, ...]:
    return (
        one["summary"],
        one["host"],
        STATUS[one["verdict"]].markdown(),
        priority(one["severity"]),
        one["impact"] or NOT_STATED,
        one["owner"] or NOT_STATED,
    )


def follow_up(seen: Verification) -> Lines:
    """Return what is to be done, by horizon."""
    lines = heading(2, "Follow-up")
    found = seen.data["follow_up"]
    if not found:
        return [*lines, *paragraph("Nothing: no check asks for anything.")]
    listed = [
        (one["within"], priority(one["severity"]), one["text"], _things(seen, one["checks"]), len(one["checks"]))
        for one in found
    ]
    return [*lines, *rows(("When", "Priority", "What", "Where", "Checks"), listed)]


def _things(seen: Verification, names: list[str]) -> Markup:
    """Return what some checks are about, each thing once with its host."""
    checks = [seen.check(name) for name in names]
    # A component of a window is the kind of thing alone, and its subject the thing.
    said = {
        (one["host"], one["section"], one["subject" if one["section"] == "watch" else "component"]) for one in checks
    }
    first = sorted(said)[:_PLACES]
    shown = join("; ", [phrase("{}: {} {}", host, section, code(name)) for host, section, name in first])
    return phrase("{} and {} more", shown, len(said) - _PLACES) if len(said) > _PLACES else shown


def contacts(seen: Verification) -> Lines:
    """Return who looks after what, as the contracts state it; nothing when none does."""
    found = seen.data["contacts"]
    if not found:
        return []
    listed = [(one["owner"], _some(one["of"], _PLACES), join(", ", one["hosts"])) for one in found]
    return [*heading(2, "Contacts"), *rows(("Who", "Looks after", "On"), listed)]


def evidence(seen: Verification) -> Lines:
    """Return what this rests on, and how to see that nobody changed it."""
    listed = [
        (code(one["path"]), one["host"], one["started"], one["finished"], one["bytes"], code(one["sha256"]))
        for one in seen.data["evidence"]
    ]
    lines = [*heading(2, "Evidence"), *paragraph(phrase("In the folder of the run {}:", code(seen.data["run"])))]
    lines += rows(("File", "Host", "From", "To", "Bytes", "sha256"), listed)
    more = [(code(one["path"]), one["of"], one["bytes"], code(one["sha256"])) for one in seen.data["files"]]
    if more:
        text = phrase("And, of the run and of the verification {} itself:", code(seen.data["id"]))
        lines += [*paragraph(text), *rows(("File", "Of the", "Bytes", "sha256"), more)]
    return [*lines, *paragraph("To see that no file was changed since:"), *fence(_CHECK, "sh")]


def commands(seen: Verification) -> Lines:
    """Return the commands that repeat the checks by hand, by host, each once; and why some have none."""
    lines = heading(2, "Commands to repeat each check")
    lines += paragraph(_WHERE)
    lines += paragraph(_NOW) if seen.data["watch"] else []
    of_hosts: dict[str, dict[str, list[str]]] = {}
    reasons: dict[str, list[str]] = {}
    for one in seen.checks:
        told = f"{one['section']} {one['check']} {one['subject']}"
        if one["command"]:
            of_hosts.setdefault(one["host"], {}).setdefault(one["command"], []).append(told)
        else:
            reasons.setdefault(one["instead"], []).append(f"{told} of {one['host']}")
    shown = left_out = 0
    for environment, host in seen.report.hosts:
        mine = of_hosts.get(host)
        name, root = plain(host), plain(seen.report.root(environment, host))
        if not mine:
            continue
        if name is None or root is None or shown == HOSTS:
            left_out += 1
            continue
        shown += 1
        lines += heading(3, code(name)) + fence("\n".join(_script(root, mine)), "sh")
    if left_out:
        lines += paragraph(f"{number(left_out, 'host')} left out: all commands are in verify.json.")
    if reasons:
        lines += paragraph("No command on a host repeats these:")
        lines += rows(("Checks", "Why"), [(_some(names), reason) for reason, names in sorted(reasons.items())])
    return lines


def _some(names: list[str], most: int = _NAMED) -> str:
    """Return the first of some names, and how many there are besides."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _wrapped(names: list[str]) -> list[str]:
    """Return the names of checks in lines of a width that can be read."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) < _WIDTH:
            lines[-1] += f"; {name}"
        else:
            lines.append(name)
    return lines


def _script(root: str, mine: dict[str, list[str]]) -> list[str]:
    made = [f"cd -- {shlex.quote(root)}"]
    for command, names in list(mine.items())[:_COMMANDS]:
        # What a check is about may be a name that the host gave it: on a line of its own it would be a command.
        # All of them stand there, so that each is found with its command.
        made += [*(terminal(f"# {line}") for line in _wrapped(names)), command]
    return made
