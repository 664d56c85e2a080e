"""`parapet notify`: who was told what, why, or why not; and whether a channel works."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.escalation import by_option
from parapet.cli.incident.options import Reference, actor_named
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Tone, toned
from parapet.core.errors import OutgoingError
from parapet.core.types import IncidentId
from parapet.response.document import notification_object
from parapet.store.outbox import Notification, OutboxState

TONES = {OutboxState.DELIVERED: Tone.GOOD, OutboxState.DEAD: Tone.PAGE}


@click.group(cls=Group)
def notify() -> None:
    """Who was told about incidents.

    \b
    Examples:
      parapet notify log --app shop.reliability:parapet
      parapet notify log --incident INC-12 --json
      parapet notify test slack
    """


@notify.command()
@click.option("--incident", type=Reference(), metavar="INCIDENT", help="Only about this one.")
@click.option("--state", type=click.Choice([state.value for state in OutboxState]), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--before", metavar="ID", help="Only what is older than this: what `next` said.")
@app_option
@json_option
def log(
    incident: IncidentId | None,
    state: str | None,
    limit: int,
    before: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """Who was told what, where, when and why, or why not; newest first.

    \b
    Example:
      parapet notify log --state dead
    """
    found = load_app(required_app(app_spec)).notices.log(incident_id=incident, state=state, before=before, limit=limit)
    if as_json:
        click.echo(json.dumps({"notifications": [notification_object(one) for one in found], "next": found.next}))
    elif found:
        for one in found:
            _print(one)
    else:
        click.echo("Nobody was told of anything of this kind.")


@notify.command("test")
@click.argument("channel")
@click.option("--to", metavar="ADDRESS", help="Whom in particular, as the channel calls them.")
@click.option("--dry-run", is_flag=True, help="Tell nobody: ask it whether it would.")
@by_option
@app_option
@json_option
def test_channel(
    channel: str, to: str | None, dry_run: bool, who: str | None, app_spec: str | None, as_json: bool
) -> None:
    """Tell CHANNEL now that this is a test. Exit status 1 if it cannot be told.

    \b
    Examples:
      parapet notify test email --to ana@shop.example
      parapet notify test slack --dry-run
    """
    app, works = load_app(required_app(app_spec)), True
    try:
        if dry_run:
            asked = app.notices.ask(channel)
            how = "would be told" if asked and asked.proven else "was asked as far as it can be"
            said = f"{channel} {how}: {asked.words}." if asked else f"{channel} cannot be asked without telling people."
        else:
            said = f"{channel} works: {app.notices.test(channel, actor=actor_named(who), to=to)}."
    except OutgoingError as error:
        said, works = f"{channel} could not be told: {error.message}", False
    click.echo(json.dumps({"channel": channel, "works": works, "says": said}) if as_json else said)
    if not works:
        sys.exit(1)


def _print(one: Notification) -> None:
    when = one.delivered_at or one.created_at
    whom = f"{one.person} by {one.channel}" if one.person else one.channel
    state = toned(one.state.value, TONES.get(one.state, Tone.PLAIN))
    about = one.announcement.value.replace("_", " ")
    click.echo(f"{when:%Y-%m-%d %H:%M:%S}  INC-{one.incident_id}  {whom}: {about}, {state}")
    why = "; ".join(filter(None, (one.why, one.last_error, one.said)))
    if why:
        click.echo(toned(f"    {why}", Tone.QUIET))
