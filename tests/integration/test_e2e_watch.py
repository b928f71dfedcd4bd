# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: a real window over a real host, in which a process is restarted, one leaks, an endpoint fails for a while
and cycles are left out; and one in which nothing of that happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from e2e_operator import Operator
from endpoint_server import answer, serving
from waiting import LIMIT_S, wait_until

Json = dict[str, t.Any]

# Grows by 2 MiB with each line that it is sent, and ends with its input.
GROWING = "import sys\nkept = []\nfor line in sys.stdin:\n    kept.append(bytearray(2 << 20))\n"
FAILING = (4, 5, 6)
# A busy machine leaves out looks; ten are enough for a trend.
WINDOW = "20s"
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "evenkeel.drift.watch_host": {"window": {"for": WINDOW, "every": "1s"}, "folder": "{{ watch_folder }}"},
                "register": "watch",
            }
        ],
    }
]


class Application:
    """What is watched. Each request to its endpoint is a tick: it logs a cycle, and its children are told."""

    def __init__(self, root: Path, faulty: bool) -> None:
        self.root = root
        self.faulty = faulty
        self.ticks = 0
        self.mark = f"watched-{os.getpid()}-{root.parent.name}"
        self.growing = self._start("growing")
        self.steady = self._start("steady")

    def _start(self, word: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", GROWING, f"{self.mark}-{word}"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def handle(self, connection: socket.socket, _request: bytes) -> None:
        self.ticks += 1
        failing = self.faulty and self.ticks in FAILING
        if not failing:
            with (self.root / "main.log").open("a") as log:
                log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} - INFO - cycle complete\n")
        if self.faulty:
            assert self.growing.stdin is not None
            self.growing.stdin.write(b"\n")
            self.growing.stdin.flush()
        if self.faulty and self.ticks == FAILING[0]:
            self._end(self.steady)
            self.steady = self._start("steady")
        connection.sendall(answer(b"ok", "503 Service Unavailable" if failing else "200 OK"))

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.communicate()

    def end(self) -> None:
        for child in (self.growing, self.steady):
            with contextlib.suppress(BrokenPipeError):
                self._end(child)

    def contract(self, url: str) -> Json:
        cycle = {"name": "cycle", "pattern": "cycle complete", "max_s": 1 if self.faulty else 9}
        return {
            "processes": [
                {"name": word, "match": f"{self.mark}-{word}", "containers": True} for word in ("growing", "steady")
            ],
            "endpoints": [{"name": "health", "url": f"{url}/health"}],
            "logs": [{"name": "main", "path": "main.log", "interval": cycle, "max": {"ERROR": 0}}],
            "resources": {},
        }


@contextlib.contextmanager
def application(tmp_path: Path, faulty: bool) -> t.Iterator[tuple[Application, Json]]:
    root = tmp_path / "app"
    root.mkdir()
    app = Application(root, faulty)
    try:
        with serving(app.handle) as server:
            yield app, {"drift_root": str(root), "drift_contract": app.contract(server.url)}
    finally:
        app.end()


def written(operator: Operator, variables: Json, folder: Path) -> list[str]:
    """Return the arguments with which ansible-playbook watches one local host called web1."""
    folder.mkdir()
    play = operator.home / "watch.json"
    play.write_text(json.dumps(PLAY))
    inventory = operator.inventory({"web1": variables}, watch_folder=str(folder))
    return [str(play), "-i", str(inventory)]


def outcomes(made: list[Json]) -> dict[tuple[str, str], str]:
    return {(one["check"], one["subject"].partition(":")[0]): one["outcome"] for one in made}


def watched(operator: Operator, variables: Json, folder: Path) -> tuple[Json, dict[tuple[str, str], str], str]:
    done = operator.play(*written(operator, variables, folder))
    assert done.code == 0, done.text
    document = json.loads((folder / "watch" / "web1.json").read_text())
    return document, outcomes(checks(document)), done.text


def test_what_did_not_stay_as_it_was_is_found_in_a_real_window(operator: Operator, tmp_path: Path) -> None:
    with application(tmp_path, faulty=True) as (_app, variables):
        document, found, text = watched(operator, variables, tmp_path / "kept")
    assert document["window"]["looks"] + document["window"]["skipped"] == 21
    assert "web1: watched 20" in text
    assert found["window", "window"] == "pass"
    assert found["stable", "steady"] == "fail"
    assert found["stable", "growing"] == "pass"
    assert found["memory", "growing"] == "fail"
    assert found["available", "health"] == "fail"
    assert found["cycles", "main"] == "fail"
    assert found["errors", "main"] == "pass"
    (endpoint,) = document["endpoints"]
    assert endpoint["failures"] == {"status 503": len(FAILING)}
    assert (document["processes"][1]["started"], document["processes"][1]["ended"]) == (1, 1)


