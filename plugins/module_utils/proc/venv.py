# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environment that a Python process uses, and when that was changed last. Private to the collection.

``/proc/<pid>/exe`` leads to the interpreter that the environment was made from; only the name by which the process was
started, or what it has loaded, leads into the environment itself.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc

_PYTHON = re.compile(rb"(?:platform-)?(?:python|pypy)[0-9.]*t?(?:-dbg)?")
_EMBEDS = re.compile(rb"uwsgi.*|unitd.*|apache2|httpd")
"""Programs that can have Python built in."""
_LOADED = re.compile(rb" (/[^\n]*?)/lib(?:64)?/python3\.[0-9]+t?/site-packages/")
_DELETED = b" (deleted)"
_ENTRIES = 20_000
_CHANGED = (".dist-info", ".egg-info", ".egg-link", ".pth", ".py")
_EXPLAINED_S = 2.0


def environment_of(proc: Proc, pid: int, argv: t.Sequence[bytes], exe: bytes | None, cwd: bytes | None) -> bytes | None:
    """Return the directory of the virtual environment, without links; None when the process uses none.

    Those of conda count as well.

    Raises Unseen when it cannot be told, Gone when the process ended.
    """
    name = os.path.basename(exe[: -len(_DELETED)] if exe is not None and exe.endswith(_DELETED) else exe or b"")
    if exe is not None and not _PYTHON.fullmatch(name):
        return _embedded(proc, pid, name, exe)
    started = _started_as(proc, pid, argv, cwd)
    if started is not None and _leads_to(started, exe):
        home = os.path.dirname(os.path.dirname(started))
        return os.path.realpath(home) if _is_home(home) else None
    if exe is None:
        return None
    # The title was written over (setproctitle is itself loaded from the environment), or the interpreter was replaced.
    homes = _loaded_from(proc.read(pid, "maps"))
    if len(homes) == 1:
        return homes.pop()
    raise Unseen("its arguments do not lead to its interpreter, and what it has loaded does not tell")


def _is_home(home: bytes) -> bool:
    """Whether a directory is an environment: of venv, virtualenv and uv, or one of conda."""
    return os.path.isfile(home + b"/pyvenv.cfg") or os.path.isdir(home + b"/conda-meta")


def _loaded_from(maps: bytes) -> set[bytes]:
    homes: set[bytes] = {os.path.realpath(home) for home in _LOADED.findall(maps)}
    return {home for home in homes if _is_home(home)}


def _embedded(proc: Proc, pid: int, name: bytes, exe: bytes) -> bytes | None:
    """Return the environment of a program that is no interpreter: where it was installed, or what it has loaded."""
    home = os.path.dirname(os.path.dirname(exe))
    if _is_home(home):
        return os.path.realpath(home)
    if not _EMBEDS.fullmatch(name):
        return None
    maps = proc.read(pid, "maps")
    homes = _loaded_from(maps)
    if len(homes) == 1:
        return homes.pop()
    if homes or b"/libpython3" in maps:
        raise Unseen("Python is built into it, and what it has loaded does not tell of which environment")
    return None


def _started_as(proc: Proc, pid: int, argv: t.Sequence[bytes], cwd: bytes | None) -> bytes | None:
    """Return the path by which the process was started, None when that is not told."""
    word: bytes = argv[0] if argv else b""
    if word.startswith(b"/"):
        return word
    if b"/" in word:
        return os.path.abspath(cwd + b"/" + word) if cwd else None
    if not _PYTHON.fullmatch(word):
        return None
    for folder in (proc.environ_value(pid, "PATH") or b"").split(b":"):
        path = os.path.join(folder, word)
        if folder.startswith(b"/") and os.access(path, os.X_OK):
            return path
    return None


def _leads_to(path: bytes, exe: bytes | None) -> bool:
    if exe is None:
        return _PYTHON.fullmatch(os.path.basename(path)) is not None and os.path.exists(path)
    return os.path.realpath(path) == exe


def newest_change(home: bytes) -> tuple[bytes, float] | None:
    """Return the path in an environment that an installation changed last, and its mtime; None for an empty one.

    Each installation writes a ``*.dist-info``. Directories of packages do not count: to run their code for the first
    time puts a ``__pycache__`` into them. Raises Unseen.
    """
    found: list[tuple[float, bytes]] = []
    try:
        # What conda installs keeps the times of its cache: only its own record tells when.
        record = home + (b"/pyvenv.cfg" if os.path.exists(home + b"/pyvenv.cfg") else b"/conda-meta/history")
        found.append((os.stat(record).st_mtime, record))
        for packages in _site_packages(home):
            changed = os.stat(packages).st_mtime
            if not _explained(packages, changed):
                found.append((changed, packages))
            names = paths.names_in(packages)
            if len(names) > _ENTRIES:
                raise Unseen(f"more than {_ENTRIES} entries in its site-packages")
            for name in (name for name in names if name.endswith(_CHANGED)):
                path = os.path.join(packages, os.fsencode(name))
                found.append((os.lstat(path).st_mtime, path))
    except OSError as error:
        raise Unseen(f"it cannot be read: {explain(error)}") from None
    seconds, path = max(found)
    return path, seconds


def _site_packages(home: bytes) -> list[bytes]:
    found = set()
    for library in (b"/lib", b"/lib64"):
        try:
            names = [os.fsencode(name) for name in paths.names_in(home + library)]
        except FileNotFoundError:
            continue
        for name in names:
            path = os.path.realpath(os.path.join(home + library, name, b"site-packages"))
            if name.startswith((b"python", b"pypy")) and os.path.isdir(path):
                found.add(path)
    return sorted(found)


def _explained(packages: bytes, changed: float) -> bool:
    """Whether the directory changed because the first import put ``__pycache__`` into it, with a file that is still
    there: later imports change that directory again.
    """
    cache = packages + b"/__pycache__"
    try:
        names = [b"", *os.listdir(cache)]
    except FileNotFoundError:
        return False
    for name in names:
        try:
            if abs(os.lstat(os.path.join(cache, name)).st_mtime - changed) <= _EXPLAINED_S:
                return True
        except FileNotFoundError:
            continue
    return False
