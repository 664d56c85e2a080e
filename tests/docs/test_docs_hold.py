"""What the documentation tells people to type holds: commands exist with their options, code runs, links lead on."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of

from parapet.cli.main import main
from parapet.doctor.registry import CHECKS

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELLS = ("sh", "bash", "console")
RUNS = [block for block in PYTHON if block.page.startswith("docs/how/") and "django" not in block.text.lower()]


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `parapet` command in a shell block."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if line.strip().startswith((".venv/bin/parapet ", "parapet ")) else []
        if words:
            stop = next((at for at, word in enumerate(words) if word in {"|", "&&", ">", ";"}), len(words))
            yield words[1:stop]


def follow(words: list[str]) -> None:
    """Read *words* as the command line would, without running anything.

    Raises:
        click.UsageError: there is no such command or option.
    """
    command: click.Command = main
    context = click.Context(main, info_name="parapet")
    while True:
        options, rest, _ = command.make_parser(context).parse_args(args=list(words))
        del options
        if not isinstance(command, click.Group) or not rest:
            return
        _, found, words = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, click.Context(found, info_name=found.name, parent=context)


@pytest.mark.parametrize(
    "block", [one for one in BLOCKS if one.language in SHELLS and any(commands(one.text))], ids=str
)
def test_every_command_exists(block: Block) -> None:
    """With every option that is shown."""
    for words in commands(block.text):
        try:
            follow(words)
        except click.UsageError as error:
            pytest.fail(f"{block}: parapet {' '.join(words)}: {error.message}")


def test_every_way_out_of_the_doctor_exists() -> None:
    """Where a fix is a command."""
    for check in CHECKS:
        for text in re.findall(r"(?:^|`)(parapet [^`,]+)", check.fix):
            follow(shlex.split(text.replace("{app}", "m:o").replace("{out}", "ops"))[1:])


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_all_python_is_python_and_imports_what_there_is(block: Block) -> None:
    """Every name that is imported from Parapet exists."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "parapet":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                try:
                    getattr(module, alias.name)
                except AttributeError:
                    importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("block", RUNS, ids=str)
def test_code_of_the_how_tos_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands."""
    monkeypatch.chdir(tmp_path)
    text = block.text.replace("9100", "0").replace('"sqlite:///evidence.db"', "None")
    scope: dict[str, object] = {"__name__": "documented"}
    exec(compile(text, str(block), "exec"), scope)
    if "multiprocess_dir" in text:
        assert scope["parapet"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; a link or an anchor that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(site: Path) -> None:
    """No script, no font, no picture of somebody else: it can be read from a disk."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= 30
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        for address in re.findall(r'<(?:link|img|script|iframe)[^>]+(?:src|href)="([^"]+)"', text):
            assert not address.startswith(("http:", "https:", "//")), address
            assert (page.parent / address).resolve().exists(), address
        assert "<!-- run" not in text
    style = (site / "css" / "site.css").read_text()
    assert "url(" not in style
    assert "@import" not in style
    assert (site / "changelog.html").exists()
