# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shell commands that check a finding by hand: they only read, and names that a line cannot show are left out.

Private to the collection.
"""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report

HOSTS = 20
PATHS = 50


def plain(name: str) -> str | None:
    """Return a name as a shell gets it, None when it has characters that cannot be seen or is not UTF-8."""
    try:
        real = raw(name).decode("utf-8")
    except ValueError:
        return None
    return real if real and real.isprintable() else None


def script(report: Report) -> tuple[list[str], int]:
    """Return the lines of all commands, and how many hosts and paths were left out: unfit names, or too many."""
    lines: list[str] = []
    left_out = shown = 0
    asked = [one for one in [*report.findings, *report.checks] if (one["section"], one["check"]) == ("git", "commit")]
    commits = {one["host"]: one for one in asked}
    for environment, host in report.hosts:
        made, skipped = _host(commits.get(host), report.by_host.get(host, []))
        name, root = plain(host), plain(report.root(environment, host))
        if not made and not skipped:
            continue
        if name is None or name.startswith("-") or root is None or "'" in root or shown == HOSTS:
            left_out += 1
            continue
        shown += 1
        left_out += skipped
        lines += [
            f"# {name}",
            f"root={shlex.quote(root)}",
            *(line.replace("\0", shlex.quote(name)) for line in made),
            "",
        ]
    return lines[:-1], left_out


def _host(commit: Json | None, findings: t.Sequence[Json]) -> tuple[list[str], int]:
    """Return the commands for one host, NUL standing for its quoted name, and how many paths were left out."""
    mine = [one for one in findings if one["outcome"] != "unknown" and one["section"] == "trees"]
    lines = [] if commit is None else _commit(commit)
    skipped = 0
    for make, chosen in (
        (_digests, [one for one in mine if _has_digest(one)]),
        (_modes, [one for one in mine if one["check"] in ("mode", "owner", "mtime")]),
        (_strays, [one for one in mine if (one["check"], one["state"]) == ("presence", "unexpected")]),
    ):
        named = [(path, one) for one in chosen if (path := plain(one["subject"])) is not None]
        skipped += len(chosen) - len(named[:PATHS])
        if named:
            lines += make([(f"./{path}" if path.startswith("-") else path, one) for path, one in named[:PATHS]])
    for comment, command in live_commands.commands(findings, plain):
        lines += [comment, _remote(command)]
    return lines, skipped


def _commit(check: Json) -> list[str]:
    path, wanted = plain(check["subject"]), plain(str((check.get("expected") or {}).get("commit") or ""))
    if path is None or wanted is None:
        return []
    return [f"# expected: {wanted}", _remote(f"git --no-optional-locks -C {shlex.quote(path)} rev-parse HEAD")]


def _has_digest(finding: Json) -> bool:
    expected = finding.get("expected") or {}
    regular = expected.get("type") == "file" and plain(str(expected.get("sha256") or "")) is not None
    return finding["check"] in ("content", "presence") and regular


def _digests(named: t.Sequence[tuple[str, Json]]) -> list[str]:
    """Return one ``sha256sum -c`` over the reference's digests: it succeeds once all files equal the reference."""
    sums = [f"{one['expected']['sha256']}  {path}" for path, one in named]
    return [
        f"# expected: OK for {number(len(sums), 'file')}",
        "ssh \0 \"cd '$root' && sha256sum -c -\" <<'EOF'",
        *sums,
        "EOF",
    ]


def _modes(named: t.Sequence[tuple[str, Json]]) -> list[str]:
    lines = []
    for path, one in named:
        expected = one.get("expected") or {}
        wanted = " ".join(text for key in ("mode", "owner", "group") if (text := plain(str(expected.get(key) or ""))))
        lines += [
            f"# expected: {wanted or 'as in the reference'}",
            _remote(f"stat -c '%04a %U %G %y %n' -- {shlex.quote(path)}"),
        ]
    return lines


def _strays(named: t.Sequence[tuple[str, Json]]) -> list[str]:
    quoted = " ".join(shlex.quote(path) for path, _one in named)
    return [
        "# only on this host: expected to be gone, or in the reference",
        _remote(f"stat -c '%A %U %s %y %n' -- {quoted}"),
    ]


def _remote(command: str) -> str:
    """Return an ssh call: the local shell fills in the root, the remote one gets everything else as it stands."""
    return f"ssh \0 \"cd '$root' && \"{shlex.quote(command)}"
