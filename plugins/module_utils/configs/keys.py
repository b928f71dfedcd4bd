# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as they leave a host: digests and what may be shown of the values. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical, type_of
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Double, Item, Parsed
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.placeholder import is_placeholder
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.rules import Tests
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import looks_secret, mask, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import free_key
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

MAX_TOLD = 5_000
"""How many keys of a file are told."""

_SHOWN = 300
_TELLING = 8
_SEARCHED = 16 << 10
# Addresses without a login, paths, hosts, zones: that two settings share one says nothing.
_PLACE = re.compile(
    r"[a-z][a-z0-9+.-]*://[^@?\s]*|[~.]{0,2}/[\w./-]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[A-Za-z_]+(?:/[A-Za-z_]+)+|"
    r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*:[0-9]{1,5}|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[a-z]{2,10}"
)

Json = t.Dict[str, t.Any]


def spell(path: jsonpath.Path, key: bytes | None) -> str:
    """Return the name of a key as it may be shown. One that is a secret itself is told from others by its digest."""
    name = spelled(jsonpath.spell(path))
    shown = mask(name)
    return shown if shown == name else f"{shown} ({(keyed(key, name) or '')[:_TELLING] or '?'})"


def describe(
    parsed: Parsed, secret: bool, key: bytes | None, tests: t.Sequence[t.Mapping[str, t.Any]] = ()
) -> list[Json]:
    """Return the keys of a configuration (``Key`` of ``docs/design.md``), sorted by name, at most ``MAX_TOLD``.

    ``secret``: every value of it is a secret. ``key`` is the run's. ``tests`` are those of the contract; where keys
    have to be left out, those with tests stay.
    """
    rules = Tests(tests)
    named = _sorted((jsonpath.spell(item.path), item) for item in parsed.keys)
    if len(named) > MAX_TOLD:
        asked = [one for one in named if rules.names(one[0])][:MAX_TOLD]
        kept = {name for name, _item in asked}
        others = [one for one in named if one[0] not in kept]
        named = _sorted(asked + others[: MAX_TOLD - len(asked)])
    taken: set[str] = set()
    return [_key(name, item, parsed, secret, key, rules, taken) for name, item in named]


def doubles(found: t.Iterable[Double], key: bytes | None) -> list[Json]:
    """Return the keys that stand in a file several times, ``[{key, lines}]``."""
    told = [{"key": spell(one.path, key), "lines": one.lines} for one in found]
    return sorted(told, key=lambda one: str(one["key"]))[:MAX_TOLD]


def secrets_in(parsed: Parsed, whole: bool) -> t.Iterator[str]:
    """Yield the values that are secrets wherever they stand: by the name of their key and by their look; and where the
    contract says that every value is one (``whole``), or what the key belongs to has the name of a secret
    (``jwt.issuer``), all but words, addresses and paths.
    """
    for item in parsed.keys:
        certain = _own_name_tells(item.path)
        telling = whole or names_secret(item.path)
        for text in map(canonical, (*item.earlier, item.value)):
            if certain or (telling and not is_ordinary(text) and not _PLACE.fullmatch(text)):
                yield text
            else:
                yield from secrets_of("", text[:_SEARCHED])


def names_secret(path: jsonpath.Path) -> bool:
    """Return whether a key is a secret by its name, or by that of what it belongs to."""
    return any(isinstance(step, str) and looks_secret(step) for step in path)


def _own_name_tells(path: jsonpath.Path) -> bool:
    own = next((step for step in reversed(path) if isinstance(step, str)), "")
    return looks_secret(own)


def _compared(item: Item, lists: bool) -> str:
    """Return the text that a key is compared by: that of its last line, or of all where they may be a list."""
    values = [canonical(value) for value in (*item.earlier, item.value)]
    return "\0".join(values) if lists and len(set(values)) > 1 else values[-1]


def _key(name: str, item: Item, parsed: Parsed, whole: bool, key: bytes | None, rules: Tests, taken: set[str]) -> Json:
    text = canonical(item.value)
    empty = not text or item.value in ({}, [])
    by_name = names_secret(item.path)
    plain = spelled(text[:_SEARCHED])
    # Masked before it is cut: half a secret is not known to be one.
    masked = mask(plain)
    telling = whole or by_name
    shown = free_key(spell(item.path, key), taken)
    taken.add(shown)
    return {
        "key": shown,
        "line": item.line,
        "type": type_of(item.value),
        "secret": telling or masked != plain,
        "value": None if telling and not empty else masked[:_SHOWN],
        "digest": keyed(key, _compared(item, parsed.lists)),
        "empty": empty,
        "placeholder": isinstance(item.value, str) and is_placeholder(text, by_name),
        "weak": is_ordinary(text) or (not by_name and masked == plain and _PLACE.fullmatch(text) is not None),
        "hosts": [] if by_name else [mask(one) for one in hosts_of(name, text, whole)],
        "tests": rules.answers(name, item.value, parsed.typed),
    }


def _sorted(named: t.Iterable[tuple[str, Item]]) -> list[tuple[str, Item]]:
    return sorted(named, key=lambda one: one[0])
