"""`parapet doctor cardinality`: how many series there are, how many there may be, and what makes them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.core.errors import ConfigurationError
from parapet.core.transport import Request, UrllibTransport
from parapet.signals.cardinality import FamilySize

NARROW = 12
"""Families shown unless all are asked for."""


@click.command()
@app_option
@click.option("--url", help="Count what a running application exports there, instead of what is defined.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the bearer token that may read it.",
)
@click.option("--all", "everything", is_flag=True, help=f"Every family, not only the {NARROW} largest.")
@json_option
def cardinality(
    app_spec: str | None, url: str | None, token_file: Path | None, everything: bool, as_json: bool
) -> None:
    """Series of every metric family: how many there are, how many there may be, and what makes them. Worst first.

    \b
    Examples:
      parapet doctor cardinality --app shop.reliability:parapet
      parapet doctor cardinality --url http://127.0.0.1:8000/metrics
    """
    app = load_app(required_app(app_spec))
    families = app.cardinality(None if url is None else _scrape(url, token_file))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in families], indent=2))
        return
    now = sum(one.series_now for one in families)
    most = sum(one.series_most or 0 for one in families)
    where = f"exported at {url}" if url else f"defined by {app.service}"
    click.echo(f"{now:,} series {where}; Parapet's own may become {most:,} in one process, and no more.\n")
    click.echo(f"{'now':>9}  {'at most':>9}  metric and what makes its series")
    shown = families if everything else families[:NARROW]
    for one in shown:
        click.echo(_line(one))
    if len(shown) < len(families):
        click.echo(f"and {len(families) - len(shown)} smaller ones: --all shows them.")


def _line(one: FamilySize) -> str:
    most = "unbounded" if one.series_most is None else f"{one.series_most:,}"
    lines = [f"{one.series_now:>9,}  {most:>9}  {one.metric}"]
    for label in one.labels:
        bound = f"{label.now:,}" if label.most is None else f"{label.now:,} of {label.most:,}"
        full = ", full: more become 'other'" if label.full else ""
        lines.append(f"{'':>22}  {label.label} {bound} ({label.origin}{full})")
    if one.series_per_label_set > 1:
        lines.append(f"{'':>22}  {one.series_per_label_set} series for each label set (buckets, sum, count)")
    return "\n".join(lines)


def _scrape(url: str, token_file: Path | None) -> str:
    headers = {"Accept": "text/plain;version=0.0.4"}
    if token_file is not None:
        headers["Authorization"] = f"Bearer {token_file.read_text().strip()}"
    answer = UrllibTransport().send(Request(method="GET", url=url, headers=headers))
    if answer.status != 200:
        hint = " Give --token-file." if answer.status in {401, 403} else ""
        raise ConfigurationError(f"{url} answered {answer.status}, expected 200.{hint}")
    return answer.body.decode("utf-8", "replace")
