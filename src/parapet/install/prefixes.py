"""What is put before the paths of routers and blueprints: where they are made, and where they are included."""

from __future__ import annotations

import ast

from parapet.install.project import Project, Source
from parapet.install.roots import Roots

OWN = {
    "fastapi.APIRouter": "prefix",
    "fastapi.routing.APIRouter": "prefix",
    "flask.Blueprint": "url_prefix",
    "flask.blueprints.Blueprint": "url_prefix",
}
INCLUDED = {"include_router": "prefix", "register_blueprint": "url_prefix"}
DEEPEST = 5


class Prefixes:
    """The prefixes of one project's routers, as far as they are written down as texts."""

    def __init__(self, project: Project, roots: Roots) -> None:
        self._roots = roots
        self._own: dict[str, tuple[str, bool]] = {}
        self._included: dict[str, tuple[str, str | None]] = {}
        for source in project.sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1:
                    self._made(source, node.targets[0], node.value)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    self._put(source, node, node.func)

    def of(self, source: Source, router: ast.expr | None) -> str:
        """What comes before the paths of *router*, as it is called in *source*; nothing where nothing is known."""
        return "" if router is None else self._whole(self._name(source, router))

    def _whole(self, name: str, depth: int = 0) -> str:
        own, replaced = self._own.get(name, ("", False))
        if name not in self._included or depth == DEEPEST:
            return own
        outer, said = self._included[name]
        # A blueprint that is registered with a prefix loses its own; a router that is included keeps it.
        inner = own if said is None or not replaced else ""
        return self._whole(outer, depth + 1) + (said or "") + inner

    def _made(self, source: Source, target: ast.expr, call: ast.Call) -> None:
        key = OWN.get(source.dotted(call.func))
        if key is not None:
            self._own[self._name(source, target)] = (_text(call, key) or "", key == "url_prefix")

    def _put(self, source: Source, call: ast.Call, called: ast.Attribute) -> None:
        key = INCLUDED.get(called.attr)
        if key is not None:
            outer = self._name(source, called.value)
            self._included.setdefault(self._name(source, call.args[0]), (outer, _text(call, key)))

    def _name(self, source: Source, node: ast.expr) -> str:
        """`shop.api.rooms.router`, wherever it is spoken of."""
        if isinstance(node, ast.Name) and node.id not in source.imports and not _imported(source, node.id):
            return f"{self._roots.module(source)}.{node.id}"
        return self._roots.absolute(source, node)


def _imported(source: Source, name: str) -> bool:
    """Whether *source* imports *name* from its own package."""
    return any(
        (alias.asname or alias.name) == name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def _text(call: ast.Call, key: str) -> str | None:
    value = next((one.value for one in call.keywords if one.arg == key), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
