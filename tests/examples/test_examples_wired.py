"""The examples are what an install makes of the applications that they were."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from examples.shop.settings import make_secrets
from tests.examples.conftest import EXAMPLES, OURS, copied
from tests.forked import Forks

from parapet.cli.main import main


@dataclass(frozen=True)
class Example:
    """One example, and what a person has made of it since."""

    name: str
    package: str
    worked_on: frozenset[str]
    """Files of its reliability package."""
    by_hand: tuple[tuple[str, str, str], ...] = ()
    """(file, what was written into it, what stood there before)."""

    def folder(self, to: Path) -> Path:
        """A copy of it, importable by the name that it has."""
        if self.package != "reliability":
            return copied(self.name, to)
        below = to / "examples" / self.name
        return Path(shutil.copytree(EXAMPLES / self.name, below, ignore=shutil.ignore_patterns(*OURS)))


NOTES = Example(name="notes", package="notes/reliability", worked_on=frozenset({"journeys.py"}))
CLINIC = Example(
    name="clinic",
    package="clinic/reliability",
    worked_on=frozenset({"journeys.py"}),
    by_hand=(("compose.yaml", "      PARAPET_EVIDENCE: sqlite:////data/parapet-evidence.db\n", ""),),
)
SHOP = Example(
    name="shop",
    package="reliability",
    worked_on=frozenset({"access.py", "journeys.py", "mounting.py", "runbooks.py", "service.py", "slices.py"}),
    by_hand=(
        ("app.py", "from examples.shop.reliability.changes import mark_switch\n", ""),
        ("app.py", "from examples.shop.reliability.journeys import login as login_journey\n", ""),
        ("app.py", "with login_journey.attempt() as attempt, Session(", "with Session("),
        ("app.py", "            attempt.user_error()\n", ""),
        ("app.py", "            attempt.failed()\n", ""),
        ("app.py", "    mark_switch(before, fault, who.login)\n", ""),
        ("app.py", ", which `parapet install` wired", ""),
        ("app.py", ": Parapet reads the answer's status", ""),
        ("templates/base.html", '{% if who.is_staff %}<a href="/parapet/">Workbench</a>{% endif %}\n', ""),
        ("templates/front.html", ', and watch it arrive in the <a href="/parapet/">workbench</a>', ""),
        ("templates/front.html", 'Follow it in the <a href="/parapet/">workbench</a>.', ""),
        ("reliability/changes.py", "", ""),
        ("reliability/links.py", "", ""),
        ("reliability/mitigation.py", "", ""),
        ("reliability/on_call.py", "", ""),
    ),
)
"""The shop is measured in code too, tells of its own changes, and calls people in turn."""


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.suffix != ".db"}


def take_back(folder: Path, example: Example) -> None:
    """What a person wrote after the install, as it was before; a file without words of its own is theirs whole."""
    for name, written, before in example.by_hand:
        path = folder / name
        if not written:
            path.unlink()
            continue
        assert written in path.read_text(), written
        path.write_text(path.read_text().replace(written, before))


@pytest.mark.parametrize("example", [NOTES, CLINIC, SHOP], ids=lambda one: one.name)
def test_an_example_was_wired_by_an_install(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: Forks
) -> None:
    """Taken out, nothing of Parapet is left; put in again, everything is as it is committed, byte for byte."""
    make_secrets(tmp_path / "home" / "secrets")
    monkeypatch.setenv("SHOP_HOME", str(tmp_path / "home"))  # without a deployment the shop does not start
    folder = example.folder(tmp_path)
    take_back(folder, example)
    committed = files(folder)
    runner = CliRunner()
    worked_on = {f"{example.package}/{name}" for name in example.worked_on}

    refused = runner.invoke(main, ["uninstall", str(folder), "--yes"])
    assert f"You changed {', '.join(sorted(worked_on))} since" in refused.stderr
    taken = runner.invoke(main, ["uninstall", str(folder), "--yes", "--force"])
    assert taken.exit_code == 0, taken.output
    bare = files(folder)
    assert bare
    assert [path for path, text in bare.items() if b"parapet" in text.lower()] == []

    # The application is proved to answer before, when it is bare, and afterwards.
    options = ["--yes", "--skip", "evidence", "--skip", "artifacts", "--python", forks.python]
    wired = runner.invoke(main, ["install", str(folder), *options])
    assert wired.exit_code == 0, wired.output
    again = files(folder)
    for path in worked_on:
        assert again.pop(path) != committed.pop(path)
    assert again == committed
