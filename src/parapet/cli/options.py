"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from parapet.install import manifest

F = TypeVar("F", bound=Callable[..., Any])

app_option = click.option(
    "--app",
    "app_spec",
    envvar="PARAPET_APP",
    metavar="MODULE:OBJECT",
    help="Where the Parapet object lives, such as shop.reliability:parapet. Known where an install wired it. "
    "[env: PARAPET_APP]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def required_app(app_spec: str | None) -> str:
    """*app_spec*, or what an install wrote in the current folder, or a usage error that says how to give one.

    Raises:
        click.UsageError: it is missing.
    """
    known = known_app(app_spec)
    if known is None:
        raise click.UsageError("Say where the Parapet object lives: --app module:object, or set PARAPET_APP.")
    return known


def known_app(app_spec: str | None) -> str | None:
    """*app_spec*, or what an install wrote in the current folder; None: neither says."""
    if app_spec:
        return app_spec
    installed = manifest.found_in(Path())
    return None if installed is None else installed.app
