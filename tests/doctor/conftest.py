"""A healthy host to plant faults in, made once and copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doctor.host import FILES, Case, git, new_case

from parapet.artifacts.bundle import FOLDERS, build
from parapet.artifacts.files import write


@pytest.fixture(scope="session")
def healthy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a healthy host, in git, with its generated files."""
    folder = tmp_path_factory.mktemp("healthy") / "host"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    parapet = Case(folder=folder, evidence="sqlite:////nowhere").parapet()
    write(folder / "ops", build(parapet.catalog, parapet.wiring), FOLDERS)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    return folder


@pytest.fixture
def case(healthy_folder: Path, sqlite_template: Path, tmp_path: Path) -> Case:
    """A healthy host of its own."""
    return new_case(healthy_folder, tmp_path, sqlite_template)
