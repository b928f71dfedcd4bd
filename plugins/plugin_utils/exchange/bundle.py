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
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bare import bare

_MODULE_UTILS = pathlib.Path(__file__).resolve().parents[2] / "module_utils"
_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils"
# How collectors import each other: a test holds this to what Python itself finds in them.
_IMPORT = re.compile(rf"^ *from {re.escape(_PACKAGE)}([\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)

# Runs on the host. A script on standard input has the working directory first in its path, which may be the home of a
# user with fewer rights than it has itself: before anything else is imported, that goes. Collectors come from the
# bundle alone.
_PROGRAM = """
import sys
sys.path[:] = [folder for folder in sys.path if folder not in ("", ".")]
sys.dont_write_bytecode = True
import base64, json, zlib
from importlib.machinery import ModuleSpec
request, *packs = (json.loads(zlib.decompress(base64.b64decode(part))) for part in (REQUEST, *MODULES))
modules = {name: source for pack in packs for name, source in pack.items()}

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
# The modules of restore points share one program: which of them is asked stands in the request.
_POINTS = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
sys.stdout.write(json.dumps(service.reply(request)))
sys.stdout.flush()
"""


@functools.cache
def packs() -> tuple[tuple[frozenset[str], str], ...]:
    """Return all collectors packed, each module in one pack, and with each pack the sections that need it.

    It is the same for all hosts and all requests, so that it is made once in a run.
    """
    users: dict[str, set[str]] = {}
    for section in SECTIONS + FOLLOW_UPS:
        for name in _needed("observe.snapshot", "observe.crash", f"observe.{section}"):
            users.setdefault(name, set()).add(section)
    shared: dict[frozenset[str], dict[str, str]] = {}
    for name, sections in users.items():
        shared.setdefault(frozenset(sections), {})[f"{_PACKAGE}.{name}"] = bare(_source(name) or "")
    return tuple((sections, _pack(modules)) for sections, modules in shared.items())


def _needed(*names: str) -> set[str]:
    """Return the modules of these names and all that they import, named below the package."""
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        source = None if name in found else _source(name)
        if source is not None:
            found.add(name)
            wanted += _imported(source)
    return found


@functools.cache
def _source(name: str) -> str | None:
    """Return the source of a module below the package, None when there is none: a package, or a name in a module."""
    try:
        return _MODULE_UTILS.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _imported(source: str) -> t.Iterator[str]:
    """Yield what may be a module among the names that a source imports."""
    for below, several, line in _IMPORT.findall(source):
        package = below.lstrip(".")
        yield package
        for word in re.findall(r"\w+", several or line):
            yield f"{package}.{word}".lstrip(".")


def _pack(content: t.Any) -> str:
    packed = zlib.compress(json.dumps(content, sort_keys=True).encode("utf-8"), 9)
    return base64.b64encode(packed).decode("ascii")


def script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that prints ``{"answer": …}`` for a request (both shapes are in docs/design.md)."""
    asked = request["sections"].keys()
    modules = [pack for sections, pack in packs() if sections & asked]
    return _program(modules, request, _OBSERVE)


@functools.cache
def act_pack() -> str:
    """Return the code that changes a host, packed. It is the same for all hosts."""
    return _packed("act.service")


@functools.cache
def git_pack() -> str:
    """Return the code that changes a host and moves its repository, packed. It is the same for all hosts."""
    return _packed("act.gitmove.service")


@functools.cache
def release_pack() -> str:
    """Return the code that makes a release on a host and switches to it, packed. It is the same for all hosts."""
    return _packed("act.release.service")


@functools.cache
def points_pack() -> str:
    """Return the code of restore points, packed. It is the same for all hosts."""
    return _packed("act.points.service")


def _packed(name: str) -> str:
    return _pack({f"{_PACKAGE}.{module}": bare(_source(module) or "") for module in _needed(name, "observe.crash")})


def act_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/service.py`` says, and prints its answer."""
    if request.get("git"):
        return _program([git_pack()], request, _ACT.format("act.gitmove"))
    if request.get("release"):
        return _program([release_pack()], request, _ACT.format("act.release"))
    return _program([act_pack()], request, _ACT.format("act"))


def points_script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that does what a request to ``act/points/service.py`` says, and prints its answer."""
    return _program([points_pack()], request, _POINTS)


def _program(modules: t.Sequence[str], request: t.Mapping[str, t.Any], end: str) -> bytes:
    packed = f"MODULES = {list(modules)}\nREQUEST = '{_pack(request)}'\n"
    return f"#!/usr/bin/python\n{packed}{_PROGRAM}{end}".encode("ascii")
