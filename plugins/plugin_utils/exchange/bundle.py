# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one script that a host runs: the collectors' own source and a request. Private to the collection.

Not AnsiballZ: that would write a zip file on the host, cost a third of a second, and refuse hosts with an older Python
than the newest ansible-core allows. This script goes through the interpreter's standard input and writes nothing
(docs/design.md).
"""

from __future__ import annotations

import functools
import pathlib
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.registry import FOLLOW_UPS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watch_look import COLLECTED, PARTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bare import bare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.kept import Kept, digest, version
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.optional import ACTING, OBSERVED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.program import (
    ACT,
    ALERT,
    KEEP,
    LEFTOVER,
    LOGS,
    OBSERVE,
    POINTS,
    TOGETHER,
    WATCH,
    WINDOW,
    packed,
    program,
    text_of,
)

_MODULE_UTILS = pathlib.Path(__file__).resolve().parents[2] / "module_utils"
_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils"
# How collectors import each other: a test holds this to what Python itself finds in them.
_IMPORT = re.compile(rf"^( *)from {re.escape(_PACKAGE)}([\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)

_STRATEGIES = {"tree": "act", "git": "act.gitmove", "release": "act.release"}

Packs = tuple[tuple[frozenset[str], str], ...]


@functools.cache
def packs() -> Packs:
    """Return all that observes, packed. It is the same for all hosts and all requests, so that it is made once in a
    run.
    """
    roots = {section: ("observe.snapshot", f"observe.{section}") for section in SECTIONS + FOLLOW_UPS}
    return _packed({**roots, **{name: (name,) for name in OBSERVED}}, OBSERVED.keys())


def _packed(roots: t.Mapping[str, t.Sequence[str]], optional: t.Container[str]) -> Packs:
    """Return the code that leads from each of ``roots``: each module in one pack, with each pack those that need it.

    What is ``optional`` is one of the roots, and no other leads there by an import in a function. Packs refer to the
    text of the first one where all that need them need that one, too: apart from it they would be a tenth larger.
    """
    users: dict[str, set[str]] = {}
    for root, names in roots.items():
        for name in _needed([*names, "observe.crash"], optional):
            users.setdefault(name, set()).add(root)
    shared: dict[frozenset[str], dict[str, str]] = {}
    for name, those in users.items():
        shared.setdefault(frozenset(those), {})[f"{_PACKAGE}.{name}"] = bare(_source(name) or "")
    first, *others = sorted(shared, key=lambda those: (-len(those), sorted(those)))
    known = text_of(shared[first])
    rest = [(those, packed(shared[those], known[-WINDOW:] if those <= first else b"")) for those in others]
    return ((first, packed(shared[first])), *rest)


def _needed(names: t.Iterable[str], optional: t.Container[str]) -> set[str]:
    """Return the modules of these names and all that they import, named below the package."""
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        source = None if name in found else _source(name)
        if source is not None:
            found.add(name)
            wanted += [one for one, inside in _imported(source) if not (inside and one in optional)]
    return found


@functools.cache
def _source(name: str) -> str | None:
    """Return the source of a module below the package, None when there is none: a package, or a name in a module."""
    try:
        return _MODULE_UTILS.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _imported(source: str) -> t.Iterator[tuple[str, bool]]:
    """Yield what may be a module among the names that a source imports, and whether a function imports it."""
    for indent, below, several, line in _IMPORT.findall(source):
        package = below.lstrip(".")
        yield package, bool(indent)
        for word in re.findall(r"\w+", several or line):
            yield f"{package}.{word}".lstrip("."), bool(indent)


def script(request: t.Mapping[str, t.Any], kept: Kept | None = None) -> bytes:
    """Return the Python program that prints ``{"answer": …}`` for a request (both shapes are in docs/design.md).

    With code that the host has ``kept``, it may say ``kept.MISSING`` instead.
    """
    asked = {*request["sections"], *(name for name, needs in OBSERVED.items() if needs(request))}
    modules = [pack for sections, pack in packs() if sections & asked]
    return program(modules, request, OBSERVE, kept and kept.of_version(_version()))


@functools.cache
def watch_packs() -> Packs:
    """Return all that watches a host, packed. It is the same for all hosts, and for all slices of a watch."""
    parts = {section: ("observe.watching", f"observe.{section}") for section in COLLECTED}
    own = {part: ("observe.watching",) for part in PARTS if part not in COLLECTED}
    return _packed({**parts, **own, **{name: (name,) for name in OBSERVED}}, OBSERVED.keys())


def watch_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that prints ``{"answer": …}`` for a request to ``observe/watching.py``."""
    # A watch of what is in no section looks at nothing, and still tells how long it was.
    asked = {*(request["sections"] or ["memory"]), *(name for name, needs in OBSERVED.items() if needs(request))}
    return program([pack for those, pack in watch_packs() if those & asked], request, WATCH)


