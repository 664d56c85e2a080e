"""`parapet generate`: the files that Prometheus and Alertmanager run, from the host's definitions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from parapet.artifacts.bundle import build
from parapet.artifacts.files import differences, write
from parapet.cli.load import load_app


@click.command()
@click.option(
    "--app", "spec", envvar="PARAPET_APP", required=True, help="Where the Parapet object lives: module:object."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("ops"),
    show_default=True,
    help="The folder that holds the generated files.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with a diff if the folder differs.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as JSON.")
def generate(spec: str, out: Path, check: bool, as_json: bool) -> None:
    """Write rules, alerts, their unit tests, the scrape job and the Alertmanager configuration.

    The same definitions always give the same bytes. Commit the files; let the build run --check.

    \b
    Examples:
      parapet generate --app shop.reliability:parapet --out ops/
      parapet generate --app shop.reliability:parapet --out ops/ --check
      promtool test rules ops/prometheus/tests.yml
      amtool check-config ops/alertmanager/parapet.yml
    """
    app = load_app(spec)
    files = build(app.catalog, app.wiring)
    if check:
        _report_check(out, differences(out, files), as_json)
        return
    done = write(out, files)
    if as_json:
        click.echo(json.dumps({"out": str(out), "changes": list(done), "files": sorted(files)}))
        return
    for line in done:
        click.echo(line)
    slices = f"{len(app.catalog)} slices of {app.catalog.service}"
    click.echo(f"{out}: {slices}, {len(files)} files, {f'{len(done)} changed' if done else 'none changed'}.")


def _report_check(out: Path, diff: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"out": str(out), "differs": bool(diff), "diff": diff}))
    elif diff:
        click.echo(diff, nl=False)
        click.echo(f"{out} differs from the definitions. Run `parapet generate --out {out}` and commit.", err=True)
    else:
        click.echo(f"{out} agrees with the definitions.")
    if diff:
        sys.exit(1)
