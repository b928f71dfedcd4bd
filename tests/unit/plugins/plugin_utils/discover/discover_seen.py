# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations of a small host, in the shape of evidence."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import Survey

Json = dict[str, t.Any]


def process(pid: int, *argv: str, **more: t.Any) -> Json:
    """Return a process as the collector tells of it."""
    return {
        "pid": pid,
        "ppid": 1,
        "name": argv[0].rpartition("/")[2][:15] if argv else "",
        "uid": 1000,
        "user": "app",
        "started": "2026-11-21T06:00:00Z",
        "started_s": 1795240800.0,
        "state": "S",
        "command": " ".join(argv),
        "argv": list(argv),
        "exe": "/usr/bin/python3.11",
        "cwd": "/",
        "venv": None,
        "unit": None,
        "container": None,
        "namespace_foreign": False,
        "cpu_percent": 0.1,
        "rss_kb": 1000,
        "threads": 1,
        "unread": {},
        **more,
    }


def listener(pid: int | None, port: int, address: str = "127.0.0.1", **more: t.Any) -> Json:
    return {
        "proto": "tcp",
        "family": "ipv6" if ":" in address else "ipv4",
        "address": address,
        "port": port,
        "wildcard": address in ("0.0.0.0", "::"),
        "inode": 1,
        "uid": 1000,
        "user": "app",
        "pid": pid,
        "name": None if pid is None else "python",
        "command": None,
        "unit": None,
        "container": None,
        "reason": "" if pid is not None else "its owner belongs to another user",
        **more,
    }


def place(*markers: str, venvs: t.Sequence[str] = ()) -> Json:
    return {"markers": list(markers), "venvs": list(venvs), "reason": ""}


def survey(processes: t.Sequence[Json], listeners: t.Sequence[Json] = (), **places: Json) -> Survey:
    """Return a survey; the places are named by their path below /srv."""
    return Survey(
        {"processes": list(processes), "hidden": "", "total": 1, "unread": []},
        {"listeners": list(listeners)},
        {f"/srv/{name}": what for name, what in places.items()},
    )


PYTHON = "/srv/app/venv/bin/python"


def application() -> Survey:
    """Return an application with its own environment and unit, and what else runs on an ordinary host."""
    own = {"cwd": "/srv/app", "venv": "/srv/app/venv"}
    return survey(
        [
            process(4711, PYTHON, "src/api.py", "--port", "8001", unit="api.service", **own),
            process(4801, PYTHON, "-m", "worker", "--token", "<masked>", **own),
            process(4802, PYTHON, "-m", "worker", "--token", "<masked>", **own),
            process(700, "/usr/sbin/sshd", "-D", exe="/usr/sbin/sshd", user="root"),
            process(900, "-bash", name="bash", exe="/usr/bin/bash", cwd="/srv/app"),
            process(2, name="kthreadd", exe=None, cwd=None),
        ],
        [
            listener(4711, 8001),
            listener(4802, 9000, "0.0.0.0"),
            listener(4802, 9000, "::"),
            listener(700, 22, "0.0.0.0", name="sshd"),
            listener(None, 68, "0.0.0.0", proto="udp"),
        ],
        app=place(".git", "requirements.txt", venvs=["venv"]),
    )
