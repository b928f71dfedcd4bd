# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the remotes of a repository: their addresses, and their branches as of the last fetch. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_REFS = b"refs/remotes/"
_FETCH_LIMIT = 16 << 20


def remotes(
    place: Place, config: Config, refs: t.Mapping[bytes, str], unknown: list[dict[str, str]]
) -> dict[str, t.Any]:
    """Return ``{name: {url, branches: {name: hex}, fetched}}``, URLs masked.

    ``url`` is empty for a remote that has refs but no address any more. A FETCH_HEAD that cannot be read is added to
    ``unknown``.
    """
    urls = addresses(config)
    found: dict[bytes, dict[str, t.Any]] = {name: _empty() for name in urls}
    for ref in sorted(refs):
        if ref.startswith(_REFS):
            name, branch = _split(ref[len(_REFS) :], found)
            found.setdefault(name, _empty())["branches"][show(branch)] = refs[ref]
    fetched, text = files.guarded(unknown, ".git/FETCH_HEAD", lambda: _fetch(place), (None, b""))
    for name, remote in found.items():
        url = urls.get(name, b"")
        remote["url"] = mask(show(url))
        # FETCH_HEAD names what was fetched; with one remote there is nothing to tell apart.
        if len(found) == 1 or (url and _spelled(url) in text):
            remote["fetched"] = fetched
    return {show(name): found[name] for name in sorted(found)}


def addresses(config: Config) -> dict[bytes, bytes]:
    """Return the URL of each remote as it is configured, empty for one without."""
    return {name: config.get("remote", "url", name) or b"" for name in config.subsections("remote")}


def _empty() -> dict[str, t.Any]:
    return {"url": "", "branches": {}, "fetched": None}


def _split(ref: bytes, known: t.Iterable[bytes]) -> tuple[bytes, bytes]:
    """Return remote and branch; a remote's name can have slashes."""
    owners = [name for name in known if ref.startswith(name + b"/")]
    name = max(owners, key=len) if owners else ref.partition(b"/")[0]
    return name, ref[len(name) + 1 :]


def _fetch(place: Place) -> tuple[str | None, bytes]:
    """Return when FETCH_HEAD was written, None when there is none, and what it says."""
    seen = files.look(place.git_fd, b"FETCH_HEAD")
    if seen is None:
        return None, b""
    text = files.read(place.git_fd, b"FETCH_HEAD", _FETCH_LIMIT) or b""
    return iso(seen.st_mtime), text


def _spelled(url: bytes) -> bytes:
    """Return a URL as git writes it into FETCH_HEAD: without slashes and ``.git`` at its end, or credentials."""
    url = url.rstrip(b"/")
    url = url[:-4] if url.endswith(b".git") else url
    scheme, mark, rest = url.partition(b"://")
    return scheme + mark + rest.rpartition(b"@")[2] if mark else url
