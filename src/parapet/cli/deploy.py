"""`parapet deploy`: says when a version went live, so that incidents can be held against it."""

from __future__ import annotations

import getpass
import json
from datetime import datetime

import click

from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant
from parapet.core.types import Actor, ActorClass
from parapet.incidents.document import change_object
from parapet.incidents.model import ChangeKind


@click.group(cls=Group)
def deploy() -> None:
    """Mark deploys. They are shown on every incident near them, with the distance to onset.

    \b
    Examples:
      parapet deploy mark --app shop.reliability:parapet --version 1.8.2
      parapet deploy mark --version 1.8.1 --rollback
    """


@deploy.command()
@app_option
@click.option("--version", required=True, help="What went live.")
@click.option("--at", type=Instant(), metavar="TIME", help="When it took effect; without it, now.")
@click.option("--title", help="In words; without it, the kind and the version.")
@click.option("--url", help="Where to read more, such as the pipeline's page.")
@click.option("--by", "actor", help="Who did it; without it, the user who runs this.")
@click.option(
    "--id", "change_id", help="What you call it, such as a pipeline's run: told again, it is the same deploy."
)
@click.option("--rollback", is_flag=True, help="It goes back to an earlier version.")
@json_option
def mark(
    app_spec: str | None,
    version: str,
    at: datetime | None,
    title: str | None,
    url: str | None,
    actor: str | None,
    change_id: str | None,
    rollback: bool,
    as_json: bool,
) -> None:
    """Record that a version went live.

    \b
    Examples:
      parapet deploy mark --app shop.reliability:parapet --version 1.8.2
      parapet deploy mark --version 1.8.1 --rollback --at 2026-11-12T02:31:00Z
    """
    app = load_app(required_app(app_spec))
    change = app.changes.mark(
        kind=ChangeKind.ROLLBACK if rollback else ChangeKind.DEPLOY,
        version=version,
        title=title,
        occurred_at=at,
        url=url,
        actor=Actor(kind=ActorClass.EXTERNAL, name=actor or getpass.getuser()),
        change_id=change_id or None,
    )
    if as_json:
        click.echo(json.dumps(change_object(change)))
    else:
        click.echo(f"Recorded: {change.title}, at {change.occurred_at.isoformat(timespec='seconds')}.")
