"""`parapet doctor cluster`: whether the nodes of a service agree, workers and web processes."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime

import click

from parapet.app import Parapet
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, paragraph, table, toned
from parapet.core.errors import OutgoingError
from parapet.core.settings import Environment
from parapet.doctor.cluster import age_seconds, alive, disagreements, place
from parapet.ops.nodes import Node, nodes
from parapet.ops.prometheus import Prometheus
from parapet.ops.scraped import Scraped, scraped
from parapet.store import migrate

COLUMNS = (
    Column(title="kind"),
    Column(title="where", gives_way=True),
    Column(title="version"),
    Column(title="settings"),
    Column(title="alive", right=True),
    Column(title="clock", right=True),
)


@click.command()
@app_option
@json_option
def cluster(app_spec: str | None, as_json: bool) -> None:
    """Workers and web processes on every node: which version and settings they run with, for which schema, and
    whether their clocks agree.

    Workers write it down with their sign of life; every process that is scraped says it in a signal, which Prometheus
    is asked for (Wiring.prometheus_url). Exit status 1 if they do not agree.

    \b
    Example:
      parapet doctor cluster --app shop.reliability:parapet
    """
    app = load_app(required_app(app_spec))
    with app.store.read() as tx:
        found = nodes(tx)
    processes, unseen = _processes(app)
    now = app.clock.now()
    wrong = tuple(disagreements(found, now, processes, migrate.at(app.store.engine)))
    workers = alive(found, now)
    if as_json:
        listed = [{**asdict(node), "beat_at": node.beat_at.isoformat()} for node in found]
        document = {"nodes": listed, "processes": [*map(asdict, processes)], "unseen": unseen, "wrong": list(wrong)}
        click.echo(json.dumps(document, indent=2))
    else:
        rows = [*(_worker(node, now) for node in workers), *map(_process, processes)]
        if rows:
            click.echo(table(COLUMNS, rows) + "\n")
        for line in wrong:
            click.echo(paragraph(f"{toned('wrong', Tone.PAGE)}  {line}"))
        if unseen is not None:
            click.echo(paragraph(f"{toned('unseen', Tone.QUIET)}  {unseen}"))
        if not wrong:
            click.echo(f"{_counted(len(workers), 'worker')}{_web(len(processes))} of {app.service} agree.")
    if wrong:
        sys.exit(1)


def _processes(app: Parapet) -> tuple[tuple[Scraped, ...], str | None]:
    """The processes that are scraped, and why they cannot be seen, if so."""
    url = app.wiring.prometheus_url
    if url is None:
        return (), "Web processes: nobody said where Prometheus is. Say Wiring(prometheus_url=...)."
    credentials = app.secrets.prometheus_credentials or Environment.read().prometheus_credentials
    try:
        found = scraped(Prometheus(url, credentials=credentials), app.service)
    except OutgoingError as error:
        return (), f"Web processes: {error.message}"
    return found, None if found else f"Web processes: {url} reads none of job {app.service!r} that says what it runs."


def _worker(node: Node, now: datetime) -> tuple[str, ...]:
    age = f"{age_seconds(node, now):.0f} s ago"
    return ("worker", place(node), node.version, node.settings, age, _clock(node.skew_seconds))


def _process(one: Scraped) -> tuple[str, ...]:
    return ("scraped", one.instance, one.version, one.settings, "now", _clock(one.skew_seconds))


def _clock(skew_seconds: float | None) -> str:
    return "as here" if skew_seconds is None else f"{-skew_seconds:+.1f} s"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _web(count: int) -> str:
    return f" and {count} scraped process{'' if count == 1 else 'es'}" if count else ""
