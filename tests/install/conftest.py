"""Hosts as other people write them, each in a folder of its own, and the command over them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.forked import Forks

from parapet.cli.main import main

LAYOUTS = Path(__file__).parent / "layouts"
TOKEN = "a-token-that-reads-metrics"
LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Ran:
    """What one command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it printed for scripts."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Host:
    """One folder with somebody's application, and the Python that runs it."""

    root: Path
    python: str = sys.executable

    def run(self, *arguments: str, answer: str = "") -> Ran:
        """`parapet ARGUMENTS`, with *answer* typed; the folder goes second."""
        command, *options = arguments
        if command != "uninstall":
            options += ["--python", self.python]
        told = CliRunner().invoke(main, [command, str(self.root), *options], input=answer, catch_exceptions=False)
        return Ran(told.exit_code, told.stdout, told.stderr)

    def install(self, *options: str) -> Ran:
        """Without artifacts and evidence, which cost more than all the rest."""
        return self.run("install", "--yes", "--json", "--skip", "artifacts", "--skip", "evidence", *options)

    def files(self) -> dict[str, bytes]:
        """Everything but what Python compiled."""
        found = (path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def put(self, name: str, text: str) -> None:
        """A file of the person's."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def says(self, code: str, folder: str = "") -> str:
        """What *code* prints in the host's Python."""
        run = subprocess.run(
            [self.python, "-B", "-c", code],
            cwd=self.root / folder,
            env={**os.environ, "PARAPET_METRICS_TOKEN": TOKEN, "PARAPET_MULTIPROCESS_DIR": f"{self.root}-signals"},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="package", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What installed applications have among the temporary files, above all what they count, is in a folder here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture
def host(tmp_path: Path, forks: Forks) -> Callable[[str], Host]:
    """A fresh copy of the layout of that name."""

    def copy(layout: str) -> Host:
        root = tmp_path / layout
        shutil.copytree(LAYOUTS / layout, root)
        return Host(root, forks.python)

    return copy


@pytest.fixture
def empty(tmp_path: Path, forks: Forks) -> Host:
    """A folder with nothing in it."""
    root = tmp_path / "service"
    root.mkdir()
    return Host(root, forks.python)