@functools.cache
def act_packs() -> Packs:
    """Return all that changes a host, packed. It is the same for all hosts."""
    roots = {strategy: (f"{package}.service",) for strategy, package in _STRATEGIES.items()}
    others = {
        "points": ("act.points.service",),
        "together": ("act.together", "act.keeping"),
        **{name: (name,) for name in ACTING},
    }
    return _packed({**roots, **others}, ACTING.keys())


def _acting(request: t.Mapping[str, t.Any], *what: str) -> list[str]:
    asked = {*what, *(name for name, needs in ACTING.items() if needs(request))}
    return [pack for those, pack in act_packs() if those & asked]


@functools.cache
def _leftover_packs() -> Packs:
    return _packed({"leftover": ("act.leftover",)}, ())


def leftover_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that tells whether a request to recover needs :func:`act_script`."""
    return program([pack for _those, pack in _leftover_packs()], request, LEFTOVER)


def act_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/service.py`` says, and prints its answer."""
    strategy = _strategy(request)
    return program(_acting(request, strategy), request, ACT.format(_STRATEGIES[strategy]))


def together_script(request: t.Mapping[str, t.Any], kept: Kept | None = None, more: t.Sequence[str] = ()) -> bytes:
    """Return the Python program that does what a request to ``act/together.py`` says, and prints its answer.

    With what the host has ``kept`` it keeps this code as well, and that of ``more`` sections; it may say
    ``kept.MISSING`` instead of all that.
    """
    strategy = _strategy(request["apply"])
    end = TOGETHER.format(_STRATEGIES[strategy])
    modules = _acting(request, strategy, "together")
    if kept is None:
        return program(modules, request, end)
    kept = kept.of_version(_version())
    for_audits = [pack for pack in _observing(more) if pack not in modules and not kept.has(pack)]
    request = {**request, "keep": _version()}
    return program(modules, request, f"{end}MORE = {for_audits}\n{KEEP}", kept)


def kept_after(request: t.Mapping[str, t.Any], kept: Kept, more: t.Sequence[str]) -> Kept:
    """Return what a host has kept after it was sent :func:`together_script`, if it could."""
    modules = _acting(request, _strategy(request["apply"]), "together")
    names = {f"{_version()}-{digest(pack)}" for pack in (*modules, *_observing(more))}
    return Kept(kept.folder, kept.of_version(_version()).names | names)


def _observing(sections: t.Collection[str]) -> list[str]:
    """Return the packs that an audit of some sections within a deploy needs, and that of the texts after it."""
    asked = {*sections, *FOLLOW_UPS[:1], "observe.changes"} if sections else set()
    return [pack for those, pack in packs() if those & asked]


@functools.cache
def _version() -> str:
    return version(pack for _those, pack in (*packs(), *act_packs()))


def _strategy(request: t.Mapping[str, t.Any]) -> str:
    return next((name for name in ("git", "release") if request.get(name)), "tree")


def points_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/points/service.py`` says, and prints its answer."""
    return program(_acting(request, "points"), request, POINTS)


@functools.cache
def alert_packs() -> Packs:
    """Return what sends test messages, packed. It is the same for all hosts."""
    return _packed({"alerts": ("http.alerting",)}, ())


def alert_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that sends what a request to ``http/alerting.py`` says, and prints its answer."""
    return program([pack for _those, pack in alert_packs()], request, ALERT)


@functools.cache
def logs_packs() -> Packs:
    """Return all that archives logs, packed. It is the same for all hosts."""
    return _packed({"logs": ("act.logs.service",)}, ())


def logs_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/logs/service.py`` says, and prints its answer."""
    return program([pack for _those, pack in logs_packs()], request, LOGS)
