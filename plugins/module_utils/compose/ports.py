# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Published ports in the one form in which they are compared: ``127.0.0.1:8001->80/tcp``. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, text

_ANY = ("", "0.0.0.0", "::")  # noqa: S104  compared with, not bound to
_SHORT = re.compile(
    r"(?:(?:(?P<host>\[[0-9a-fA-F:.]+\]|[0-9a-fA-F:.]+):)?(?P<published>[0-9]+(?:-[0-9]+)?)?:)?"
    r"(?P<target>[0-9]+(?:-[0-9]+)?)(?:/(?P<proto>[a-z]+))?"
)
_MAX = 1024


def published(value: t.Any) -> list[str]:
    """Return the ports that one entry of ``ports`` publishes. Raises Unsupported."""
    if isinstance(value, dict):
        if value.get("mode") == "host" or value.get("target") is None:
            raise Unsupported("a port in the mode host, or without target")
        fields = [
            text(value[name]) if value.get(name) is not None else "" for name in ("host_ip", "published", "target")
        ]
        return _expand(fields[0], fields[1], fields[2], text(value.get("protocol") or "tcp"))
    found = _SHORT.fullmatch(text(value))
    if not found:
        raise Unsupported("a port in a form that is not known")
    host = (found["host"] or "").strip("[]")
    return _expand(host, found["published"] or "", found["target"], found["proto"] or "tcp")


def spelled(host: str, port: str, target: str, proto: str) -> str:
    """Return one published port; without a port the engine chooses one."""
    where = "" if host in _ANY else f"[{host}]:" if ":" in host else f"{host}:"
    return f"{where}{port or '*'}->{target}/{proto}"


def _expand(host: str, outer: str, inner: str, proto: str) -> list[str]:
    targets = _range(inner)
    if not outer:
        return [spelled(host, "", str(one), proto) for one in targets]
    ports = _range(outer)
    if len(ports) != len(targets):
        raise Unsupported("a range of ports for one port: which of them it got is not told")
    return [spelled(host, str(port), str(one), proto) for port, one in zip(ports, targets)]


def _range(said: str) -> t.Sequence[int]:
    low, _dash, high = said.partition("-")
    if not low.isdigit() or (high and not high.isdigit()):
        raise Unsupported("a port that is no number")
    first, last = int(low), int(high or low)
    if not 0 <= last - first < _MAX or last > 65535:
        raise Unsupported(f"a range of more than {_MAX} ports, or none")
    return range(first, last + 1)
