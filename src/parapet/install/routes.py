"""Routes that look like what users come for, as candidates for a promise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from parapet.install.finding import Finding
from parapet.install.prefixes import Prefixes
from parapet.install.project import Project
from parapet.install.roots import Roots

METHODS = frozenset({"post", "put"})
LISTED = frozenset({"Route", "add_url_rule", "add_route", "add_api_route"})
"""What names a route, its handler and its methods in one call."""
WORTH = re.compile(
    r"log_?-?in|sign_?-?(in|up)|register|checkout|check_?-?out|order|pay|purchase|subscribe|book|upload|invite|send|publish",
    re.IGNORECASE,
)
MOST = 8


def candidates(project: Project, roots: Roots) -> tuple[Finding, ...]:
    """Handlers of POST whose path sounds like a journey, with the prefixes that routers and blueprints are given."""
    found = []
    prefixes = Prefixes(project, roots)
    for source in project.sources:
        for told, line, router in _posts(source.tree):
            if WORTH.search(told):
                why = source.line(line)
                route = prefixes.of(source, router) + told
                found.append(Finding(about="journey", name=f"POST {route}", path=source.path, line=line, why=why))
    return tuple(sorted(found, key=lambda one: (one.path, one.line))[:MOST])


def _posts(tree: ast.Module) -> Iterator[tuple[str, int, ast.expr | None]]:
    """(path, line, the router or application) of what answers POST."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls: list[ast.expr] = node.decorator_list
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Call):  # app.post("/login")(sign_in)
            calls = [node.func]
        elif isinstance(node, ast.Call) and _name(node.func) in LISTED and _says_post(node):
            calls = [node]
        else:
            continue
        for call in calls:
            path = _path(call)
            if path is not None and isinstance(call, ast.Call):
                verb = _name(call.func)
                if verb in METHODS or verb in LISTED or (verb == "route" and _says_post(call)):
                    yield path, call.lineno, getattr(call.func, "value", None)


def _path(call: ast.expr) -> str | None:
    if not (isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)):
        return None
    path = call.args[0].value
    return path if isinstance(path, str) else None


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _says_post(call: ast.Call) -> bool:
    """Whether `methods=["POST"]` is among its arguments."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == "methods"]
    said = (one for value in values for one in ast.walk(value) if isinstance(one, ast.Constant))
    return any(str(one.value).lower() in METHODS for one in said)
