# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual environment read as data: its Python, where its packages lie, and which they are. Private to the
collection.

Neither its interpreter nor its pip runs: both belong to whoever may write into it.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.metadata import Site, twins
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_MAX_CONFIG = 64 << 10
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3})(?:\.?(a|b|rc)(\w+)?)?)?")
_PYTHON = re.compile(r"(python|pypy)(\d{1,3}\.\d{1,3})")


class NoEnvironment(Exception):
    """There is no virtual environment at the path. The message says what is there instead."""


class Environment:
    """Where one environment keeps its packages, and for which Python.

    ``folders`` are its own site-packages directories, ``shared`` those of the Python it was made from when it sees
    these as well; ``python`` is ``3.11.7`` or ``3.11``, empty when that is not known; ``notes`` are ``{path, reason}``
    of what is odd, ``unread`` of what could not be read.
    """

    def __init__(self, root: str, shown: str) -> None:
        self.root = os.path.realpath(root)
        self.shown = shown
        self.notes: list[Json] = []
        self.unread: list[Json] = []
        config = self._config()
        stated = config.get("version_info") or config.get("version") or ""
        self.python = _python(stated)
        self.implementation = config.get("implementation", "CPython")
        self.folders = self._folders(bool(config))
        self.shared = self._shared(config)

    def _config(self) -> dict[str, str]:
        """Return what ``pyvenv.cfg`` says; nothing when there is none, as in an environment of conda."""
        root_fd = self._open()
        try:
            fd = paths.open_file(root_fd, "pyvenv.cfg")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Unseen(f"{self.shown}/pyvenv.cfg cannot be read: {explain(error)}") from None
        finally:
            os.close(root_fd)
        try:
            text = paths.read_fd(fd, _MAX_CONFIG).decode("utf-8", "backslashreplace").replace("\0", "")
        finally:
            os.close(fd)
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
        return {key.strip().lower(): value.strip() for key, _sign, value in pairs}

    def _open(self) -> int:
        try:
            os.stat(self.root)
        except FileNotFoundError:
            raise NoEnvironment(f"{self.shown} does not exist") from None
        except OSError as error:
            raise Unseen(f"{self.shown} cannot be looked at: {explain(error)}") from None
        if not os.path.isdir(self.root):
            raise NoEnvironment(f"{self.shown} is not a directory")
        return paths.open_root(self.root)

    def _folders(self, configured: bool) -> list[tuple[str, str]]:
        """Return the environment's own site-packages: those of its Python, where several have been there."""
        found = _sites(self.root, ("site-packages",))
        if not found and not configured:
            raise NoEnvironment(f"{self.shown} is no virtual environment: it has no pyvenv.cfg")
        if not found:
            raise Unseen(f"{self.shown} has no site-packages directory that can be read")
        minor = ".".join(self.python.split(".")[:2])
        if not minor and len({version for version, _implementation, _folder in found}) == 1:
            minor = self.python = found[0][0]
        mine = [site for site in found if site[0] == minor] if minor else found
        if not mine:
            raise Unseen(f"{self.shown} is of Python {self.python}, but has no site-packages directory of it")
        if any(implementation == "pypy" for _version, implementation, _folder in mine):
            self.implementation = "PyPy"
        for version, _implementation, folder in found:
            if minor and version != minor and any(name.endswith("-info") for name in _names(folder)):
                reason = f"packages of Python {version} are left in an environment of {self.python}"
                self.notes.append({"path": self._below(folder), "reason": reason})
        return [(folder, self._below(folder)) for _version, _implementation, folder in mine]

    def _shared(self, config: t.Mapping[str, str]) -> list[tuple[str, str]]:
        if config.get("include-system-site-packages", "").lower() != "true":
            return []
        home = config.get("home", "")
        prefix = os.path.dirname(os.path.normpath(home)) if home.startswith("/") else ""
        minor = ".".join(self.python.split(".")[:2])
        tops = [prefix, "/usr/local"] if prefix == "/usr" else [prefix]
        found = [site for top in tops if top for site in _sites(top, ("site-packages", "dist-packages"))]
        mine = [folder for version, _implementation, folder in found if version in (minor, "")]
        if not mine:
            reason = f"its packages of the system (home = {mask(show(home)) or 'nothing'}) were not found"
            self.unread.append({"path": f"{self.shown}/pyvenv.cfg", "reason": reason})
        return [(folder, show(folder)) for folder in mine]

    def _below(self, folder: str) -> str:
        return f"{self.shown}/{show(os.path.relpath(folder, self.root))}"

    def interpreter(self) -> str:
        """Return what is wrong with its interpreter, nothing when there is one."""
        for name in ("bin/python3", "bin/python"):
            path = os.path.join(self.root, name)
            if os.path.exists(path):
                return ""
            if os.path.islink(path):
                return f"{self.shown}/{name} leads to {mask(show(os.readlink(path)))}, which does not exist"
        return f"{self.shown} has no bin/python"

    def platform(self) -> Json:
        """Return the values of environment markers (PEP 508) for this environment; null where they are not known."""
        system = os.uname()
        return {
            "implementation_name": self.implementation.lower(),
            "implementation_version": self.python if self.python.count(".") > 1 else None,
            "os_name": "posix",
            "platform_machine": system.machine,
            "platform_python_implementation": self.implementation,
            "platform_release": system.release,
            "platform_system": system.sysname,
            "platform_version": system.version,
            "python_full_version": self.python if self.python.count(".") > 1 else None,
            "python_version": ".".join(self.python.split(".")[:2]) or None,
            "sys_platform": system.sysname.lower(),
        }


