"""The help of every command: what it is for, how it is called, and nothing cut or torn at 80 columns."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from inspect import cleandoc

import click
import pytest

from parapet.cli.lazy import Group
from parapet.cli.main import main

COLUMNS = 80
_EXAMPLE = re.compile(r"^ +parapet (.+)$", re.MULTILINE)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """*command*, and every one below it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            if not below.hidden:
                yield from commands(below, (*path, name))


ALL = {" ".join(("parapet", *path)): command for path, command in commands(main)}


@pytest.mark.parametrize("name", ALL)
def test_every_help_fits_and_says_what_it_is_for_and_how(name: str) -> None:
    """A sentence, an example, and lines that a narrow terminal shows as they are."""
    command = ALL[name]
    context = click.Context(command, info_name=name, max_content_width=COLUMNS, terminal_width=COLUMNS)
    shown = command.get_help(context)
    assert [line for line in shown.splitlines() if len(line) > COLUMNS] == []
    purpose = " ".join((command.help or "").split("\n\n")[0].split())
    assert purpose.endswith("."), "it says what it is for, in a sentence"
    assert _EXAMPLE.search(shown), "it shows how it is called"
    if isinstance(command, click.Group):
        listed = shown.partition("Commands:")[2]
        assert "..." not in listed, "no sentence is cut"
        assert isinstance(command, Group)
        for below in command.list_commands(context):
            one = command.get_command(context, below)
            assert one is not None
            assert cleandoc(command.words(context, below)) == cleandoc(one.help or ""), "what is read is what it says"


@pytest.mark.parametrize("name", ALL)
def test_every_example_of_the_help_is_taken_by_its_command(name: str) -> None:
    """Each option exists, and what it needs is there."""
    for example in _EXAMPLE.findall(re.sub(r"\\\n *", "", ALL[name].help or "")):
        words = shlex.split(re.split(r" [|>] ", example)[0])
        command: click.Command = main
        while isinstance(command, click.Group) and words:
            below = command.get_command(click.Context(command), words[0])
            if below is None:
                break
            command, words = below, words[1:]
        command.make_context(name, words, resilient_parsing=True)
        context = click.Context(command)
        given, _, _ = command.make_parser(context).parse_args(list(words))
        asked = {one.name for one in command.params if one.required and one.default is None}
        assert asked <= given.keys(), example
