# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section compose: each fault with its cause, and nothing else."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import fake_compose
import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.compose import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context as Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.compose import ComposeExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import compose
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_rules import DEFAULTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from fake_compose import ENV, FILE, SECRET, container, healthy, project, serve, write
from fake_engine import FakeEngine

Json = dict[str, t.Any]
Found = set[tuple[str, str, str | None, str]]
MARKET = "shop-market-data-1"


@pytest.fixture(name="engine")
def fixture_engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def contract(**keys: t.Any) -> list[Json]:
    problems = Problems()
    read = SHAPE.read([{"project": "shop", **keys}], "compose", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def judged(folder: Path, engine: FakeEngine, seen: t.Any = None, **keys: t.Any) -> Judgement:
    """Observe and judge a project as an audit without reference does, that has ``seen`` other sections."""
    entries = contract(**keys)
    asked = Asked(
        "web1", str(folder), Cache(str(folder / ".cache")), contract={"containers": {"socket": engine.socket}}
    )
    half = ComposeExchange(entries, asked)
    evidence = half.read(collect(half.request(), Host(str(folder), 20, key=b"key")))
    assert SECRET not in str(evidence)
    return compose.judge(entries, evidence, Context("prod", "web1", seen=seen or {}))


def findings(judgement: Judgement) -> Found:
    return {(one.check, one.subject, one.cause, one.outcome) for one in judgement.checks if one.is_finding}


def test_a_project_that_runs_as_its_files_say_is_in_sync(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    judgement = judged(tmp_path, engine)
    assert findings(judgement) == set()
    assert {one.check for one in judgement.checks} == {"files", "service", "setting", "image", "names"}
    assert engine.methods == {"GET"}


CHANGED: list[tuple[str, Json, str]] = [
    ("command", {"Config": {"Cmd": ["serve", "--port", "9999"]}}, "serve --port 9999"),
    ("entrypoint", {"Config": {"Entrypoint": ["/other"]}}, "/other"),
    ("user", {"Config": {"User": "root"}}, "root"),
    ("image", {"Config": {"Image": "shop/app:2"}}, "shop/app:2"),
    ("working_dir", {"Config": {"WorkingDir": "/tmp"}}, "/tmp"),
    (
        "ports",
        {"HostConfig": {"PortBindings": {"8001/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18001"}]}}},
        "18001->8001/tcp",
    ),
    ("ports", {"HostConfig": {"PortBindings": None}}, "nothing"),
    ("volumes", {"Mounts": []}, "nothing"),
    (
        "volumes",
        {"Mounts": [{"Type": "bind", "Source": "/" + "x" * 400, "Destination": "/more", "RW": True}]},
        f"bind /{'x' * 294}",
    ),
    ("networks", {"NetworkSettings": {"Networks": {"shop_back": {"Aliases": ["md"]}, "other": {}}}}, "other shop_back"),
    ("aliases", {"NetworkSettings": {"Networks": {"shop_back": {"Aliases": []}}}}, "nothing"),
    ("healthcheck.interval", {"Config": {"Healthcheck": {"Interval": 10**9}}}, "1s"),
    ("healthcheck.test", {"Config": {"Healthcheck": {"Test": ["CMD", "true"]}}}, "CMD true"),
    ("restart", {"HostConfig": {"RestartPolicy": {"Name": "always"}}}, "always"),
    ("memory", {"HostConfig": {"Memory": 1 << 20}}, "1048576"),
    ("cpus", {"HostConfig": {"NanoCpus": 5 * 10**8}}, "0.5"),
    ("privileged", {"HostConfig": {"Privileged": True}}, "true"),
    ("cap_add", {"HostConfig": {"CapAdd": ["CAP_NET_ADMIN"]}}, "NET_ADMIN"),
    ("labels.team", {"Config": {"Labels": {"team": "red"}}}, "red"),
    (
        "environment.MODE",
        {"Config": {"Env": ["MODE=paper", f"DB_PASSWORD={SECRET}", "PATH=/bin", "LANG=C"]}},
        "another value",
    ),
    ("environment.MODE", {"Config": {"Env": [f"DB_PASSWORD={SECRET}", "PATH=/bin", "LANG=C"]}}, "not set"),
    ("environment.LANG", {"Config": {"Env": ["MODE=live", f"DB_PASSWORD={SECRET}", "PATH=/bin"]}}, "not set"),
    (
        "environment.EXTRA",
        {"Config": {"Env": ["MODE=live", f"DB_PASSWORD={SECRET}", "PATH=/bin", "LANG=C", "EXTRA=1"]}},
        "set",
    ),
]


