"""Where a host makes its application: an object of a module, or what a factory returns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from parapet.install.finding import Finding, Unclear, Unsaid
from parapet.install.project import Project, Source
from parapet.install.roots import Roots

CLASSES = {
    "fastapi.FastAPI": "FastAPI",
    "fastapi.applications.FastAPI": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "flask.Flask": "Flask",
    "flask.app.Flask": "Flask",
}
COMMAND = re.compile(r"(?<![\w./-])([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
"""`shop.main:app`, as servers are told; whatever else looks like that names no module of the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One place where an application is made."""

    framework: str
    source: Source
    variable: str
    """What it is called where it is made."""
    made: ast.stmt
    """The assignment."""
    factory: ast.FunctionDef | None = None
    served: str
    """How a server names it, such as `shop.main:app` or `shop.main:create_app`."""
    is_called: bool = False
    """Whether `served` is a factory that takes no arguments."""
    package: str = ""
    """The dotted name of the package that its module is in; empty: none."""

    @property
    def where(self) -> Finding:
        """The line that makes it."""
        name = self.variable if self.factory is None else f"{self.factory.name}()"
        line = self.made.lineno
        return Finding(about="application", name=name, path=self.source.path, line=line, why=self.source.line(line))


def applications(project: Project, roots: Roots) -> tuple[Application, ...]:
    """Every application that is made where something can be put behind it.

    Raises:
        Unclear: there is one, but only where nothing can.
    """
    found, hidden = [], []
    for source in project.sources:
        for call in (node for node in ast.walk(source.tree) if isinstance(node, ast.Call)):
            framework = CLASSES.get(source.dotted(call.func))
            if framework is not None:
                made = _made(source, call, framework, roots)
                if isinstance(made, str):
                    hidden.append(f"{source.path}:{call.lineno} {made}")
                else:
                    found.append(made)
    if not found and hidden:
        raise Unclear("The application is made where nothing can be put behind it:\n  " + "\n  ".join(hidden))
    return tuple(_served(one, project, roots) for one in found)


def chosen(found: tuple[Application, ...], project: Project, roots: Roots, wanted: str | None) -> Application:
    """The application to attach to: as *wanted*, as a server is told, or the only one.

    Raises:
        Unclear: there is none, or more than one that may be meant.
    """
    if wanted is not None:
        for one in found:
            module = one.served.partition(":")[0]
            names = {one.served, f"{module}:{one.variable}"} | (
                {f"{module}:{one.factory.name}"} if one.factory else set()
            )
            if wanted in names:
                return one
        raise Unsaid(f"There is no application {wanted!r}. Found: {', '.join(one.served for one in found) or 'none'}.")
    if len(found) > 1:
        told = {name for _, _, name in commands(project)}
        by_command = [one for one in found if one.served in told]
        mounted = {name for source in project.sources for name in _mounted(source, roots)}
        outer = [one for one in found if one.factory is not None or one.served.replace(":", ".") not in mounted]
        found = tuple(by_command if len(by_command) == 1 else outer if len(outer) == 1 else found)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Unclear(
            "No FastAPI, Starlette, Flask or Django application was found: none is given a name in a module, or in a "
            "function that ends with its only `return app`."
        )
    listed = "\n".join(f"  {one.served:<28} {one.where.place}  {one.where.why}" for one in found)
    raise Unsaid(f"There is more than one application. Say which: --app {found[0].served}\n{listed}")


def commands(project: Project) -> Iterator[tuple[str, int, str]]:
    """(file, line, `module:name`) of whatever files beside the code tell servers to run."""
    for name in project.names:
        last = name.rpartition("/")[2]
        if (
            last.endswith((".toml", ".yml", ".yaml", ".service", ".sh", ".json"))
            or last in {"Makefile", "justfile"}
            or ("Procfile" in last or "Dockerfile" in last)
        ):
            for number, line in enumerate((project.text(name) or "").splitlines(), start=1):
                for found in COMMAND.finditer(line):
                    yield name, number, found[0]


def _made(source: Source, call: ast.Call, framework: str, roots: Roots) -> Application | str:
    """The application that *call* makes; in words, why nothing can be put behind it."""
    module, package = roots.module(source), roots.package(source)
    common = {"framework": framework, "source": source, "package": package}
    for statement in source.tree.body:
        if _assigned(statement) is call:
            name = _target(statement)
            if name is None:
                return "is assigned to something that is no plain name"
            return Application(**common, variable=name, made=statement, served=f"{module}:{name}")  # type: ignore[arg-type]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and _within(statement, call):
            if not isinstance(statement, ast.FunctionDef):
                return f"is made in {statement.name}, which is no plain function"
            made = next((one for one in statement.body if _assigned(one) is call), None)
            name = _target(made) if made is not None else None
            if made is None or name is None:
                return f"is made in {statement.name}() without a name of its own; write `app = ...` and `return app`"
            last = statement.body[-1]
            returns = [node for node in _own_nodes(statement) if isinstance(node, ast.Return)]
            if returns != [last] or not isinstance(last, ast.Return) or not _is_name(last.value, name):
                return f"is made in {statement.name}(), which does not end with its only `return {name}`"
            arguments = statement.args
            required = len(arguments.args) + len(arguments.posonlyargs) - len(arguments.defaults)
            free = required <= 0 and all(default is not None for default in arguments.kw_defaults)
            return Application(
                **common,  # type: ignore[arg-type]
                variable=name,
                made=made,
                factory=statement,
                served=f"{module}:{statement.name}",
                is_called=free,
            )
    return "is made inside an `if`, a `try` or an expression"


def _served(one: Application, project: Project, roots: Roots) -> Application:
    """*one* as servers find it: what a factory returned may have a name in some module."""
    if one.factory is None:
        return one
    ours, told = one.served, [name for _, _, name in commands(project)]
    if ours in told:
        return one
    named = []
    for source in project.sources:
        for statement in source.tree.body:
            call, name = _assigned(statement), _target(statement)
            if not isinstance(call, ast.Call) or name is None:
                continue
            if roots.absolute(source, call.func) == ours.replace(":", ".") or (
                source is one.source and _is_name(call.func, one.factory.name)
            ):
                named.append(f"{roots.module(source)}:{name}")
    for name in [*(name for name in named if name in told), *named]:
        return replace(one, served=name, is_called=False)
    return one


def _mounted(source: Source, roots: Roots) -> set[str]:
    """Names, from the root, that *source* mounts: `app.mount("/api", api)`, `Mount("/api", app=v1.api)`."""
    here = roots.module(source)
    found = set()
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"mount", "Mount", "Host"}:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(argument, ast.Name | ast.Attribute):
                    name = roots.absolute(source, argument)
                    found |= {name, f"{here}.{name}"}
    return found


def _assigned(statement: ast.stmt) -> ast.expr | None:
    return statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None


def _target(statement: ast.stmt) -> str | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _is_name(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _within(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What *function* consists of, without the functions in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
