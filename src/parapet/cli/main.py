"""The `parapet` command: a table of its subcommands, each imported only when it is used."""

from __future__ import annotations

import json
import sys

import click

from parapet import __version__
from parapet.cli.lazy import LazyGroup
from parapet.core.errors import ParapetError, Refused, code_of
from parapet.core.settings import Environment
from parapet.core.types import JsonObject

COMMANDS = {
    "install": ("parapet.cli.host.install", "install"),
    "upgrade": ("parapet.cli.host.upgrade", "upgrade"),
    "uninstall": ("parapet.cli.host.uninstall", "uninstall"),
    "generate": ("parapet.cli.generate", "generate"),
    "slo": ("parapet.cli.slo.group", "slo"),
    "openslo": ("parapet.cli.openslo", "openslo"),
    "db": ("parapet.cli.db", "db"),
    "worker": ("parapet.cli.worker", "worker"),
    "doctor": ("parapet.cli.doctor.group", "doctor"),
    "deploy": ("parapet.cli.deploy", "deploy"),
    "change": ("parapet.cli.change", "change"),
    "incident": ("parapet.cli.incident.group", "incident"),
    "escalation": ("parapet.cli.escalation", "escalation"),
    "oncall": ("parapet.cli.oncall", "oncall"),
    "maintenance": ("parapet.cli.maintenance", "maintenance"),
    "notify": ("parapet.cli.notify", "notify"),
    "inbox": ("parapet.cli.inbox", "inbox"),
    "ledger": ("parapet.cli.ledger", "ledger"),
    "gen": ("parapet.cli.gen", "gen"),
    "capability": ("parapet.cli.capability", "capability"),
    "do": ("parapet.cli.deciding", "do"),
    "action": ("parapet.cli.action", "action"),
    "audit": ("parapet.cli.audit", "audit"),
}


class Commands(LazyGroup):
    """Errors speak to the person, and with --json to the script, too; NO_COLOR is heard."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. An error of ours is one clear sentence and exit status 1; a refusal says what to do next.

        With --json, standard output has one document then, too: `code` for programs, `detail` and `next_step`.
        """
        if Environment.read().no_color:
            ctx.color = False
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except ParapetError as error:
            said: JsonObject = {"code": code_of(type(error)), "detail": error.message}
            more = ""
            if isinstance(error, Refused):
                said["next_step"] = error.next_step
                more = f"\nNext: {error.next_step}"
            if as_json:
                click.echo(json.dumps(said))
            raise click.ClickException(f"{error.message}{more}") from error
        except click.ClickException as error:
            if as_json:
                code = "usage" if isinstance(error, click.UsageError) else "failed"
                click.echo(json.dumps({"code": code, "detail": error.format_message()}))
            raise


@click.group(cls=Commands, where=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
