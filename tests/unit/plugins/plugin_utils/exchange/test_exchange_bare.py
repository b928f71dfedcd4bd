# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is sent does the same as the source, on the same lines: Python's own parser is the judge."""

from __future__ import annotations

import ast
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import bare as module
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import bundle
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bare import bare
from hypothesis import given
from hypothesis import strategies as st

_SOURCES = sorted(path for path in bundle._MODULE_UTILS.rglob("*.py"))


class _Wordless(ast.NodeTransformer):
    """Takes the words out of strings that are statements; nothing else may differ."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = "-"
            return node
        return self.generic_visit(node)


def seen(source: str) -> tuple[str, list[int]]:
    """Return what a source does, and on which lines."""
    tree = _Wordless().visit(ast.parse(source))
    return ast.dump(tree), [node.lineno for node in ast.walk(tree) if isinstance(node, (ast.expr, ast.stmt, ast.arg))]


def holds(source: str) -> bool:
    left = bare(source)
    return seen(left) == seen(source) and bare(left) == left


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: str(path.relative_to(bundle._MODULE_UTILS)))
def test_every_module_does_the_same_on_the_same_lines(path: Path) -> None:
    assert holds(path.read_text(encoding="utf-8"))


def test_nothing_that_a_host_runs_reads_its_docstrings() -> None:
    for path in _SOURCES:
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"__doc__", "getdoc", "getsource", "getcomments"}, path


def test_it_is_a_quarter_shorter_on_the_wire() -> None:
    together = "".join(path.read_text(encoding="utf-8") for path in _SOURCES)
    assert len(zlib.compress(bare(together).encode())) < 0.78 * len(zlib.compress(together.encode()))


def test_what_goes_and_what_stays() -> None:
    source = '''# why
"""Module."""

MARK = "#"  # a comment with "quotes" and (
"""What it stands for.

More."""


def one() -> str:  # another
    """Only words (."""


def two(a=(1, "\\"#")) -> str:
    r"""Raw words stay."""
    return f"{a['#']}" + """
    not a docstring # nor a comment
    """
'''
    left = bare(source)
    assert "why" not in left and "quotes" not in left and "More" not in left and "Only" not in left
    assert "not a docstring # nor a comment" in left and "Raw words stay" in left
    assert left.count("\n") == source.count("\n")
    assert holds(source)


_PARTS = st.sampled_from(
    [
        "x = 1",
        'y = "#\\\\"',
        "z = '\\'#\"'",
        '"""words"""',
        '"""words\n# in\n(two lines"""',
        "'''other'''",
        "# comment (",
        '# """',
        "v = (\n    # in\n    1,\n)",
        'w = f(\n    """\n    one # two\n    """\n)',
        'u = [\n    "a"\n    """b"""\n]',
        's = "a" \\\n"""b"""',
        'd = {"#": \'"""\'}  # {',
        '"""a""" + "b"',
        '"""a""".strip()',
        'def g():\n    """words"""\n    # more\n    return """x\n    """',
        'class C:\n    """words"""\n\n    a = 1\n    """of a"""',
        'q = """ \n  # \n"""',
        "r = b\"#\"; p = rb'\\\\'",
    ]
)


@given(st.lists(_PARTS, max_size=12).map(lambda parts: "\n".join([*parts, ""])))
def test_whatever_stands_beside_it(source: str) -> None:
    assert holds(source)


def test_the_broken_twin_takes_strings_for_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_statement", lambda *_where: True)
    assert not holds('x = """words"""\n')
