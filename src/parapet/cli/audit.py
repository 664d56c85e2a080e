"""`parapet audit`: proves the evidence, shows who did what, and takes words out without breaking a seal."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.incident.options import Reference, actor_named, incident_argument, reason_option, who_and_when
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, table, toned
from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.document import incident_object, verified_object
from parapet.response.document import looked_object

FLAWS = {
    "missing": "the entry before it is not there",
    "altered": "it does not say what was sealed",
    "unlinked": "it does not follow from the entry before it",
    "unexplained": "its words are gone, and no entry says who took them out",
    "cut": "entries behind it are not there any more",
    "loose": "the end of the chronology, kept apart, is another one or is gone",
}
COLUMNS = (
    Column(title="row", right=True),
    Column(title="when (UTC)"),
    Column(title="who"),
    Column(title="verb"),
    Column(title="target"),
    Column(title="outcome"),
    Column(title="reason", gives_way=True, needs_width=90),
)


LOOKS = (
    Column(title="incident"),
    Column(title="who", gives_way=True),
    Column(title="last (UTC)"),
    Column(title="times that day", right=True),
)


@click.group(cls=Group)
def audit() -> None:
    """Prove that the evidence is whole, and see who did what.

    \b
    Examples:
      parapet audit verify --app shop.reliability:parapet
      parapet audit verify --checkpoint 9c1f...   # as an earlier run printed it
      parapet audit log --target INC-12
      parapet audit looks --incident INC-12
      parapet audit redact INC-12 3 --reason "card data"
    """


@audit.command()
@click.option("--incident", "number", type=Reference(), metavar="INCIDENT", help="Only this one; without it, all.")
@click.option("--checkpoint", metavar="DIGEST", help="What an earlier run printed; exit 1 if it is not so any more.")
@app_option
@json_option
def verify(number: IncidentId | None, checkpoint: str | None, app_spec: str | None, as_json: bool) -> None:
    """Recompute every chain; name the first link that does not hold. Exit status 1 if there is one.

    The checkpoint is one digest over the end of every chain. Keep it elsewhere: with it, an unchanged database proves
    that nothing is gone; any new entry changes it.

    \b
    Examples:
      parapet audit verify --app shop.reliability:parapet
    """
    app = load_app(required_app(app_spec))
    if sys.stderr.isatty() and not as_json:
        with click.progressbar(length=app.audit.count(number), label="Verifying", file=sys.stderr) as shown:
            found = app.audit.verify(number, progress=shown.update)
    else:
        found = app.audit.verify(number)
    broken = found.broken
    moved = checkpoint is not None and checkpoint != found.checkpoint
    if as_json:
        click.echo(json.dumps(verified_object(found, checkpoint)))
    elif broken is not None:
        where = f"INC-{broken.incident_id}, entry {broken.seq}"
        click.echo(toned(f"Broken at {where}: {FLAWS[broken.flaw.value]}.", Tone.PAGE))
        click.echo("Nothing behind it was examined. Keep a copy of the database before anybody touches it.")
    else:
        click.echo(toned(f"Whole: {found.entries:,} entries of {found.incidents:,} incidents.", Tone.GOOD))
        click.echo(f"Checkpoint {found.checkpoint}")
        if moved:
            click.echo(f"It was {checkpoint}: something was added since, or whole chains are gone.")
    if broken is not None or moved:
        sys.exit(1)


@audit.command()
@click.option("--target", metavar="TARGET", help="Only what was done to it, such as INC-12.")
@click.option("--who", metavar="NAME", help="Only what they did.")
@click.option("--before", type=int, metavar="ROW", help="Only what is older than this row.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most.")
@app_option
@json_option
def log(
    target: str | None, who: str | None, before: int | None, limit: int, app_spec: str | None, as_json: bool
) -> None:
    """Who did, or was refused, what; newest first.

    \b
    Examples:
      parapet audit log --app shop.reliability:parapet
    """
    rows = load_app(required_app(app_spec)).audit.log(target=target, actor=who, before=before, limit=limit)
    if as_json:
        click.echo(json.dumps({"rows": [*rows], "next": rows.next}))
        return
    if not rows:
        click.echo("Nothing is written down that fits.")
        return
    click.echo(table(COLUMNS, [_row(row) for row in rows]))


@audit.command()
@click.option("--incident", "number", type=Reference(), metavar="INCIDENT", help="Only at this one.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most.")
@app_option
@json_option
def looks(number: IncidentId | None, limit: int, app_spec: str | None, as_json: bool) -> None:
    """Who opened the page of which incident, by day; the latest first.

    Kept only where IncidentPolicy(looks_kept_seconds=...) says for how long.

    \b
    Examples:
      parapet audit looks --app shop.reliability:parapet
    """
    kept = load_app(required_app(app_spec)).looks
    found = kept.newest(limit) if number is None else kept.of(number, limit)
    if as_json:
        click.echo(json.dumps({"kept": kept.kept, "looks": [looked_object(one) for one in found]}))
        return
    if not kept.kept:
        click.echo("Looks are not kept. IncidentPolicy(looks_kept_seconds=...) says for how long they would be.")
        return
    if not found:
        click.echo("Nobody looked.")
        return
    rows = [[f"INC-{one.incident_id}", one.who, f"{one.last_at:%Y-%m-%d %H:%M}", f"{one.times}"] for one in found]
    click.echo(table(LOOKS, rows))


@audit.command()
@incident_argument
@click.argument("seq", type=click.IntRange(1))
@reason_option
@who_and_when
@app_option
@json_option
def redact(
    number: IncidentId, seq: int, reason: str, who: str | None, seen: int | None, app_spec: str | None, as_json: bool
) -> None:
    """Take the words of entry SEQ of INCIDENT out, for good. The chain still holds, and says who did it.

    `parapet incident show` numbers the entries. The raw body of an alert stays in the inbox for as long as bodies are
    kept.

    \b
    Examples:
      parapet audit redact INC-12 7 --reason "a card number"
    """
    app = load_app(required_app(app_spec))
    version = app.look.standing(number).version if seen is None else seen
    kept = app.audit.redact(number, seq, actor=actor_named(who), reason=reason, version=version)
    if as_json:
        click.echo(json.dumps(incident_object(kept)))
    else:
        click.echo(f"The words of entry {seq} of {kept.ref} are gone.")


def _row(row: JsonObject) -> list[str]:
    when = str(row["recorded_at"])[:19].replace("T", " ")
    told = (f"{row[name] or ''}" for name in ("actor_name", "verb", "target", "outcome", "reason"))
    return [f"{row['id']}", when, *told]