def test_a_verification_watches_and_decides_by_what_it_saw(operator: Operator, tmp_path: Path) -> None:
    with application(tmp_path, faulty=False) as (app, variables):
        inventory = operator.inventory({"web1": variables})
        extra = {"drift_output_dir": str(operator.runs), "verify_watch": {"for": WINDOW, "every": "1s"}}
        extra["verify_since"] = "1h"
        done = operator.play("evenkeel.drift.verify", "-i", str(inventory), "-e", json.dumps(extra))
    folder = (operator.runs / "verifications" / "latest").resolve()
    made = json.loads((folder / "verify.json").read_text())
    found = {
        (one["check"], one["subject"].partition(":")[0]): one for one in made["checks"] if one["section"] == "watch"
    }
    # What the kernel kills for want of memory may be any program of this machine.
    killed = found.pop(("memory", "host"))["verdict"]
    assert {one["verdict"] for one in found.values()} == {"PASS"}, (done.text, found)
    assert found["available", "health"]["observed"]["asked"] == made["watch"][0]["window"]["looks"]
    # The audit asked once.
    assert app.ticks == made["watch"][0]["window"]["looks"] + 1
    assert [one["verdict"] for one in made["criteria"] if one["name"] == "Observation window"] == [killed]
    assert "web1: watched 20" in done.text
    assert killed != "PASS" or "nothing has happened" in done.text
    report = (folder / "verify-report.md").read_text()
    assert "## Observation window" in report
    assert re.search(r"\| Observation window \| `web1` from \S+Z to \S+Z: \S+ s of 20 s observed \(\d+ %\) \|", report)
    assert "`watch/web1.json`" in report
    sums = dict(reversed(line.split("  ")) for line in (folder / "MANIFEST.sha256").read_text().splitlines())
    (watched,) = [one for one in made["files"] if one["of"] == "verification"]
    path = folder / "watch" / "web1.json"
    assert watched == {"of": "verification", "path": "watch/web1.json", "bytes": path.stat().st_size} | {
        "sha256": sums["watch/web1.json"]
    }
    assert f"| `watch/web1.json` | verification | {watched['bytes']} | `{watched['sha256']}` |" in report
    commands = report.partition("## Commands to repeat each check")[2]
    assert "watch cpu growing:" in commands
    assert " | xargs -r ps -o pid,ppid,lstart,user:16,time,rss,comm -p\n" in commands


@pytest.mark.parametrize("frozen", [False, True])
def test_a_feed_that_stands_still_within_the_window_is_found_and_one_that_moves_passes(
    operator: Operator, tmp_path: Path, frozen: bool
) -> None:
    begun = time.time()

    def feed(connection: socket.socket, _request: bytes) -> None:
        moment = begun if frozen else time.time()
        connection.sendall(answer(json.dumps({"signals": [{"timestamp": moment}]}).encode("ascii")))

    with serving(feed) as server:
        within_s = 12 if frozen else 60
        fresh = {"path": "signals[0].timestamp", "within_s": within_s}
        contract = {"endpoints": [{"name": "feed", "url": f"{server.url}/feed", "fresh": fresh}]}
        root = tmp_path / "app"
        root.mkdir()
        inventory = operator.inventory({"web1": {"drift_root": str(root), "drift_contract": contract}})
        extra = {"drift_output_dir": str(operator.runs), "verify_watch": {"for": "14s", "every": "1s"}}
        done = operator.play("evenkeel.drift.verify", "-i", str(inventory), "-e", json.dumps(extra))
    made = json.loads((operator.runs / "verifications" / "latest" / "verify.json").read_text())
    found = {(one["section"], one["check"]): one for one in made["checks"]}
    seen = found["watch", "available"]["observed"]
    assert found["watch", "available"]["verdict"] == ("FAIL" if frozen else "PASS"), done.text
    assert set(seen["failures"]) == ({"not as declared: fresh signals[0].timestamp"} if frozen else set())
    assert seen["unseen"] == 0
    # The audit before it saw the feed while it was young.
    assert frozen or found["endpoints", "fresh"]["verdict"] == "PASS"


def test_an_interrupted_watch_leaves_its_file(operator: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with application(tmp_path, faulty=False) as (app, variables):
        play = operator.start(*written(operator, variables, folder))
        try:
            wait_until(lambda: app.ticks >= 2, "the host is looked at")
            os.killpg(play.pid, signal.SIGINT)
            play.communicate(timeout=LIMIT_S)
        finally:
            if play.poll() is None:
                os.killpg(play.pid, signal.SIGKILL)
                play.communicate()
        left = json.loads((folder / "watch" / "web1.json").read_text())
        assert not left["complete"]
        assert "interrupted" in left["reason"]


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"for": "10m", "evry": "30s"}, 'did you mean "every"?'),
        ("5s", "a window is 10 s to 24 h long, found 5 s"),
    ],
)
def test_a_window_that_cannot_be_is_refused_before_anything(
    operator: Operator, tmp_path: Path, window: t.Any, said: str
) -> None:
    play = operator.home / "watch.json"
    play.write_text(json.dumps([{**PLAY[0], "tasks": [{"evenkeel.drift.watch_host": {"window": window}}]}]))
    inventory = operator.inventory({"web1": {"drift_root": str(tmp_path)}})
    done = operator.play(str(play), "-i", str(inventory))
    assert done.code != 0
    assert said in done.text.replace("\\", "")
