"""`parapet gen runbooks | recovery NAME | ui`: writes playbooks into the host, which owns them from then on."""

from __future__ import annotations

from pathlib import Path

import click

from parapet.artifacts.playbooks import RUNBOOKS_FILE, recovery_module, runbooks_module
from parapet.cli.gen_ui import ui
from parapet.cli.load import load_app
from parapet.cli.options import app_option
from parapet.core.errors import ConfigurationError
from parapet.response.recoveries import RECOVERIES, runbook_of

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reliability"),
    show_default=True,
    help="The folder of the host that gets the file.",
)


@click.group()
def gen() -> None:
    """Write prebuilt playbooks and looks into the host, to be edited there.

    \b
    Examples:
      parapet gen runbooks --out shop/reliability
      parapet gen recovery dead-letter-drain --out shop/reliability
      parapet gen list
      parapet gen ui tokens
    """


gen.add_command(ui)


@gen.command("list")
def list_recoveries() -> None:
    """Every prebuilt playbook."""
    for name, one in RECOVERIES.items():
        click.echo(f"{name:<24}{one.title}{' (guidance only)' if one.guidance_only else ''}")


@gen.command()
@out_option
@app_option
def runbooks(out: Path, app_spec: str | None) -> None:
    """Write all of them into one module; with --app, attached to the slices that they fit."""
    slices, owner = _host(app_spec)
    _write(out / RUNBOOKS_FILE, runbooks_module(runbook_of(name, owner=owner, slices=slices) for name in RECOVERIES))


@gen.command()
@click.argument("name")
@out_option
@app_option
def recovery(name: str, out: Path, app_spec: str | None) -> None:
    """Write one of them, with the beginning of a capability unless it is guidance only."""
    slices, owner = _host(app_spec)
    book = runbook_of(name, owner=owner, slices=slices)
    _write(out / f"{name.replace('-', '_')}.py", recovery_module(name, book))


def _host(app_spec: str | None) -> tuple[list[str], str]:
    if not app_spec:
        return [], ""
    app = load_app(app_spec)
    return [*(one.name for one in app.slices), *(one.name for one in app.diagnostics)], app.owner


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise ConfigurationError(f"{path} is there already, and is yours. Nothing was written; give another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    click.echo(f"Wrote {path}. It is yours now: import it, and call define(parapet).")
