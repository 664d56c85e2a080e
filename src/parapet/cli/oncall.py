"""`parapet oncall`: who is on call, now and next; and who stands in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import click

from parapet.cli.escalation import by_option, seconds_of
from parapet.cli.incident.options import actor_named, reason_option
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant
from parapet.cli.terminal import Tone, toned
from parapet.response.document import on_call_object


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
@app_option
@json_option
def oncall(ctx: click.Context, app_spec: str | None, as_json: bool) -> None:
    """Who is on call in every rotation, now and next.

    \b
    Examples:
      parapet oncall --app shop.reliability:parapet
      parapet oncall override primary Cem --for 8h --reason "Ben is ill"
      parapet oncall end 3 --reason "he is back" --app shop.reliability:parapet
    """
    if ctx.invoked_subcommand is not None:
        return
    found = load_app(required_app(app_spec)).escalations.on_call()
    if as_json:
        click.echo(json.dumps({"rotations": [on_call_object(one) for one in found]}))
        return
    if not found:
        click.echo("No rotation is defined. Give Parapet(on_call=Roster(...)) some.")
    for one in found:
        click.echo(f"{toned(one.name, Tone.STRONG)}  {toned(one.words, Tone.QUIET)}")
        for place, turn in enumerate(one.turns):
            what = "now " if place == 0 else "then"
            stands = f", for {turn.stands_in_for}" if turn.stands_in_for else ""
            why = f": {turn.reason}" if turn.reason else ""
            click.echo(f"  {what}  {turn.person}{stands}{why}, until {turn.end:%Y-%m-%d %H:%M} UTC")
        for number, each in one.overrides:
            span = f"{each.start:%Y-%m-%d %H:%M} to {each.end:%Y-%m-%d %H:%M} UTC"
            click.echo(toned(f"  override {number}: {each.person}, {span}", Tone.QUIET))


@oncall.command()
@click.argument("rotation")
@click.argument("person")
@click.option("--for", "span", required=True, metavar="TIME", help="Such as 8h or 2d.")
@click.option("--from", "start", type=Instant(), metavar="TIME", help="ISO 8601 with a zone; without it, now.")
@by_option
@reason_option
@app_option
@json_option
def override(
    rotation: str,
    person: str,
    span: str,
    start: datetime | None,
    who: str | None,
    reason: str,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """PERSON stands in for whose turn it is in ROTATION.

    \b
    Example:
      parapet oncall override primary Cem --for 8h --reason "Ben is ill"
    """
    app = load_app(required_app(app_spec))
    begin = start or app.clock.now()
    end = begin + timedelta(seconds=seconds_of(span))
    number = app.escalations.stand_in(rotation, person, start=begin, end=end, actor=actor_named(who), reason=reason)
    said = f"Override {number}: {person} is called for {rotation} until {end:%Y-%m-%d %H:%M} UTC."
    click.echo(json.dumps({"override": number, "until": end.isoformat()}) if as_json else said)


@oncall.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@reason_option
@app_option
def end(number: int, who: str | None, reason: str, app_spec: str | None) -> None:
    """Take an override back.

    \b
    Example:
      parapet oncall end 3 --reason "he is back"
    """
    load_app(required_app(app_spec)).escalations.end_stand_in(number, actor=actor_named(who), reason=reason)
    click.echo(f"Override {number} is taken back.")
