"""`parapet incident list | show`: the queue and one incident, for eyes and for scripts."""

from __future__ import annotations

import json
from datetime import datetime

import click

from parapet.cli.incident.options import incident_argument
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, fact, paragraph, table, toned
from parapet.core.types import IncidentId
from parapet.incidents.chronology import merge
from parapet.incidents.document import file_object, incident_object
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.model import MOST_COUNTED, Incident, IncidentState, Severity
from parapet.lessons.retrospective import to_json, to_markdown

SCOPES = ("open", "unowned", "mine", "resolved")
COLUMNS = (
    Column(title="incident"),
    Column(title="severity"),
    Column(title="state"),
    Column(title="began (UTC)", needs_width=90),
    Column(title="age", right=True),
    Column(title="owner", needs_width=80),
    Column(title="title", gives_way=True),
)


@click.command("list")
@click.option("--scope", type=click.Choice(SCOPES), default="open", show_default=True, help="Which incidents.")
@click.option("--owner", metavar="NAME", help="Whose, with --scope mine.")
@click.option("--search", metavar="WORDS", help="In titles, notes and references; or a number, such as INC-12.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@click.option("--before", metavar="PLACE", help="The page after it: what `next` said.")
@app_option
@json_option
def list_incidents(
    scope: str,
    owner: str | None,
    search: str | None,
    limit: int,
    before: str | None,
    app_spec: str | None,
    as_json: bool,
) -> None:
    """The queue: worst first, then oldest; resolved ones latest first.

    \b
    Examples:
      parapet incident list
      parapet incident list --scope resolved --search checkout --json
    """
    if scope == "mine" and not owner:
        raise click.UsageError("--scope mine needs --owner NAME.")
    app = load_app(required_app(app_spec))
    page = app.look.queue(scope, owner=owner, search=search, limit=limit, before=before)
    if as_json:
        shown = [incident_object(one) for one in page.incidents]
        click.echo(json.dumps({"scope": scope, "incidents": shown, "counts": dict(page.counts), "next": page.next}))
        return
    now = app.clock.now()
    if page.incidents:
        click.echo(table(COLUMNS, [_row(one, now) for one in page.incidents]))
    else:
        click.echo(f"No incident is {'resolved yet' if scope == 'resolved' else scope}.")
    others = ", ".join(f"{_counted(page.counts.get(name, 0))} {name}" for name in SCOPES if name not in {scope, "mine"})
    click.echo(toned(f"{len(page.incidents)} shown; {others}.", Tone.QUIET))
    if page.next is not None:
        click.echo(toned(f"More: --before '{page.next}'", Tone.QUIET))


@click.command()
@incident_argument
@app_option
@json_option
def show(number: IncidentId, app_spec: str | None, as_json: bool) -> None:
    """One incident: what is known and what is not, then its chronology.

    \b
    Examples:
      parapet incident show INC-12
      parapet incident show 12 --json
    """
    app = load_app(required_app(app_spec))
    held, entries, episodes = app.look.whole(number)
    incident, triage = held.incident, held.triage
    if as_json:
        document = file_object(
            incident,
            entries,
            episodes,
            triage,
            held.past,
            held.items,
            held.objects,
            held.near_changes,
        )
        click.echo(json.dumps(document))
        return
    now = app.clock.now()
    tone = Tone.PAGE if incident.severity is Severity.PAGE else Tone.TICKET
    loud = toned(incident.severity.value, Tone.PLAIN if incident.state is IncidentState.RESOLVED else tone)
    click.echo(
        f"{toned(incident.ref, Tone.STRONG)}  {loud}  {incident.state.value}  {toned(incident.title, Tone.STRONG)}"
    )
    click.echo(fact("Began", f"{instant_words(incident.started_at)}, {_ago(incident.started_at, now)} ago"))
    waits = ", who has still to acknowledge it" if incident.awaited else ""
    click.echo(fact("Owner", f"{incident.owner}{waits}" if incident.owner else "nobody has it"))
    click.echo(fact("Symptom", triage.symptom.text))
    if triage.promise is not None:
        click.echo(fact("Promise", triage.promise.text))
    click.echo(fact("Impact", f"{triage.impact.text} ({triage.impact.kind.value})"))
    sure = f", confidence {triage.confidence.value}" if triage.confidence else ""
    click.echo(fact("Plane", f"{triage.plane.text} ({triage.plane.kind.value}{sure})"))
    for claim in triage.facts:
        click.echo(fact("Fact", claim.text))
    for claim in triage.unknowns:
        click.echo(fact("Unknown", claim.text))
    click.echo(fact("Last time", triage.last_time.text))
    if triage.helped is not None:
        click.echo(fact("Helped", triage.helped.text))
    click.echo(fact("Next", triage.next_step.text))
    for item in held.items:
        click.echo(fact("To do", f"{item.ref} ({item.state.value}) {item.title}: {item.kind} {item.object_id}"))
    if held.objects is not None and held.objects.shown:
        shown, total = len(held.objects.shown), held.objects.total
        click.echo(f"\nExact objects, UTC: {shown} of {total} that went wrong near onset")
        for one in held.objects.shown:
            refs = "  ".join(f"{toned(name, Tone.QUIET)} {value}" for name, value in one.refs.items())
            ended = one.fields.get("outcome", "went wrong")
            click.echo(f"  {one.seen_at:%m-%d %H:%M:%S}  {toned(f'{one.signal} {ended}', Tone.QUIET)}  {refs}")
    click.echo("\nChronology, UTC")
    for row in merge(entries, [near.change for near in held.near_changes]):
        when = row.occurred_at.strftime("%m-%d %H:%M:%S")
        seq = f"{row.entry.seq:>3}" if row.entry is not None else "   "
        click.echo(f"  {toned(seq, Tone.QUIET)} {when}  {toned(row.actor, Tone.QUIET)}")
        click.echo(paragraph(row.text, indent=6))
    if incident.state is IncidentState.RESOLVED:
        click.echo(f"\nWhat was learned: parapet incident retrospective {incident.ref}")


@click.command()
@incident_argument
@app_option
@json_option
def retrospective(number: IncidentId, app_spec: str | None, as_json: bool) -> None:
    """What was learned from an incident that is over, as Markdown.

    \b
    Examples:
      parapet incident retrospective INC-12 > INC-12.md
      parapet incident retrospective INC-12 --json
    """
    kept = load_app(required_app(app_spec)).look.retrospective(number)
    click.echo(json.dumps(to_json(kept)) if as_json else to_markdown(kept), nl=as_json)


def _counted(number: int) -> str:
    return f"{number}{'+' if number >= MOST_COUNTED else ''}"


def _row(incident: Incident, now: datetime) -> list[str]:
    loud = Tone.PAGE if incident.severity is Severity.PAGE else Tone.TICKET
    over = incident.state is IncidentState.RESOLVED
    return [
        incident.ref,
        toned(incident.severity.value, Tone.PLAIN if over else loud),
        incident.resolution.value.replace("_", " ") if incident.resolution else incident.state.value,
        incident.started_at.strftime("%Y-%m-%d %H:%M"),
        _ago(incident.started_at, incident.resolved_at or now),
        incident.owner or "nobody",
        incident.title,
    ]


def _ago(start: datetime, end: datetime) -> str:
    return duration_words(max(0.0, (end - start).total_seconds()))
