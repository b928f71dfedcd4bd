# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in command lines and in files of words: options, netrc, pgpass, SQL. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, looks_secret, words

_WORD = r"(?:\"[^\"\n]*\"|'[^'\n]*'|(?!<masked>)[^\s\"']+)"
_PROSE = words(
    """
    a an and are as at be by can flag for from if in is it must not of on option or so that the then to was when
    will with
    """
)

_LONG_OPTION = re.compile(r"(?<![\w-])-{1,2}(?P<key>[A-Za-z][\w.-]{0,64})[ \t]+(?!-)(?P<value>" + _WORD + ")")
_METAVAR = re.compile(r"[A-Z_]{2,}[\])]?$|\[?<[\w -]+>?\]?$|\$\{?\w+\}?$|\{\{")

# program -> its short options that carry a secret; "+" when the value can only be attached, "u" for user:password.
_SHORT: tuple[tuple[t.Pattern[str], t.Pattern[str]], ...] = tuple(
    (re.compile(program), re.compile(rf"(?P<keep>(?<=\s){option})(?P<value>{_WORD})"))
    for program, option in (
        (r"(?:mysql|mariadb)[\w-]*", r"-p(?=\S)"),
        (r"sshpass", r"-p[ \t]*"),
        (r"mongo\w*", r"-p[ \t]*"),
        (
            r"(?:docker|podman|helm|nerdctl|buildah|skopeo|oras|crane|az|oc|vault)[ \t]+(?:registry[ \t]+)?login",
            r"-p[ \t]*",
        ),
        (r"7z[azr]?", r"-p(?=\S)"),
        (r"(?:un)?zip", r"-P[ \t]*"),
        (r"redis-(?:cli|benchmark)", r"-a[ \t]*"),
        (r"(?:redis-cli|valkey-cli).{0,200}?\bAUTH", r"[ \t]*(?:\S+[ \t]+(?=\S))?"),
        (r"ldap(?:search|add|modify|delete|passwd|whoami)", r"-[wsW][ \t]*"),
        (r"(?:curl|wget|http|https|xh)", r"(?:-u|--user|--proxy-user|-U|-a|--auth)[ \t=]*[\"']?[^\s:\"']{0,200}:"),
        (r"smb(?:client|map)|rpcclient|net", r"-U[ \t]*[^\s%\"']{0,200}%"),
        (r"htpasswd(?:[ \t]+-\w*b\w*)", r"\S+[ \t]+\S+[ \t]+"),
    )
)
_PROGRAM_HINTS = (
    "mysql",
    "mariadb",
    "sshpass",
    "mongo",
    "login",
    "7z",
    "zip",
    "redis",
    "valkey",
    "ldap",
    "curl",
    "wget",
    "http",
    "xh",
    "smb",
    "rpcclient",
    "net",
    "htpasswd",
)

_LINE_WORDS = re.compile(
    r"^(?P<keep>[+\- ]?[ \t]*(?:requirepass|masterauth|bindpw|rootpw|password|passwd|passphrase|AUTH)[ \t]+)(?P<value>"
    + _WORD
    + r")(?=[ \t\r]*$)",
    re.MULTILINE,
)
_NETRC = re.compile(
    r"(?P<keep>\blogin[ \t]+\S{1,256}[ \t]+(?:account[ \t]+\S{1,256}[ \t]+)?password[ \t]+)(?P<value>(?!<masked>)\S+)"
)
_AUTH = re.compile(
    r"(?P<keep>\bAUTH[ \t]+(?:[\w.-]{1,64}[ \t]+(?=\S))?)(?P<value>(?!<masked>)[^\s\"']{6,})(?=[ \t\r]*$)", re.MULTILINE
)
_SQL = re.compile(
    r"(?P<keep>\b(?:identified[ \t]+(?:with[ \t]+[\w'\"]{1,64}[ \t]+)?by|password)[ \t]+(?:password[ \t]+)?)"
    r"(?P<value>'[^'\n]*'|\"[^\"\n]*\")",
    re.IGNORECASE,
)
_ACL = re.compile(r"(?P<keep>\buser[ \t]+\S{1,128}[ \t]+(?:on|off)[ \t][^\n>]{0,200}>)(?P<value>(?!masked>)\S+)")
# host:port:database:user:password, as in .pgpass
_PGPASS = re.compile(
    r"^(?P<keep>[+\- ]?(?![0-9a-f:]+$)[^\s:/#]{1,255}:(?:[1-9]\d{2,4}|\*):(?!\d+:)[^\s:]{1,128}:[^\s:]{1,128}:)"
    r"(?P<value>(?!<masked>)[^\s].*)$",
    re.MULTILINE,
)
_RULES: tuple[tuple[tuple[str, ...], t.Pattern[str]], ...] = (
    (("requirepass", "masterauth", "bindpw", "rootpw", "passw", "passphrase", "auth"), _LINE_WORDS),
    (("login",), _NETRC),
    (("auth",), _AUTH),
    (("identified", "password"), _SQL),
    (("user",), _ACL),
)


def mask_words(text: str, lowered: str) -> str:
    """Return ``text`` without secrets that follow an option or a word; ``lowered`` is ``text.lower()``."""
    if "-" in text:
        text = _LONG_OPTION.sub(_option, text)
        if any(hint in lowered for hint in _PROGRAM_HINTS):
            text = "\n".join(_short_options(line) for line in text.split("\n"))
    for hints, pattern in _RULES:
        if any(hint in lowered for hint in hints):
            text = pattern.sub(_keep, text)
    if text.count(":") >= 4:
        text = _PGPASS.sub(_keep, text)
    return text


def _keep(match: t.Match[str]) -> str:
    return match.group("keep") + MARK


def _option(match: t.Match[str]) -> str:
    value = match.group("value")
    if not looks_secret(match.group("key")) or value.lower() in _PROSE or _METAVAR.match(value):
        # The value may be an option's name for what follows, but never a secret of this one.
        return match.group()
    return match.group()[: match.start("value") - match.start()] + MARK


def _short_options(line: str) -> str:
    for program, option in _SHORT:
        called = re.compile(rf"(?<![\w.-]){program.pattern}(?![\w.:-])").search(line)
        if called is not None:
            line = line[: called.end()] + option.sub(_keep, line[called.end() :])
    return line
