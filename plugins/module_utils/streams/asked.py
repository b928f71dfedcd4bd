# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module ``stream_info`` as a request. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.place import parse_address

_MOST = 500


def server_asked(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what the collector is asked about one server. Raises ValueError with one sentence."""
    kind = next(one for one in ("redis", "memcached", "influxdb") if options[one] is not None)
    address = parse_address(kind, options[kind])
    if not 1 <= options["sample"] <= _MOST:
        raise ValueError(f"sample must be from 1 to {_MOST}")
    source = {"file": options["credentials_file"], "key": options["credentials_key"]}
    stream = {
        "stream": options["stream"],
        "group": options["group"],
        "sample": options["sample"],
        "progress_s": options["wait"],
        "required": [],
        "stuck": [],
    }
    return {
        "kind": kind,
        "address": options[kind] if kind == "influxdb" else str(address),
        "user": options["user"],
        "password_from": source if options["credentials_file"] else None,
        "tls": None,
        "database": 0,
        "discover": kind == "redis" and options["stream"] is None,
        "streams": [stream] if kind == "redis" and options["stream"] is not None else [],
    }
