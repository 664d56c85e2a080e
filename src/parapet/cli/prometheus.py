"""Which Prometheus a command asks, as whom, and whom it trusts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from parapet.core.settings import Environment, Tls
from parapet.core.transport import UrllibTransport
from parapet.ops.prometheus import Prometheus

F = TypeVar("F", bound=Callable[..., Any])

PATIENCE_SECONDS = 60.0
"""History is read in large pieces."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option(
        "--prometheus",
        "prometheus_url",
        envvar="PARAPET_PROMETHEUS",
        metavar="URL",
        help="Address of Prometheus, such as http://127.0.0.1:9090. [env: PARAPET_PROMETHEUS]",
    ),
    click.option(
        "--credentials-file",
        type=_FILE,
        help="A file with a bearer token, or user:password. [env: PARAPET_PROMETHEUS_CREDENTIALS, the text itself]",
    ),
    click.option(
        "--ca-file",
        type=_FILE,
        help="Over https: who may vouch for Prometheus, as PEM; else as Wiring(tls=...) says.",
    ),
    click.option(
        "--client-cert", type=_FILE, help="Over https: our certificate, as PEM; its key may be in the same file."
    ),
    click.option("--client-key", type=_FILE, help="The key of --client-cert, as PEM."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How Prometheus is asked."""

    url: str | None
    """None: the command line names none."""
    credentials_file: Path | None = None
    tls: Tls | None = None
    """What the command line says; None: nothing."""

    def connect(self, url: str, wired: Tls | None) -> Prometheus:
        """The server at *url*; *wired* is whom to trust and who we are unless the command line says otherwise.

        Raises:
            ConfigurationError: the address carries a password.
        """
        file = self.credentials_file
        said = file.read_text().strip() if file else Environment.read().prometheus_credentials
        return Prometheus(url, UrllibTransport(PATIENCE_SECONDS, tls=self.tls or wired), credentials=said or None)


def prometheus_options(command: F) -> F:
    """Adds `--prometheus` and how it is asked, as one *access*."""

    @wraps(command)
    def asked(
        *args: object,
        prometheus_url: str | None,
        credentials_file: Path | None,
        ca_file: Path | None,
        client_cert: Path | None,
        client_key: Path | None,
        **others: object,
    ) -> object:
        tls = _tls(ca_file, client_cert, client_key)
        access = Access(url=prometheus_url, credentials_file=credentials_file, tls=tls)
        return command(*args, access=access, **others)

    for option in reversed(_OPTIONS):
        asked = option(asked)
    return asked  # type: ignore[return-value]


def _tls(ca_file: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    if key is not None and certificate is None:
        raise click.UsageError("--client-key is given without --client-cert. Give the certificate of that key, too.")
    if ca_file is None and certificate is None:
        return None
    given = [None if file is None else str(file) for file in (ca_file, certificate, key)]
    return Tls(ca_file=given[0], certificate_file=given[1], key_file=given[2])
