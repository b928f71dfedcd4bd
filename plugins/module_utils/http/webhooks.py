# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the addresses of alert channels without using them: set, well-formed, distinct. Private to the collection.

A webhook's address is a secret: whoever knows it can post. It never leaves its host; what is told is its kind, and a
digest under the run's key.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.evenkeel.drift.plugins.module_utils.env_value import find_value
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

KINDS: dict[str, re.Pattern[str]] = {
    "discord": re.compile(
        r"(?:(?:canary|ptb)\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]{17,20}/[\w-]{60,90}", re.ASCII
    ),
    "slack": re.compile(
        r"hooks\.slack(?:-gov)?\.com/(?:services/T\w{6,}/B\w{6,}/\w{20,}|(?:workflows|triggers)/[\w/]{20,})", re.ASCII
    ),
    "teams": re.compile(
        r"[\w.-]+\.(?:webhook\.office\.com/webhookb2|logic\.azure\.com(?::443)?/workflows)/.{20,}", re.ASCII
    ),
    "telegram": re.compile(r"api\.telegram\.org/bot[0-9]{6,12}:[\w-]{30,50}(?:/.*)?", re.ASCII),
}
"""How the address of each kind looks behind ``https://``."""

ANY = "any"
_HOSTS = {
    "discord": re.compile(r"discord(?:app)?\.com\Z"),
    "slack": re.compile(r"slack(?:-gov)?\.com\Z"),
    "teams": re.compile(r"(?:office|azure)\.com\Z"),
    "telegram": re.compile(r"telegram\.org\Z"),
}
_PLACEHOLDER = re.compile(
    r"\$\{|<[^>]*>|\{\{|x{4,}|\b(?:change|replace)[-_ ]?me\b|\byour\b|your[-_]|\btodo\b|\bplaceholder\b|"
    r"example\.(?:com|org|net)",
    re.IGNORECASE,
)
_OWN = ("localhost", "127.0.0.1", "::1")

Json = t.Dict[str, t.Any]


def look(entries: t.Sequence[t.Mapping[str, t.Any]], host: Host) -> list[Json]:
    """Return ``{name, outcome, reason, state: set|missing|placeholder|null, kind, problem, digest}`` of each entry.

    ``kind`` is what the address is of (``discord slack teams telegram any``), ``problem`` what is wrong with it,
    empty when nothing is; ``digest`` its HMAC-SHA256 under the run's key.
    """
    return [_look(entry, host) for entry in entries]


def _look(entry: t.Mapping[str, t.Any], host: Host) -> Json:
    place = entry["webhook"]
    made: Json = {"name": entry["name"], "outcome": "ok", "reason": ""}
    nothing = {"state": None, "kind": None, "problem": "", "digest": None}
    try:
        host.check_time()
        value = find_value(host.root, place["file"], place["key"])
    except Unseen as unseen:
        return {**made, **nothing, "outcome": "unknown", "reason": unseen.reason}
    if not value:
        return {**made, **nothing, "state": "missing"}
    if is_placeholder(value):
        return {**made, **nothing, "state": "placeholder"}
    host.learn(secrets_of(place["key"], value))
    kind, problem = judge_address(value)
    return {**made, "state": "set", "kind": kind, "problem": problem, "digest": keyed(host.key, value)}


def is_placeholder(value: str) -> bool:
    """Say whether an address is what a template has in its place: somebody else may read what is sent there."""
    return _PLACEHOLDER.search(value) is not None


def judge_address(value: str) -> tuple[str, str]:
    """Return kind and problem of an address, in words that hold nothing of it."""
    if not value.isprintable() or " " in value:
        return ANY, "it holds characters that no address has"
    try:
        parts = urllib.parse.urlsplit(value)
        name, _port = parts.hostname or "", parts.port
    except ValueError:
        return ANY, "it is no URL"
    if parts.scheme not in ("http", "https") or not name:
        return ANY, "it is no URL of http or https"
    kind = next((kind for kind, host in _HOSTS.items() if host.search(name)), ANY)
    if parts.scheme == "http" and name not in _OWN:
        return kind, "it is sent without encryption: http, not https"
    if kind != ANY and not KINDS[kind].fullmatch(value.partition("://")[2]):
        return kind, f"it is not formed as an address of {kind} is"
    return kind, "" if len(parts.path) > 1 or parts.query else "it names a server and nothing on it"
