# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs git on the control node without trusting the repository that it reads. Private to the collection.

Flags alone do not make git safe: the configuration of a repository can name programs under any key. So git never sees
it. Each run gets a private GIT_DIR with a configuration of our own, refs that were copied as data, an empty
environment, and the operator's objects as an alternate object store, which is only read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import gitsafe
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import gitversion, layout, process
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

_ENVIRONMENT = {**gitsafe.ENVIRONMENT, "TZ": "UTC"}
# What the objects and refs cannot be read without. How the operator likes files on this machine (autocrlf, filemode …)
# is left out: the reference is the commit, so its manifest must not depend on whose clone it was made from.
_COPIED_KEYS = frozenset({"core.repositoryformatversion", "extensions.objectformat", "extensions.refstorage"})
_OWN_CONFIG = {
    "core.repositoryformatversion": "0",
    "core.bare": "false",
    "core.filemode": "true",
    "core.symlinks": "true",
    "core.ignorecase": "false",
    "core.autocrlf": "false",
}


class Repository:
    """A git repository of the operator, for as long as the ``with`` block lasts. It is never written to.

    ``path`` is what the operator named, made absolute; ``unreadable`` says which refs could not be read, ``warnings``
    that and what is wrong with the installed git. Entering raises ReferenceUnavailable.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.warnings: list[str] = []
        self.unreadable: list[str] = []
        self.object_format = "sha1"
        self._named = path
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Repository:
        with contextlib.ExitStack() as stack:
            self._git = _find_git()
            self._layout = layout.find(self._named)
            self._private = stack.enter_context(tempfile.TemporaryDirectory(prefix="evenkeel-git-"))
            self._prepare()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @property
    def name(self) -> str:
        """The repository in a sentence."""
        return quoted(self.path)

    def _prepare(self) -> None:
        for name in ("git", "git/objects", "work", "data"):
            os.mkdir(os.path.join(self._private, name), mode=0o700)
        self._empty = os.path.join(self._private, "work")
        self._git_dir = os.path.join(self._private, "git")
        try:
            self.unreadable = layout.copy_refs(self._layout, self._git_dir)
            layout.check_objects(self._layout.objects)
            copied = self._copied_config()
        except OSError as error:
            place = quoted(os.fspath(error.filename or self.path))
            raise ReferenceUnavailable(f"{place} of {self.name} cannot be read: {error.strerror}") from error
        self.object_format = copied.get("extensions.objectformat", "sha1").lower()
        self._write_config({**_OWN_CONFIG, **copied})
        version = self.run("version").output.decode("ascii", "replace").strip()
        self.warnings = gitversion.warnings(version) + self.unreadable

    def _copied_config(self) -> dict[str, str]:
        data = os.path.join(self._private, "data")
        if not layout.copy_config(self._layout, data):
            return {}
        self._write_config(_OWN_CONFIG)
        listed = self.run("config", "--file", os.path.join(data, "config"), "--no-includes", "--list", "-z", codes=None)
        if listed.code != 0:
            raise ReferenceUnavailable(f"the configuration of {self.name} cannot be read: {listed.error}")
        found = {}
        for line in listed.output.decode("utf-8", "surrogateescape").split("\0"):
            key, _newline, value = line.partition("\n")
            if key in _COPIED_KEYS and value.isalnum():
                found[key] = value
        return found

    def _write_config(self, settings: t.Mapping[str, str]) -> None:
        lines = []
        for key, value in settings.items():
            section, _dot, name = key.partition(".")
            lines.append(f"[{section}]\n\t{name} = {value}\n")
        with open(os.path.join(self._git_dir, "config"), "w", encoding="ascii") as file:
            file.writelines(lines)

    def _environment(self, index: str | None, work_tree: str) -> dict[str, str]:
        objects = self._layout.objects.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        environment = {
            **_ENVIRONMENT,
            "PATH": os.pathsep.join((os.path.dirname(self._git), "/usr/bin", "/bin")),
            "TMPDIR": self._private,
            "GIT_DIR": self._git_dir,
            "GIT_WORK_TREE": work_tree,
            "GIT_OBJECT_DIRECTORY": os.path.join(self._git_dir, "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{objects}"',
        }
        if index is not None:
            environment["GIT_INDEX_FILE"] = index
        return environment

    def _argv(self, arguments: t.Sequence[str]) -> list[str]:
        return [self._git, *gitsafe.flags(), *arguments]

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        index: str | None = None,
        work_tree: str | None = None,
        seconds: float = 120.0,
        codes: t.Collection[int] | None = (0,),
    ) -> process.Done:
        """Run git to its end. Raises ReferenceUnavailable when it fails with a code that is not in ``codes``."""
        folder = work_tree or self._empty
        done = process.run(self._argv(arguments), self._environment(index, folder), folder, stdin, seconds)
        if codes is not None and done.code not in codes:
            raise self.failed(arguments[0], done.code, done.error)
        return done

    def start(
        self, *arguments: str, stdin: bytes = b"", seconds: float = 120.0
    ) -> contextlib.AbstractContextManager[process.Program]:
        """Run git and read its output while it runs."""
        return process.start(self._argv(arguments), self._environment(None, self._empty), self._empty, stdin, seconds)

    def failed(self, command: str, code: int, error: str) -> ReferenceUnavailable:
        """Return the exception for a git command that failed."""
        return ReferenceUnavailable(f"git {command} failed in {self.name} with exit code {code}: {error}")

    def scratch(self, suffix: str = "") -> str:
        """Return a new private folder that is removed with this object."""
        return tempfile.mkdtemp(suffix=suffix, dir=os.path.join(self._private, "data"))

    def cut_off(self) -> frozenset[str]:
        """Return the commits whose parents a shallow repository does not have; none when it is whole."""
        try:
            with open(os.path.join(self._git_dir, "shallow"), encoding="ascii") as file:
                return frozenset(file.read().split())
        except FileNotFoundError:
            return frozenset()
        except (OSError, UnicodeDecodeError) as error:
            raise ReferenceUnavailable(f"what {self.name} lacks as a shallow one cannot be read: {error}") from error

    def fetched(self) -> str | None:
        """Return when the operator's repository was last fetched into, or None when that is not known."""
        times = []
        for folder in (self._layout.own, self._layout.common):
            try:
                times.append(os.stat(os.path.join(folder, "FETCH_HEAD"), follow_symlinks=False).st_mtime)
            except FileNotFoundError:
                continue
            except OSError as error:
                self.warnings.append(f"FETCH_HEAD of {self.name} cannot be read: {error.strerror}")
        return iso(max(times)) if times else None


def _find_git() -> str:
    found = shutil.which("git")
    if found is None or not os.path.isabs(found):
        raise ReferenceUnavailable("git is not installed on this machine: a reference of kind git needs it")
    return found
