# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the bytes of a configuration: on a host and, for the reference, on the control node. Private to the
collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import dotenv
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import (
    documents,
    environment_file,
    ini,
    json_text,
    toml_text,
    unit_text,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Item, Parsed, Unreadable, gathered
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import YamlError, load
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import MAX_BYTES as MAX_YAML

MAX_BYTES = 4 << 20
"""How large a file may be: the values of a JSON text take up to thirty times as much memory."""

FORMATS = ("env", "yaml", "json", "toml", "ini", "systemd", "environment_file")

_ENV = re.compile(r"(?:.*\.)?env(?:\..*)?|\.envrc", re.IGNORECASE)
_ENDINGS = {
    "yaml": "yaml",
    "yml": "yaml",
    "json": "json",
    "toml": "toml",
    # Not conf and cfg: nginx, Redis and HAProxy have languages of their own, in which a key could be a password.
    **dict.fromkeys(("ini", "cnf"), "ini"),
    **dict.fromkeys(
        ("service", "timer", "socket", "mount", "automount", "path", "target", "slice", "swap", "scope"), "systemd"
    ),
}
_FOLDERS = (("/etc/default/", "environment_file"), ("/etc/sysconfig/", "environment_file"))
_DROP_IN = re.compile(r"\.(?:service|timer|socket|mount|automount|path|target|slice|swap|scope)\.d/[^/]+\.conf\Z")


def format_of(path: str) -> str | None:
    """Return the format that a file has by its name, None when that does not tell."""
    name = path.rpartition("/")[2]
    if _DROP_IN.search(path):
        return "systemd"
    if _ENV.fullmatch(name):
        return "env"
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    return next((kind for folder, kind in _FOLDERS if path.startswith(folder)), None)


def limit_of(form: str) -> int:
    """Return how many bytes a file of a format may have."""
    return MAX_YAML if form == "yaml" else MAX_BYTES


def read_keys(data: bytes, form: str) -> Parsed:
    """Return the keys of a file in one of ``FORMATS``. Raises Unreadable."""
    limit = limit_of(form)
    if len(data) > limit:
        raise Unreadable(f"it is larger than {limit >> 10} KiB: only its whole content is compared")
    if form == "yaml":
        return _yaml(data)
    said = _decoded(data)
    return _READERS[form](said)


def _decoded(data: bytes) -> str:
    try:
        said = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line}: byte {error.start + 1} of the file is no UTF-8") from None
    at = said.find("\0")
    if at >= 0:
        raise Unreadable(f"line {said.count(chr(10), 0, at) + 1} holds a NUL, which no text has")
    return said


def _env(said: str) -> Parsed:
    return gathered(_env_items(said))


def _env_items(said: str) -> t.Iterator[Item]:
    for one in dotenv.statements(said):
        if one.problem:
            raise Unreadable(one.problem)
        yield Item((one.name,), one.value, one.line, one.template)


def _yaml(data: bytes) -> Parsed:
    try:
        document = load(data, placed=True)
    except YamlError as error:
        raise Unreadable(str(error)) from None
    # An empty file is no value, it has none.
    return documents.flattened({} if document is None else document)


_READERS: dict[str, t.Callable[[str], Parsed]] = {
    "env": _env,
    "json": json_text.read,
    "toml": toml_text.read,
    "ini": ini.read,
    "systemd": unit_text.read,
    "environment_file": environment_file.read,
}
