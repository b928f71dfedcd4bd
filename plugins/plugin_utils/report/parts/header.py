# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of a report: what was looked at, when, against what, and how. Private to the collection."""

from __future__ import annotations

import datetime

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, reference_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report

REVIEW_DAYS = 7
_METHOD = Markup(
    "Readers on each host return what they see and what they cannot see; the control node compares that with the "
    "contract and the reference. Repositories are read as data: no git runs on a host. Every number below is counted "
    "from findings.json."
)
_READ_ONLY = Markup(
    "This audit reads and changes nothing on any host, apart from the traces that any login leaves in the logs of "
    "sshd and sudo and the access time of symbolic links."
)


def render(report: Report) -> Lines:
    """Return the title and the table under it."""
    run = report.run
    application = run.get("application")
    rows: list[tuple[str, object]] = [
        ("Run", code(run["id"])),
        ("Date", str(run.get("started") or "")[:10]),
        ("Window", _window(run)),
        ("Application", application),
        ("Environments", join("; ", [_environment(one) for one in report.environments])),
        ("Reference", join("; ", [_reference(report, one) for one in report.environments])),
        ("Scope", _scope(report)),
        ("Method", _METHOD),
        ("Read-only", _READ_ONLY),
        ("Produced by", _producer(run)),
        ("Judged as of", run.get("as_of")),
        ("Next review", _next_review(run)),
    ]
    return [*heading(1, phrase("Drift report: {}", application)), *table(("Item", "Value"), rows)]


def _time(text: object) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _window(run: Json) -> str:
    """Return start, end and the time between them, computed."""
    begin, end = _time(run.get("started")), _time(run.get("finished"))
    if begin is None or end is None:
        return f"{run.get('started') or 'not known'} to {run.get('finished') or 'not finished'}"
    minutes, seconds = divmod(int((end - begin).total_seconds()), 60)
    return f"{run['started']} to {run['finished']} ({minutes} min {seconds} s)"


def _next_review(run: Json) -> str:
    end = _time(run.get("finished")) or _time(run.get("started"))
    if end is None:
        return "after the next change"
    due = (end + datetime.timedelta(days=REVIEW_DAYS)).strftime("%Y-%m-%d")
    return f"after the next change, or on {due} ({REVIEW_DAYS} days after this run), whichever comes first"


def _environment(environment: Json) -> Markup:
    hosts = sorted(environment["hosts"])
    return phrase(
        "{} ({}: {})", environment["name"], number(len(hosts), "host"), some([code(host) for host in hosts], len(hosts))
    )


def _reference(report: Report, environment: Json) -> Markup:
    references = report.references_of(environment["name"])
    if not references:
        return phrase("{}: none named, comparison was not asked", environment["name"])
    return phrase("{}: {}", environment["name"], join(" and ", [_described(one) for one in references]))


def _described(reference: Json) -> Markup:
    name = code(reference_name(reference))
    if reference.get("outcome", "ok") != "ok":
        return phrase("{}, which could not be made: {}", name, reference.get("reason"))
    if reference.get("kind") != "git":
        return name
    return phrase(
        "{}, commit {}, {}, committed {}, from {}",
        name,
        code(reference.get("commit")),
        reference.get("subject"),
        reference.get("committed"),
        code(reference.get("repo")),
    )


def _scope(report: Report) -> str:
    sections = ", ".join(report.sections) or "no section was reached"
    return f"{sections} on {number(len(report.hosts), 'host')} in {number(len(report.environments), 'environment')}"


def _producer(run: Json) -> Markup:
    made: Json = run.get("controller") or {}
    collection, ansible = (code(made.get(key) or "of unknown version") for key in ("collection", "ansible"))
    user, host = (made.get(key) or "not known" for key in ("user", "host"))
    return phrase("evenkeel.drift {} on ansible-core {}; user {}, control node {}", collection, ansible, user, host)
