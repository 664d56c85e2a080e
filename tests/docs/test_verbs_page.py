"""The page of every verb: what it names exists, and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path

import click

from parapet.cli.main import main
from parapet.web.api.table import OPERATIONS
from parapet.web.site import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "verbs.md"
NO_VERB = {"session"}
"""It reads no evidence: it says who asks."""
NO_PAGE = {"/zone", "/previews/{preview}"}
"""Forms that do nothing to anybody."""
NO_JSON = {"ledger export"}


def rows() -> list[tuple[set[str], set[str], set[str]]]:
    """Pages, operations and commands of each row."""
    lines = [line.split("|")[2:5] for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cut = [tuple(set(re.findall("`([^`]+)`", cell)) for cell in line) for line in lines[1:]]
    return [(pages, operations, commands) for pages, operations, commands in cut]


def command(path: str) -> click.Command:
    """The command that is called so."""
    found: click.Command = main
    for word in path.split():
        assert isinstance(found, click.Group), path
        inner = found.get_command(click.Context(found), word)
        assert inner is not None, path
        found = inner
    return found


def test_every_verb_is_there_and_everywhere() -> None:
    """Each operation and each form has its row; each row an operation and a command, which speaks JSON."""
    told = rows()
    assert set().union(*(operations for _, operations, _ in told)) == {one.name for one in OPERATIONS} - NO_VERB
    forms = {one.pattern for one in ROUTES if one.form} - NO_PAGE
    pages = set().union(*(pages for pages, _, _ in told))
    assert forms <= pages <= {one.pattern for one in ROUTES if not one.pattern.startswith("/api/")}
    for _, operations, commands in told:
        assert operations
        assert commands
        for path in commands - NO_JSON:
            assert "as_json" in {parameter.name for parameter in command(path).params}, path
