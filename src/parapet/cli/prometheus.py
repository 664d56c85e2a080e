"""Which Prometheus a command asks, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from parapet.core.settings import Environment
from parapet.core.transport import UrllibTransport
from parapet.ops.prometheus import Prometheus

F = TypeVar("F", bound=Callable[..., Any])

PATIENCE_SECONDS = 60.0
"""History is read in large pieces."""

_address = click.option(
    "--prometheus",
    "prometheus_url",
    envvar="PARAPET_PROMETHEUS",
    metavar="URL",
    help="Address of Prometheus, such as http://127.0.0.1:9090. [env: PARAPET_PROMETHEUS]",
)
_credentials = click.option(
    "--credentials-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with a bearer token, or user:password. [env: PARAPET_PROMETHEUS_CREDENTIALS, the text itself]",
)


def prometheus_options(command: F) -> F:
    """Adds `--prometheus` and `--credentials-file`, as *prometheus_url* and *credentials_file*."""
    return _address(_credentials(command))


def connect(url: str, credentials_file: Path | None) -> Prometheus:
    """The server at *url*, asked with what the file or the environment says.

    Raises:
        ConfigurationError: the address carries a password.
    """
    said = credentials_file.read_text().strip() if credentials_file else Environment.read().prometheus_credentials
    return Prometheus(url, UrllibTransport(PATIENCE_SECONDS), credentials=said or None)
