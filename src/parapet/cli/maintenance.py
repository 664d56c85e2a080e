"""`parapet maintenance`: what rests, and what a person lets rest."""

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
from parapet.cli.terminal import Column, Tone, table, toned
from parapet.response.document import maintenance_object
from parapet.response.maintenance import MaintenanceState, PlannedMaintenance

COLUMNS = (
    Column(title="maintenance"),
    Column(title="state"),
    Column(title="what"),
    Column(title="from (UTC)"),
    Column(title="until (UTC)"),
    Column(title="why", gives_way=True),
)
TONES = {MaintenanceState.RUNNING: Tone.TICKET, MaintenanceState.PLANNED: Tone.STRONG}


@click.group(cls=Group)
def maintenance() -> None:
    """Let nothing of a journey, a slice or everything count for a while, and nobody be called.

    \b
    Examples:
      parapet maintenance list --app shop.reliability:parapet
      parapet maintenance begin checkout --for 30m --reason "database upgrade"
      parapet maintenance begin everything --for 2h --reason move \\
          --from 2026-12-01T22:00Z
      parapet maintenance end M-3 --reason "done early"
    """


@maintenance.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this: what `next` said.")
@app_option
@json_option
def list_maintenances(limit: int, before: int | None, app_spec: str | None, as_json: bool) -> None:
    """What rests, will, or did; newest first.

    \b
    Example:
      parapet maintenance list --json
    """
    app = load_app(required_app(app_spec))
    found, now = app.maintenances.page(limit=limit, before=before), app.clock.now()
    if as_json:
        click.echo(json.dumps({"maintenances": [maintenance_object(one, now) for one in found], "next": found.next}))
        return
    if not found:
        click.echo("Nothing rests by hand, nothing is planned, and nothing ever did.")
        return
    click.echo(table(COLUMNS, [_row(one, now) for one in found]))


@maintenance.command()
@click.argument("what")
@click.option("--for", "span", required=True, metavar="TIME", help="Such as 30m, 2h or 1d; a week at most.")
@click.option("--from", "start", type=Instant(), metavar="TIME", help="ISO 8601 with a zone; without it, now.")
@by_option
@reason_option
@app_option
@json_option
def begin(
    what: str, span: str, start: datetime | None, who: str | None, reason: str, app_spec: str | None, as_json: bool
) -> None:
    """Let WHAT rest: a journey, a slice, or `everything`.

    \b
    Example:
      parapet maintenance begin checkout --for 30m --reason "database upgrade"
    """
    app = load_app(required_app(app_spec))
    end = (start or app.clock.now()) + timedelta(seconds=seconds_of(span))
    made = app.maintenances.plan(what, start=start, end=end, actor=actor_named(who), reason=reason)
    if as_json:
        click.echo(json.dumps(maintenance_object(made, app.clock.now())))
        return
    since_words = "" if start is None else f" from {made.start:%Y-%m-%d %H:%M}"
    click.echo(f"{made.ref}: {made.what} rests{since_words} until {made.end:%Y-%m-%d %H:%M} UTC. Nobody is called.")


@maintenance.command()
@click.argument("number")
@by_option
@reason_option
@app_option
@json_option
def end(number: str, who: str | None, reason: str, app_spec: str | None, as_json: bool) -> None:
    """Say that NUMBER, such as M-3, is over, or will not be.

    \b
    Example:
      parapet maintenance end M-3 --reason "done early"
    """
    digits = number.upper().removeprefix("M-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise click.UsageError(f"{number!r} is no maintenance. Write it so: M-3.")
    app = load_app(required_app(app_spec))
    ended = app.maintenances.end(int(digits), actor=actor_named(who), reason=reason)
    said = f"{ended.ref} is {ended.state(app.clock.now()).value}: {ended.what} counts, and people are called."
    click.echo(json.dumps(maintenance_object(ended, app.clock.now())) if as_json else said)


def _row(one: PlannedMaintenance, now: datetime) -> tuple[str, ...]:
    state = one.state(now)
    return (
        one.ref,
        toned(state.value, TONES.get(state, Tone.PLAIN)),
        one.what,
        f"{one.start:%Y-%m-%d %H:%M}",
        f"{one.end:%Y-%m-%d %H:%M}",
        f"{one.by}: {one.reason}",
    )
