# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of requirements files, with what they include; what a line means is decided on the control node.
Private to the collection.
"""

from __future__ import annotations

import codecs
import os
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show, spelled

Json = t.Dict[str, t.Any]

_MAX_BYTES = 4 << 20
_MAX_FILES = 100
_MAX_LINES = 20_000
_MAX_TEXT = 2000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMENT = re.compile(r"(?:^|\s+)#.*\Z")
_HASH = re.compile(r"\s--hash(?:=|\s+)\S+")
_INCLUDE = re.compile(r"(?:(-r|-c)\s*|(--requirement|--constraint)(?:=|\s+))(\S.*)\Z")
_EDITABLE = re.compile(r"(?:-e\s*|--editable(?:=|\s+))(\S.*)\Z")
_LOCAL = re.compile(r"(?:\.{1,2}(?:/|\Z|\[)|/|file:)")


class Requirements:
    """Reads requirements files below ``host.root``.

    ``lines`` are ``{file, line, text (masked), constraint, target, problem}``: ``target`` is the directory that an
    installation from a local path has, ``problem`` says why a line could not be followed, both empty otherwise.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._read: set[tuple[str, bool]] = set()
        self.lines: list[Json] = []

    def read(self, files: t.Sequence[str]) -> None:
        """Read files, spelled by ``text.show``. Raises Unseen when one of them cannot be read."""
        root_fd = paths.open_root(self._host.root)
        try:
            for file in files:
                self._file(root_fd, posixpath.normpath(file), False)
        finally:
            os.close(root_fd)

    def _file(self, root_fd: int, file: str, constraint: bool) -> None:
        self._host.check_time()
        if (file, constraint) in self._read:
            return
        if len(self._read) >= _MAX_FILES:
            raise Unseen(f"more than {_MAX_FILES} files are included")
        self._read.add((file, constraint))
        for number, text in _logical(_text(root_fd, file)):
            include = _INCLUDE.match(text)
            if len(self.lines) >= _MAX_LINES:
                raise Unseen(f"the requirements have more than {_MAX_LINES} lines")
            if include is None:
                self._add(file, number, text, constraint)
                continue
            binds = constraint or (include[1] or include[2]) in ("-c", "--constraint")
            try:
                self._file(root_fd, _beside(file, include[3]), binds)
            except Unseen as unseen:
                self._add(file, number, text, binds, unseen.reason)

    def _add(self, file: str, number: int, text: str, constraint: bool, problem: str = "") -> None:
        text = _HASH.sub("", text).strip()
        if len(text) > _MAX_TEXT:
            text, problem = text[:100], problem or f"it is longer than {_MAX_TEXT} characters"
        editable = _EDITABLE.match(text)
        place = editable[1] if editable else text
        target = ""
        if _LOCAL.match(place):
            place = place[5:].lstrip("/").join(("/", "")) if place.startswith("file:") else place
            place = place.partition(" ")[0].partition("[")[0].partition("#")[0]
            folder = os.path.join(self._host.root, os.path.dirname(os.fsdecode(raw(file))), place)
            target = show(os.path.realpath(folder.replace("\0", "")))
        self.lines.append(
            {
                "file": file,
                "line": number,
                "text": mask(spelled(text)),
                "constraint": constraint,
                "target": mask(target),
                "problem": mask(spelled(problem)),
            }
        )


def _beside(file: str, named: str) -> str:
    """Return the path of an included file. Raises Unseen for one that is not below the root."""
    named = named.strip().strip("\"'")
    if "://" in named:
        raise Unseen("what it includes is not a file of this host, and nothing is fetched")
    if named.startswith("/"):
        raise Unseen("what it includes has an absolute path, and only files below drift_root are read")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), show(named)))
    if path == ".." or path.startswith("../"):
        raise Unseen("what it includes is outside of drift_root")
    return path


def _text(root_fd: int, file: str) -> str:
    """Return the text of a file. Raises Unseen with a sentence that names it."""
    name = mask(file)
    if is_secret_file(file):
        raise Unseen(f"{name} is a secret-class file, which is not shown")
    try:
        fd = paths.open_beneath(root_fd, raw(file))
    except FileNotFoundError:
        raise Unseen(f"{name} does not exist") from None
    except OSError as error:
        raise Unseen(f"{name} cannot be read: {explain(error)}") from None
    except ValueError:
        raise Unseen(f"{name} is not the spelling of a file name") from None
    try:
        content = paths.read_fd(fd, _MAX_BYTES)
    except Unseen as unseen:
        raise Unseen(f"{name} is {unseen.reason}") from None
    finally:
        os.close(fd)
    encoding = "utf-8"
    for bom, marked in _BOMS:
        if content.startswith(bom):
            content, encoding = content[len(bom) :], marked
            break
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Unseen(f"{name} is not {encoding.upper()} text") from None


def _logical(text: str) -> t.Iterator[tuple[int, str]]:
    """Yield the lines that say something, each with the number of its first line: joined where a backslash continues
    one, and without comments, as pip does it.
    """
    joined, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.lstrip().startswith("#")
        begun = begun or number
        if line.endswith("\\") and not comment:
            joined += line[:-1]
            continue
        # A comment line ends what a backslash had begun.
        joined += "" if comment else line
        said = _COMMENT.sub("", joined).strip()
        if said:
            yield begun, said
        joined, begun = "", 0
    said = _COMMENT.sub("", joined).strip()
    if said:
        yield begun, said
