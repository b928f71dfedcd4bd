# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More than a thousand secrets, planted in every place that a collector reads: not one can be read afterwards, in any
form, in anything that an operator is left with or that other users of a machine can see.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_canaries import Canaries, Leak, everything_below
from e2e_operator import AUDIT, LOCAL, Operator, Outcome
from e2e_project import application
from e2e_secret_host import SecretHost, secret_host
from endpoint_server import serving
from fake_containers import inspected, serve
from fake_engine import FakeEngine
from waiting import LIMIT_S, wait_until

Json = dict[str, t.Any]

CHECKOUT = Path(__file__).resolve().parents[2]
MASKED = "<masked>"
# The cache and a baseline hold the names of files as they are: by them a directory is recognised (docs/secrets.md).
_NAMES_KEPT = ("/cache/", "baseline.json")


class World(t.NamedTuple):
    """The host, and all that was planted there."""

    host: SecretHost
    canaries: Canaries


@pytest.fixture(name="world", scope="module")
def fixture_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    canaries = Canaries(20)
    with secret_host(tmp_path_factory.mktemp("world"), canaries) as host:
        yield World(host, canaries)


class Watched(Operator):
    """An operator of whom everything is kept: what the terminal showed, and every command line that others can see."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        # Short: ansible-core makes a socket there, whose path has to fit into a hundred characters.
        self.tmp = Path(tempfile.mkdtemp(prefix="evenkeel-"))
        self.seen: list[bytes] = []

    def environment(self, **more: str) -> dict[str, str]:
        kept = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.home / "facts")}
        kept |= {"ANSIBLE_LOG_PATH": str(self.home / "ansible.log"), "TMPDIR": str(self.tmp)}
        return super().environment(**kept, **more)

    def play(
        self, *arguments: str | Path, cwd: Path | None = None, environment: t.Mapping[str, str] | None = None
    ) -> Outcome:
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(processes(), over), daemon=True)
        watcher.start()
        try:
            outcome = super().play(*arguments, cwd=cwd, environment=environment)
        finally:
            over.set()
            watcher.join()
        self.seen.append(outcome.text.encode("utf-8", "surrogateescape"))
        return outcome

    def sinks(self) -> dict[str, bytes]:
        home, tmp = everything_below(self.home), everything_below(self.tmp)
        return {**home, **tmp, "names": home["names"] + tmp["names"], "seen": b"\n".join(self.seen)}

    def _watch(self, before: set[str], over: threading.Event) -> None:
        while not over.wait(0.02):
            for pid in processes() - before:
                with contextlib.suppress(OSError):
                    said = Path("/proc", pid, "cmdline").read_bytes()
                    # Others run tests here as well, and plant secrets of their own.
                    if descends(pid):
                        self.seen.append(said)


def processes() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}


def descends(pid: str) -> bool:
    """Return whether this process started another one, or one that did. Raises OSError when that is gone."""
    while pid not in ("0", "1", str(os.getpid())):
        pid = Path("/proc", pid, "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
    return pid == str(os.getpid())


@pytest.fixture(name="operator")
def fixture_operator(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "operator")
    yield watched
    shutil.rmtree(watched.tmp)


def audit(operator: Operator, host: SecretHost, *arguments: str, **variables: t.Any) -> Outcome:
    inventory = operator.inventory({"web1": {"drift_root": str(host.root)}})
    given = {"drift_contract": host.contract, "drift_repo": str(host.repository), "drift_allow_commands": True}
    return operator.audit(inventory, *arguments, **{**given, **variables})


def leaks(world: World, operator: Watched) -> list[Leak]:
    found = world.canaries.leaks(operator.sinks())
    return [leak for leak in found if leak.place != "file name" or not any(kept in leak.sink for kept in _NAMES_KEPT)]


def test_a_thousand_secrets_of_forty_kinds_are_planted(world: World) -> None:
    assert len(world.canaries) >= 1000 and len(world.canaries.kinds) >= 40


def test_nothing_is_left_of_them_by_an_audit_that_tells_everything(world: World, operator: Watched) -> None:
    """It fails, it is as talkative as it can be, and every place was really read."""
    outcome = audit(operator, world.host, "-vvvvv", "--diff", drift_fail_on="low")
    assert outcome.code != 0 and outcome.run is not None and not (outcome.run / "INCOMPLETE").exists(), outcome.text
    assert leaks(world, operator) == []
    for section in world.host.contract:
        assert outcome.evidence("web1", section)["outcome"] == "ok", section
    for section in set(world.host.contract) - {"ports", "resources"}:
        assert MASKED in json.dumps(outcome.evidence("web1", section)), section
    assert {one["outcome"] for one in outcome.evidence("web1", "configs")["data"]["configs"]} == {"ok"}
    assert len(outcome.brief("logs")) == len(world.host.contract["logs"][0]["forbid"])
    # What only the knowledge of .env can tell is gone from the middle of sentences.
    assert json.dumps(outcome.evidence("web1", "trees")).count(f"connect('{MASKED}'") == 3
    said = json.dumps(outcome.evidence("web1", "logs"))
    assert said.count(f"connected with {MASKED} as usual") > len(world.host.known)


def test_nothing_is_left_of_them_by_an_audit_in_sync_and_a_saved_baseline(world: World, operator: Watched) -> None:
    baseline = operator.home / "baseline.json"
    outcome = audit(operator, world.host, drift_fail_on="never", drift_save_baseline=str(baseline))
    assert outcome.code == 0 and baseline.exists(), outcome.text
    assert leaks(world, operator) == []


def test_nothing_is_left_of_them_by_a_collector_that_crashes(world: World, operator: Watched, tmp_path: Path) -> None:
    """The error quotes a whole file of secrets."""
    customize = f"import os\ndef uname():\n    raise ValueError(open({str(world.host.root / '.env')!r}).read())\n"
    (tmp_path / "sitecustomize.py").write_text(f"{customize}os.uname = uname\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    outcome = audit(operator, world.host, "-vvvvv", ansible_python_interpreter=str(python))
    assert outcome.code != 0 and "ValueError in" in outcome.report, outcome.report
    assert leaks(world, operator) == []


def test_nothing_is_left_of_them_by_an_audit_that_is_interrupted(world: World, operator: Watched) -> None:
    over = threading.Event()
    with serving(lambda _connection, _request: over.wait() and None) as silent:
        contract = {**world.host.contract, "endpoints": [{"url": f"{silent.url}/", "timeout_s": 60}]}
        inventory = operator.inventory({"web1": {"drift_root": str(world.host.root), "drift_contract": contract}})
        given = {"drift_output_dir": str(operator.runs), "drift_repo": str(world.host.repository)}
        process = operator.start(AUDIT, "-i", inventory, "-vvv", "-e", json.dumps(given))
        try:
            wait_until(lambda: silent.requests or process.poll() is not None, "the host is being observed")
            process.send_signal(signal.SIGINT)
            output, _none = process.communicate(timeout=LIMIT_S)
        finally:
            over.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    operator.seen.append(output)
    (run,) = (path for path in operator.runs.iterdir() if path.is_dir())
    assert silent.requests and (run / "INCOMPLETE").exists()
    assert leaks(world, operator) == []


def test_nothing_is_left_of_them_by_a_draft(world: World, operator: Watched) -> None:
    options = [word for pair in LOCAL.items() for word in ("-e", "=".join(pair))]
    root = f"drift_root={world.host.root}"
    outcome = operator.play("evenkeel.drift.discover", "-i", "web1,", *options, "-e", root, "-vvv")
    assert outcome.code == 0 and any(operator.desk.rglob("*.yml")), outcome.text[-2000:]
    assert leaks(world, operator) == []


def modules(world: World) -> list[Json]:
    host = world.host
    root = str(host.root)
    env = {"path": f"{root}/.env"}
    return [
        {"compose_info": {"project": "shop", "directory": f"{root}/shop", "socket": host.engine}},
        *({"config_info": {"path": f"{root}/config/app.{ending}"}} for ending in ("yaml", "json", "toml", "ini")),
        {"config_info": env},
        {"config_info": {"process": host.mark}},
        {"container_info": {"socket": host.engine}},
        {"endpoint_info": {"url": f"{host.endpoint}/body"}},
        {"git_info": {"path": root}},
        {"log_info": {"path": f"{root}/logs/main.log", "patterns": ["n=1", "n=2", "n=3"]}},
        {"package_info": {"root": root, "venv": f"{root}/venv", "requirements": [f"{root}/requirements.txt"]}},
        {"port_info": {}},
        {"process_info": {"match": host.mark}},
        {"tree_info": {"path": f"{root}/config"}},
        {"drift_facts": {"root": root, "sections": ["git", "processes", "ports"], "all_processes": True}},
    ]


def test_nothing_is_left_of_them_by_modules_of_their_own(world: World, operator: Watched) -> None:
    asked = modules(world)
    tasks = [{f"evenkeel.drift.{name}": options} for one in asked for name, options in one.items()]
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (operator.desk / "play.yml").write_text(json.dumps(play))
    options = [word for pair in LOCAL.items() for word in ("-e", "=".join(pair))]
    outcome = operator.play("play.yml", "-i", "web1,", *options, "-vvv", "--diff")
    assert outcome.code == 0, outcome.text[-3000:]
    assert outcome.text.count(MASKED) > 100
    # Nobody told the module that reads a log where the host's secrets are: it knows shapes and names alone.
    found = [leak for leak in leaks(world, operator) if leak.place not in (".env", "remote")]
    assert found == []


def twin(folder: Path, name: str, changed: str) -> str:
    """Copy the collection, with another end of one of its files; return where it is."""
    copy = folder / "ansible_collections/evenkeel/drift"
    for part in ("plugins", "roles", "playbooks", "meta"):
        shutil.copytree(CHECKOUT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "galaxy.yml", copy)
    with (copy / "plugins" / name).open("a") as file:
        file.write(changed)
    return str(folder)


_NO_MASK = """
def mask(text):
    return text
