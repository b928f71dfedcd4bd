# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that nobody has described: the draft of a contract, and an audit with it that finds nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import typing as t
import venv
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.discovery import Discovery
from e2e_host import ask
from e2e_operator import AUDIT, Operator, Outcome
from e2e_project import application, write
from own_port import own_port
from waiting import LIMIT_S, wait_until

DISCOVER = "evenkeel.drift.discover"
# Listens where the kernel says, and says where: no port is guessed.
SERVER = """\
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
with open("port.pid", "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
"""


@pytest.fixture(name="app")
def fixture_app(tmp_path: Path) -> t.Iterator[Path]:
    """A clone with a virtual environment of its own, a secret, and a server that runs from both until the test ends."""
    reference = application(tmp_path / "reference")
    ignored = "venv/\n*.pid\n.env\n"
    reference.commit("Serve", {"server.py": SERVER, ".gitignore": ignored, "requirements.txt": "greet==1.0\n"})
    app = reference.deploy(tmp_path / "host/app")
    venv.create(app / "venv", symlinks=True)
    (site,) = (app / "venv/lib").glob("python*/site-packages")
    write(site, {"greet-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n"})
    (app / ".env").write_text("TOKEN=hunter2hunter2\n")
    with served(app):
        yield app


@contextlib.contextmanager
def served(app: Path) -> t.Iterator[int]:
    """Run the application's server, and return its pid."""
    argv = [str(app / "venv/bin/python"), "server.py", "--token=hunter2hunter2"]
    process = subprocess.Popen(argv, cwd=app, env={"PATH": os.environ["PATH"], "SECRET_KEY": "hunter2hunter2"})
    try:
        told = app / "port.pid"
        wait_until(lambda: process.poll() is not None or (told.exists() and told.read_text()), "the server listens")
        assert process.poll() is None
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)


def discover(operator: Operator, *arguments: str) -> Outcome:
    options = ["-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return operator.play(DISCOVER, "-i", "web1,", *options, *arguments)


def audit(operator: Operator, draft: Path) -> Outcome:
    options = ["-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return operator.play(AUDIT, "-i", "web1,", *options, "-e", f"@{draft}")


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast(yaml.ScalarNode, node)))


def judged(outcome: Outcome) -> list[t.Any]:
    return [finding for finding in outcome.findings["findings"] if finding["outcome"] != "observation"]


def test_an_audit_with_a_draft_is_in_sync(operator: Operator, app: Path) -> None:
    made = discover(operator, "-e", f"drift_root={app}")
    assert made.code == 0, made.text
    folder = operator.desk / "discovered/web1"
    draft = folder / "app.yml"
    assert sorted(path.name for path in folder.iterdir()) == ["app.baseline.json", "app.yml"]
    text = draft.read_text()
    assert "hunter2" not in text + made.text + (folder / "app.baseline.json").read_text()

    contract = yaml.load(text, Loader)["drift_contract"]
    # The environment and the secret are untracked: without the reference no .gitignore says that they may be.
    assert contract["git"] == {"branch": "main", "clean": False}
    assert [one["name"] for one in contract["processes"]] == ["server"]
    assert contract["processes"][0]["venv"] == "venv" and contract["processes"][0]["cwd"] == "."
    port = int((app / "port.pid").read_text())
    assert [(one["port"], one["process"], one["bind"]) for one in contract["ports"]] == [(port, "server", "127.0.0.1")]
    assert contract["packages"] == [{"venv": "venv", "requirements": "requirements.txt"}]
    assert {"/.env", "/venv/", "*.pid"} <= set(contract["trees"][0]["exclude"])

    same = audit(operator, draft)
    assert (same.state(), judged(same)) == ((0, "in_sync"), []), same.text

    (app / "src/app.py").write_text("edited\n")
    drifted = audit(operator, draft)
    assert drifted.state()[1] == "drift"
    assert ("content", "src/app.py") in {(check, subject) for check, subject, _cause in drifted.brief("trees")}


