# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports that lead nowhere, and files that are alike, told without running any code."""

from __future__ import annotations

import json
import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import python_stdlib
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_source import read_source
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.similar import share
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def see(root: Path, path: str = ".", venv: str | None = "venv", **more: t.Any) -> Json:
    if venv == "venv":
        site = root / "venv/lib/python3.11/site-packages"
        site.mkdir(parents=True, exist_ok=True)
        (root / "venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    spec = {**WHOLE, "name": "app", "path": path, "imports": {"venv": venv, "ignore": []}, **more}
    answer: Json = trees.collect({"trees": [spec]}, Host(str(root), 60, 1))["trees"][0]
    assert answer["complete"]
    return answer


def unresolved(root: Path, **more: t.Any) -> list[tuple[str, int, str, str | None]]:
    imports = see(root, **more)["imports"]
    assert (imports["outcome"], imports["unknown"]) == ("ok", [])
    return [(one["path"], one["line"], one["module"], one["name"]) for one in imports["unresolved"]]


def test_the_seed_of_missing_provider_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "services/data/aggregator.py": "import os\nfrom gate_working import Gate\nfrom bit_working import Bit\n",
            "services/data/gate.py": "class Gate: pass\n",
            "services/data/bit_working.py": "class BitOld: pass\n",
        },
    )
    (first, second) = sorted(see(tmp_path)["imports"]["unresolved"], key=lambda one: one["line"])
    assert (first["module"], first["name"], first["found"]) == ("gate_working", None, None)
    assert first["candidates"][:2] == ["services/data/gate_working.py", "services/data/gate_working/__init__.py"]
    assert (second["module"], second["name"], second["found"]) == ("bit_working", "Bit", "services/data/bit_working.py")


PACKAGE = {
    "pkg/__init__.py": "from .a import thing\nVALUE = 1\n__all__ = ['late']\n",
    "pkg/a.py": "thing = other = 1\nfor loop in (): pass\ntry:\n    import json as j\nexcept ImportError: j = None\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "def f(): global made\nif (walrus := 1): pass\nwith f() as handle: 1\n(p, [q, *r]) = 1, [2]\n",
    "space/inner.py": "",
    "star.py": "from pkg.a import *\n",
    "lazy.py": "def __getattr__(name): return 1\n",
    "filled.py": "globals().update(x=1)\n",
    "compiled.cpython-311-x86_64-linux-gnu.so": "",
    "src/rooted.py": "x = 1\n",
    "tools/pathy.py": "import sys\nsys.path.append('elsewhere')\nimport hidden\n",
    "elsewhere/hidden.py": "",
}