@pytest.mark.parametrize(("key", "change", "running"), CHANGED)
def test_each_key_that_was_changed_by_hand_is_told(
    key: str, change: Json, running: str, engine: FakeEngine, tmp_path: Path
) -> None:
    project(tmp_path)
    serve(engine, container("market-data", tmp_path, **change), container("bot", tmp_path))
    judgement = judged(tmp_path, engine)
    assert findings(judgement) == {("setting", f"{MARKET}.{key}", "lost_on_restart", "fail")}
    told = next(one for one in judgement.checks if one.is_finding)
    assert told.observed[key] == running
    assert "a restart keeps that, and it is lost as soon as" in told.summary


def test_a_file_that_changed_afterwards_is_the_cause(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, FILE.replace("MODE: live", "MODE: paper"), mtime=1_800_000_000)
    judgement = judged(tmp_path, engine)
    assert findings(judgement) == {
        ("setting", f"{MARKET}.environment.MODE", "setting_differs", "fail"),
        ("stale", MARKET, "stale_configuration", "fail"),
        ("stale", "shop-bot-1", "stale_configuration", "observation"),
    }
    stale = next(one for one in judgement.checks if one.check == "stale" and one.subject == MARKET)
    assert "2026-11-20T10:00:00Z" in stale.summary
    assert "2027-01-15T08:00:00Z" in stale.summary


def test_services_that_are_missing_extra_or_scaled_are_told(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    write(tmp_path, FILE.replace("    networks: [back]\n", "    networks: [back]\n    scale: 2\n"))
    gone = container("market-data", tmp_path, State={"Status": "exited"})
    extra = container("bot", tmp_path, Id="e" * 64, Config={"Labels": {"com.docker.compose.service": "old"}})
    once = container("bot", tmp_path, Id="d" * 64, Config={"Labels": {"com.docker.compose.oneoff": "True"}})
    serve(engine, gone, container("bot", tmp_path), extra, once)
    assert findings(judged(tmp_path, engine)) == {
        ("service", "market-data", "missing_service", "fail"),
        ("extra", "old", "extra_service", "fail"),
        ("scale", "bot", "wrong_scale", "fail"),
    }


def test_a_host_name_that_leads_nowhere_is_told_with_the_nearest(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, FILE.replace("http://market-data:", "http://crypto-market-data:"))
    judgement = judged(tmp_path, engine, ignore=["bot.environment.CACHE_HOST"])
    wrong = [one for one in judgement.checks if one.check == "names" and one.is_finding]
    assert [(one.subject, one.cause, one.severity) for one in wrong] == [
        ("bot.environment.MARKET_DATA_URL", "unresolved_name", "high")
    ]
    assert wrong[0].expected == {"host": "market-data"}
    assert "crypto-market-data" in wrong[0].summary


def test_a_newer_image_that_does_not_run_is_told(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    engine.answers["/images/shop/app:1/json"] = {"Id": "sha256:" + "9" * 64, "Config": {}}
    assert findings(judged(tmp_path, engine)) == {
        ("image", MARKET, "image_moved", "fail"),
        ("image", "shop-bot-1", "image_moved", "fail"),
    }
    told = {"containers": {"containers": [{"name": MARKET, "state": "running"}, {"name": "x", "state": "running"}]}}
    assert findings(judged(tmp_path, engine, told)) == {("image", "shop-bot-1", "image_moved", "fail")}
    told["containers"]["containers"][0]["state"] = "exited"
    assert len(findings(judged(tmp_path, engine, told))) == 2


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("services: {web: {image: a}", "shop"),
        ("services:\n  a: b: c\n", "shop"),
        ("a: &a [*a]\n", "shop"),
        ("services: {web: {image: '${A'}}", "shop"),
        ("- a\n", "shop"),
    ],
)
def test_files_that_are_not_understood_leave_the_project_unknown(
    text: str, subject: str, engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, text)
    assert findings(judged(tmp_path, engine)) == {("files", subject, "unseen", "unknown")}


