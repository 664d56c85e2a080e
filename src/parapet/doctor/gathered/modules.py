"""The host's own Python, as syntax trees: what it calls, and where. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parapet.doctor.finding import Place
from parapet.doctor.gathered.files import File

FRAMEWORKS = frozenset({"FastAPI", "Starlette", "Flask"})
"""What an application is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of the host."""

    file: File
    tree: ast.Module

    @property
    def dotted(self) -> str:
        """What it is imported as, from the host's folder."""
        parts = self.file.path.removesuffix(".py").removeprefix("src/").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def calls(self) -> Iterator[ast.Call]:
        """Every call in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def place(self, node: ast.expr | ast.stmt) -> Place:
        """Where *node* is written."""
        return Place(path=self.file.path, line=node.lineno)


def modules_of(files: Iterable[File]) -> tuple[Module, ...]:
    """Those of *files* that are Python, and not of the host's tests. What does not parse is left out."""
    found = []
    for file in files:
        if file.path.endswith(".py") and not file.of_tests:
            try:
                found.append(Module(file=file, tree=ast.parse(file.text)))
            except (SyntaxError, ValueError):
                continue
    return tuple(found)


def called(call: ast.Call) -> str:
    """The last name of what is called: `Secrets` of `parapet.Secrets(...)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def owner_of(call: ast.Call) -> str:
    """The name before the last one: `worker` of `parapet.worker.run(...)`; nothing if there is none."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(value, ast.Attribute):
        return value.attr
    return value.id if isinstance(value, ast.Name) else ""


def literals(node: ast.expr) -> Iterator[ast.Constant]:
    """The texts that *node* surely is, or may be: itself, what it holds, or what it falls back to."""
    match node:
        case ast.Constant(value=str()):
            yield node
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.BoolOp(values=parts):
            for part in parts:
                yield from literals(part)
        case ast.IfExp(body=body, orelse=otherwise):
            yield from literals(body)
            yield from literals(otherwise)
        case ast.Call(args=[_, fallback]) if called(node) in {"get", "getenv"}:
            yield from literals(fallback)


def applications(modules: Iterable[Module]) -> Iterator[str]:
    """Where applications of a known framework are made at the top of a module, as `module:object`."""
    for module in modules:
        for node in module.tree.body:
            value = getattr(node, "value", None)
            if isinstance(value, ast.Call) and called(value) in FRAMEWORKS:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                yield from (f"{module.dotted}:{one.id}" for one in targets if isinstance(one, ast.Name))
