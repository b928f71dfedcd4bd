# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program around the code that a host runs: it unpacks the code, imports it from there, and prints the answer.
Private to the collection.
"""

from __future__ import annotations

import base64
import json
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.kept import MISSING, Kept, digest

WINDOW = 1 << 15
"""What zlib can refer back to, in bytes."""
# More than any pack of code has.
_MOST = 1 << 20

# Runs on the host. A script on standard input has the working directory first in its path, which may be the home of a
# user with fewer rights than it has itself: before anything else is imported, that goes. Collectors come from the
# bundle alone.
_BEGIN = """
import sys
sys.path[:] = [folder for folder in sys.path if folder not in ("", ".")]
sys.dont_write_bytecode = True
import base64, json, zlib
from importlib.machinery import ModuleSpec

def say(answer):
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
"""
_SENT = """
packed = [base64.b64decode(part) for part in MODULES]
"""
# What is read is what is checked, and then run: nothing of it is read twice. Whatever else there is counts as nothing.
_SENT_OR_KEPT = """
import hashlib, os, stat

def kept(name):
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOATIME
    found = os.open(os.path.join(FOLDER, name), flags)
    with open(found, "rb") as file:
        seen = os.fstat(found)
        own = stat.S_ISREG(seen.st_mode) and seen.st_uid in (0, os.geteuid()) and not seen.st_mode & 0o077
        pack = file.read(MOST) if own else b""
    if hashlib.sha256(pack).hexdigest() != name[-64:]:
        raise OSError
    return pack

try:
    packed = [kept(part[0]) if isinstance(part, tuple) else base64.b64decode(part) for part in MODULES]
except OSError:
    say({"changed": False, MISSING: True})
    raise SystemExit
"""
_IMPORT = """
modules, first = {}, b""
for part in packed:
    text = zlib.decompressobj(zdict=first[-KNOWN:]).decompress(part)
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
OBSERVE = """
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot
say({"changed": False, "answer": snapshot.answer(request)})
"""
ACT = """
from ansible_collections.evenkeel.drift.plugins.module_utils.{} import service
say(service.answer(request))
"""
TOGETHER = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.together import Together
from ansible_collections.evenkeel.drift.plugins.module_utils.{} import service
change = Together(request, service.answer)
try:
    change.run()
finally:
    say(change.answer())
"""
LEFTOVER = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act import leftover
say(leftover.answer(request))
"""
WATCH = """
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import watching
say({"changed": False, "answer": watching.answer(request)})
"""
# The modules of restore points share one program: which of them is asked stands in the request.
POINTS = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
say(service.reply(request))
"""
ALERT = """
from ansible_collections.evenkeel.drift.plugins.module_utils.http import alerting
say({"changed": True, "answer": alerting.answer(request)})
"""
LOGS = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act.logs import service
say(service.reply(request))
"""
# After the answer is out: what cannot be kept is no part of it.
KEEP = """
from ansible_collections.evenkeel.drift.plugins.module_utils.act import keeping
sent = [part for part, given in zip(packed, MODULES) if isinstance(given, str)]
keeping.keep(request["apply"], request["keep"], sent + [base64.b64decode(part) for part in MORE])
"""


def program(packs: t.Sequence[str], request: t.Mapping[str, t.Any], end: str, kept: Kept | None = None) -> bytes:
    """Return the program that runs ``end`` with a request and the code of some packs. Of those that a host has kept it
    names the file alone.
    """
    names = {name[-64:]: name for name in kept.names} if kept is not None else {}
    parts = [(names[digest(pack)],) if names and digest(pack) in names else pack for pack in packs]
    given = f"KNOWN = {WINDOW}\nMODULES = {parts}\nREQUEST = '{packed(request)}'\n"
    if kept is None or not any(isinstance(part, tuple) for part in parts):
        return f"#!/usr/bin/python\n{given}{_BEGIN}{_SENT}{_IMPORT}{end}".encode("ascii")
    given += f"FOLDER = {kept.folder!a}\nMOST = {_MOST}\nMISSING = {MISSING!r}\n"
    return f"#!/usr/bin/python\n{given}{_BEGIN}{_SENT_OR_KEPT}{_IMPORT}{end}".encode("ascii")


def text_of(content: t.Any) -> bytes:
    """Return JSON, the same for the same content."""
    return json.dumps(content, sort_keys=True).encode("utf-8")


def packed(content: t.Any, known: bytes = b"") -> str:
    """Return JSON packed. What it says again of ``known`` is not in it: whoever unpacks it gives that, too."""
    packer = zlib.compressobj(9, zdict=known) if known else zlib.compressobj(9)
    return base64.b64encode(packer.compress(text_of(content)) + packer.flush()).decode("ascii")
