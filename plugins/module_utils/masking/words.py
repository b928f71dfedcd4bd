# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in command lines and in files of words: options, netrc, pgpass, SQL. Private to the collection."""

from __future__ import annotations

import functools
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

# (what must occur in the lower-cased text, a program, what stands before a secret in the rest of its line)
_PROGRAMS: tuple[tuple[str, str, str], ...] = (
    ("mysql", r"mysql[\w-]{0,20}", r"-p(?=\S)"),
    ("mariadb", r"mariadb[\w-]{0,20}", r"-p(?=\S)"),
    ("sshpass", r"sshpass", r"-p[ \t]*"),
    ("mongo", r"mongo\w{0,20}", r"-p[ \t]*"),
    (
        " login",
        r"(?:docker|podman|helm|nerdctl|buildah|skopeo|oras|crane|oc)[ \t]+(?:registry[ \t]+)?login",
        r"-p[ \t]*",
    ),
    ("7z", r"7z[azr]?", r"-p(?=\S)"),
    ("zip", r"(?:un)?zip", r"-P[ \t]*"),
    ("redis", r"redis-(?:cli|benchmark)", r"-a[ \t]*"),
    ("redis-cli", r"redis-cli[^\n]{0,200}?[ \t]AUTH", r"(?:[^\s<]{1,64}[ \t]+(?=\S))?"),
    ("ldap", r"ldap(?:search|add|modify|delete|passwd|whoami)", r"-[wsW][ \t]*"),
    ("curl", r"curl", r"(?:-u|--user|--proxy-user|-U)[ \t=]*[\"']?[^\s:\"']{0,200}:"),
    ("http", r"https?", r"(?:-a|--auth)[ \t=]*[\"']?[^\s:\"']{0,200}:"),
    ("mosquitto", r"mosquitto_(?:pub|sub|rr)", r"-P[ \t]*"),
    ("sqlcmd", r"sqlcmd", r"-P[ \t]*"),
    ("memtier", r"memtier_benchmark", r"(?:-a|--authenticate)[ \t=]*"),
    ("smb", r"smb(?:client|map)", r"-U[ \t]*[^\s%\"']{0,200}%"),
    ("htpasswd", r"htpasswd[ \t]+-\w{0,8}b\w{0,8}", r"\S+[ \t]+\S+[ \t]+"),
)

# The end of a line, or of a text in JSON that is one.
_END = r"(?=[ \t\r]*(?:$|\\?[\"'][ \t]*(?:[,}\]]|$)))"
_LINE_WORDS = re.compile(
    r"^(?P<keep>[+\- ]?[ \t]*(?:requirepass|masterauth|bindpw|rootpw|password|passwd|passphrase|AUTH)[ \t]+)(?P<value>"
    + _WORD
    + r")"
    + _END,
    re.MULTILINE,
)
_NETRC = re.compile(
    r"(?P<keep>\blogin[ \t]+\S{1,256}[ \t]+(?:account[ \t]+\S{1,256}[ \t]+)?password[ \t]+)(?P<value>(?!<masked>)\S+)"
)
_AUTH = re.compile(
    r"(?P<keep>\bAUTH[ \t]+(?:[\w.-]{1,64}[ \t]+(?=\S))?)(?P<value>(?!<masked>)[^\s\"']{6,})" + _END, re.MULTILINE
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
_RULES: tuple[tuple[str, t.Pattern[str]], ...] = (
    ("requirepass", _LINE_WORDS),
    ("masterauth", _LINE_WORDS),
    ("bindpw", _LINE_WORDS),
    ("rootpw", _LINE_WORDS),
    ("pass", _LINE_WORDS),
    ("auth ", _LINE_WORDS),
    ("login", _NETRC),
    ("auth ", _AUTH),
    ("identified", _SQL),
    ("password ", _SQL),
    ("user ", _ACL),
)


def mask_words(text: str, lowered: str) -> str:
    """Return ``text`` without secrets that follow an option or a word; ``lowered`` is ``text.lower()``."""
    if "-" in text:
        text = _LONG_OPTION.sub(_option, text)
    for hint, program, before in _PROGRAMS:
        if hint in lowered:
            text = _command_lines(text, *_compiled(program, before))
    for hint, pattern in _RULES:
        if hint in lowered:
            text = pattern.sub(_keep, text)
    if text.count(":") >= 4:
        text = _PGPASS.sub(_keep, text)
    return text


def _keep(match: t.Match[str]) -> str:
    return match.group("keep") + MARK


def _option(match: t.Match[str]) -> str:
    value = match.group("value")
    if not looks_secret(match.group("key")) or value.lower() in _PROSE or _METAVAR.match(value):
        # Prose about the option, or the placeholder of a usage line.
        return match.group()
    return match.group()[: match.start("value") - match.start()] + MARK


@functools.lru_cache(maxsize=None)
def _compiled(program: str, before: str) -> tuple[t.Pattern[str], t.Pattern[str]]:
    called = re.compile(rf"(?<![\w.-]){program}(?![\w.:-])")
    return called, re.compile(rf"(?P<keep>(?<=\s){before})(?P<value>{_WORD})")


def _command_lines(text: str, program: t.Pattern[str], option: t.Pattern[str]) -> str:
    out: list[str] = []
    at = 0
    for called in program.finditer(text):
        if called.end() <= at:
            # Named twice on one line, which is done.
            continue
        newline = text.find("\n", called.end())
        end = len(text) if newline == -1 else newline
        out += (text[at : called.end()], option.sub(_keep, text[called.end() : end]))
        at = end
    out.append(text[at:])
    return "".join(out)
