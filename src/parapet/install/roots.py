"""Which folder a host's modules are imported from, and so what they are called."""

from __future__ import annotations

import ast
import re

from parapet.install.project import Project, Source

SERVER = re.compile(r"(?<![\w./-])([A-Za-z_][\w.]*):[A-Za-z_]\w*")
NAMED = re.compile(r"DJANGO_SETTINGS_MODULE['\"]?\s*[,=:]\s*['\"]?([A-Za-z_][\w.]*)")


class Roots:
    """Module names of a host's files.

    A folder is importable if it has packages below it whose `__init__.py` chain ends there, if a file beside the code
    tells a server a name that leads from there to a module, or if one module imports another by such a name.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._files = {source.path for source in project.sources} | {
            name for name in project.names if name.endswith("/__init__.py") or name == "__init__.py"
        }
        told = self._names_told()
        self._outer = _outer(project, told)
        inside = ".".join((*self._outer, ""))
        self._told = told | {name.removeprefix(inside) for name in told}

    def root(self, source: Source) -> str:
        """The folder, from the project's, that *source* is imported from; empty: the project's own."""
        found = self._root_inside(source)
        return found or "/".join(".." for _ in self._outer)

    def _root_inside(self, source: Source) -> str:
        parts = source.path.split("/")[:-1]
        chain = len(parts)
        while chain and f"{'/'.join(parts[:chain])}/__init__.py" in self._files:
            chain -= 1
        stem = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".").split(".")
        for depth in range(chain, -1, -1):  # packages without __init__.py are told of elsewhere
            below = parts[:depth]
            name = ".".join(stem[len(below) :])
            if "." in name and depth < chain and name in self._told:
                return "/".join(below)
        top = self._used_as_package(parts, chain)
        return "/".join(parts[:top])

    def module(self, source: Source) -> str:
        """Its dotted name: `shop.main`."""
        root = self._root_inside(source)
        path = f"/{source.path[len(root) + 1 :] if root else source.path}"
        name = path.removesuffix(".py").removesuffix("/__init__").strip("/").replace("/", ".")
        return ".".join(part for part in (*(() if root else self._outer), name) if part)

    def package(self, source: Source) -> str:
        """The dotted name of the package that *source* is in; empty: it stands at the root."""
        module = self.module(source)
        return module if f"/{source.path}".endswith("/__init__.py") else module.rpartition(".")[0]

    def absolute(self, source: Source, node: ast.expr) -> str:
        """What *node* names in *source*, imports of its own package included: `shop.factory.create_app`."""
        if isinstance(node, ast.Attribute):
            before = self.absolute(source, node.value)
            return f"{before}.{node.attr}" if before else ""
        if not isinstance(node, ast.Name):
            return ""
        for statement in ast.walk(source.tree):
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    if (alias.asname or alias.name) == node.id:
                        return f"{self.base_of(source, statement)}.{alias.name}"
        return source.dotted(node)

    def base_of(self, source: Source, statement: ast.ImportFrom) -> str:
        """The module that *statement* in *source* imports from, dotted from the root."""
        if not statement.level:
            return statement.module or ""
        package = self.package(source).split(".")
        base = package[: len(package) - statement.level + 1]
        return ".".join([*base, *([statement.module] if statement.module else [])])

    def _used_as_package(self, parts: list[str], chain: int) -> int:
        """A folder without `__init__.py` that other modules import through is a package all the same."""
        for depth in range(chain - 1, -1, -1):
            folder = "/".join(parts[: depth + 1])
            inside = {
                path[len(folder) + 1 :].split("/")[0].removesuffix(".py")
                for path in self._files
                if path.startswith(f"{folder}/")
            }
            if any(f"{parts[depth]}.{name}" in self._told for name in inside):
                return depth
        return chain

    def _names_told(self) -> set[str]:
        """Dotted names that servers are told or that modules import, and every part they begin with."""
        found: set[str] = set()
        for name in self._project.names:
            last = name.rpartition("/")[2]
            if last.endswith((".toml", ".yml", ".yaml", ".service", ".sh", ".py")) or "file" in last:
                text = self._project.text(name) or ""
                pattern = NAMED if last.endswith(".py") else SERVER
                found.update(pattern.findall(text))
        for source in self._project.sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
                    found.update(f"{node.module}.{alias.name}" for alias in node.names)
                elif isinstance(node, ast.Import):
                    found.update(alias.name for alias in node.names)
        return {
            ".".join(parts[:size]) for name in found for parts in [name.split(".")] for size in range(1, len(parts) + 1)
        }


def _outer(project: Project, told: set[str]) -> tuple[str, ...]:
    """The packages that the project's own folder is part of: its modules are called so by each other, or relatively."""
    inside = {name.partition("/")[0].removesuffix(".py") for name in project.names if name.endswith(".py")}
    parts = project.root.parts[1:]
    for depth in range(1, min(len(parts), 3) + 1):
        outer = parts[-depth:]
        if outer[0] not in inside and any(".".join((*outer, name)) in told for name in inside):
            return outer
    relative = any(
        isinstance(node, ast.ImportFrom) and node.level
        for source in project.sources
        if "/" not in source.path
        for node in ast.walk(source.tree)
    )
    if not relative:
        return ()
    depth = 1
    while (project.root.parents[depth - 1] / "__init__.py").exists():
        depth += 1
    return parts[-depth:]
