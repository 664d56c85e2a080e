"""`parapet slo diff` between revisions of a real repository, and between snapshots."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def git(folder: Path, *words: str) -> None:
    """Runs git with an identity of its own."""
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@shop.test", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def lower_checkout(reliability: Path) -> None:
    """The change that everybody looks at: checkout promises less, and login is untouched."""
    text = reliability.read_text()
    assert "objective=0.95," in text
    reliability.write_text(text.replace("objective=0.95,", "objective=0.9,"))


@pytest.fixture
def repository(project: Path) -> Path:
    """The project under git, with its definitions committed on main and changed since."""
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "promises")
    lower_checkout(project / "reliability.py")
    return project


def test_a_revision_is_compared_with_the_working_tree(slo: Run, repository: Path) -> None:
    """In words; the working tree is left as it was, and no worktree is left behind."""
    said = slo("diff", "main")
    assert said.returncode == 0, said.stderr
    assert "Promises of shop, from main to the working tree" in said.stdout
    assert "The objective is lowered from 95 % to 90 %. Never lower" in " ".join(said.stdout.split())
    assert "4 promises are as they were." in said.stdout
    assert slo("diff").stdout == said.stdout.replace("from main", "from HEAD")
    status = subprocess.run(["git", "status", "--short"], cwd=repository, capture_output=True, text=True, check=True)
    assert status.stdout.splitlines()[0] == " M reliability.py"
    assert "objective=0.9," in (repository / "reliability.py").read_text()


def test_two_revisions_are_compared_without_the_working_tree(slo: Run, repository: Path) -> None:
    """Whatever lies in the folder now, broken or not."""
    git(repository, "commit", "-qam", "less")
    (repository / "reliability.py").write_text("this is no Python")
    said = slo("diff", "main~1", "main", "--json")
    assert said.returncode == 0, said.stderr
    document = json.loads(said.stdout)
    assert [change["slice"] for change in document["changes"]] == ["checkout"]
    assert document["warnings"][0]["slice"] == "checkout"
    assert document["changes"][0]["rows"][0] == {"subject": "objective", "before": "95 %", "after": "90 %"}


def test_a_package_beneath_src_is_loaded_from_the_revision(slo: Run, project: Path) -> None:
    """Not from the working tree, although Python was told to look there."""
    package = project / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (project / "reliability.py").rename(package / "reliability.py")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "promises")
    lower_checkout(package / "reliability.py")
    where = {"PARAPET_APP": "shop.reliability:parapet", "PYTHONPATH": str(project / "src")}
    said = slo("diff", "HEAD", environment=where)
    assert said.returncode == 0, said.stderr
    assert "95 % → 90 %" in said.stdout


def test_a_module_that_is_not_of_the_repository_is_refused(slo: Run, repository: Path, tmp_path: Path) -> None:
    """A comparison of something with itself would say that nothing changed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "installed.py").write_text((repository / "reliability.py").read_text())
    said = slo("diff", environment={"PARAPET_APP": "installed:parapet", "PYTHONPATH": str(elsewhere)})
    assert said.returncode == 1
    assert "not in the revision's own files" in said.stderr


def test_snapshots_are_compared_where_there_is_no_git(slo: Run, project: Path) -> None:
    """CI keeps one as an artifact; --fail-on makes it a gate."""
    before = project / "before.json"
    before.write_text(slo("list", "--json").stdout)
    same = slo("diff", "before.json", "--fail-on", "changes")
    assert same.returncode == 0, same.stderr
    assert "Nothing changes: 5 promises are as they were." in same.stdout
    lower_checkout(project / "reliability.py")
    (project / "after.json").write_text(slo("list", "--json").stdout)
    gate = slo(
        "diff", "before.json", "after.json", "--markdown", "--fail-on", "warnings", environment={"PARAPET_APP": ""}
    )
    assert gate.returncode == 1
    assert "#### `checkout` is changed: Checkout" in gate.stdout
    assert "| objective | 95 % | 90 % |" in gate.stdout
    assert "> [!WARNING]\n> - `checkout`: The objective is lowered" in gate.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("mian",), "Unknown revision 'mian'. Did you mean 'main'?"),
        (("missing.json",), "missing.json cannot be read: No such file"),
        (("other.json",), "is not what `parapet slo list --json` of this version prints"),
        (("--", "--output=x"), "Unknown revision"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    slo: Run, repository: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """No traceback, and exit status 1."""
    (repository / "other.json").write_text('{"service": "shop"}')
    said = slo("diff", *arguments)
    assert said.returncode == 1
    assert expected in said.stderr
    assert "Traceback" not in said.stderr


def test_definitions_that_cannot_be_loaded_any_more_say_so(slo: Run, repository: Path) -> None:
    """An old revision may need another Parapet: the last line of what went wrong, and a way out."""
    (repository / "reliability.py").write_text("from parapet import Parapett")
    git(repository, "commit", "-qam", "broken")
    said = slo("diff", "HEAD", "HEAD~1")
    assert said.returncode == 1
    assert "The promises of HEAD cannot be loaded:" in said.stderr
    assert "keep a snapshot with `parapet slo list --json`" in said.stderr


def test_without_a_repository_it_says_what_else_can_be_compared(slo: Run, project: Path) -> None:
    """git's own words, in one sentence."""
    said = slo("diff", environment={"GIT_CEILING_DIRECTORIES": str(project.parent)})
    assert said.returncode == 1
    assert "not a git repository" in said.stderr
