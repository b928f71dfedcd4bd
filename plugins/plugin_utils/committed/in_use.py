# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets a host holds: what each is called, by the keyed digest that the evidence has of it. Private to the
collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import looks_secret, mask

Details = t.Mapping[str, t.Any]

_STEP = re.compile(r"[.\[\]\"]+")
_MIXED = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
_CHANGES = 3


class Secret(t.NamedTuple):
    """A secret of a host. One that is not ``certain`` only stands in a file whose values are all held to be secret:
    its value decides, where that is found.
    """

    digest: str
    name: str
    certain: bool


def secrets_of(section: str, data: Details) -> t.Iterator[Secret]:
    """Yield the secrets in the evidence of one section, but weak ones, empty ones and placeholders."""
    if section in _READERS:
        yield from _READERS[section](data)


def unread(section: str, data: Details) -> list[str]:
    """Return the names of what can hold secrets and could not be read, or not all of it."""
    if section != "configs":
        return []
    return [one["name"] for one in data["configs"] if one["outcome"] == "unknown" or one["partial"] or one["cut"]]


def looks_like_one(value: str) -> bool:
    """Return whether a value is a secret by its own look: the mask takes something out of it, or it seems random."""
    if mask(value) != value:
        return True
    random = _RANDOM.fullmatch(value) is not None and _UUID.fullmatch(value) is None
    return random and len(_MIXED.findall(value)) >= _CHANGES


def _configs(data: Details) -> t.Iterator[Secret]:
    for entry in data["configs"]:
        for key in entry["keys"]:
            if key["secret"] and key["digest"] and not (key["weak"] or key["empty"] or key["placeholder"]):
                certain = not entry["secret"] or any(map(looks_secret, _STEP.split(key["key"])))
                yield Secret(key["digest"], f"{key['key']} of {entry['name']}", certain)


def _containers(data: Details) -> t.Iterator[Secret]:
    for container in data["containers"]:
        for one in container["environment"]:
            if one["secret"] and one["digest"] and not one["empty"]:
                yield Secret(one["digest"], f"{one['key']} of container {container['name']}", True)


def _endpoints(data: Details) -> t.Iterator[Secret]:
    for hook in data["webhooks"]:
        if hook["digest"] and hook["state"] == "set":
            yield Secret(hook["digest"], f"the address of alert channel {hook['name']}", True)


_READERS: dict[str, t.Callable[[Details], t.Iterator[Secret]]] = {
    "configs": _configs,
    "containers": _containers,
    "endpoints": _endpoints,
}

SECTIONS = tuple(_READERS)
"""The sections whose evidence has digests of secrets."""