@pytest.mark.parametrize(
    "line",
    [
        "import os, json, tomllib, xml.etree.ElementTree",
        "import pkg, pkg.a, pkg.sub.deep",
        "from pkg import VALUE, late, thing, sub, a, __file__",
        "from pkg.a import other, loop, j",
        "from pkg.sub.deep import f, made, walrus, handle, p, q, r",
        "import space.inner",
        "from space import inner",
        "from star import anything",
        "from lazy import anything",
        "from filled import anything",
        "import compiled.x",
        "from rooted import x",
        "from . import pkg",
        "from .pkg.a import thing",
        "from pkg.a import *",
        "import library.whatever",
        "from library import whatever",
        "import google.cloud",
        "import linked.x, mapped.y",
        "try:\n    import gone\nexcept (ValueError, ImportError):\n    import gone2",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import gone",
        "import typing as t\nif t.TYPE_CHECKING:\n    import gone",
        "import sys\nif sys.version_info < (3, 11):\n    import gone\nelse:\n    import tomllib",
        "import importlib\nimportlib.import_module('gone')",
    ],
)
def test_what_leads_somewhere(tmp_path: Path, line: str) -> None:
    write(tmp_path, {**PACKAGE, "main.py": f"{line}\n"})
    site = tmp_path / "venv/lib/python3.11/site-packages"
    finder = "MAPPING: dict[str, str] = {'mapped': '/nonexistent'}\nNAMESPACES = {}\n"
    write(
        site,
        {
            "library/__init__.py": "raise SystemExit",
            "google/cloud/__init__.py": "",
            "x.pth": "# c\n../../../../linked-root\n",
            "y.pth": "import __editable___y_1_finder; __editable___y_1_finder.install()\n",
            "__editable___y_1_finder.py": finder,
        },
    )
    write(tmp_path, {"linked-root/linked/__init__.py": ""})
    assert unresolved(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import gone", ("gone", None)),
        ("from gone import x", ("gone", None)),
        ("from pkg import nothing", ("pkg", "nothing")),
        ("import pkg.nothing", ("pkg.nothing", None)),
        ("from pkg.a import f", ("pkg.a", "f")),
        ("from pkg.a.b import f", ("pkg.a.b", None)),
        ("from space import nothing", ("space", "nothing")),
        ("from .gone import x", (".gone", None)),
        ("from .. import x", ("..", "x")),
        ("import google.gone", ("google.gone", None)),
        ("from google import gone", ("google", "gone")),
        ("def f():\n    import gone", ("gone", None)),
        ("try:\n    import gone\nexcept ValueError: pass", ("gone", None)),
    ],
)
def test_what_leads_nowhere(tmp_path: Path, line: str, found: tuple[str, str | None]) -> None:
    write(tmp_path, {**PACKAGE, "main.py": f"{line}\n"})
    write(tmp_path / "venv/lib/python3.11/site-packages", {"google/cloud/__init__.py": ""})
    assert [one[2:] for one in unresolved(tmp_path)] == [found]


def test_the_environment_decides_on_the_standard_library(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import asyncore\nimport tomllib\n"})
    assert unresolved(tmp_path) == []
    (tmp_path / "other/lib/python3.12/site-packages").mkdir(parents=True)
    (tmp_path / "other/pyvenv.cfg").write_text("version = 3.12.1\n")
    assert unresolved(tmp_path, venv="other") == [("main.py", 1, "asyncore", None)]


def test_a_package_does_not_hide_an_installed_one_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, {"app/__init__.py": "", "app/redis/__init__.py": "", "app/main.py": "from redis import Redis\n"})
    imports = see(tmp_path, venv=None)["imports"]
    assert (imports["unresolved"], len(imports["unknown"])) == ([], 1)


def test_one_module_in_one_file_is_one_finding(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "from gone import a, b\nimport gone\n", "b.py": "import gone\n"})
    assert [one[:3] for one in unresolved(tmp_path)] == [("b.py", 1, "gone"), ("main.py", 1, "gone")]


def test_what_is_ignored_excluded_or_not_its_own_is_left_out(tmp_path: Path) -> None:
    files = dict.fromkeys(("main.py", "out/x.py", "node_modules/y.py", "env2/z.py", "conda/z.py"), "import gone\n")
    write(tmp_path, {**files, "env2/pyvenv.cfg": "", "conda/conda-meta/history": ""})
    more = {"exclude": [[r"out/\Z", True]]}
    assert [one[0] for one in unresolved(tmp_path, **more)] == ["main.py"]
    answer = see(tmp_path, **more, imports={"venv": "venv", "ignore": ["gone"]})
    assert (answer["imports"]["unresolved"], answer["imports"]["optional"]) == ([], 1)


def test_without_an_environment_what_is_not_the_trees_own_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "import os, library\nfrom mine import nothing\n", "mine.py": ""})
    for venv, reason in ((None, "the contract names no virtual environment"), ("gone", "gone does not exist")):
        imports = see(tmp_path, venv=venv)["imports"]
        assert [one["module"] for one in imports["unresolved"]] == ["mine"]
        (unknown,) = imports["unknown"]
        assert unknown["reason"].startswith(f"whether library can be imported is not known: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("def f(:\n", "this host's Python does not understand it: "),
        ("x = 1\0", ""),
        ("(" * 5000, ""),
        ("x" * (2 << 20) + "xx", "larger than "),
        ("# -*- coding: no-such -*-\n", ""),
    ],
)
def test_a_file_that_cannot_be_parsed_is_unknown(tmp_path: Path, content: str, reason: str) -> None:
    write(tmp_path, {"odd.py": content, "main.py": "import gone\nfrom odd import x\n"})
    imports = see(tmp_path)["imports"]
    assert [one["module"] for one in imports["unresolved"]] == ["gone"]
    (unknown,) = imports["unknown"]
    assert unknown["path"] == "odd.py"
    assert unknown["reason"].startswith(reason)


