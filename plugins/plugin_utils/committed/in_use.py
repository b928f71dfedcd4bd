# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets the hosts of a run hold: what each is called, by the keyed digest that the evidence has of it.

Private to the collection.
"""

from __future__ import annotations

import typing as t

Details = t.Mapping[str, t.Any]
Found = t.Iterator[t.Tuple[str, str]]


def secrets_of(section: str, data: Details) -> Found:
    """Yield the digest and the name of each secret in the evidence of one section, but weak ones and placeholders."""
    if section in _READERS:
        yield from _READERS[section](data)


def _configs(data: Details) -> Found:
    for entry in data["configs"]:
        for key in entry["keys"]:
            if key["secret"] and key["digest"] and not (key["weak"] or key["empty"] or key["placeholder"]):
                yield key["digest"], f"{key['key']} of {entry['name']}"


def _containers(data: Details) -> Found:
    for container in data["containers"]:
        for one in container["environment"]:
            if one["secret"] and one["digest"] and not one["empty"]:
                yield one["digest"], f"{one['key']} of container {container['name']}"


def _endpoints(data: Details) -> Found:
    for hook in data["webhooks"]:
        if hook["digest"] and hook["state"] == "set":
            yield hook["digest"], f"the address of alert channel {hook['name']}"


_READERS: dict[str, t.Callable[[Details], Found]] = {
    "configs": _configs,
    "containers": _containers,
    "endpoints": _endpoints,
}

SECTIONS = tuple(_READERS)
"""The sections whose evidence has digests of secrets."""
