# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault of a container is found with its cause, and healthy containers give none."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from fake_containers import NEVER, image, inspected, serve
from fake_engine import HANG, FakeEngine, error

Json = dict[str, t.Any]
CANARY = "https://me:hunter2hunter2@example.org/"
STRICT = {"require_compose": True, "max_restarts": 0, "no_layer_changes": True, "bind_local": True}


@pytest.fixture(name="engine")
def fixture_engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def audit(operator: Operator, root: Path, engine: FakeEngine, **contract: t.Any) -> Outcome:
    return operator.audit_one(root, drift_contract={"containers": {"socket": engine.socket, **contract}})


def drift(outcome: Outcome) -> set[tuple[str, str, str | None]]:
    return {
        (one["check"], one["subject"], one["cause"])
        for one in outcome.findings["findings"]
        if one["outcome"] != "observation"
    }


def test_healthy_containers_are_in_sync(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    serve(engine, inspected("web"), inspected("bot"))
    expected = [{"name": "web", "image": "docker.io/shop/web:1", "networks": ["shop"], "user": "app"}]
    outcome = audit(operator, tmp_path, engine, **STRICT, expected=expected, memory_mb={"web": 20})
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert {one["outcome"] for one in outcome.findings["findings"]} <= {"observation"}
    assert "`web`" in outcome.report
    assert engine.methods == {"GET"}
    assert "hunter2" not in str(outcome.evidence("web1", "containers"))


def test_each_fault_is_found_with_its_cause(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    health = {"Status": "unhealthy", "FailingStreak": 4, "Log": [{"End": "2026-11-21T10:06:00Z", "Output": "refused"}]}
    ended = {"Status": "exited", "ExitCode": 3, "FinishedAt": "2026-11-21T10:01:00Z", "Health": None}
    serve(
        engine,
        inspected("fine"),
        inspected("sick", State={"Health": health}),
        inspected("ended", State=ended),
        inspected("loop", State={**ended, "Status": "restarting"}, RestartCount=7),
        inspected("killed", State={"OOMKilled": True}),
        inspected("loose", Config={"Labels": {"com.docker.compose.project": None}}),
        inspected("old", Config={"Image": "shop/old:1"}),
        inspected("open", NetworkSettings={"Ports": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18000"}]}}),
    )
    engine.answers["/images/shop/old:1/json"] = image("newer")
    hot = engine.answers["/containers/json"][0]["Id"]
    engine.answers[f"/containers/{hot}/changes"] = [{"Path": "/app", "Kind": 0}, {"Path": "/app/hot.py", "Kind": 1}]
    outcome = audit(operator, tmp_path, engine, **STRICT, memory_mb={"fine": 5}, expected=[{"name": "gone"}])
    assert drift(outcome) == {
        ("health", "sick", "unhealthy"),
        ("running", "ended", "exited"),
        ("running", "loop", "restarting"),
        ("restarts", "loop", "restarted"),
        ("oom", "killed", "oom_killed"),
        ("compose", "loose", "outside_compose"),
        ("image_current", "old", "image_moved"),
        ("exposed", "open:8000/tcp", "exposed"),
        ("layer", "fine:/app/hot.py", "layer_changed"),
        ("memory", "fine", "over_threshold"),
        ("present", "gone", "not_running"),
    }


def test_what_could_not_be_seen_is_unknown(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    web, bot = inspected("web"), inspected("bot")
    serve(engine, web, bot)
    engine.answers[f"/containers/{web['Id']}/json"] = error(500, "boom TOKEN=hunter2hunter2")
    engine.answers[f"/containers/{bot['Id']}/stats"] = HANG
    engine.answers[f"/containers/{bot['Id']}/changes"] = error(500, "boom")
    outcome = audit(operator, tmp_path, engine, no_layer_changes=True)
    assert outcome.code != 0
    assert drift(outcome) == {
        ("running", "web", "unseen"),
        ("memory_limit", "bot", "unseen"),
        ("layer", "bot", "unseen"),
    }
    assert "hunter2" not in outcome.text + outcome.report


def test_a_host_without_an_engine_is_unknown(operator: Operator, tmp_path: Path) -> None:
    outcome = operator.audit_one(tmp_path, drift_contract={"containers": {"socket": str(tmp_path / "none.sock")}})
    assert outcome.state()[1] == "unknown"
    assert drift(outcome) == {("observed", "containers", "unseen")}
    assert "there is no socket" in outcome.report


def test_hostile_text_stays_text(operator: Operator, engine: FakeEngine, tmp_path: Path) -> None:
    evil = "a\x1b[31m\n{{ lookup('pipe', 'touch pwned') }}<script>|`x`\ud800\u202e"
    output = {"Status": "unhealthy", "FailingStreak": 2, "Log": [{"End": NEVER, "Output": f"{evil} {CANARY}"}]}
    serve(
        engine,
        inspected(
            evil,
            State={"Health": output, "Error": evil},
            Config={"Labels": {evil: f"{evil} {CANARY}"}, "Env": [f"{evil}={evil}"], "User": evil, "Image": evil},
            NetworkSettings={"Networks": {evil: {"Aliases": [evil]}}, "Ports": {evil: [{"HostIp": evil}]}},
        ),
        changes=[{"Path": f"/app/{evil}", "Kind": 1}],
        log=evil.encode("utf-8", "surrogatepass") + CANARY.encode() + b"\xff\n",
    )
    engine.answers["/info"] = {"Warnings": [evil, CANARY], "OperatingSystem": evil}
    outcome = audit(operator, tmp_path, engine, **STRICT)
    assert outcome.run is not None, outcome.text
    assert {check for check, _subject, _cause in drift(outcome)} >= {"health", "layer"}
    everything = outcome.text + "".join(
        path.read_text("utf-8") for path in outcome.run.rglob("*") if path.suffix in (".json", ".md")
    )
    assert "hunter2" not in everything
    assert "\x1b[31m" not in outcome.text + outcome.report
    assert "<script>" not in outcome.report
    assert not list(tmp_path.rglob("pwned")) + list(operator.desk.rglob("pwned"))
