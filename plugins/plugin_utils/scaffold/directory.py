# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a control directory: what is there is never overwritten. Private to the collection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.scaffold import environments, example, top


class ScaffoldError(Exception):
    """A control directory cannot be written; the message is one sentence that names the path."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done: ``folder`` is absolute, ``missing`` and ``present`` are paths below it, sorted."""

    folder: str
    missing: list[str]
    present: list[str]


def files() -> dict[str, str]:
    """Return the files of a new control directory, text by path relative to it."""
    return dict(sorted({**top.files(), **environments.files(), **example.files()}.items()))


def plan(dest: str, wanted: t.Mapping[str, str], cwd: str) -> Plan:
    """Return what is missing in the directory ``dest``, which starts at ``cwd`` when it is relative.

    Raises ScaffoldError when that directory cannot be made or written to, or holds something else in the place of a
    file.
    """
    if not dest.strip() or "\0" in dest:
        raise ScaffoldError("dest: say which directory to write, for example -e dest=ops")
    folder = os.path.normpath(os.path.join(cwd, os.path.expanduser(dest)))
    _check_folder(folder)
    states = {name: _state(folder, name, text) for name, text in wanted.items()}
    wrong = [f"{name} {problem}" for name, problem in sorted(states.items()) if problem not in ("", "missing")]
    if wrong:
        raise ScaffoldError(f"{folder} was left as it is, because in it {', '.join(wrong)}")
    missing = sorted(name for name, state in states.items() if state == "missing")
    return Plan(folder, missing, sorted(states.keys() - set(missing)))


def write(todo: Plan, wanted: t.Mapping[str, str]) -> None:
    """Write what is missing. Raises ScaffoldError; what was written by then stays, and a second try goes on."""
    for name in todo.missing:
        path = os.path.join(todo.folder, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(wanted[name].encode("utf-8"))
        except OSError as error:
            raise ScaffoldError(f"{path} cannot be written: {error.strerror}") from None


def _check_folder(folder: str) -> None:
    parent = folder if os.path.lexists(folder) else os.path.dirname(folder)
    try:
        found = os.stat(parent)
    except OSError as error:
        if parent == folder:
            raise ScaffoldError(f"dest: {folder} cannot be looked into: {error.strerror}") from None
        raise ScaffoldError(f"dest: {parent} is not there; make it first, or name another directory") from None
    if not stat.S_ISDIR(found.st_mode):
        raise ScaffoldError(f"dest: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ScaffoldError(f"dest: {parent} cannot be written to by this user")


def _state(folder: str, name: str, text: str) -> str:
    """Return nothing when a file is there as wanted, ``missing``, or what is wrong with it."""
    path = os.path.join(folder, name)
    data = text.encode("utf-8")
    with contextlib.suppress(FileNotFoundError):
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return "is not a file"
            with open(path, "rb") as file:
                return "" if file.read(len(data) + 1) == data else "is another file than would be written"
        except NotADirectoryError:
            return "would lie below a file"
        except PermissionError:
            return "cannot be read"
    return "is a link that leads nowhere" if os.path.lexists(path) else "missing"
