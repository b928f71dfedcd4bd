# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit with the same name in every place that somebody else may write to."""

from __future__ import annotations

from typing import Any

from report_findings import Audit, entry, git_facts, on_host, remedy, tree_facts

HOSTILE_NAME = (
    "a|b`c`<img src=x onerror=alert(1)>\n[ok] no drift\r\x1b[31m\u202e**b** [x](http://example.org) {{ 7 * 7 }} \\xff"
)


def hostile(name: str) -> dict[str, Any]:
    """Return an audit in which every text that somebody else may write is ``name``."""
    audit = Audit({name: [name]}, dict.fromkeys(("repo", "ref", "subject", "reason"), name), id=name, application=name)
    audit.data["run"]["controller"] = dict.fromkeys(("user", "host", "ansible", "collection"), name)
    missing = [{"commit": name, "subject": name, "committed": name}]
    remote = {"name": name, "url": name, "fetched": name, "branches": {name: name}, "branches_total": 1}
    audit.facts(
        name,
        "git",
        git_facts(
            name,
            subject=name,
            branch=name,
            operation=name,
            missing=missing,
            missing_total=1,
            extra=missing,
            extra_total=1,
            remotes=[remote],
            remote_branches={},
            branches={name: name},
            tags={name: name},
            fetched=name,
        ),
    )
    base = {"commit": name, "subject": name, "source": "head", "apart": None}
    audit.facts(name, "trees", tree_facts(name=name, path=name, reason=name, base=base))
    for section in ("git", "trees"):
        audit.cover(name, section, 1, 1, 1, (name, name))
        audit.evidence(name, section, reader=name, user=name, started=name, finished=name, sha256=name)
    said = {"component": name, "impact": name, "owner": name, "remedy": remedy("deploy", name, name)}
    seen = on_host("x", 3, owner=name, group=name, mtime=name, mode=name, diff={"text": name, "truncated": True})
    link = {"type": "link", "target": name, "mode": name}
    whole = {"type": "directory", "files": 1, "directories": 1, "sample": [name]}
    audit.fail(name, "git", "commit", name, "high", name, expected={"commit": name}, observed={"commit": name}, **said)
    audit.fail(
        name, "trees", "content", name, "critical", name, expected=entry("y", 4, sha256=name), observed=seen, **said
    )
    audit.fail(
        name, "trees", "mode", name, "medium", name, expected=link, observed=link, direction="host_ahead", **said
    )
    audit.fail(name, "trees", "presence", name, "low", name, state="unexpected", observed=whole, **said)
    audit.fail(
        name,
        "trees",
        "forbidden",
        name,
        "low",
        name,
        state="unexpected",
        observed={"count": 1, "sample": [name]},
        **said,
    )
    audit.fail(name, "trees", "must_contain", name, "info", name, outcome="observation", **said)
    audit.fail(name, "ports", "bound", name, "low", name, **said)
    audit.unknown(name, "trees", "read", name, "medium", name, component=name)
    audit.passed(name, "trees", "content", name, name, observed=seen, expected=seen)
    waiver = dict.fromkeys(("section", "component", "check", "subject", "environment", "host", "reason", "owner"), name)
    audit.data["waivers"] = [{**waiver, "expires": "2027-01-31", "state": "used", "matched": 1}]
    return audit.done()
