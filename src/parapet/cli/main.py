"""The `parapet` command: a table of its subcommands, each imported only when it is used."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from parapet import __version__
from parapet.core.errors import ParapetError

COMMANDS = {
    "generate": ("parapet.cli.generate", "generate"),
    "slo": ("parapet.cli.slo", "slo"),
    "db": ("parapet.cli.db", "db"),
    "worker": ("parapet.cli.worker", "worker"),
    "doctor": ("parapet.cli.doctor", "doctor"),
    "deploy": ("parapet.cli.deploy", "deploy"),
}


class Commands(click.Group):
    """Subcommands that are imported on use, and errors that speak to the person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the loop."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command *cmd_name*, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours is one clear sentence and exit status 1."""
        try:
            return super().invoke(ctx)
        except ParapetError as error:
            raise click.ClickException(error.message) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="parapet")
def main() -> None:
    """Parapet: a reliability operating loop for Python SaaS applications.

    \b
    Examples:
      parapet generate --app shop.reliability:parapet --out ops/
      parapet db upgrade --app shop.reliability:parapet
      parapet deploy mark --app shop.reliability:parapet --version 1.8.2

    PARAPET_APP may stand for --app.
    """


if __name__ == "__main__":
    sys.exit(main())
