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
import typing as t
import zlib

_MODULE_UTILS = pathlib.Path(__file__).resolve().parents[2] / "module_utils"
_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils"

# Runs on the host. A script on standard input has the working directory first in its path, which may be the home of a
# user with fewer rights than it has itself: before anything else is imported, that goes. Collectors come from the
# bundle alone.
_PROGRAM = """
import sys
sys.path[:] = [folder for folder in sys.path if folder not in ("", ".")]
sys.dont_write_bytecode = True
import base64, json, zlib
from importlib.machinery import ModuleSpec
modules, request = (json.loads(zlib.decompress(base64.b64decode(part))) for part in (MODULES, REQUEST))

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
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot
sys.stdout.write(json.dumps({"changed": False, "answer": snapshot.answer(request)}))
sys.stdout.flush()
"""


def _modules() -> dict[str, str]:
    """Return the source of everything that a collector may import, by module name."""
    found = {}
    for file in sorted(_MODULE_UTILS.rglob("*.py")):
        name = ".".join(file.relative_to(_MODULE_UTILS).with_suffix("").parts)
        found[f"{_PACKAGE}.{name}"] = file.read_text(encoding="utf-8")
    return found


@functools.cache
def code() -> str:
    """Return the collectors packed: the part of every script that is the same for all hosts."""
    return _pack(_modules())


def _pack(content: t.Any) -> str:
    packed = zlib.compress(json.dumps(content, sort_keys=True).encode("utf-8"), 6)
    return base64.b64encode(packed).decode("ascii")


def script(request: t.Mapping[str, t.Any]) -> bytes:
    """Return the Python program that prints ``{"answer": …}`` for a request (both shapes are in docs/design.md)."""
    return f"#!/usr/bin/python\nMODULES = '{code()}'\nREQUEST = '{_pack(request)}'\n{_PROGRAM}".encode("ascii")
