"""`parapet doctor cluster`: whether the nodes of a service agree."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, paragraph, table, toned
from parapet.doctor.cluster import age_seconds, alive, disagreements
from parapet.ops.nodes import nodes

COLUMNS = (
    Column(title="host", gives_way=True),
    Column(title="process", right=True),
    Column(title="version"),
    Column(title="settings"),
    Column(title="alive", right=True),
    Column(title="clock", right=True),
)


@click.command()
@app_option
@json_option
def cluster(app_spec: str | None, as_json: bool) -> None:
    """Workers on every node: where they run, with which version and settings, and whether their clocks agree.

    Each writes it down with its sign of life, so it is read from the database. Exit status 1 if they do not agree.

    \b
    Example:
      parapet doctor cluster --app shop.reliability:parapet
    """
    app = load_app(required_app(app_spec))
    with app.store.read() as tx:
        found = nodes(tx)
    now = app.clock.now()
    wrong = tuple(disagreements(found, now))
    shown = alive(found, now)
    if as_json:
        listed = [{**asdict(node), "beat_at": node.beat_at.isoformat()} for node in found]
        click.echo(json.dumps({"nodes": listed, "wrong": list(wrong)}, indent=2))
    else:
        rows = [
            (
                node.host,
                str(node.pid),
                node.version,
                node.settings,
                f"{age_seconds(node, now):.0f} s ago",
                "as here" if node.skew_seconds is None else f"{-node.skew_seconds:+.1f} s",
            )
            for node in shown
        ]
        if rows:
            click.echo(table(COLUMNS, rows) + "\n")
        for line in wrong:
            click.echo(paragraph(f"{toned('wrong', Tone.PAGE)}  {line}"))
        if not wrong:
            click.echo(f"{len(shown)} workers of {app.service} agree." if len(shown) != 1 else "One worker is alive.")
    if wrong:
        sys.exit(1)
