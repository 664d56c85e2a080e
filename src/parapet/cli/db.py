"""`parapet db`: the evidence database's schema."""

from __future__ import annotations

import json

import click

from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.store import migrate
from parapet.store.dialect import address
from parapet.store.store import Store

evidence_option = click.option(
    "--evidence",
    envvar="PARAPET_EVIDENCE",
    metavar="URL",
    help="Database URL, instead of the app's. [env: PARAPET_EVIDENCE]",
)


@click.group(cls=Group)
def db() -> None:
    """Bring the evidence database up to date, or say what it needs.

    \b
    Examples:
      parapet db upgrade --app shop.reliability:parapet
      parapet db check --evidence sqlite:////var/lib/shop/evidence.db
      parapet db sql --evidence postgresql://... > migrations.sql
    """


@db.command()
@app_option
@evidence_option
@json_option
def upgrade(app_spec: str | None, evidence: str | None, as_json: bool) -> None:
    """Apply every pending step. Safe to run on every start, and on many nodes at once.

    \b
    Examples:
      parapet db upgrade --app shop.reliability:parapet
    """
    store = _store(app_spec, evidence)
    steps = migrate.upgrade(store.engine)
    if as_json:
        click.echo(json.dumps({"applied": steps}))
        return
    for step in steps:
        click.echo(f"applied  {step}")
    click.echo("The evidence database is up to date.")


@db.command()
@app_option
@evidence_option
@json_option
def check(app_spec: str | None, evidence: str | None, as_json: bool) -> None:
    """List the pending steps; exit status 1 if there are any.

    \b
    Examples:
      parapet db check --app shop.reliability:parapet
    """
    steps = migrate.pending(_store(app_spec, evidence).engine)
    if as_json:
        click.echo(json.dumps({"pending": steps}))
    else:
        for step in steps:
            click.echo(f"pending  {step}")
        click.echo("Run `parapet db upgrade`." if steps else "The evidence database is up to date.")
    if steps:
        raise SystemExit(1)


@db.command()
@app_option
@evidence_option
def sql(app_spec: str | None, evidence: str | None) -> None:
    """Print the statements of every step, for whoever applies migrations by hand.

    \b
    Examples:
      parapet db sql --app shop.reliability:parapet > upgrade.sql
    """
    url = evidence or load_app(required_app(app_spec)).evidence
    if url is None:
        raise click.UsageError("The app has no evidence database. Give --evidence URL.")
    click.echo(migrate.sql(address(url).get_backend_name()))


def _store(app_spec: str | None, evidence: str | None) -> Store:
    return Store(evidence) if evidence else load_app(required_app(app_spec)).store
