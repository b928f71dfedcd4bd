# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small application for a new control directory, with its baseline, so that there is something to audit at once.
Private to the collection.
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline

FOLDER = "example"
BASELINE = "baselines/example.json"

# When this example was made. A fixed date: the same files every time.
_CREATED = "2026-11-21T00:00:00Z"

_APP = '''\
"""The example that a fresh control directory audits. Change a line, audit again, and see it reported."""

INTERVAL_S = 10


def signal(prices):
    return "buy" if prices[-1] > sum(prices) / len(prices) else "wait"
'''

_SETTINGS = """\
[monitoring]
port = 8001
bind = 127.0.0.1
"""

_FILES = {"app.py": _APP, "config/settings.ini": _SETTINGS}

Json = dict[str, t.Any]


def files() -> dict[str, str]:
    """Return the example and its baseline, text by path relative to the control directory."""
    return {
        **{f"{FOLDER}/{name}": text for name, text in _FILES.items()},
        BASELINE: baseline.render(_baseline()).decode("ascii"),
    }


def _baseline() -> Json:
    folders: dict[str, list[list[t.Any]]] = {}
    for path, text in sorted(_FILES.items()):
        folder, _slash, name = path.rpartition("/")
        data = text.encode("ascii")
        entry = [name, "f", "644", hashlib.sha256(data).hexdigest(), len(data), 0, "root", "root"]
        folders.setdefault(f"{folder}/" if folder else "", []).append(entry)
    return {
        "application": "example",
        "environment": "example",
        "host": "example",
        "created": _CREATED,
        "collector": "evenkeel.drift.init",
        "git": {},
        "trees": [
            {
                "name": "source",
                "path": ".",
                "spec": {"compare": ["content"], "exclude": [], "secret": []},
                "directories": [[folder, "755 root:root", entries] for folder, entries in sorted(folders.items())],
            }
        ],
    }
