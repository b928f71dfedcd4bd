# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names in values: where a program is told to find another. Private to the collection."""

from __future__ import annotations

import re

MAX_HOSTS = 20
_SEARCHED = 4096
_AUTHORITY = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{1,30})://(?P<authority>[^/?#\s]*)(?P<rest>\S*)")
_NAME = r"(?=[A-Za-z0-9-]{0,62}[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?P<host>{_NAME})(?::[0-9]{{1,5}})?")
_WITH_PORT = re.compile(rf"(?P<host>{_NAME}):(?P<port>[0-9]{{2,5}})")
# Their addresses are of files, or of what no name server knows.
_NO_URL = frozenset(
    {"file", "sqlite", "sqlite3", "unix", "data", "memory", "mem", "npipe", "s3", "gs", "arn", "urn", "env"}
)
# Those of a program itself are left out: where it listens, and under which name the world knows it.
_HOST_KEY = re.compile(
    r"(?!.*(?:virtual|letsencrypt|public|external|bind|listen|allowed)[_.-])(?:.*[_.\-\]])?host(?:name)?", re.IGNORECASE
)
_NO_NAME = frozenset(
    {"localhost", "true", "false", "none", "null", "default", "auto", "all", "any", "yes", "no", "off"}
)
# Their values have the form name:number and name no host.
_NO_HOST = re.compile(r"image|tag|version|format|path|mode|user", re.IGNORECASE)


def hosts_of(name: str, value: str, secret: bool) -> list[str]:
    """Return the host names in a value: of URLs, of keys such as ``DB_HOST``, and of ``host:port`` unless it is
    ``secret``. Addresses are no names.

    What might be a part of a password is none: a URL with an ``@`` after its first slash is left out.
    """
    value = value[:_SEARCHED]
    found = []
    for url in _AUTHORITY.finditer(value):
        if url["scheme"].lower() not in _NO_URL and "@" not in url["rest"]:
            hosts = url["authority"].rpartition("@")[2].split(",")
            found += [one["host"] for one in map(_HOST.fullmatch, hosts) if one]
    if not found and _HOST_KEY.fullmatch(name):
        found += [one["host"] for one in map(_HOST.fullmatch, re.split(r"[\s,]+", value)) if one]
    elif "://" not in value and not secret and not _NO_HOST.search(name):
        for part in value.split(","):
            whole = _WITH_PORT.fullmatch(part.strip())
            if whole and 22 <= int(whole["port"]) <= 65535:
                found.append(whole["host"])
    return sorted({one.lower() for one in found} - _NO_NAME)[:MAX_HOSTS]
