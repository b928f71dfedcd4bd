# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one script that a host runs: the collectors' own source and a request. Private to the collection.

Not AnsiballZ: that would write a zip file on the host, cost a third of a second, and refuse hosts with an older Python
than the newest ansible-core allows. This script goes through the interpreter's standard input and writes nothing
(docs/design.md).
"""

from __future__ import annotations

import base64
import functools
import json
import pathlib
import re
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.registry import FOLLOW_UPS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watch_look import COLLECTED, PARTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bare import bare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.optional import ACTING, OBSERVED

_MODULE_UTILS = pathlib.Path(__file__).resolve().parents[2] / "module_utils"
_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils"
# How collectors import each other: a test holds this to what Python itself finds in them.
_IMPORT = re.compile(rf"^( *)from {re.escape(_PACKAGE)}([\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
# What zlib can refer back to, in bytes.
_WINDOW = 1 << 15

# Runs on the host. A script on standard input has the working directory first in its path, which may be the home of a
# user with fewer rights than it has itself: before anything else is imported, that goes. Collectors come from the
# bundle alone.
_PROGRAM = """
import sys
sys.path[:] = [folder for folder in sys.path if folder not in ("", ".")]
sys.dont_write_bytecode = True
import base64, json, zlib
from importlib.machinery import ModuleSpec
modules, first = {}, b""
for part in MODULES:
    text = zlib.decompressobj(zdict=first[-KNOWN:]).decompress(base64.b64decode(part))
    modules.update(json.loads(text))
    first = first or text
request = json.loads(zlib.decompress(base64.b64decode(REQUEST)))

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        source = modules.get(name)
        if source is None and not any(known.startswith(name + ".") for known in modules):
            return None
        return ModuleSpec(name, Finder, is_package=source is None)
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        source = modules.get(module.__name__)
        if source is not None:
            exec(compile(source, module.__name__, "exec", dont_inherit=True), module.__dict__)

sys.meta_path.insert(0, Finder)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import crash
sys.excepthook = crash.tell_crash
"""
_OBSERVE = """
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot
sys.stdout.write(json.dumps({"changed": False, "answer": snapshot.answer(request)}))
sys.stdout.flush()
"""
_ACT = """
from ansible_collections.evenkeel.drift.plugins.module_utils.{} import service
sys.stdout.write(json.dumps(service.answer(request)))
sys.stdout.flush()
"""
_TOGETHER = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.together import Together
from ansible_collections.evenkeel.drift.plugins.module_utils.{} import service
change = Together(request, service.answer)
try:
    change.run()
finally:
    sys.stdout.write(json.dumps(change.answer()))
    sys.stdout.flush()
"""
_LEFTOVER = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act import leftover
sys.stdout.write(json.dumps(leftover.answer(request)))
sys.stdout.flush()
"""
_WATCH = """
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import watching
sys.stdout.write(json.dumps({"changed": False, "answer": watching.answer(request)}))
sys.stdout.flush()
"""
# The modules of restore points share one program: which of them is asked stands in the request.
_POINTS = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
sys.stdout.write(json.dumps(service.reply(request)))
sys.stdout.flush()
"""

_ALERT = """
from ansible_collections.evenkeel.drift.plugins.module_utils.http import alerting
sys.stdout.write(json.dumps({"changed": True, "answer": alerting.answer(request)}))
sys.stdout.flush()
"""

_LOGS = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.logs import service
sys.stdout.write(json.dumps(service.reply(request)))
sys.stdout.flush()
"""

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
    known = _text(shared[first])
    packed = [(those, _pack(shared[those], known[-_WINDOW:] if those <= first else b"")) for those in others]
    return ((first, _pack(shared[first])), *packed)


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


def _text(content: t.Any) -> bytes:
    return json.dumps(content, sort_keys=True).encode("utf-8")


def _pack(content: t.Any, known: bytes = b"") -> str:
    """Return JSON packed. What it says again of ``known`` is not in it: whoever unpacks it gives that, too."""
    packer = zlib.compressobj(9, zdict=known) if known else zlib.compressobj(9)
    return base64.b64encode(packer.compress(_text(content)) + packer.flush()).decode("ascii")


def script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that prints ``{"answer": …}`` for a request (both shapes are in docs/design.md)."""
    asked = {*request["sections"], *(name for name, needs in OBSERVED.items() if needs(request))}
    modules = [pack for sections, pack in packs() if sections & asked]
    return _program(modules, request, _OBSERVE)


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
    return _program([pack for those, pack in watch_packs() if those & asked], request, _WATCH)


@functools.cache
def act_packs() -> Packs:
    """Return all that changes a host, packed. It is the same for all hosts."""
    roots = {strategy: (f"{package}.service",) for strategy, package in _STRATEGIES.items()}
    others = {"points": ("act.points.service",), "together": ("act.together",), **{name: (name,) for name in ACTING}}
    return _packed({**roots, **others}, ACTING.keys())


def _acting(request: t.Mapping[str, t.Any], *what: str) -> list[str]:
    asked = {*what, *(name for name, needs in ACTING.items() if needs(request))}
    return [pack for those, pack in act_packs() if those & asked]


@functools.cache
def _leftover_packs() -> Packs:
    return _packed({"leftover": ("act.leftover",)}, ())


def leftover_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that tells whether a request to recover needs :func:`act_script`."""
    return _program([pack for _those, pack in _leftover_packs()], request, _LEFTOVER)


def act_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/service.py`` says, and prints its answer."""
    strategy = _strategy(request)
    return _program(_acting(request, strategy), request, _ACT.format(_STRATEGIES[strategy]))


def together_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/together.py`` says, and prints its answer."""
    strategy = _strategy(request["apply"])
    return _program(_acting(request, strategy, "together"), request, _TOGETHER.format(_STRATEGIES[strategy]))


def _strategy(request: t.Mapping[str, t.Any]) -> str:
    return next((name for name in ("git", "release") if request.get(name)), "tree")


def points_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/points/service.py`` says, and prints its answer."""
    return _program(_acting(request, "points"), request, _POINTS)


@functools.cache
def alert_packs() -> Packs:
    """Return what sends test messages, packed. It is the same for all hosts."""
    return _packed({"alerts": ("http.alerting",)}, ())


def alert_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that sends what a request to ``http/alerting.py`` says, and prints its answer."""
    return _program([pack for _those, pack in alert_packs()], request, _ALERT)


@functools.cache
def logs_packs() -> Packs:
    """Return all that archives logs, packed. It is the same for all hosts."""
    return _packed({"logs": ("act.logs.service",)}, ())


def logs_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/logs/service.py`` says, and prints its answer."""
    return _program([pack for _those, pack in logs_packs()], request, _LOGS)


def _program(modules: t.Sequence[str], request: t.Mapping[str, t.Any], end: str) -> bytes:
    packed = f"KNOWN = {_WINDOW}\nMODULES = {list(modules)}\nREQUEST = '{_pack(request)}'\n"
    return f"#!/usr/bin/python\n{packed}{_PROGRAM}{end}".encode("ascii")
