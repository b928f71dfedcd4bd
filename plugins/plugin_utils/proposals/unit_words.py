# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and lines of systemd's unit files. Private to the collection.

What a word holds never ends its line, starts a specifier (``%``) or a variable (``$``): systemd.syntax(7) and
systemd.service(5), "Command lines".
"""

from __future__ import annotations

import re

_PLAIN = re.compile(rb"[A-Za-z0-9_./:=@,+-]+")
_UNFIT_NAME = re.compile(r"[^A-Za-z0-9:_.-]+")
_LONGEST_NAME = 200
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "%": "%%"}


def word(content: bytes, variables: bool = True) -> str:
    """Return bytes as one word of a unit file; ``variables`` is false where systemd replaces none (Environment=)."""
    if _PLAIN.fullmatch(content):
        return content.decode("ascii")
    return f'"{inner(content, variables)}"'


def inner(content: bytes, variables: bool = True) -> str:
    """Return bytes as they stand between double quotes."""
    made = []
    for char in content.decode("utf-8", "surrogateescape"):
        if "\udc80" <= char <= "\udcff":
            made.append(f"\\x{ord(char) - 0xDC00:02x}")
        elif char == "$" and variables:
            made.append("$$")
        elif char in _NAMED:
            made.append(_NAMED[char])
        else:
            made.append(char if char.isprintable() else _code(char))
    return "".join(made)


def _code(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def line(content: bytes) -> str | None:
    """Return bytes as the whole value of a setting that knows no quotes (WorkingDirectory=), None where none can be."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text or not text.isprintable() or text != text.strip() or text.endswith("\\"):
        return None
    return text.replace("%", "%%")


def comment(text: str) -> str:
    """Return a text for one line of comment, or for Description=."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown.rstrip("\\ ")[:300].rstrip("\\ ")


def unit_name(stem: str) -> str:
    """Return a name that systemd takes for a service."""
    fit = _UNFIT_NAME.sub("-", stem).strip("-.")[:_LONGEST_NAME]
    return f"{fit or 'unnamed'}.service"