def mask_value(key, value):
    return value
def mask_argv(argv):
    return list(argv)
"""


def test_without_the_mask_they_are_found_everywhere(world: World, operator: Watched, tmp_path: Path) -> None:
    """The broken twin: what the tests above look for is there to be found."""
    top = twin(tmp_path / "twin", "module_utils/mask.py", _NO_MASK)
    inventory = operator.inventory({"web1": {"drift_root": str(world.host.root)}})
    given = {"drift_output_dir": str(operator.runs), "drift_repo": str(world.host.repository)}
    given |= {"drift_contract": world.host.contract, "drift_allow_commands": True}
    path = {"ANSIBLE_COLLECTIONS_PATH": top}
    operator.play(AUDIT, "-i", inventory, "-e", json.dumps(given), environment=path)
    found = leaks(world, operator)
    assert len({leak.place for leak in found}) >= 12 and len(found) > 200


def test_a_run_that_holds_a_known_secret_is_refused(world: World, operator: Watched, tmp_path: Path) -> None:
    """Hosts that forget what they have learned: the control node finds it by digests alone, and keeps none of it."""
    forgets = "\ndef mask_answer(sections, learned, asked=None):\n    return sections\n"
    top = twin(tmp_path / "twin", "module_utils/masking/answer.py", forgets)
    contract = {name: world.host.contract[name] for name in ("git", "logs")}
    inventory = operator.inventory({"web1": {"drift_root": str(world.host.root)}})
    given = {"drift_output_dir": str(operator.runs), "drift_contract": contract}
    path = {"ANSIBLE_COLLECTIONS_PATH": top}
    outcome = operator.play(AUDIT, "-i", inventory, "-e", json.dumps(given), environment=path)
    assert outcome.code != 0 and "is not sealed" in outcome.text and "evidence/web1/logs.json" in outcome.text
    assert outcome.run is not None and (outcome.run / "INCOMPLETE").exists() and not (outcome.run / ".private").exists()
    assert MASKED in json.dumps(outcome.evidence("web1", "logs"))
    # Reversed, a value is not found by its digest: that is the work of the host that knows it.
    assert [leak for leak in leaks(world, operator) if leak.form != "reversed"] == []


_ENV = {"path": ".env", "default": "may_differ", "reference": False}
_WORDS = ("running", "web", "shop", "8000", "unless-stopped", "healthy", "ok", "unknown", "app", "main", "file", "0644")


def test_passwords_that_are_ordinary_words_change_nothing(operator: Watched, tmp_path: Path) -> None:
    """They are states, names and numbers before they are passwords: an audit must not stumble over them."""
    repository = application(tmp_path / "repository")
    repository.commit("Ignore", {".gitignore": ".env\n"})
    root = repository.deploy(tmp_path / "root")
    (root / ".env").write_text("".join(f"P{number}_PASSWORD={word}\n" for number, word in enumerate(_WORDS)))
    with FakeEngine() as engine:
        serve(engine, inspected("web"), log=b"the container web is running as app\n")
        containers = {"socket": engine.socket, "expected": [{"name": "web", "user": "app", "networks": ["shop"]}]}
        contract = {
            "git": {},
            "trees": [{"name": "source"}],
            "containers": containers,
            "configs": [_ENV],
            "resources": {},
        }
        outcome = operator.audit_one(root, drift_contract=contract, drift_repo=str(repository.path))
    assert outcome.state() == (0, "in_sync"), outcome.text
    (seen,) = outcome.evidence("web1", "containers")["data"]["containers"]
    assert (seen["name"], seen["state"], seen["user"]) == ("web", "running", "app")
