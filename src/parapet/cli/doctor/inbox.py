"""`parapet doctor inbox`: bodies of alerts that are not where they should be."""

from __future__ import annotations

import json
import sys

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.doctor.gathered.evidence import LATE_SECONDS

LIST = "parapet inbox list --shelf"


@click.command()
@app_option
@json_option
def inbox(app_spec: str | None, as_json: bool) -> None:
    """Bodies of alerts that are not where they should be: failing, no alerts, or waiting for a worker that is away.

    Exit status 1 if there are any.

    \b
    Example:
      parapet doctor inbox --app shop.reliability:parapet
    """
    app = load_app(required_app(app_spec))
    counts, now = app.bodies.counts(), app.clock.now()
    late = [one for one in app.bodies.page("waiting", limit=200) if (now - one.due_at).total_seconds() > LATE_SECONDS]
    findings = {
        "failing": f"could not be taken in, and are tried again: {LIST} failing",
        "rejected": f"were no alerts; their senders were told: {LIST} rejected",
    }
    found = {name: counts.get(name, 0) for name in findings} | {"late": len(late)}
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name, words in findings.items():
            if found[name]:
                click.echo(f"{found[name]:>6,} {words}")
        if late:
            click.echo(f"{len(late):>6,} are overdue: is a worker running? {LIST} waiting")
        if not any(found.values()):
            click.echo("Every body that was handed in is where it should be.")
    if any(found.values()):
        sys.exit(1)
