"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

app_option = click.option(
    "--app",
    "app_spec",
    envvar="PARAPET_APP",
    metavar="MODULE:OBJECT",
    help="Where the Parapet object lives, such as shop.reliability:parapet. [env: PARAPET_APP]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def required_app(app_spec: str | None) -> str:
    """*app_spec*, or a usage error that says how to give one.

    Raises:
        click.UsageError: it is missing.
    """
    if not app_spec:
        raise click.UsageError("Say where the Parapet object lives: --app module:object, or set PARAPET_APP.")
    return app_spec
