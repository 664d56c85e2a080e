"""Puts single lines into modules of the host: an import, and a call after what is there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from parapet.install.applications import Application
from parapet.install.edits import Edit, Insertion, characters, line_starts, lines_of, newline_of, refuse_broken
from parapet.install.project import Source

OUTERMOST = frozenset({"add_middleware", "middleware", "wsgi_app", "user_middleware"})
"""Attributes of an application whose use puts something around it: what counts comes after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of the host's `reliability` package that gets one of the host's objects."""

    function: str
    package: str
    """Where it is imported from."""
    argument: str


def attached(application: Application, package: str) -> Edit | None:
    """The application's module with `attach(app)`; None if it is there already.

    It is imported from the module that has it: whatever imports the package itself, such as models that count their
    statements, must not load the host's login by that.

    Raises:
        Unclear: the line cannot go there.
    """
    source = application.source
    call = Call(function="attach", package=f"{package}.mounting", argument=application.variable)
    if application.factory is None:
        return _edit(source, call, _last_around(source, application))
    return _edit(source, call, application.factory.body[-1], above=True)


def called(source: Source, call: Call, made: ast.stmt) -> Edit | None:
    """*source* with *call* after the statement *made*; None if it is there already.

    Raises:
        Unclear: the line cannot go there.
    """
    return _edit(source, call, made)


def imports(source: Source, package: str, name: str) -> bool:
    """Whether *source* imports *name* from *package*, or from what *package* is in."""
    places = {package, package.removesuffix(".mounting")}
    return any(
        isinstance(node, ast.ImportFrom) and node.module in places and any(alias.name == name for alias in node.names)
        for node in ast.walk(source.tree)
    )


def import_insertion(source: Source, package: str, name: str, alias: str, before: int | None = None) -> Insertion:
    """The import of *name*, after the imports that are there, but above the line *before*."""
    starts, lines, newline = line_starts(source.text), lines_of(source.text), newline_of(source.text)
    wanted = f"from {package} import {name}" + (f" as {alias}" if alias != name else "")
    there = [
        node
        for node in source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and (before is None or node.lineno < before)
    ]
    own = [node for node in there if _is_own(node, package)]
    later = next((node for node in own if _module(node) > package), None)
    if later is not None:
        return Insertion(offset=starts[later.lineno - 1], text=wanted + newline)
    if there:
        last = own[-1] if own else there[-1]
        relative = _trailing_relative(there) if not own else None
        if relative is not None:  # by whole names before by relative ones
            return Insertion(offset=starts[relative.lineno - 1], text=f"{wanted}{newline}{newline}")
        text = wanted + newline if own else f"{newline}{wanted}{newline}"
        return _after_line(starts, lines, last.end_lineno or last.lineno, text, newline)
    body = source.tree.body
    documented = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    if documented:
        return _after_line(starts, lines, body[0].end_lineno or 1, f"{newline}{wanted}{newline}", newline)
    first = body[0].lineno if body else 1
    return Insertion(offset=starts[min(first - 1, len(starts) - 1)], text=f"{wanted}{newline}{newline}")


def name_insertion(source: Source, package: str, name: str) -> Insertion | None:
    """*name* among those that *source* imports from *package* already; None if it imports none from there."""
    starts, lines = line_starts(source.text), lines_of(source.text)
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == package and not node.level:
            alias = next((one for one in node.names if one.name > name), None)
            if alias is None or any(one.name == "*" for one in node.names):
                continue
            at = starts[alias.lineno - 1] + characters(lines[alias.lineno - 1], alias.col_offset)
            return Insertion(offset=at, text=f"{name}, ")
    return None


def _is_own(node: ast.Import | ast.ImportFrom, package: str) -> bool:
    """Whether *node* imports from the same package as *package* is in, by its whole name."""
    return isinstance(node, ast.ImportFrom) and _module(node).partition(".")[0] == package.partition(".")[0]


def _trailing_relative(there: list[ast.Import | ast.ImportFrom]) -> ast.ImportFrom | None:
    """The first of the relative imports that *there* ends with."""
    first = None
    for node in reversed(there):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            break
        first = node
    return first


def _module(node: ast.Import | ast.ImportFrom) -> str:
    return (node.module or "") if isinstance(node, ast.ImportFrom) and not node.level else ""


def _edit(source: Source, call: Call, anchor: ast.stmt, *, above: bool = False) -> Edit | None:
    if imports(source, call.package, call.function):
        return None
    starts, lines, newline = line_starts(source.text), lines_of(source.text), newline_of(source.text)
    alias = call.function if call.function not in _bound(source.tree) else f"{call.function}_parapet"
    line = lines[anchor.lineno - 1]
    indent = line[: len(line) - len(line.lstrip())]
    text = f"{indent}{alias}({call.argument}){newline}"
    if above:
        place = Insertion(offset=starts[anchor.lineno - 1], text=text)
    else:
        place = _after_line(starts, lines, anchor.end_lineno or anchor.lineno, text, newline)
    imported = import_insertion(source, call.package, call.function, alias, before=anchor.lineno)
    insertions = (imported, place)
    return refuse_broken(Edit(path=source.path, before=source.text, insertions=insertions))


def _after_line(starts: list[int], lines: list[str], number: int, text: str, newline: str) -> Insertion:
    """*text* after line *number*, even if that is the last one and has no end."""
    before = "" if lines[number - 1].endswith("\n") else newline
    return Insertion(offset=starts[number], text=before + text)


def _last_around(source: Source, application: Application) -> ast.stmt:
    """The last statement of the module that puts something around the application, or makes it."""
    last = application.made
    for statement in source.tree.body:
        if statement.lineno > last.lineno and _puts_around(statement, application.variable):
            last = statement
    return last


def _puts_around(statement: ast.stmt, variable: str) -> bool:
    parts: list[ast.AST] = [statement]
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        parts = list(statement.decorator_list)
    elif isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
        return False
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in OUTERMOST
        and isinstance(node.value, ast.Name)
        and node.value.id == variable
        for part in parts
        for node in ast.walk(part)
    )


def _bound(tree: ast.Module) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(alias.asname or alias.name for alias in node.names)
    return found
