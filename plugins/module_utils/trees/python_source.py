# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one file of Python imports and defines, told from its syntax tree: nothing of it is ever run. Private to the
collection.
"""

from __future__ import annotations

import ast
import typing as t
import warnings

_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_PLATFORM = frozenset({"version_info", "platform", "implementation", "hexversion", "PY2", "PY3", "name"})
_DYNAMIC_CALLS = frozenset({"globals", "exec", "vars", "locals", "setattr"})


class Import(t.NamedTuple):
    """One import: ``import module``, or ``from module import name``; ``level`` counts the dots of a relative one.

    An ``optional`` one is not needed for the file to work: it is tried, made for type checkers alone, or depends on the
    platform.
    """

    line: int
    module: str
    name: str | None
    level: int
    optional: bool


class Source(t.NamedTuple):
    """One file. ``defined`` are the names that its top level gives; when it is ``dynamic`` there can be others.

    ``own_path`` tells that it changes where its submodules lie, ``moves_path`` that it changes ``sys.path``; ``loads``
    counts the imports by name at run time.
    """

    imports: list[Import]
    defined: frozenset[str]
    dynamic: bool
    own_path: bool
    moves_path: bool
    loads: int


def read_source(content: bytes) -> Source:
    """Return what a file imports and defines.

    Raises SyntaxError for what this Python cannot read, ValueError for null bytes, and RecursionError or MemoryError
    for what is nested too deeply.
    """
    with warnings.catch_warnings():
        # About the file's own style; nobody asked.
        warnings.simplefilter("ignore")
        tree = ast.parse(content)
    reader = _Reader()
    reader.read(tree)
    return Source(
        sorted(reader.imports, key=lambda one: (one.line, one.module, one.name or "")),
        frozenset(reader.defined),
        reader.dynamic or "__getattr__" in reader.defined,
        reader.own_path,
        reader.moves_path,
        reader.loads,
    )


class _Reader:
    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.defined: set[str] = set()
        self.dynamic = self.own_path = self.moves_path = False
        self.loads = 0
        # With a stack of our own: deep code must not reach the interpreter's limit.
        self._left: list[tuple[ast.AST, bool, bool]] = []

    def read(self, tree: ast.AST) -> None:
        self._left.append((tree, False, True))
        while self._left:
            node, optional, top = self._left.pop()
            self._note(node, optional, top)
            if top:
                self._define(node)
            self._descend(node, optional, top)

    def _descend(self, node: ast.AST, optional: bool, top: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            top = False
        guarded = _guarded(node)
        for field, value in ast.iter_fields(node):
            below = optional or guarded is True or (isinstance(guarded, tuple) and field in guarded)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._left.append((child, below, top))

    def _note(self, node: ast.AST, optional: bool, top: bool) -> None:
        if isinstance(node, ast.Import):
            self.imports += [Import(node.lineno, alias.name, None, 0, optional) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = None if alias.name == "*" else alias.name
                self.imports.append(Import(node.lineno, node.module or "", name, node.level, optional))
                self.dynamic |= alias.name == "*"
                self.moves_path |= (node.module, alias.name) == ("sys", "path")
        elif isinstance(node, ast.Call):
            called = _last_name(node.func)
            self.loads += called in ("import_module", "__import__")
            self.dynamic |= called in _DYNAMIC_CALLS and (top or called == "globals")
            self.moves_path |= called == "addsitedir"
        elif isinstance(node, ast.Attribute):
            of_sys = isinstance(node.value, ast.Name) and node.value.id == "sys"
            self.moves_path |= of_sys and node.attr == "path"
            self.dynamic |= of_sys and node.attr == "modules"
        elif isinstance(node, ast.Name):
            self.own_path |= node.id == "__path__"
        elif isinstance(node, ast.Global):
            self.defined.update(node.names)

    def _define(self, node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.defined.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.defined.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.defined.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets) and node.value:
                self.defined.update(
                    part.value
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
        else:
            # A caught exception, or what a pattern captures, which Python 3.8 and 3.9 do not know.
            captured = getattr(node, "rest", None) or getattr(node, "name", None)
            if isinstance(captured, str):
                self.defined.add(captured)


def _guarded(node: ast.AST) -> bool | tuple[str, ...]:
    """Return which fields of a statement hold imports that need not succeed: all of them, or these."""
    if isinstance(node, ast.If):
        names = {_last_name(part) for part in ast.walk(node.test)}
        if "TYPE_CHECKING" in names:
            return ("body",)
        return ("body", "orelse") if _depends_on_platform(node.test) else ()
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return any(_suppresses(item.context_expr) for item in node.items)
    # A Try, or a TryStar, which Python before 3.11 does not know.
    handlers: t.Sequence[ast.ExceptHandler] = getattr(node, "handlers", ())
    if any(handler.type is None or _names_import_error(handler.type) for handler in handlers):
        return ("body", "handlers", "orelse")
    return ()


def _depends_on_platform(test: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Attribute)
        and part.attr in _PLATFORM
        and isinstance(part.value, ast.Name)
        and part.value.id in ("sys", "os", "six")
        for part in ast.walk(test)
    )


def _suppresses(expression: ast.expr) -> bool:
    return (
        isinstance(expression, ast.Call)
        and _last_name(expression.func) == "suppress"
        and any(map(_names_import_error, expression.args))
    )


def _names_import_error(expression: ast.expr) -> bool:
    return any(_last_name(part) in _CAUGHT for part in ast.walk(expression))


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
