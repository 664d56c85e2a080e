"""Groups whose commands are imported only when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
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
