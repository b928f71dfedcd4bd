# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``configs`` section: configuration, key by key. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, looks_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import assertions, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.config_keys import WORDS, Keys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
    nearest,
    quote,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = (
    *("file", "reference", "value", "present", "absent", "must_differ", "unclassified", "duplicate", "running"),
    *("placeholder", "reused", "identical"),
)
"""The checks of this section, whose severity can be set."""

KINDS = ("path", "process", "unit", "container")
"""Where a configuration is read."""

READERS = ("process", "container", "unit")

FORMATS = ("auto", "env", "yaml", "json", "toml", "ini", "systemd", "environment_file")

_TELLING = ("equals", "one_of", "matches")


class Reference(Shape):
    """Whether and with which file of the reference a configuration is compared."""

    def describe(self) -> str:
        return "true, false, or path on the reference's side"

    def convert(self, value: t.Any) -> bool | str:
        if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false", "yes", "no")):
            return shapes.Boolean().convert(value)
        if not isinstance(value, str):
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        return shapes.AnyPath().convert(value)


class Translation(Shape):
    """Spellings of the reference, and what they are called in this environment."""

    def describe(self) -> str:
        return "map of text to text"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, str]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        made: dict[str, str] = {}
        for name, text in value.items():
            if not name:
                problems.add(place, "empty text is in every value: name what is to be replaced")
            elif not isinstance(text, str):
                problems.add(below(place, name), f"expected text, found {found(text)}")
            else:
                made[name] = text
        return made


def _one_reader(reader: dict[str, t.Any]) -> None:
    named = [kind for kind in READERS if reader[kind] is not None]
    if len(named) != 1:
        raise Wrong(f"expected exactly one of {', '.join(READERS)}, found {', '.join(named) or 'none'}")


_READER = Map(
    {
        "process": Key(shapes.Name(), None, "the name of an entry of `processes`"),
        "container": Key(shapes.Text(), None, "a container's name"),
        "unit": Key(shapes.Text(), None, "a systemd unit"),
    },
    check=_one_reader,
)


def kind_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return where the configuration of an entry is read: one of ``KINDS``."""
    return next(kind for kind in KINDS if entry[kind] is not None)


def source_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return the source of an entry as hosts, evidence and baselines spell it."""
    kind = kind_of(entry)
    return show(entry[kind]) if kind == "path" else str(entry[kind])


def is_secret(entry: t.Mapping[str, t.Any], path: str | None) -> bool:
    """Return whether all values of a file of an entry are secret, as far as the contract and the name tell."""
    if entry["secret"] is not None:
        return bool(entry["secret"])
    return path is not None and is_secret_file(path.lstrip("/"))


def _possible(entry: dict[str, t.Any]) -> None:
    kinds = [kind for kind in KINDS if entry[kind] is not None]
    if len(kinds) != 1:
        raise Wrong(f"expected exactly one of {', '.join(KINDS)}, found {', '.join(kinds) or 'none'}")
    for key, unset in (("format", "auto"), ("read_by", [])):
        if kinds != ["path"] and entry[key] != unset:
            raise Wrong(f"{key} is about a file, and the environment of a {kinds[0]} is none: leave it out")
    if entry["reference"] is not False:
        return
    matching = [rule["key"] for rule in entry["keys"] if rule["rule"] == "must_match"]
    if entry["default"] == "must_match":
        matching.append("default")
    if matching:
        raise Wrong(f"{matching[0]}: must_match is about a reference, and reference: false says that there is none")
    if entry["translate"]:
        raise Wrong("translate is about the reference's values, and reference: false says that there is none")


def _complete(entry: dict[str, t.Any]) -> None:
    """Add what follows from the rest of an entry."""
    kind = kind_of(entry)
    if entry["name"] is None:
        entry["name"] = entry["path"] if kind == "path" else f"{kind} {entry[kind]}"
    if entry["default"] is None and not entry["keys"]:
        entry["default"] = "may_differ" if entry["reference"] is False else "must_match"


