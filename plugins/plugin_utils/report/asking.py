# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that asks an endpoint as the audit did, with its headers and without their secrets. Private to the
collection. Pure.

A secret that the contract names by file and key is read there by the command itself, and goes to curl over a pipe: it
stands neither in a report nor among the arguments of a process. One that only the contract has is left to be filled in.
"""

from __future__ import annotations

import re
import shlex
import types
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import literal

FILL_IN = "FILL_IN"
_TIMES = "\\n%{http_code} in %{time_total} s\\n"
# What is judged without the content shows neither body nor headers, which can hold secrets.
STATUS: t.Mapping[str, str] = types.MappingProxyType(
    {"GET": f"-o /dev/null -w '{_TIMES}'", "HEAD": f"-I -o /dev/null -w '{_TIMES}'"}
)
BODY = {"GET": "--compressed", "HEAD": "-I"}
# In double quotation marks, in single ones, or in none, and with a comment behind it.
_VALUE = """("([^"]*)"|'([^']*)'|([^"'#[:space:]][^[:space:]]*))([[:space:]]+#.*)?"""
_SPECIAL = re.compile(r"[\\/.*+?()\[\]{}^$|&]")

Json = t.Mapping[str, t.Any]
Plain = t.Callable[[str], t.Optional[str]]


class Asking(t.NamedTuple):
    """A command for the root of the host, and the headers of which it has no value."""

    command: str
    missing: tuple[str, ...]


def asking(asked: Json, plain: Plain, shown: t.Mapping[str, str] = STATUS) -> Asking | None:
    """Return what asks an endpoint once more, None where that could change something, or a line cannot show it.

    ``asked`` has ``url``, ``method``, and ``headers`` of the contract if it has any: each a text, or where the host has
    it (``file``, ``key``, ``prefix``); and may have ``ca``, ``verify``, ``redirects`` and ``timeout_s``. ``shown`` are
    the options that say what is shown of the answer, by method. ``plain`` returns a name as a shell gets it, or None.
    """
    url, shows = plain(str(asked["url"] or "")), shown.get(asked["method"])
    if not url or MARK in url or shows is None:
        return None
    trust = _trust(asked, url, plain)
    if trust is None:
        return None
    options, reads, missing = [], [], []
    for name, value in (asked.get("headers") or {}).items():
        if isinstance(value, dict):
            read = _read(name, value, plain)
            if read is None:
                return None
            reads.append(read)
            continue
        text = literal(f"{name}: {value}")
        if text is None:
            return None
        if MARK in text:
            missing.append(name)
            text = f"{name}: {FILL_IN}"
        options.append(f" -H {shlex.quote(text)}")
    pipe = f"{reads[0]} | " if len(reads) == 1 else f"{{ {'; '.join(reads)}; }} | " if reads else ""
    curl = f"{pipe}curl -sS {shows}{trust}{''.join(options)}{' -H @-' if reads else ''} -- {shlex.quote(url)}"
    return Asking(curl, tuple(missing))


def _trust(asked: Json, url: str, plain: Plain) -> str | None:
    """Return what says how long is waited, which certificates are good and how many redirects are followed."""
    # Brackets and braces of an address are no lists of more addresses.
    said = f" --globoff --max-time {asked.get('timeout_s') or 10} --noproxy '*'"
    if not asked.get("verify", True):
        said += " -k"
    if asked.get("ca"):
        authorities = plain(str(asked["ca"]))
        if not authorities or MARK in authorities:
            return None
        said += f" --cacert {shlex.quote(authorities)}"
    if asked.get("redirects") and not asked.get("headers"):
        # curl would send headers of the contract to whatever host a redirect names.
        said += f" -L --max-redirs {asked['redirects']} --proto-redir ={url.partition(':')[0].lower()}"
    return said


def _read(name: str, place: Json, plain: Plain) -> str | None:
    """Return what writes a header with the last value that a key has in a file."""
    prefix = place.get("prefix") or ""
    if MARK in prefix or (prefix and literal(prefix) is None):
        return None
    return value_of(place, plain, f"{name}: {prefix}")


def value_of(place: Json, plain: Plain, before: str = "") -> str | None:
    """Return what writes the last value that a key has in a file, as ``env_value.py`` finds it; None where a line
    cannot show their names.
    """
    file, key = (plain(str(place[one])) for one in ("file", "key"))
    if not file or not key or MARK in f"{file}{key}":
        return None
    found = f"^[[:space:]]*(export[[:space:]]+)?{_escaped(key)}[[:space:]]*[=:][[:space:]]*{_VALUE}[[:space:]]*$"
    written = _escaped(before) + r"\3\4\5"
    return f"sed -nE -e {shlex.quote(f's/{found}/{written}/p')} -- {shlex.quote(file)} | tail -n 1"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
