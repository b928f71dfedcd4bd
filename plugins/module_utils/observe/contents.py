# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of files that exist only on this host, for a rescue: asked for by name, after an audit has seen them.
Private to the collection.

What is of a secret class is never read. A file that looks as if it held a secret is named with the line, and stays
here.
"""

from __future__ import annotations

import base64
import os
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import Masker, mask
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import recognised
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return ``{"files": {path: {content, reason}}}`` for the ``paths`` of ``spec``, below the host's root.

    ``content`` is compressed, in base64, None where ``reason`` says why it is not given. ``secret`` are the pattern
    pairs of the contract's secret files, ``max_bytes`` is the most that all contents may have, ``allow_secrets`` names
    the paths that somebody has looked at and found to hold none.
    """
    root_fd = paths.open_root(host.root)
    contents = Contents(spec, host)
    found = {}
    try:
        for path in spec["paths"]:
            host.check_time()
            content, reason = _read(root_fd, path, contents)
            found[path] = {"content": content, "reason": reason}
    finally:
        os.close(root_fd)
    return {"files": found}


class Contents:
    """What may be given of files, and how much of it: ``left`` bytes. ``spec`` is as in :func:`collect`."""

    def __init__(self, spec: t.Mapping[str, t.Any], host: Host) -> None:
        self._secret = Patterns(spec["secret"])
        self._allowed = frozenset(spec["allow_secrets"])
        self._known = Masker(recognised(host.learned))
        self.left = int(spec["max_bytes"])

    def barred(self, name: str) -> str:
        """Return why a file is not even read, from its name, or nothing."""
        return "a file of a secret class" if is_secret_file(name, self._secret) else ""

    def given(self, path: str, content: bytes) -> tuple[str | None, str]:
        """Return a content as it is given, or None and the reason."""
        reason = "" if path in self._allowed else self._held(content)
        if not reason and len(content) > self.left:
            reason = "there is more than one rescue takes"
        if reason:
            return None, reason
        self.left -= len(content)
        return _packed(content), ""

    def _held(self, content: bytes) -> str:
        text = content.decode("utf-8", "backslashreplace")
        if self._known.contains(text):
            return "it holds a secret that is in use on this host"
        line = _secret_line(text)
        return "" if line is None else f"line {line} looks as if it held a secret"


def _read(root_fd: int, path: str, contents: Contents) -> tuple[str | None, str]:
    try:
        name = raw(path)
        barred = contents.barred(os.fsdecode(name))
        if barred:
            return None, barred
        fd = paths.open_beneath(root_fd, name)
        try:
            content = paths.read_fd(fd, contents.left)
        finally:
            os.close(fd)
    except ValueError:
        return None, "its name came back changed"
    except OSError as error:
        return None, explain(error)
    except Unseen as unseen:
        return None, unseen.reason
    return contents.given(path, content)


def _secret_line(text: str) -> int | None:
    """Return the number of the first line that is masked, None when none is."""
    masked = mask(text)
    if masked == text:
        return None
    before, after = text.split("\n"), masked.split("\n")
    return next((number for number, pair in enumerate(zip(before, after), 1) if pair[0] != pair[1]), len(before))


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 6)).decode("ascii")
