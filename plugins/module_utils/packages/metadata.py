# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages the metadata of a site-packages directory names: what ``pip list`` would say, without running anything
of the environment. Private to the collection.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]

_FIRST = 4096
_MAX_HEADER = 1 << 20
_MAX_SMALL = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
_FIELD = re.compile(rb"^(name|version)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")
_SEPARATORS = re.compile("[-_.]+")


class Missing(Exception):
    """The metadata is not what an installer writes. The message says in which respect."""


def normalised(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


class Site:
    """Reads one directory that Python imports packages from.

    ``packages`` are ``{name, version, path, source}``: ``source`` is the directory or masked URL that the package was
    installed from, empty for one from an index. ``broken`` and ``unread`` are ``{path, reason}``: metadata that is
    wrong, and metadata that could not be read. ``newest`` is ``(mtime_ns, path)`` of what was installed last.
    """

    def __init__(self, folder: str, shown: str, host: Host) -> None:
        self._folder = folder
        self._shown = shown
        self._host = host
        self._fd = -1
        self.names: list[str] = []
        self.packages: list[Json] = []
        self.broken: list[Json] = []
        self.unread: list[Json] = []
        self.newest: tuple[int, str] | None = None

    def read(self) -> None:
        """Read all metadata of the directory. Raises Unseen when it cannot be listed."""
        self._fd = paths.open_root(self._folder)
        try:
            self.names = sorted(os.listdir(self._fd))
            for name in self.names:
                self._host.check_time()
                self._look(name)
        except OSError as error:
            raise Unseen(f"{self._shown} cannot be listed: {explain(error)}") from None
        finally:
            os.close(self._fd)

    def _look(self, name: str) -> None:
        lowered = name.lower()
        if name.startswith("~") or (lowered.startswith("-") and lowered.endswith((".dist-info", ".egg-info"))):
            self._note(self.broken, name, "left over from an installation that was interrupted")
        elif lowered.endswith(".dist-info"):
            self._take(name, "METADATA")
        elif lowered.endswith(".egg-info"):
            self._take(name, "PKG-INFO")
        elif lowered.endswith(".egg"):
            self._take(name, "EGG-INFO/PKG-INFO")
        elif lowered.endswith(".egg-link"):
            self._link(name)

    def _take(self, name: str, file: str) -> None:
        try:
            status = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
            # An egg-info can be the metadata itself; an egg that is a file is a zip file.
            inner = file if not _is_file(status) else ""
            if file.startswith("EGG") and not inner:
                raise Unseen("it is a zipped egg, which is not looked into")
            found = _fields(self._fd, os.fsencode(os.path.join(name, inner) if inner else name))
            source = self._source(name) if file == "METADATA" else ""
        except (FileNotFoundError, NotADirectoryError):
            self._note(self.broken, name, f"it has no {file}")
        except OSError as error:
            self._note(self.unread, name, explain(error))
        except Unseen as unseen:
            self._note(self.unread, name, unseen.reason)
        except Missing as missing:
            self._note(self.broken, name, str(missing))
        else:
            self._add(name, found, source, status.st_mtime_ns)

    def _add(self, name: str, found: tuple[str, str], source: str, mtime_ns: int) -> None:
        path = self._path(name)
        self.packages.append({"name": normalised(found[0]), "version": found[1], "path": path, "source": source})
        self.newest = max(self.newest or (0, ""), (mtime_ns, path))

    def _source(self, name: str) -> str:
        """Return where a package came from (PEP 610), empty when that is not recorded."""
        try:
            fd = paths.open_beneath(self._fd, os.fsencode(f"{name}/direct_url.json"))
        except FileNotFoundError:
            return ""
        try:
            url = json.loads(paths.read_fd(fd, _MAX_SMALL)).get("url")
            if not isinstance(url, str):
                return ""
            if url.startswith("file://"):
                path = unquote(urlsplit(url).path)
                # No file has such a name, and only newer Pythons say so.
                return "" if "\0" in path else mask(show(os.path.realpath(path)))
            return mask(show(url))
        except (ValueError, AttributeError, RecursionError):
            return ""
        finally:
            os.close(fd)

    def _link(self, name: str) -> None:
        """Read the metadata that the link of an old development installation leads to."""
        try:
            fd = paths.open_file(self._fd, name)
            try:
                folder = os.fsdecode(paths.read_fd(fd, _MAX_SMALL).partition(b"\n")[0].strip())
            finally:
                os.close(fd)
            root = paths.open_root(os.path.join(self._folder, folder))
            try:
                infos = sorted(entry for entry in os.listdir(root) if entry.endswith(".egg-info"))
                if len(infos) != 1:
                    raise Missing(f"{show(folder)} has {len(infos)} egg-info directories")
                found = _fields(root, os.fsencode(f"{infos[0]}/PKG-INFO"))
            finally:
                os.close(root)
        except FileNotFoundError:
            self._note(self.broken, name, "what it leads to has no PKG-INFO")
        except Missing as missing:
            self._note(self.broken, name, str(missing))
        except (OSError, ValueError) as error:
            self._note(self.unread, name, explain(error) if isinstance(error, OSError) else "it holds no path")
        except Unseen as unseen:
            self._note(self.unread, name, unseen.reason)
        else:
            self._add(name, found, mask(show(os.path.realpath(os.path.join(self._folder, folder)))), 0)

    def _note(self, where: list[Json], name: str, reason: str) -> None:
        where.append({"path": self._path(name), "reason": reason})

    def _path(self, name: str) -> str:
        return mask(f"{self._shown}/{show(name)}")


def _is_file(status: os.stat_result) -> bool:
    return (status.st_mode & 0o170000) == 0o100000


def _fields(root_fd: int, path: bytes) -> tuple[str, str]:
    """Return the name and version that a metadata file states. Raises OSError, Unseen, Missing."""
    fd = paths.open_beneath(root_fd, path)
    try:
        head, size = b"", _FIRST
        while True:
            part = os.read(fd, size)
            head += part
            end = _END.search(head)
            fields: dict[bytes, bytes] = {}
            for key, value in _FIELD.findall(head[: end.start()] if end else head[: head.rfind(b"\n") + 1]):
                fields.setdefault(key.lower(), value.strip())
            if len(fields) == 2 or end or not part:
                break
            if len(head) > _MAX_HEADER:
                raise Unseen(f"its header is larger than {_MAX_HEADER} bytes")
            size = 1 << 16
    finally:
        os.close(fd)
    return _stated(fields)


def _stated(fields: dict[bytes, bytes]) -> tuple[str, str]:
    name, version = (show(fields.get(key, b"")) for key in (b"name", b"version"))
    if not name or not version:
        raise Missing(f"it states no {'version' if name else 'name'}")
    if not _NAME.fullmatch(name):
        raise Missing("what it states as its name is none")
    if len(version) > 200 or not version.isprintable():
        raise Missing("what it states as its version is none")
    return name, version


def twins(packages: t.Sequence[Json]) -> list[Json]:
    """Return, as ``{path, reason}``, the packages of one directory that are there more than once."""
    by_name: dict[str, list[Json]] = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)
    return [
        {"path": many[-1]["path"], "reason": f"{name} is there {len(many)} times: {_versions(many)}"}
        for name, many in sorted(by_name.items())
        if len(many) > 1
    ]


def _versions(packages: t.Sequence[Json]) -> str:
    return ", ".join(sorted(str(package["version"]) for package in packages))