def test_an_audit_of_the_demonstration_with_its_draft_is_in_sync(operator: Operator, tmp_path: Path) -> None:
    """It is as drifted as a host can be: what it is now becomes the draft, and each oddity a reason beside it."""
    demo = Path(__file__).parents[1] / "demo"
    folder = tmp_path / "demo"
    subprocess.run([sys.executable, str(demo / "build_demo.py"), str(folder)], check=True)
    ready = "import sys; print('ready', flush=True); sys.stdin.read()"
    argv = [sys.executable, str(demo / "run_services.py"), str(folder), sys.executable, "-c", ready]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with own_port() as port, subprocess.Popen(argv, env={**os.environ, "DEMO_PORT": str(port)}, **pipes) as services:
        assert services.stdin is not None and services.stdout is not None
        assert services.stdout.readline() == b"ready\n"
        made = discover(operator, "-e", f"drift_root={folder / 'prod'}")
        same = audit(operator, operator.desk / "discovered/web1/prod.yml")
        services.stdin.close()
    assert made.code == 0, made.text
    contract = yaml.load((operator.desk / "discovered/web1/prod.yml").read_text(), Loader)["drift_contract"]
    assert [(one["name"], one["instances"]) for one in contract["processes"]] == [("main", 2), ("monitoring_api", 1)]
    assert [(one["port"], one["bind"]) for one in contract["ports"]] == [(port, "0.0.0.0")]
    assert (same.state(), judged(same)) == ((0, "in_sync"), []), same.text


def test_a_second_instance_is_found_with_the_draft(operator: Operator, app: Path) -> None:
    assert discover(operator, "-e", f"drift_root={app}").code == 0
    (app / "port.pid").unlink()
    with served(app):
        found = audit(operator, operator.desk / "discovered/web1/app.yml")
    assert ("instances", "server", "too_many") in found.brief("processes")


def test_a_draft_is_proven_with_the_state_directory_of_the_host(operator: Operator, app: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("no directory\n")
    made = discover(operator, "-e", f"drift_root={app}", "-e", f"drift_state_dir={state}")
    assert f"the state directory {state} cannot be used: not a directory" in made.text, made.text


def test_a_draft_is_never_overwritten(operator: Operator, app: Path) -> None:
    kept = operator.desk / "discovered/web1/app.yml"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine\n")
    refused = discover(operator, "-e", f"drift_root={app}")
    assert refused.code == 2 and "drafts are never overwritten" in refused.text
    assert kept.read_text() == "mine\n"
    other = discover(operator, "--check", "-e", f"drift_root={app}", "-e", "discover_dest=other")
    assert other.code == 0 and not (operator.desk / "other").exists(), other.text


def test_an_application_is_recognised_without_being_told(app: Path) -> None:
    """Whatever else runs on the machine: this application is among those that would be drafted."""
    _survey, roots = Discovery("web1", {}, "/", ask).survey()
    assert str(app) in roots


def test_names_that_steer_patterns_and_templates_survive(tmp_path: Path) -> None:
    """A secret below any name is excluded by exactly that name, so that nothing is unknown."""
    root = tmp_path / "{{ app }}"
    names = [
        b"we[i]rd *dir?",
        b"new\nline",
        b"caf\xe9",
        b"back\\slash\\",
        b"trailing ",
        b"!not",
        b"#no",
        b"{{ 7 * 7 }}",
    ]
    for name in names:
        folder = os.path.join(os.fsencode(root), name)
        os.makedirs(folder)
        for file in (b".env", b"kept.py", name + b".pem"):
            with open(os.path.join(folder, file), "wb") as opened:
                opened.write(b"x = 1\n")
    discovery = Discovery("web1", {"drift_root": str(root)}, "/", ask)
    survey, roots = discovery.survey()
    made = discovery.draft(survey, roots[0])
    assert made.remaining == []
    secret = [pattern for pattern, why in made.draft.exclude.items() if why.startswith("of a secret class")]
    assert len(secret) == 2 * len(names)
    kept = json.loads(made.baseline)["trees"][0]["directories"]
    assert [[entry[0] for entry in entries] for _path, _own, entries in kept] == [[], *[["kept.py"]] * len(names)]
