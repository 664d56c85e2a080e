"""The examples are what an install makes of the applications that they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.examples.conftest import copied

from parapet.cli.main import main

CHOSEN = {"notes": "notes/reliability/journeys.py", "clinic": "clinic/reliability/journeys.py"}
"""The one file that a person has worked on since: which journeys deserve a promise."""


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.suffix != ".db"}


@pytest.mark.parametrize("name", CHOSEN)
def test_an_example_was_wired_by_an_install(name: str, tmp_path: Path) -> None:
    """Taken out, nothing of Parapet is left; put in again, everything is as it is committed, byte for byte."""
    folder = copied(name, tmp_path)
    committed = files(folder)
    runner = CliRunner()

    refused = runner.invoke(main, ["uninstall", str(folder), "--yes"])
    assert f"You changed {CHOSEN[name]}" in refused.stderr
    taken = runner.invoke(main, ["uninstall", str(folder), "--yes", "--force"])
    assert taken.exit_code == 0, taken.output
    bare = files(folder)
    assert bare
    assert [path for path, text in bare.items() if b"parapet" in text.lower()] == []

    options = ["--yes", "--skip", "evidence", "--skip", "artifacts"]
    wired = runner.invoke(main, ["install", str(folder), *options])
    assert wired.exit_code == 0, wired.output
    again = files(folder)
    assert again.pop(CHOSEN[name]) != committed.pop(CHOSEN[name])
    assert again == committed