class Entries(ListOf):
    """The configurations, each with a name of its own."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        before = len(problems)
        entries = super().read(value, place, problems)
        if len(problems) == before:
            for entry in entries:
                _complete(entry)
        assertions.twins(entries, place, problems)
        return entries


_DEFAULT = "the rule of all other keys; unset: they are told as unclassified, or `must_match` when there are no keys"
_VALUES = "whether all of its values are secret; unset: in files such as `.env` all are, elsewhere what looks secret"

SHAPE = Entries(
    Map(
        {
            "path": Key(shapes.AnyPath(), None, "a file; or one of the three below"),
            "process": Key(shapes.Name(), None, "the environment of a process: the name of an entry of `processes`"),
            "unit": Key(shapes.Text(), None, "what a systemd unit passes on: Environment= and EnvironmentFile="),
            "container": Key(shapes.Text(), None, "the environment of a container"),
            "name": Key(shapes.Text(), None, "its name in reports, unique; unset: the path, or such as `process main`"),
            "format": Key(shapes.Choice(FORMATS), "auto", "how the file is written; auto: by its name"),
            "secret": Key(shapes.Boolean(), None, _VALUES),
            "required": Key(shapes.Boolean(), True, "false: that the file is not there is told and is no drift"),
            "reference": Key(Reference(), True, "whether it is compared with the reference, or with which file there"),
            "keys": Key(Keys(), {}, "how each key is judged; an exact key comes before patterns, these in their order"),
            "default": Key(shapes.Choice(WORDS), None, _DEFAULT),
            "translate": Key(
                Translation(), {}, "what the reference's values are called here, replaced before they are compared"
            ),
            "read_by": Key(ListOf(_READER), [], "what should run with the values of this file"),
            **terms(CHECKS),
        },
        check=_possible,
    ),
    minimum=1,
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""


def check(contract: t.Mapping[str, t.Any], place: str, problems: Problems) -> None:
    """Note processes that an entry names and the contract does not have. It is called when all sections are read."""
    processes = [process.get("name") for process in contract.get("processes") or []]
    known = [name for name in processes if isinstance(name, str)]
    for number, entry in enumerate(contract.get("configs") or []):
        where = f"{place}.configs[{number}]"
        named = [(f"{where}.process", entry.get("process"))]
        named += [
            (f"{where}.read_by[{index}].process", reader.get("process"))
            for index, reader in enumerate(entry.get("read_by") or [])
        ]
        for at, name in named:
            if name is None or name in known:
                continue
            near = nearest(name, known)
            meant = f', did you mean "{near}"?' if near else ";"
            has = f"it has {', '.join(known)}" if known else "it has none, and the section says how to find them"
            problems.add(at, f"no process of the contract is called {quote(name)}{meant} {has}")


def stored(contract: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the contract as a run folder may hold it: no literal of what is secret by its file or its key."""
    return [{**entry, "keys": [_hidden(entry, rule) for rule in entry["keys"]]} for entry in contract]


def _hidden(entry: t.Mapping[str, t.Any], rule: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    if not hides(entry, rule["key"]):
        return dict(rule)
    return {name: MARK if name in _TELLING else value for name, value in rule.items()}


def hides(entry: t.Mapping[str, t.Any], key: str) -> bool:
    """Return whether the values of a key, or of a pattern of keys, are secret as far as names tell."""
    return is_secret(entry, entry["path"]) or names_secret_key(key)


def names_secret_key(key: str) -> bool:
    """Return whether a key, or a pattern of keys, announces a secret by its name."""
    return any(map(looks_secret, re.split(r"[.\[\]\"]", key)))


def translated(text: str, spellings: t.Mapping[str, str]) -> str:
    """Return a text with each spelling of the reference replaced, longest first; what was replaced is not looked at
    again.
    """
    if not spellings:
        return text
    longest = sorted(spellings, key=lambda one: (-len(one), one))
    return re.sub("|".join(map(re.escape, longest)), lambda match: spellings[match.group()], text)
