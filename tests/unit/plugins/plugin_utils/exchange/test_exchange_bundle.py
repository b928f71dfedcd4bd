# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that a host runs: it answers, and neither writes nor lets itself be led."""

from __future__ import annotations

import ast
import base64
import json
import os
import subprocess
import sys
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.registry import FOLLOW_UPS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import bundle, optional, program
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.optional import ACTING, OBSERVED
from pythons import PYTHONS

_HIJACKED = "import os\nos.write(2, b'hijacked by ' + __name__.encode() + b'\\n')\nraise SystemExit(77)\n"


def request(root: Path) -> dict[str, object]:
    sections = {"trees": {"trees": [{"name": "app"}]}, "git": {"path": "."}}
    return {
        "protocol": 1,
        "root": str(root),
        "timeout_s": 60,
        "workers": 2,
        "nice": 1,
        "key": None,
        "sections": sections,
    }


def run(python: str, script: bytes, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run([python], input=script, capture_output=True, cwd=cwd, env=environment, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.py").write_text("1\n")
    return folder


@pytest.mark.parametrize("python", PYTHONS)
def test_it_answers_what_it_was_asked(python: str, root: Path, tmp_path: Path) -> None:
    done = run(python, bundle.script(request(root)), tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    answer = json.loads(done.stdout)["answer"]
    assert answer["protocol"] == 1
    assert answer["sections"]["trees"]["data"]["trees"][0]["totals"]["files"] == 1
    assert answer["sections"]["git"]["data"]["repository"] == "absent"


@pytest.mark.parametrize("python", PYTHONS)
def test_it_writes_nothing(python: str, root: Path, tmp_path: Path) -> None:
    for folder in (root, tmp_path):
        os.utime(folder, ns=(0, 0))
    before = {path: path.stat() for path in [tmp_path, *tmp_path.rglob("*")]}
    run(python, bundle.script(request(root)), tmp_path)
    after = {path: path.stat() for path in [tmp_path, *tmp_path.rglob("*")]}
    assert {path: (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_atime_ns) for path, seen in after.items()} == {
        path: (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_atime_ns) for path, seen in before.items()
    }


def lay_traps(folder: Path) -> None:
    """Put a module of every name that our code imports into a folder."""
    names = {"base64", "json", "zlib", "importlib", "ansible_collections", "struct", "re", "hashlib"}
    for file in bundle._MODULE_UTILS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    for name in names - {"__future__"}:
        (folder / f"{name}.py").write_text(_HIJACKED)


@pytest.mark.parametrize("python", PYTHONS)
def test_no_module_of_the_working_directory_is_imported(python: str, root: Path, tmp_path: Path) -> None:
    lay_traps(tmp_path)
    done = run(python, bundle.script(request(root)), tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_broken_twin_of_that_is_led(python: str, root: Path, tmp_path: Path) -> None:
    lay_traps(tmp_path)
    twin = b"\n".join(line for line in bundle.script(request(root)).split(b"\n") if not line.startswith(b"sys.path"))
    assert b"hijacked by" in run(python, twin, tmp_path).stderr


def imports(name: str, optional: t.Container[str] = ()) -> set[str]:
    """Return what Python itself finds that a module imports of the others; of what is optional, that at its top."""
    package = bundle._PACKAGE
    found = set()
    tree = ast.parse(bundle._source(name) or "")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
            below = str(node.module)[len(package) + 1 :]
            names = {below, *(f"{below}.{alias.name}".lstrip(".") for alias in node.names)}
            found |= {one for one in names if one not in optional or node in tree.body}
    return {module for module in found if bundle._source(module) is not None}


def needed(*wanted: str, optional: t.Container[str] = ()) -> set[str]:
    todo, found = ["observe.crash", *wanted], set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += imports(name, optional)
    return {f"{bundle._PACKAGE}.{name}" for name in found}


def shipped(script: bytes) -> set[str]:
    """Return the names of the modules in a script, as a host unpacks them."""
    head = script.decode("ascii").split("\nimport sys\n")[0]
    values: dict[str, t.Any] = {}
    exec(head, values)  # The assignments at its beginning.
    found, first = set(), b""
    for part in values["MODULES"]:
        text = zlib.decompressobj(zdict=first[-values["KNOWN"] :]).decompress(base64.b64decode(part))
        found |= json.loads(text).keys()
        first = first or text
    return found


@pytest.mark.parametrize("section", SECTIONS + FOLLOW_UPS)
def test_a_section_has_all_that_it_imports_and_nothing_else(section: str, root: Path) -> None:
    asked = {**request(root), "sections": {section: {}}}
    assert shipped(bundle.script(asked)) == needed("observe.snapshot", f"observe.{section}", optional=OBSERVED)


_TREE = {"git": {"path": "."}, "trees": {"trees": [{"name": "app", "imports": {"venv": None, "ignore": []}}]}}
_CHANGES = {"application": "app", "state_dir": "/nowhere", "trees": {}}
_OPTIONAL = [
    ("configs.environments", {"secrets": {"configs": [{"kind": "process", "patterns": ["x"]}], "socket": None}}),
    ("configs.environments", {"secrets": {"configs": [{"kind": "unit", "unit": "x.service"}], "socket": None}}),
    ("configs.environments", {"secrets": {"configs": [{"kind": "container", "container": "x"}], "socket": None}}),
    ("trees.imports", {"sections": _TREE}),
    ("observe.changes", {"changes": _CHANGES}),
]


@pytest.mark.parametrize(("module", "more"), _OPTIONAL)
def test_what_only_some_requests_need_comes_with_those(module: str, more: dict[str, object], root: Path) -> None:
    without, with_it = (shipped(bundle.script({**request(root), **added})) for added in ({}, more))
    name = f"{bundle._PACKAGE}.{module}"
    assert name not in without
    assert with_it == without | needed(module, optional=OBSERVED)


@pytest.mark.parametrize("option", ["restic", "fetch"])
def test_second_places_of_restore_points_come_with_requests_that_name_one(option: str) -> None:
    options = {"restic": None, "fetch": None}
    asked = ({"options": one, "check": False, "list": False} for one in (options, {**options, option: {}}))
    without, with_it = (shipped(bundle.points_script(one)) for one in asked)
    second = "act.points.second"
    name = f"{bundle._PACKAGE}.{second}"
    assert (name in without, name in with_it) == (False, True)
    assert with_it == without | needed(second, optional=ACTING)


def test_each_module_that_is_optional_has_a_test() -> None:
    assert {module for module, _more in _OPTIONAL} == set(OBSERVED)


_CHANGE: dict[str, t.Any] = {"what": "apply", "operations": [], "services": []}
_UNIT = {"kind": "unit", "path": "x.service", "steps": []}
_SERVICES = [name for name in ACTING if name.startswith("act.services.")]
_BACK = ["act.points.looking", "act.points.rollback"]
_TOGETHER = ["act.together", "act.keeping"]
_SCRIPTS = [
    (bundle.act_script, _CHANGE, ["act.service"]),
    (bundle.act_script, {**_CHANGE, "git": {"commit": "x"}}, ["act.gitmove.service"]),
    (bundle.act_script, {**_CHANGE, "release": {"commit": "x"}}, ["act.release.service"]),
    (bundle.act_script, {**_CHANGE, "services": [_UNIT]}, ["act.service", "act.services.units"]),
    (bundle.act_script, {**_CHANGE, "what": "recover"}, ["act.service", *_SERVICES]),
    (bundle.points_script, {"options": {"state": "present"}}, ["act.points.service"]),
    (bundle.points_script, {"options": {"state": "restored"}}, ["act.points.service", *_BACK, *_SERVICES]),
    (
        bundle.together_script,
        {"apply": _CHANGE, "save": {"options": {"state": "present", "restic": {}}}},
        [*_TOGETHER, "act.service", "act.points.second"],
    ),
    (bundle.together_script, {"apply": _CHANGE, "save": None}, [*_TOGETHER, "act.service"]),
    (
        bundle.together_script,
        {"apply": _CHANGE, "save": None, "record": True},
        [*_TOGETHER, "act.service", "observe.changes"],
    ),
    (
        bundle.together_script,
        {"apply": {**_CHANGE, "git": {"x": 1}}},
        [*_TOGETHER, "act.gitmove.service"],
    ),
    (bundle.leftover_script, {"what": "recover"}, ["act.leftover"]),
    (
        bundle.together_script,
        {"apply": {**_CHANGE, "services": [{**_UNIT, "kind": "compose"}, {**_UNIT, "kind": "process"}]}},
        [*_TOGETHER, "act.service", "act.services.compose", "act.services.processes"],
    ),
]


@pytest.mark.parametrize(("script", "asked", "modules"), _SCRIPTS)
def test_a_change_has_all_that_it_imports_and_nothing_else(script: t.Any, asked: t.Any, modules: list[str]) -> None:
    assert shipped(script(asked)) == needed(*modules, optional=ACTING)


def test_what_is_optional_is_called_as_the_code_has_it() -> None:
    assert {**optional.KINDS, "hook": "hooks"} == registry.KINDS
    assert optional.SECOND == service.SECOND


def test_no_kind_of_service_is_sent_to_where_nothing_runs() -> None:
    assert not {f"{bundle._PACKAGE}.{name}" for name in ACTING} & shipped(bundle.act_script(_CHANGE))


@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_left_out_is_not_missed(python: str, root: Path, tmp_path: Path) -> None:
    (root / ".env").write_text("TOKEN=canary-of-this-test\n")
    learning = {**request(root), "key": "00" * 32, "secrets": {"configs": [{"kind": "path", "path": ".env"}]}}
    for one in (learning, {**learning, "sections": _TREE, "changes": _CHANGES}):
        done = run(python, bundle.script(one), tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        answer = json.loads(done.stdout)["answer"]
        assert {section["outcome"] for section in answer["sections"].values()} == {"ok"}
        assert bool(answer["changes"]) == ("changes" in one)
        assert answer["learned"] or "trees" not in one["sections"]


def test_no_bytecode_is_written_from_the_first_import_on() -> None:
    lines = [line for line in program._BEGIN.split("\n") if line]
    assert lines.index("sys.dont_write_bytecode = True") < next(
        index for index, line in enumerate(lines) if "import" in line and line != "import sys"
    )


def test_the_same_request_makes_the_same_script(root: Path) -> None:
    backwards = dict(reversed(request(root).items()))
    assert bundle.script(request(root)) == bundle.script(backwards)


def test_a_request_is_data_whatever_it_holds(root: Path, tmp_path: Path) -> None:
    odd = {**request(root), "root": f"{root}/'; raise SystemExit(3) #\u2028\"\\"}
    done = run(sys.executable, bundle.script(odd), tmp_path)
    tree = json.loads(done.stdout)["answer"]["sections"]["trees"]["data"]["trees"][0]
    assert tree["outcome"] == "unknown"
    assert "does not exist on this host" in tree["reason"]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_kind_of_service_finds_its_code_on_the_host(python: str, root: Path, tmp_path: Path) -> None:
    about = {"id": "p", "kind": "sync", "who": "ops", "why": "a test", "run": "", "point": None}
    change = {**_CHANGE, "check": False, "timeout_s": 60, "about": about, "application": "app", "root": str(root)}
    change.update(state_dir=str(tmp_path / "state"), pack=None)
    for kind in sorted(registry.KINDS):
        step = {"kind": kind, "path": "x", "steps": [{"do": "nothing"}]}
        script = bundle.together_script({"apply": {**change, "services": [step]}, "save": None})
        done = run(python, script, tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        (check,) = json.loads(done.stdout)["steps"]
        assert check["result"]["outcome"] == "refused"
        assert "services[0].steps[0]: expected a step with a do of" in check["result"]["msg"]
