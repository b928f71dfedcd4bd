# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of endpoints. Private to the collection."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

PORTS = {"http": 80, "https": 443}
_BAD = re.compile(r"[\x00-\x20\x7f]")


class BadUrl(ValueError):
    """A text is no address that is asked. The message says why."""


class Target(t.NamedTuple):
    """Where a request goes. ``host`` is as the connection needs it, ``path`` has the query and is quoted."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(text: str) -> Target:
    """Return the parts of an http or https URL. Raises BadUrl."""
    if _BAD.search(text):
        raise BadUrl("a URL has no blanks or control characters: write %20")
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadUrl(str(error).lower()) from None
    if parts.scheme not in PORTS:
        raise BadUrl("expected http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise BadUrl("a login does not belong in a URL: give it as a header, its value from a file of the host")
    if not parts.hostname:
        raise BadUrl("it names no host")
    if port == 0:
        raise BadUrl("0 is no port")
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        path += "?" + urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return Target(parts.scheme, _ascii(parts.hostname), port or PORTS[parts.scheme], path)


def _ascii(host: str) -> str:
    if ":" in host:
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadUrl("its host is no name that can be resolved") from None


def follow(base: Target, location: str) -> Target:
    """Return where a redirect leads. Raises BadUrl, also when that is another scheme."""
    target = parse(urllib.parse.urljoin(base.url, location))
    if target.scheme != base.scheme:
        raise BadUrl(f"it leads from {base.scheme} to {target.scheme}")
    return target
