# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wording for secrets in a history. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short, size

_NAMED = 3


def holders(hosts: t.Sequence[str]) -> str:
    """Return who uses a secret: ``web1 uses``, ``web1 and 4 more hosts use``."""
    if len(hosts) == 1:
        return f"{hosts[0]} uses"
    return f"{hosts[0]} and {number(len(hosts) - 1, 'more host')} use"


def came_and_went(one: Details, reference: str) -> str:
    """Return where a secret came into the history, and whether it is still there."""
    first = one["first"]
    if first["path"] is None:
        return f"in the message of {_commit(first)}"
    parts = [f"first in {_commit(first, first['path'])}"]
    if one["present_total"]:
        others = [path for path in one["present"] if path != first["path"]]
        where = "" if first["path"] in one["present"] else f" as {others[0]}"
        rest = one["present_total"] - 1
        parts.append(f"still in {reference}{where}" + (f" and in {number(rest, 'more file')} of it" if rest else ""))
    elif one["removed"] is not None:
        parts.append(f"taken out in {_commit(one['removed'])}")
    else:
        parts.append(f"not in {reference}, but on another branch or tag")
    if one["messages"]:
        parts.append(f"and said by {number(one['messages'], 'commit message')}")
    return ", ".join(parts)


def _commit(commit: Details, path: str = "") -> str:
    about = ", ".join(part for part in (commit["committed"], path) if part)
    return f"commit {short(commit['commit'])}" + (f" ({about})" if about else "")


def searched(scan: Details, repo: str) -> str:
    """Return what was searched, for what."""
    text = (
        f"{number(scan['commits'], 'commit')} and {number(scan['files'], 'version')} of files "
        f"({size(scan['bytes'])}) of {repo} were searched for "
    )
    without = scan["in_use"]["without"]
    known = number(scan["in_use"]["secrets"], "secret in use", "secrets in use")
    text += f"{known} and for tokens of known form"
    if without:
        text += f"; no secret of {some(without)} is known, since no section that was audited there tells one"
    return text


def unsearched(scan: Details) -> list[str]:
    """Return why there may be more than was found, nothing when all was searched."""
    said = list(scan["gaps"])
    if scan["unread_total"]:
        files = [f"{one['path']} ({size(one['bytes'])})" for one in scan["unread"]]
        said.append(
            f"{number(scan['unread_total'], 'file is', 'files are')} too large to be read: "
            f"{some(files, scan['unread_total'])}; what holds no secret can be named under secrets_in_history.ignore"
        )
    more = scan["secrets_total"] - len(scan["secrets"])
    if more:
        said.append(f"{number(more, 'more secret was', 'more secrets were')} found and not listed")
    for one in scan["in_use"]["unseen"][:_NAMED]:
        said.append(f"the secrets of {one['host']} are not known, its section {one['section']} was not seen")
    hidden = len(scan["in_use"]["unseen"]) - _NAMED
    return said + ([f"nor those of {number(hidden, 'more section')} of hosts"] if hidden > 0 else [])


def some(names: t.Sequence[str], total: int = 0) -> str:
    """Return a few names, and how many there are beyond them."""
    hidden = max(total, len(names)) - min(len(names), _NAMED)
    return ", ".join(names[:_NAMED]) + (f" and {hidden} more" if hidden > 0 else "")
