"""/metrics of an ASGI host, over real connections: who may read, and in which format."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from parapet.app import Parapet
from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Secrets
from parapet.signals.text import Format
from parapet.web.starlette import metrics

TOKEN = "metrics-token-0123456789"
Serve = Callable[[Any], int]


def ask(port: int, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            "GET", "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def host(parapet: Parapet, *networks: str) -> Starlette:
    return Starlette(routes=[Route("/metrics", metrics(parapet, allow_networks=networks))])


def shop(*tokens: str, directory: Path | None = None) -> Parapet:
    parapet = Parapet(service="shop", secrets=Secrets(metrics_tokens=tokens), multiprocess_dir=directory)
    parapet.journey("login", objective=0.99).record("success", 0.1)
    return parapet


def test_an_allowed_network_needs_no_token(serve: Serve) -> None:
    """The peer's address counts, as the server knows it."""
    near, far = serve(host(shop(), "127.0.0.0/8")), serve(host(shop(), "192.0.2.0/24"))
    assert ask(near)[0] == 200
    status, _, body = ask(far)
    assert (status, body) == (403, b"Not from here.\n")


def test_a_token_opens_from_anywhere(serve: Serve) -> None:
    """Network or token: either is enough."""
    port = serve(host(shop(TOKEN), "192.0.2.0/24"))
    assert ask(port)[0] == 401
    assert ask(port, authorization=f"Bearer {TOKEN}")[0] == 200


def test_with_neither_it_is_closed_and_says_how_to_open_it(serve: Serve) -> None:
    """Deny by default."""
    status, _, body = ask(serve(host(shop())))
    assert status == 403
    assert b"metrics_tokens" in body
    assert b"allow_networks" in body
    with pytest.raises(ConfigurationError, match="no network"):
        metrics(shop(), allow_networks=("nonsense",))


def without_heartbeat(page: bytes) -> list[bytes]:
    """The lines of a page that two readings have in common."""
    moments = (names.HEARTBEAT.encode(), names.NODE.encode())
    return [line for line in page.splitlines() if not line.startswith(moments)]


def test_prometheus_gets_packed_openmetrics(serve: Serve, tmp_path: Path) -> None:
    """As it asks for; of all processes, if the service has a directory for that."""
    parapet = shop(directory=tmp_path / "signals")
    status, headers, body = ask(
        serve(host(parapet, "127.0.0.1")),
        accept="application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        accept_encoding="gzip",
    )
    assert (status, headers["content-type"], headers["content-encoding"]) == (200, Format.OPENMETRICS.value, "gzip")
    unpacked = gzip.decompress(body)
    assert without_heartbeat(unpacked) == without_heartbeat(parapet.recorder.render(Format.OPENMETRICS))
    assert len(without_heartbeat(unpacked)) < len(unpacked.splitlines())
    assert list((tmp_path / "signals").glob("histogram_*.db"))
