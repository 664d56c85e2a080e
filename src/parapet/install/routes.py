"""Routes that look like what users come for, as candidates for a promise."""

from __future__ import annotations

import ast
import re

from parapet.install.finding import Finding
from parapet.install.project import Project

METHODS = frozenset({"post", "put"})
WORTH = re.compile(
    r"log_?-?in|sign_?-?(in|up)|register|checkout|check_?-?out|order|pay|purchase|subscribe|book|upload|invite|send|publish",
    re.IGNORECASE,
)
MOST = 8


def candidates(project: Project) -> tuple[Finding, ...]:
    """Handlers of POST whose path sounds like a journey. A router's prefix is not part of what is shown."""
    found = []
    for source in project.sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for decorator in node.decorator_list:
                told = _post(decorator)
                if told is not None and WORTH.search(told):
                    why = source.line(decorator.lineno)
                    found.append(
                        Finding(about="journey", name=f"POST {told}", path=source.path, line=decorator.lineno, why=why)
                    )
    return tuple(sorted(found, key=lambda one: (one.path, one.line))[:MOST])


def _post(decorator: ast.expr) -> str | None:
    """The path of a decorator such as `@app.post("/login")` or `@app.route("/login", methods=["POST"])`."""
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args):
        return None
    path = decorator.args[0]
    if not (isinstance(path, ast.Constant) and isinstance(path.value, str)):
        return None
    if decorator.func.attr in METHODS:
        return path.value
    methods = [keyword.value for keyword in decorator.keywords if keyword.arg == "methods"]
    posts = any(
        isinstance(one, ast.Constant) and str(one.value).lower() in METHODS
        for value in methods
        for one in ast.walk(value)
    )
    return path.value if decorator.func.attr == "route" and posts else None
