# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names in the values of environment variables: where a service is told to find another.

Private to the collection.
"""

from __future__ import annotations

import re

MAX_NAMES = 100
_URL = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{1,30})://(?:[^/?#\s@]*@)?(?P<host>[A-Za-z0-9_-]{1,63})(?=[:/?#\s,]|\Z)"
)
_WITH_PORT = re.compile(
    r"(?:[^\s,@/:]*(?::[^\s,@/]*)?@)?(?P<host>[A-Za-z][A-Za-z0-9_-]{0,62}):(?P<port>[0-9]{2,5})(?:/.*)?"
)
_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
# Those of a service itself are left out: where it listens, and under which name the world knows it.
_HOST_KEY = re.compile(r"(?!(?:.*_)?(?:VIRTUAL|LETSENCRYPT|PUBLIC|EXTERNAL|BIND|LISTEN)_).*_HOST")
_NO_NAME = frozenset(
    {"localhost", "true", "false", "none", "null", "default", "auto", "all", "any", "yes", "no", "on", "off"}
)
# Their values have the form name:number and name no host.
_NO_HOST = re.compile(r"IMAGE|TAG|VERSION|FORMAT|PATH|MODE|USER", re.IGNORECASE)
_NO_URL = frozenset(
    {"file", "sqlite", "sqlite3", "unix", "data", "jdbc", "memory", "mem", "npipe", "s3", "gs", "arn", "urn", "env"}
)


def hosts_in(name: str, value: str) -> list[str]:
    """Return the host names without a dot in the value of a variable: of URLs, of ``host:port``, of ``*_HOST``."""
    found = [one["host"] for one in _URL.finditer(value[:4096]) if one["scheme"].lower() not in _NO_URL]
    if not found and "://" not in value and not _NO_HOST.search(name):
        for part in value[:4096].split(","):
            whole = _WITH_PORT.fullmatch(part.strip())
            if whole and 22 <= int(whole["port"]) <= 65535 and len(whole["port"]) > 2:
                found.append(whole["host"])
            elif _HOST_KEY.fullmatch(name.upper()) and _BARE.fullmatch(part.strip()):
                found.append(part.strip())
    return sorted({one for one in found if one.lower() not in _NO_NAME and not one.isdigit()})[:MAX_NAMES]
