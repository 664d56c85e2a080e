"""`parapet escalation`: how calling people stands, and what a person asks for."""

from __future__ import annotations

import json
from datetime import datetime

import click

from parapet.cli.incident.options import actor_named, incident_argument, reason_option
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, table, toned
from parapet.core.types import IncidentId
from parapet.incidents.chronology import sentence
from parapet.incidents.durations import instant_words
from parapet.incidents.gist import Selection
from parapet.incidents.model import EntryKind
from parapet.response.document import escalation_object, policy_words, row_object, standing_words
from parapet.response.escalation import Escalation, EscalationState

by_option = click.option("--by", "who", metavar="NAME", help="Who acts; without it, the user who runs this.")
CALLING = Selection(kinds=frozenset({EntryKind.ESCALATED, EntryKind.ESCALATION}))
TONES = {
    EscalationState.RUNNING: Tone.PAGE,
    EscalationState.EXHAUSTED: Tone.PAGE,
    EscalationState.SUPPRESSED: Tone.TICKET,
}

COLUMNS = (
    Column(title="incident"),
    Column(title="state"),
    Column(title="due (UTC)"),
    Column(title="how it stands", gives_way=True),
)


@click.group(cls=Group)
def escalation() -> None:
    """Who is called when nobody takes an incident.

    \b
    Examples:
      parapet escalation list --app shop.reliability:parapet
      parapet escalation show INC-12
      parapet escalation next INC-12 --reason "two more hands for the database"
      parapet escalation suppress INC-12 --for 4h --reason "the bank is on it"
      parapet escalation resume INC-12 --reason "it is worse"
    """


@escalation.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@click.option("--before", type=int, metavar="NUMBER", help="Only what is older than this: what `next` said.")
@app_option
@json_option
def list_escalations(limit: int, before: int | None, app_spec: str | None, as_json: bool) -> None:
    """How calling people stands, of the newest incidents first.

    \b
    Example:
      parapet escalation list --json
    """
    found = load_app(required_app(app_spec)).escalations.page(limit=limit, before=before)
    if as_json:
        rows = [row_object(incident, one) for incident, one in found]
        click.echo(json.dumps({"escalations": rows, "next": found.next}))
        return
    if not found:
        click.echo("Nobody had to be called yet.")
        return
    click.echo(table(COLUMNS, [[incident.ref, _state(one), _due(one), standing_words(one)] for incident, one in found]))


@escalation.command()
@incident_argument
@app_option
@json_option
def show(number: IncidentId, app_spec: str | None, as_json: bool) -> None:
    """How it stands for one incident, by which policy, and what was decided so far.

    \b
    Example:
      parapet escalation show INC-12
    """
    app = load_app(required_app(app_spec))
    with app.look.together():
        file, calls = app.look.incident(number), app.look.selected(number, CALLING)
    if as_json:
        click.echo(json.dumps(escalation_object(number, file.escalation)))
        return
    click.echo(f"{toned(file.incident.ref, Tone.STRONG)}  {file.incident.title}")
    if file.escalation is None:
        click.echo("No escalation policy was for it, so nobody is called.")
        return
    _print(file.escalation)
    for words in policy_words(file.escalation.policy):
        click.echo(fact("", words))
    click.echo()
    for entry in calls:
        click.echo(f"{entry.occurred_at:%H:%M:%S}  {sentence(entry.kind, entry.payload)}")


@escalation.command("next")
@incident_argument
@click.option(
    "--place", metavar="PLACE", help="The place you read (show --json); refused if that step was taken since."
)
@by_option
@reason_option
@app_option
@json_option
def next_now(
    number: IncidentId, place: str | None, who: str | None, reason: str, app_spec: str | None, as_json: bool
) -> None:
    """Call the next ones at once, whatever it waits for.

    \b
    Example:
      parapet escalation next INC-12 --reason "two more hands for the database"
    """
    escalations = load_app(required_app(app_spec)).escalations
    moved = escalations.next_now(number, actor=actor_named(who), reason=reason, place=place)
    _done(number, moved, "They are called with the worker's next round.", as_json)


@escalation.command()
@incident_argument
@click.option("--for", "span", required=True, metavar="TIME", help="Such as 30m or 4h; 24h at most.")
@by_option
@reason_option
@app_option
@json_option
def suppress(number: IncidentId, span: str, who: str | None, reason: str, app_spec: str | None, as_json: bool) -> None:
    """Call nobody for a while; it resumes by itself.

    \b
    Example:
      parapet escalation suppress INC-12 --for 4h --reason "the bank is on it"
    """
    app = load_app(required_app(app_spec))
    moved = app.escalations.suppress(number, actor=actor_named(who), reason=reason, seconds=seconds_of(span))
    _done(number, moved, f"Nobody is called until {_due(moved)} UTC.", as_json)


@escalation.command()
@incident_argument
@by_option
@reason_option
@app_option
@json_option
def resume(number: IncidentId, who: str | None, reason: str, app_spec: str | None, as_json: bool) -> None:
    """Go on where it was suppressed.

    \b
    Example:
      parapet escalation resume INC-12 --reason "it is worse"
    """
    moved = load_app(required_app(app_spec)).escalations.resume(number, actor=actor_named(who), reason=reason)
    _done(number, moved, "People are called again.", as_json)


def seconds_of(span: str) -> float:
    """The seconds of 90s, 30m, 4h or 2d.

    Raises:
        click.UsageError: it is none.
    """
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    digits, unit = span[:-1], span[-1:]
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 6 and unit in units):
        raise click.UsageError(f"{span!r} is no time. Write it so: 30m, or 4h.")
    return float(int(digits) * units[unit])


def _done(number: IncidentId, moved: Escalation, words: str, as_json: bool) -> None:
    click.echo(json.dumps(escalation_object(number, moved)) if as_json else f"INC-{number}: {words}")


def _print(one: Escalation) -> None:
    click.echo(fact("State", f"{_state(one)}. {standing_words(one)}"))
    if one.due_at is not None:
        click.echo(fact("Due", instant_words(one.due_at)))
    click.echo(fact("Policy", f"{one.policy.name}, as it was at {instant_words(one.started_at)}"))


def _state(one: Escalation) -> str:
    return toned(one.state.value, TONES.get(one.state, Tone.PLAIN))


def _due(one: Escalation) -> str:
    due: datetime | None = one.due_at
    return "" if due is None else f"{due:%Y-%m-%d %H:%M:%S}"
