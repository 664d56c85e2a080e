"""`parapet doctor`: looks for trouble that has not hurt yet."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from parapet import __version__
from parapet.cli.doctor.words import explained, told
from parapet.cli.lazy import LazyGroup
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import progress
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Environment
from parapet.doctor.check import Check
from parapet.doctor.examine import chosen, examine
from parapet.doctor.facts import Facts
from parapet.doctor.formats import to_github, to_json, to_sarif
from parapet.doctor.registry import CHECKS
from parapet.install import manifest

COMMANDS = {
    "cluster": ("parapet.cli.doctor.cluster", "cluster"),
    "cardinality": ("parapet.cli.doctor.cardinality", "cardinality"),
    "inbox": ("parapet.cli.doctor.inbox", "inbox"),
}
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class Blind(click.ClickException):
    """The doctor could not look."""

    exit_code = 2


@click.group(cls=LazyGroup, where=COMMANDS, invoke_without_command=True)
@app_option
@click.option(
    "--host",
    metavar="MODULE:OBJECT",
    help="The web application, or the function that makes it. Known where an install wired it; else looked for.",
)
@click.option("--folder", type=FOLDER, default=Path(), help="Where the sources and deployment files are.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("ops"), show_default=True,
    help="The folder that holds the generated files.",
)  # fmt: skip
@click.option("--live", is_flag=True, help="Ask Prometheus, Alertmanager, the database and the doors as well.")
@click.option("--ci", is_flag=True, help="For pipelines: warnings fail as well.")
@click.option("--only", multiple=True, metavar="CODE", help="These checks alone; PD3 is all of PD3xx. May be repeated.")
@click.option("--skip", multiple=True, metavar="CODE", help="Not these checks. May be repeated.")
@json_option
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF, for code scanning.")
@click.option("--github", "as_github", is_flag=True, help="Print annotations, for GitHub Actions.")
@click.option("--explain", metavar="CODE", help="Say what a check looks for, why, and what to do.")
@click.pass_context
def doctor(
    context: click.Context,
    app_spec: str | None,
    host: str | None,
    folder: Path,
    out: Path,
    live: bool,
    ci: bool,
    only: Sequence[str],
    skip: Sequence[str],
    as_json: bool,
    as_sarif: bool,
    as_github: bool,
    explain: str | None,
) -> None:
    """Look for trouble that has not hurt yet. Changes nothing; with --live, one test alert goes through Alertmanager,
    which opens no incident and tells nobody.

    Exit status 0: nothing must be done; 1: something must; 2: it could not look.

    \b
    Examples:
      parapet doctor --app shop.reliability:parapet --host shop.app:app
      parapet doctor --app shop.reliability:parapet --live
      parapet doctor --app shop.reliability:parapet --ci --github
      parapet doctor --app shop.reliability:parapet --only PD3 --only PD605
      parapet doctor --explain PD605
      parapet doctor cluster --app shop.reliability:parapet
      parapet doctor cardinality --app shop.reliability:parapet
      parapet doctor inbox --app shop.reliability:parapet
    """
    if context.invoked_subcommand is not None:
        return
    if explain is not None:
        for check in chosen(CHECKS, only=(explain,)):
            click.echo(explained(check))
        return
    logging.getLogger("parapet").addHandler(logging.NullHandler())  # what breaks becomes a finding, and no traceback
    checks = chosen(CHECKS, only=only, without=skip, live=live)
    spec = required_app(app_spec)
    try:
        app = load_app(spec)
    except ConfigurationError as error:
        raise Blind(f"The doctor could not look: {error.message}") from error
    if host is None and (installed := manifest.found_in(folder)) is not None:
        host = installed.host or None
    facts = Facts(
        app,
        app_spec=spec,
        folder=folder,
        out=folder / out,
        host=host,
        credentials=Environment.read().prometheus_credentials,
    )
    with progress("Looking", len(checks)) as step:

        def seen(check: Check) -> None:
            step(1)

        report = examine(facts, checks, seen)
    if as_json:
        click.echo(json.dumps(to_json(report), indent=2))
    elif as_sarif:
        click.echo(json.dumps(to_sarif(report, checks, __version__), indent=2))
    elif as_github:
        click.echo(to_github(report), nl=False)
    else:
        click.echo(told(report))
    if report.fails(strict=ci):
        sys.exit(1)
