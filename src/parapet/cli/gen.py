"""`parapet gen runbooks | recovery NAME | ui`: writes playbooks into the host, which owns them from then on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from parapet.artifacts.playbooks import RUNBOOKS_FILE, recovery_module, runbooks_module
from parapet.cli.gen_ui import ui
from parapet.cli.lazy import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, known_app
from parapet.core.errors import ConfigurationError
from parapet.response.recoveries import RECOVERIES, runbook_of

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the host that gets the file; without it, that of the Parapet object, else `reliability`.",
)


@click.group(cls=Group)
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
    """Every prebuilt playbook.

    \b
    Examples:
      parapet gen list
    """
    for name, one in RECOVERIES.items():
        click.echo(f"{name:<24}{one.title}{' (guidance only)' if one.guidance_only else ''}")


@gen.command()
@out_option
@app_option
def runbooks(out: Path | None, app_spec: str | None) -> None:
    """Write all of them into one module; with --app, those that fit what is promised, attached to its slices.

    \b
    Examples:
      parapet gen runbooks --app shop.reliability:parapet
    """
    app_spec = known_app(app_spec)
    slices, planes, owner = _host(app_spec)
    books = [runbook_of(name, owner=owner, slices=slices) for name in RECOVERIES]
    fitting = [one for one in books if not app_spec or one.slices or planes.intersection(one.planes)]
    if not fitting:
        raise ConfigurationError("None fits what is promised here. Write one by name: parapet gen recovery NAME.")
    _write(_folder(out, app_spec) / RUNBOOKS_FILE, runbooks_module(fitting))
    if left := [one.name for one in books if one not in fitting]:
        click.echo(f"Left out, because nothing they are about is promised here: {', '.join(left)}.")


@gen.command()
@click.argument("name")
@out_option
@app_option
def recovery(name: str, out: Path | None, app_spec: str | None) -> None:
    """Write one of them, with the beginning of a capability unless it is guidance only.

    \b
    Examples:
      parapet gen recovery dead-letter-drain
    """
    app_spec = known_app(app_spec)
    slices, planes, owner = _host(app_spec)
    book = runbook_of(name, owner=owner, slices=slices)
    _write(_folder(out, app_spec) / f"{name.replace('-', '_')}.py", recovery_module(name, book))
    if app_spec and not (book.slices or planes.intersection(book.planes)):
        click.echo("Nothing that it is about is promised here yet: name the slices it belongs to in it.")


def _host(app_spec: str | None) -> tuple[list[str], set[str], str]:
    """The names of what is promised, the planes where it breaks, and who owns the service."""
    if not app_spec:
        return [], set(), ""
    app = load_app(app_spec)
    names = [*(one.name for one in app.slices), *(one.name for one in app.diagnostics)]
    planes = {*(one.fault_plane for one in app.slices), *(one.fault_plane for one in app.diagnostics)} - {""}
    return names, planes, app.owner


def _folder(out: Path | None, app_spec: str | None) -> Path:
    """Where the file goes: where it is said, else to the module that makes the Parapet object, once it is loaded."""
    if out is not None:
        return out
    module = sys.modules.get(app_spec.partition(":")[0]) if app_spec else None
    if module is None or module.__file__ is None:
        return Path("reliability")
    folder = Path(module.__file__).parent
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _dotted(folder: Path) -> str:
    """What *folder* is called in an import: with every package that it is in."""
    names = [folder.resolve().name]
    above = folder.resolve().parent
    while (above / "__init__.py").is_file():
        names.insert(0, above.name)
        above = above.parent
    return ".".join(names)


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise ConfigurationError(f"{path} is there already, and is yours. Nothing was written; give another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    click.echo(f"Wrote {path}. It is yours now. Two lines use it, below those that make `parapet`:")
    click.echo(f"    from {_dotted(path.parent)} import {path.stem}\n    {path.stem}.define(parapet)")
