# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which system a host runs and under which addresses. Private to the collection."""

from __future__ import annotations

import ipaddress
import re

_RELEASE = ("ID", "NAME", "VERSION_ID", "PRETTY_NAME")
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(?:\"(.*)\"|'(.*)'|(.*))")


def parse_os_release(text: str) -> dict[str, str]:
    """Return ``id name version pretty`` from os-release; what it does not tell is empty text."""
    found = {}
    for line in text.splitlines():
        match = _ASSIGNMENT.fullmatch(line.strip())
        if match:
            found[match[1]] = next((group for group in match.groups()[1:] if group is not None), "")
    return dict(zip(("id", "name", "version", "pretty"), (found.get(key, "") for key in _RELEASE)))


def parse_fib_trie(text: str) -> set[str]:
    """Return the host's own IPv4 addresses from ``/proc/net/fib_trie``, loopback apart."""
    found = set()
    address = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["|--"] and len(words) == 2:
            address = words[1]
        elif words == ["/32", "host", "LOCAL"] and address:
            found.add(address)
    return {one for one in found if not _local(one)}


def parse_if_inet6(text: str) -> set[str]:
    """Return the host's own IPv6 addresses from ``/proc/net/if_inet6``, loopback and link-local ones apart."""
    found = set()
    for line in text.splitlines():
        digits = line.partition(" ")[0]
        if re.fullmatch("[0-9a-f]{32}", digits):
            found.add(str(ipaddress.IPv6Address(int(digits, 16))))
    return {one for one in found if not _local(one)}


def _local(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    return parsed.is_loopback or parsed.is_link_local
