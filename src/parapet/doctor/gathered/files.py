"""The files of a host: those that git tracks, or all that are no build products where there is no git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

LARGEST_BYTES = 512 * 1024
"""What is larger was not written by hand."""
MOST_FILES = 20_000
NOT_OURS = frozenset({
    ".git", ".hg", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache",
    ".ruff_cache", ".pytest_cache", "build", "dist", "site-packages",
})  # fmt: skip
TEXTS = frozenset({
    "", ".py", ".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".env", ".sh", ".txt", ".md", ".service", ".timer",
    ".conf", ".tf", ".html", ".js", ".ts", ".xml", ".properties", ".example", ".dist",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class File:
    """One text file, read when somebody asks."""

    path: str
    """Relative to the host's folder, with slashes."""
    root: Path = field(repr=False)

    @cached_property
    def text(self) -> str:
        """What is in it; nothing if it is gone, too large, or no text."""
        try:
            whole = self.root / self.path
            if whole.stat().st_size > LARGEST_BYTES:
                return ""
            return whole.read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def of_tests(self) -> bool:
        """Whether it belongs to the host's tests, where secrets are made up."""
        *folders, name = self.path.split("/")
        return bool({"test", "tests"} & {*folders}) or name.startswith(("test_", "conftest"))

    def line_of(self, at: int) -> int:
        """The line, from 1 on, of the character at *at*."""
        return self.text.count("\n", 0, at) + 1


def files_in(folder: Path) -> tuple[tuple[File, ...], bool]:
    """Every text file of the host in *folder*, sorted by path, and whether git said which they are."""
    known = tracked(folder)
    found = _walked(folder) if known is None else known
    kept = [path for path in found if Path(path).suffix in TEXTS or Path(path).name.startswith((".env", "Dockerfile"))]
    return tuple(File(path=path, root=folder) for path in sorted(kept)[:MOST_FILES]), known is not None


def tracked(folder: Path) -> list[str] | None:
    command = ["git", "-C", str(folder), "ls-files", "-z", "--cached"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    names = [name for name in told.stdout.decode("utf-8", "replace").split("\0") if name]
    return names if told.returncode == 0 and names else None


def _walked(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith(".egg-info")]
        for name in names:
            yield (Path(where) / name).relative_to(folder).as_posix()
