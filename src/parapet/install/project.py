"""The host's folder as text and syntax trees. Nothing of it is imported or run."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from parapet.core.errors import ConfigurationError

NOT_OURS = frozenset(
    {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist", "migrations", "tests", "test"}
    | {"docs", "htmlcov", "var"}
)
"""Folders that hold no part of a running application."""
MOST_BYTES = 1_000_000
MOST_FILES = 20_000
DEEPEST = 7
"""Folders below the project's, beyond which nobody keeps a Procfile."""


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    """From the project's folder, with slashes."""
    text: str
    tree: ast.Module

    @cached_property
    def imports(self) -> dict[str, str]:
        """What each name stands for, as `FastAPI` for `fastapi.FastAPI`; relative imports are left out."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    found[alias.asname or root] = alias.name if alias.asname else root
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return found

    def dotted(self, node: ast.expr) -> str:
        """What *node* names, through the imports: `fastapi.FastAPI`; empty for what is no name."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    def line(self, number: int) -> str:
        """The text of one line, without spaces around it."""
        lines = self.text.split("\n")
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


class Project:
    """The files of one host.

    Args:
        instead: path -> text, for files that are to be read as if they said that.

    Raises:
        ConfigurationError: *root* is no folder, or holds more than any project does.
    """

    def __init__(self, root: Path, *, instead: Mapping[str, str] | None = None) -> None:
        if not root.is_dir():
            raise ConfigurationError(f"{root} is no folder. Give the folder of your project.")
        self.root = root.resolve()
        self._instead = instead or {}
        self.unread: list[str] = []
        """Python files that could not be read or parsed."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every file that may matter, from the project's folder."""
        found = []
        for name in self._walk():
            found.append(name)
            if len(found) > MOST_FILES:
                raise ConfigurationError(
                    f"{self.root} holds more than {MOST_FILES:,} files. Give the folder of one project."
                )
        return tuple(sorted(found))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every Python file but tests."""
        found = []
        for name in self.names:
            last = name.rpartition("/")[2]
            if not last.endswith(".py") or last.startswith("test_") or last in {"conftest.py", "setup.py"}:
                continue
            source = self.source(name)
            if source is not None:
                found.append(source)
        return tuple(found)

    def source(self, name: str) -> Source | None:
        """The Python file *name*; None if it cannot be parsed, which is remembered in `unread`."""
        text = self.text(name)
        if text is not None:
            try:
                return Source(name, text, ast.parse(text.removeprefix("\ufeff")))
            except (SyntaxError, ValueError):
                pass
        self.unread.append(name)
        return None

    def text(self, name: str) -> str | None:
        """The file *name* with its own line ends; None if there is none, or it is no text."""
        if name in self._instead:
            return self._instead[name]
        path = self.root / name
        try:
            if path.stat().st_size > MOST_BYTES:
                return None
            return path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def has(self, name: str) -> bool:
        """Whether there is a file *name*."""
        return (self.root / name).is_file()

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            here = Path(folder)
            depth = len(here.relative_to(self.root).parts)
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".")
                and name not in NOT_OURS
                and depth < DEEPEST
                and not (here / name / "pyvenv.cfg").exists()
            ]
            yield from ((here / name).relative_to(self.root).as_posix() for name in files)
