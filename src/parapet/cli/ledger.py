"""`parapet ledger export | record`: who did what, for scripts and spreadsheets, and what each capability came to."""

from __future__ import annotations

import json
from pathlib import Path

import click

from parapet.app import Parapet
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, table
from parapet.incidents.durations import instant_words
from parapet.response.acted_document import line_object
from parapet.response.record import Record, ledger_csv, record_object
from parapet.response.run import LedgerEntry

PAGE = 200
COLUMNS = (
    Column(title="capability", gives_way=True),
    Column(title="runs", right=True),
    Column(title="done", right=True),
    Column(title="failed", right=True),
    Column(title="unknown", right=True),
    Column(title="helped", right=True),
    Column(title="worse", right=True),
    Column(title="last (UTC)", needs_width=90),
)


@click.group(cls=Group)
def ledger() -> None:
    """Who did what, with which preview, how it ended, and whether it helped.

    \b
    Examples:
      parapet ledger export --format csv --out actions.csv
      parapet ledger export --after 120
      parapet ledger record
    """


@ledger.command()
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only lines behind the one of this number.")
@click.option("--capability", metavar="NAME", help="Only lines about it.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; without it, standard output.")
@app_option
def export(form: str, after: int, capability: str | None, out: Path | None, app_spec: str | None) -> None:
    """Every line, oldest first: as JSON lines, or as CSV.

    \b
    Examples:
      parapet ledger export --app shop.reliability:parapet > ledger.csv
    """
    lines = _lines(load_app(required_app(app_spec)), after, capability)
    if form == "csv":
        text = ledger_csv(lines)
    else:
        text = "".join(json.dumps(line_object(one), sort_keys=True) + "\n" for one in lines)
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text)
    click.echo(f"Wrote {len(lines)} lines to {out}.", err=True)


@ledger.command()
@click.argument("capability", required=False)
@app_option
@json_option
def record(capability: str | None, app_spec: str | None, as_json: bool) -> None:
    """What each capability, or one of them, did so far.

    \b
    Examples:
      parapet ledger record retry-dead-jobs
    """
    app = load_app(required_app(app_spec))
    names = [capability] if capability else [one.name for one in app.capabilities]
    found = [app.records.record(name) for name in names]
    if as_json:
        click.echo(json.dumps({"records": [record_object(one) for one in found]}))
    elif found:
        click.echo(table(COLUMNS, [_row(one) for one in found]))
    else:
        click.echo("No capability is registered.")


def _lines(app: Parapet, after: int, capability: str | None) -> list[LedgerEntry]:
    page = app.records.ledger(after=after, capability=capability, limit=PAGE)
    lines = [*page]
    while page.next is not None:
        page = app.records.ledger(after=page.next, capability=capability, limit=PAGE)
        lines += page
    return lines


def _row(one: Record) -> list[str]:
    counts = (one.runs, one.done, one.failed, one.unknown, one.worked, one.worse)
    last = instant_words(one.last_at) if one.last_at is not None else "never"
    return [one.capability, *(f"{count}" for count in counts), last]
