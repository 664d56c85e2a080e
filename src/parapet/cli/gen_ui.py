"""`parapet gen ui`: the files with which a host makes the workbench look its own. Writes only those asked for."""

from __future__ import annotations

import re
from pathlib import Path

import click

from parapet import __version__
from parapet.cli.terminal import Tone, toned
from parapet.doctor.gathered.overrides import TEMPLATES, behind, digest, is_marked

STYLE = Path(__file__).parents[1] / "web" / "static" / "workbench.css"
TOKENS, LOGO = "tokens", "logo"
LOGO_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.5" fill="#7f8490"/></svg>\n'
)
"""In a grey that is seen on light and on dark."""


@click.command("ui")
@click.argument("names", nargs=-1)
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("looks"), show_default=True
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option("--check", is_flag=True, help="Say which of your files were made from templates that changed since.")
def ui(names: tuple[str, ...], folder: Path, force: bool, check: bool) -> None:
    """Write overrides of the workbench: `tokens`, `logo`, or templates by name. Without a name, list them.

    \b
    Examples:
      parapet gen ui                          what there is
      parapet gen ui tokens logo              colours, type and logo
      parapet gen ui home.html _base.html     two templates
      parapet gen ui --check                  after an upgrade

    The workbench reads them with workbench(..., looks=Looks(folder=Path("looks"))).
    """
    known = sorted(path.name for path in TEMPLATES.glob("*.html"))
    if check:
        _check(folder)
        return
    if not names:
        for name in (TOKENS, LOGO, *known):
            click.echo(name)
        return
    if unknown := [name for name in names if name not in {TOKENS, LOGO, *known}]:
        raise click.UsageError(f"There is no {unknown[0]!r}. Without a name, parapet gen ui lists what there is.")
    wanted = {_target(folder, name): _text(name) for name in names}
    if not force and (there := [path for path in wanted if path.exists()]):
        raise click.ClickException(f"{there[0]} is there already. Nothing was written; --force writes over it.")
    for path, words in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
        click.echo(f"{toned('wrote', Tone.GOOD)} {path}")
    click.echo(f"Yours now. Where the workbench is mounted: looks=Looks(folder=Path({str(folder)!r})), of parapet.web.")


def _target(folder: Path, name: str) -> Path:
    return folder / {TOKENS: "looks.css", LOGO: "logo.svg"}.get(name, f"templates/{name}")


def _text(name: str) -> str:
    if name == LOGO:
        return LOGO_SVG
    if name == TOKENS:
        return _tokens()
    return f"{{# made from parapet {__version__} {digest(name)}: yours now; Jinja, everything is escaped #}}\n" + (
        TEMPLATES / name
    ).read_text(encoding="utf-8")


def _tokens() -> str:
    """Every token of ours, commented out: what is taken out of its comment beats ours."""
    style = re.sub(r"/\*.*?\*/", "", STYLE.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"--[a-z0-9-]+: [^;]+;", style.partition(":root[data-theme")[0])
    lines = "\n".join(f"  /* {each} */" for each in found)
    head = "/* Yours: what stands here beats the workbench's own. light-dark(light, dark) gives both at once;\n"
    rest = "   the ratio of a colour to what it stands on is 4.5 or more for text, 3 for edges. */\n"
    return f"{head}{rest}:root {{\n{lines}\n}}\n"


def _check(folder: Path) -> None:
    found = []
    for path in sorted((folder / "templates").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        if (why := behind(path.name, text)) is not None:
            found.append(f"{path}: {why}")
        elif not is_marked(text):
            click.echo(f"{path}: not made by parapet gen ui, so nobody knows what it was made from")
    for line in found:
        click.echo(line)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("Nothing is behind.")