def test_code_that_ends_its_reader_costs_no_file(tmp_path: Path) -> None:
    write(tmp_path, {"deep.py": "x = " + "-" * 100_000 + "1\n", "main.py": ""})
    answer = see(tmp_path)
    assert answer["totals"]["files"] == 3
    imports = answer["imports"]
    assert imports["outcome"] == "unknown" or [one["path"] for one in imports["unknown"]] == ["deep.py"]


def test_a_tree_that_is_reached_through_a_link(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"releases/2/main.py": "import gone\nimport helper\nfrom helper import x\n", "releases/2/helper.py": ""},
    )
    (tmp_path / "current").symlink_to("releases/2")
    assert unresolved(tmp_path, path="current") == [
        ("current/main.py", 1, "gone", None),
        ("current/main.py", 3, "helper", "x"),
    ]


def test_nothing_is_run(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": f"open({str(tmp_path / 'ran')!r}, 'w')\nimport other\n", "other.py": "1/0\n"})
    assert unresolved(tmp_path) == []
    assert not (tmp_path / "ran").exists()
    assert not list(tmp_path.rglob("__pycache__"))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        source = read_source(text.encode("utf-8", "surrogatepass"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    json.dumps(source._asdict(), default=sorted)


def test_the_standard_library_is_that_of_python() -> None:
    minor = sys.version_info[1]
    if minor > python_stdlib.NEWEST:
        pytest.skip("the Python on this machine is newer than the table")
    assert sys.stdlib_module_names - python_stdlib.stdlib_names(minor) == set()
    public = {name for name in python_stdlib.stdlib_names(minor) if not name.startswith("_")}
    assert public - sys.stdlib_module_names <= {"test"}


LINES = [f"line {number}".encode() for number in range(100)]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (LINES, LINES, 1.0),
        (LINES[:40], LINES, 1.0),
        (LINES[:40], LINES[20:], 0.5),
        (LINES[:3], LINES, 1.0),
        (LINES[:3], LINES[1:90], 0.0),
        (LINES[:8], LINES[4:8] + LINES[50:], 0.5),
        (LINES[:8:2], LINES, 0.0),
        ([b"x"] * 9, [b"x"] * 90, 1.0),
        ([], LINES, 0.0),
        (LINES[:10], LINES[10:20], 0.0),
    ],
)
def test_the_share_of_equal_lines(first: list[bytes], second: list[bytes], wanted: float) -> None:
    for one, other in ((first, second), (second, first)):
        assert share(one, other) == wanted


def test_similar_files(tmp_path: Path) -> None:
    code = "".join(f"    value_{number} = {number}\n" for number in range(20))
    write(tmp_path, {"a.py": code, "b.py": "# why\n\n" + code.replace("    ", "\t"), ".env": code})
    os.mkfifo(tmp_path / "pipe")
    pairs = [{"a": "a.py", "b": other} for other in ("b.py", "gone.py", ".env", "pipe")]
    answer = see(tmp_path, similar=pairs, imports=None)
    assert answer["imports"] is None
    assert [(one["outcome"], one["share"], one["reason"]) for one in answer["similar"]] == [
        ("ok", 1.0, ""),
        ("unknown", None, "gone.py does not exist"),
        ("unknown", None, ".env is a secret-class file, which is not compared by its lines"),
        ("unknown", None, "pipe is not a regular file"),
    ]
