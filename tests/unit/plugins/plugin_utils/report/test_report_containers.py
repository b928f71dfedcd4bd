# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers part of a report: what an operator sees of each container, and that nothing unseen looks well."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import containers
from report_findings import Audit

Json = dict[str, t.Any]

ENGINE = {"kind": "docker", "version": "26.1.5", "socket": "/var/run/docker.sock", "api": "1.45"}
ABOUT = {"storage_driver": "overlay2", "system": "Debian GNU/Linux 13", "cgroup_version": "2"}


def container(**more: t.Any) -> Json:
    made = {
        "name": "bot-web-1",
        "project": "bot",
        "service": "web",
        "state": "running",
        "health": "healthy",
        "exit_code": 0,
        "restarts": 0,
        "started": "2026-11-21T10:00:00Z",
        "finished": None,
        "image": "example.org/bot:1.4",
        "image_id": "0123456789ab",
        "revision": "4ad26e4" + "0" * 33,
        "ports": ["127.0.0.1:8001->8000/tcp"],
        "memory": 32 << 20,
        "limit": 64 << 20,
        "cpu_percent": None,
        "changed_files": 0,
    }
    return {**made, **more}


def rendered(*containers_: Json, **more: t.Any) -> str:
    audit = Audit({"prod": ["web1"]})
    facts = {"engine": ENGINE, "about": ABOUT, "total": len(containers_), "selected": len(containers_), **more}
    audit.facts("web1", "containers", {**facts, "containers": list(containers_)})
    return "\n".join(containers.render(Report(audit.done())))


def row(text: str, name: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if f"| `{name}` |" in line)
    return [cell.strip() for cell in line.strip("|").split("|")][2:]


def test_a_container_is_told_in_one_row() -> None:
    text = rendered(container())
    assert row(text, "bot-web-1") == [
        "`bot-web-1`",
        "bot/web",
        "running",
        "healthy",
        "2026-11-21T10:00:00Z",
        "0",
        "`example.org/bot:1.4` (`0123456789ab`)",
        "`4ad26e400000`",
        "`127.0.0.1:8001->8000/tcp`",
        "32.0 MiB of 64 MiB (50%)",
        "none",
    ]
    assert "Docker 26.1.5" in text
    assert "overlay2, Debian GNU/Linux 13" in text


def test_what_was_not_seen_is_called_so() -> None:
    unseen = container(memory=None, changed_files=None, health=None, revision=None, project=None, limit=None)
    cells = row(rendered(unseen), "bot-web-1")
    assert cells[1] == "-"
    assert cells[3] == "no check"
    assert cells[7] == "-"
    assert cells[9:] == ["not seen", "not seen"]


def test_an_ended_container_shows_its_code_and_when() -> None:
    ended = container(state="exited", exit_code=137, finished="2026-11-21T10:01:00Z", memory=None, ports=[])
    cells = row(rendered(ended), "bot-web-1")
    assert cells[2] == "exited (137)"
    assert cells[4] == "2026-11-21T10:01:00Z"
    assert cells[8:10] == ["-", "-"]


def test_what_was_left_out_is_counted() -> None:
    text = rendered(container(), total=9, selected=5)
    assert "| 5 of 9 |" in text
    assert "4 more containers" in text


def test_a_host_without_an_engine_is_not_seen() -> None:
    audit = Audit({"prod": ["web1"]})
    audit.unknown("web1", "containers", "observed", "containers", "high", "no engine")
    text = "\n".join(containers.render(Report(audit.done())))
    assert "| web1 | not seen |" in text
    assert "[UNKNOWN]" in text