def read_environment(root: str, shown: str, host: Host) -> Json:
    """Return what is installed in the environment at ``root``, which is spelled ``shown`` (docs/design.md).

    The outcome is ``missing`` when there is no environment.
    """
    made: Json = {"path": shown, "outcome": "ok", "reason": "", "python": "", "platform": {}, "interpreter": ""}
    made.update(packages=[], broken=[], unread=[], newest=None)
    try:
        environment = Environment(root, shown)
        made.update(python=environment.python, platform=environment.platform(), interpreter=environment.interpreter())
        _read_sites(environment, made, host)
    except NoEnvironment as missing:
        made.update(outcome="missing", reason=str(missing))
    except Unseen as unseen:
        made.update(outcome="unknown", reason=unseen.reason)
    return made


def _read_sites(environment: Environment, made: Json, host: Host) -> None:
    broken, unread = list(environment.notes), list(environment.unread)
    own: list[Json] = []
    packages: dict[str, list[Json]] = {}
    newest: tuple[int, str] = (0, "")
    for shared, folders in ((False, environment.folders), (True, environment.shared)):
        for folder, shown in folders:
            site = Site(folder, shown, host)
            try:
                site.read()
            except Unseen as unseen:
                if not shared:
                    raise
                unread.append({"path": shown, "reason": unseen.reason})
            seen = set(packages)
            for package in site.packages:
                # What comes first in the path hides the others.
                if package["name"] not in seen:
                    packages.setdefault(package["name"], []).append(package)
            newest = max(newest, site.newest or newest)
            if not shared:
                own += site.packages
                broken += site.broken + twins(site.packages)
                unread += site.unread
    if not own and not broken and not unread:
        raise Unseen(f"{environment.shown} holds no metadata of any package")
    made["packages"] = sorted(
        (package for many in packages.values() for package in many), key=lambda p: (p["name"], p["version"], p["path"])
    )
    made["broken"] = sorted(broken, key=lambda item: str(item["path"]))
    made["unread"] = sorted(unread, key=lambda item: str(item["path"]))
    if newest[0]:
        seconds = round(newest[0] / 1e9, 3)
        made["newest"] = {"path": newest[1], "mtime": iso(seconds), "mtime_s": seconds}


def _python(stated: str) -> str:
    """Return the version in the spelling of Python itself: virtualenv writes ``3.11.7.final.0``."""
    match = _VERSION.match(stated)
    if match is None:
        return ""
    return ".".join(part for part in match.groups()[:3] if part is not None)


def _names(folder: str) -> list[str]:
    try:
        return paths.names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unseen(f"{show(folder)} cannot be listed: {explain(error)}") from None


def _sites(top: str, names: t.Sequence[str]) -> list[tuple[str, str, str]]:
    """Return ``(version, implementation, directory)`` of what Python would import packages from below ``top``."""
    found: dict[tuple[int, int], tuple[str, str, str]] = {}
    for lib in ("lib", "lib64"):
        for python in _names(os.path.join(top, lib)):
            match = _PYTHON.fullmatch(python)
            if match is None and not (python == "python3" and "dist-packages" in names):
                continue
            for name in names:
                folder = os.path.join(top, lib, python, name)
                try:
                    status = os.stat(folder)
                except OSError:
                    continue
                version, implementation = (match[2], match[1]) if match else ("", "python")
                found.setdefault((status.st_dev, status.st_ino), (version, implementation, folder))
    return list(found.values())
