# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns give the verdict of git itself."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.pattern_errors import PatternError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import (
    MAX_PATTERN,
    compile_gitignores,
    compile_lines,
    compile_selection,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

DIRS = ["a", "b", "foo", "a b", "foo.x"]
LEAVES = [
    "a",
    "b",
    "c",
    "foo",
    "foo.x",
    "fooa",
    "a b",
    "a ",
    "a\\b",
    "-",
    "]",
    "!a",
    "#",
    "[a",
    ".x",
    "xfoo",
    "\t",
    "a\nb",
]
PIECES = [
    *("a", "b", "foo", "x", "*", "*", "**", "**/", "/**", "?", "/", "/", "\\", " ", "!", ".", "#", "-", "]", "[", "0"),
    *("[a-c]", "[!a]", "[^a-b]", "[[:alpha:]]", "[]-]", "[a\\]]", "[[:punct:]x]", "[/]", "\t", "\r"),
]
LINES = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join), min_size=1, max_size=4)


class Oracle:
    """A repository whose files stay and whose ignore files change."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.dirs = {"/".join(parts) for depth in (1, 2) for parts in itertools.product(DIRS, repeat=depth)}
        leaves = {f"{folder}/{leaf}" for folder in self.dirs for leaf in LEAVES} | set(LEAVES)
        self.paths = sorted(self.dirs | leaves)
        self._env = {"PATH": os.environ["PATH"], "HOME": str(top), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        subprocess.run(["git", "init", "--quiet", top], env=self._env, check=True)
        for folder in self.dirs:
            (top / folder).mkdir(parents=True, exist_ok=True)
        for leaf in leaves - self.dirs:
            (top / leaf).touch()

    def ignored(self, files: dict[str, str]) -> set[str]:
        for name in (".gitignore", "a/.gitignore", "a/b/.gitignore"):
            (self.top / name).unlink(missing_ok=True)
        for name, text in files.items():
            (self.top / name).write_bytes(text.encode())
        argv = ["git", "-C", str(self.top), "check-ignore", "--no-index", "-z", "--stdin"]
        done = subprocess.run(
            argv, input="\0".join(self.paths).encode(), env=self._env, capture_output=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return set(done.stdout.decode().split("\0")) - {""}

    def walked(self, files: dict[str, str]) -> set[str]:
        """Ask as a walker does: what lies below an ignored directory is ignored unasked."""
        patterns = Patterns(compile_gitignores(files))
        return {
            path
            for path in self.paths
            if any(
                patterns.ignored(part, part in self.dirs)
                for part in itertools.accumulate(path.split("/"), lambda left, right: f"{left}/{right}")
            )
        }


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(tmp_path_factory.mktemp("ignored"))


# 700 times three random files.
@given(root=LINES, nested=LINES, deeper=LINES)
@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_patterns_are_read_as_git_reads_them(
    oracle: Oracle, root: list[str], nested: list[str], deeper: list[str]
) -> None:
    files = {
        ".gitignore": "\n".join(root) + "\n",
        "a/.gitignore": "\n".join(nested),
        "a/b/.gitignore": "\r\n".join(deeper) + "\r\n",
    }
    assert oracle.walked(files) == oracle.ignored(files)


@pytest.mark.parametrize(
    "text",
    [
        "foo/*\n!foo/a\n",
        "foo/\n!foo/a\n",
        "foo/**\n!foo/a/\n",
        "*.x\n!foo\n",
        "/foo**/b\n",
        "/a/**/c\n",
        "a/**\\/c\n",
        "**/b/c\n",
        "\ufefffoo\n",
        "# foo\n\\#\n\\!a\n",
        "a\\ \nb   \n",
        "foo\\\n[\n[[:nonsense:]]\n/\n//\n!\n\n",
        "*\n!*/\n!*.x\n",
        "a\0b\n",
        # Each of these pathspec 1.1.1 reads otherwise than git, or refuses.
        "foo[!a]b\nfoo[^x]a\n",
        "[[:alpha:]]\n",
        "[a\\]]\n",
        "foo[/]a\n[/]a\n",
        "[z-a]\n",
        "\t\n",
        "b\t  \n",
        "foo/**/\n",
        "/fo**\n!/fo**/b\n",
        "/f**/**\n!/f**/**/**/b\n",
        "foo/***/b\n",
        "**\\/b\n",
        "foo\\/a\n",
        "foo\\/\n",
    ],
)
def test_known_traps(oracle: Oracle, text: str) -> None:
    assert oracle.walked({".gitignore": text}) == oracle.ignored({".gitignore": text})


@pytest.mark.parametrize(
    ("pattern", "path", "is_dir", "expected"),
    [
        ("foo/", "foo", True, True),
        ("foo/", "foo", False, None),
        ("foo/", "foo/a", False, None),
        ("!foo", "foo", True, False),
        ("*.pyc", "a/b.pyc", False, True),
        ("a?c", "a\u00e9c", False, True),
        ("\u00e9*", "x/\u00e9t\u00e9", False, True),
        ("a\\\\b", "a\\b", False, True),
        ("x?", "x\udcff", False, True),
    ],
)
def test_one_path_on_the_way_down(pattern: str, path: str, is_dir: bool, expected: bool | None) -> None:
    assert Patterns(compile_lines([pattern])).verdict(path, is_dir) is expected


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["docs/"], "docs/a/b.md", True),
        (["docs/"], "x/docs/a.md", True),
        (["docs/"], "docs", None),
        (["/docs"], "docs/a.md", True),
        (["/docs"], "docsx/a.md", None),
        (["src/core/**"], "src/core/a/b.py", True),
        (["src/*"], "src/core/a/b.py", True),
        (["*.py", "!test_*"], "src/test_a.py", False),
        (["*.py", "!tests/"], "tests/a.py", False),
    ],
)
def test_a_selection_reaches_below_the_directories_it_names(
    patterns: list[str], path: str, expected: bool | None
) -> None:
    assert Patterns(compile_selection(patterns)).verdict(path, False) is expected


@given(lines=LINES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_selection_of_one_pattern_is_what_git_ignores_for_it(oracle: Oracle, lines: list[str]) -> None:
    line = lines[0].removeprefix("!") or "a"
    ignored = oracle.ignored({".gitignore": line + "\r\n"})
    try:
        selection = Patterns(compile_selection([line]))
    except PatternError:
        assert ignored == set()
        return
    assert {path for path in oracle.paths if selection.verdict(path, path in oracle.dirs)} == ignored


@given(lines=LINES, base=st.sampled_from(["", "a/b"]))
def test_nothing_that_travels_captures(lines: list[str], base: str) -> None:
    """The host joins all expressions into one, where groups would collide."""
    files = {f"{base}/.gitignore".lstrip("/"): "\n".join(lines)}
    assert all(re.compile(regex).groups == 0 for regex, _include in compile_gitignores(files))


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pathspec.patterns.gitignore.spec", None)
    with pytest.raises(AnsibleError, match="need the Python library pathspec"):
        compile_lines(["a"])


@pytest.mark.parametrize("answer", [None, "^a$", "a(?:(?P<ps_d>/)|$)", "^a(?P<ps_d>/)"])
def test_a_pathspec_that_translates_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    monkeypatch.setattr(GitIgnoreSpecPattern, "pattern_to_regex", lambda pattern: (answer, True))
    with pytest.raises(PatternError, match="'a' cannot be used: this version of pathspec"):
        compile_lines(["a"])


def test_a_base_holds_below_itself_only() -> None:
    patterns = Patterns(compile_lines(["*.x", "/top"], base="a+b"))
    asked = {path: patterns.verdict(path, False) for path in ("a+b/c/d.x", "a+b/top", "a+b/c/top", "aab/d.x", "d.x")}
    assert asked == {"a+b/c/d.x": True, "a+b/top": True, "a+b/c/top": None, "aab/d.x": None, "d.x": None}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[a", "no closing ]"),
        ("a\\", "ends in a backslash"),
        ("[[:wrong:]]", "[:wrong:] is no character class"),
        ("   ", "it is blank"),
        ("# x", "it is a comment"),
        ("/", "it names nothing"),
        ("!", "it names nothing"),
        ("a\ud800", "no file name holds"),
        ("a" * (MAX_PATTERN + 1), f"longer than {MAX_PATTERN}"),
    ],
)
def test_a_pattern_that_means_nothing_is_refused_by_name(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=re.escape(reason)) as caught:
        compile_lines(["ok", pattern])
    assert repr(pattern)[1:30].rstrip("'") in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 60 + "b", "a" * 255),
        ("x/" + "*?a" * 40 + "b", "x/" + "a" * 255),
        ("**/a/" * 40 + "b", "a/" * 1500 + "c"),
        ("**/*a*a*/" * 30 + "b", "aaaa/" * 700 + "c"),
        ("**\\/a/" * 30 + "b", "a/" * 1500 + "c"),
        ("/x**/" + "**/[a-b]*a/" * 30 + "b", "xa/" + "a/" * 1500 + "c"),
        ("*a" * 7 + "b", "a" * 200),
        ("/x" + "**/" * 50 + "b", "xa/" + "a/" * 1500 + "c"),
    ],
)
def test_hostile_patterns_do_not_explode(pattern: str, path: str) -> None:
    """A naive expression would need longer than the universe has; the limit only stops it."""
    regex = compile_lines([pattern])[0][0]
    code = "import re, sys; sys.exit(re.match(sys.argv[1], sys.argv[2]) is not None)"
    subprocess.run([sys.executable, "-c", code, regex, path], check=True, timeout=120)


def test_a_gitignore_with_an_endless_line_is_an_error() -> None:
    with pytest.raises(PatternError, match="longer than"):
        compile_gitignores({".gitignore": "*" * (MAX_PATTERN + 1)})
