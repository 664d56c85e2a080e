"""Groups of commands: whole sentences in their help, and commands that are imported only when they are used."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from typing import Any

import click


class Group(click.Group):
    """A group whose help says of each command what it is for, in a whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands; a sentence goes on in a line of its own, and is not cut."""
        rows = [(name, _first_sentence(self.words(ctx, name))) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def words(self, ctx: click.Context, name: str) -> str:
        """The help of the command *name*."""
        command = self.get_command(ctx, name)
        return (command and command.help) or ""


def _first_sentence(words: str) -> str:
    first = " ".join(words.split("\n\n")[0].split())
    return first.partition(". ")[0].removesuffix(".") + "."


class LazyGroup(Group):
    """A group of commands, *where* saying for each name its module and attribute."""

    def __init__(self, *arguments: Any, where: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._where = where

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order given."""
        return list(self._where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command *cmd_name*, or None."""
        if cmd_name not in self._where:
            return None
        module, attribute = self._where[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def words(self, ctx: click.Context, name: str) -> str:
        """The help of the command *name*. Where its module defines it, it is read and not imported: all of them
        together would take a second."""
        module, attribute = self._where[name]
        package, _, file = module.rpartition(".")
        tree = ast.parse((files(package) / f"{file}.py").read_text(encoding="utf-8"))
        defined = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == attribute]
        return ast.get_docstring(defined[0]) or "" if defined else super().words(ctx, name)