@pytest.mark.parametrize(
    ("old", "new", "subject"),
    [
        ('command: ["serve", "--port", "8001"]', "command: serve && x", f"{MARKET}.command"),
        ("mem_limit: 64m", "mem_limit: lots", f"{MARKET}.memory"),
        ("mem_limit: 64m", "mem_limit: ${MEMORY}", f"{MARKET}.memory"),
        ("MODE: live", "MODE: '${MODE}'", f"{MARKET}.environment.MODE"),
        (
            "restart: unless-stopped",
            "restart: unless-stopped\n    env_file: /root/.aws/credentials",
            f"{MARKET}.environment",
        ),
        ("restart: unless-stopped", "restart: unless-stopped\n    env_file: ../../etc/shadow", f"{MARKET}.environment"),
        (
            "    image: shop/app:${TAG}\n    environment: {MARKET",
            "    extends: {file: /etc/shadow, service: a}\n    x: {M",
            "bot",
        ),
    ],
)
def test_what_is_not_supported_is_unknown_and_nothing_else(
    old: str, new: str, subject: str, engine: FakeEngine, tmp_path: Path
) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, FILE.replace(old, new))
    found = {(subject, outcome) for _check, subject, _cause, outcome in findings(judged(tmp_path, engine))}
    assert found == {(subject, "unknown")}


def test_without_an_engine_what_runs_is_unknown(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    del engine.answers["/containers/json"]
    assert findings(judged(tmp_path, engine)) == {
        ("service", "market-data", "unseen", "unknown"),
        ("service", "bot", "unseen", "unknown"),
    }


def test_an_image_that_is_gone_leaves_unknown_what_it_gave(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    for path in [path for path in engine.answers if path.startswith("/images/")]:
        del engine.answers[path]
    found = findings(judged(tmp_path, engine))
    assert {outcome for *_rest, outcome in found} == {"unknown"}
    assert ("setting", "shop-bot-1.command", "unseen", "unknown") in found


def test_what_the_contract_ignores_is_not_told(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    serve(engine, container("market-data", tmp_path, HostConfig={"Memory": 1}), container("bot", tmp_path))
    assert findings(judged(tmp_path, engine, ignore=["*.memory"])) == set()


def test_the_env_file_decides(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    write(tmp_path, ENV.replace(SECRET, "other"), ".env")
    assert findings(judged(tmp_path, engine)) == {
        ("setting", f"{MARKET}.environment.DB_PASSWORD", "lost_on_restart", "fail")
    }


class Gone(Side):
    """A reference that can be had no more."""

    id = "git-1"

    def compose(self, spec: Json, key: bytes) -> Json | None:
        raise ReferenceUnavailable("its repository is gone")


def test_a_reference_that_is_gone_leaves_that_comparison_unknown(engine: FakeEngine, tmp_path: Path) -> None:
    healthy(engine, tmp_path)
    entries = contract(socket=engine.socket)
    half = ComposeExchange(entries, Asked("web1", str(tmp_path), Cache(str(tmp_path / ".cache")), side=Gone()))
    evidence = half.read(collect(half.request(), Host(str(tmp_path), 20, key=b"key")))
    found = findings(compose.judge(entries, evidence, Context("prod", "web1")))
    assert found == {("reference", "shop", "unseen", "unknown")}


def test_an_answer_of_another_form_is_refused(tmp_path: Path, engine: FakeEngine) -> None:
    healthy(engine, tmp_path)
    half = ComposeExchange(
        contract(socket=engine.socket), Asked("web1", str(tmp_path), Cache(str(tmp_path / ".cache")))
    )
    data = collect(half.request(), Host(str(tmp_path), 20, key=b"key"))
    image = next(one for one in data["projects"][0]["model"]["services"][0]["settings"] if one["key"] == "image")
    image["digests"] = []
    with pytest.raises(GarbledAnswer):
        half.read(data)
    with pytest.raises(GarbledAnswer):
        half.read({"projects": []})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"project": "Shop"}, "small letters"),
        ({"file": "x"}, 'did you mean "files"'),
        ({"files": ["../x.yml"]}, 'without ".."'),
        ({"severity": {"setings": "low"}}, 'did you mean "setting"'),
    ],
)
def test_mistakes_in_the_contract_name_their_place(keys: Json, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        contract(**keys)


def test_each_check_has_a_severity() -> None:
    assert tuple(DEFAULTS) == CHECKS
    assert fake_compose.FILE is FILE
