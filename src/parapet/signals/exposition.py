"""What a /metrics endpoint answers with: which format, packed or not. Who may read it, others decide."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from parapet.signals.text import Format

CONTENT_TYPE = Format.PLAIN.value
"""Of what `render` returns."""

_LEAST_BYTES = 1_000
"""Below this, packing makes nothing smaller that matters."""


class Renders(Protocol):
    """A recorder, as far as a scrape needs it."""

    def render(self, form: Format = ...) -> bytes:
        """Everything in one format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """The answer to one scrape."""

    content_type: str
    content_encoding: str | None
    """`gzip`, or None if the body is as it is."""
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case. Says that the answer depends on what was asked for, for caches in between."""
        packed = {"content-encoding": self.content_encoding} if self.content_encoding else {}
        return {"content-type": self.content_type, "vary": "accept, accept-encoding", **packed}


def render(recorder: Renders) -> bytes:
    """The body of a scrape of *recorder*, to be sent with `CONTENT_TYPE`."""
    return recorder.render()


def scrape(recorder: Renders, *, accept: str | None = None, accept_encoding: str | None = None) -> Scrape:
    """The answer to a scrape of *recorder*.

    Args:
        accept: the request's header of this name: OpenMetrics is sent to whoever prefers it.
        accept_encoding: the same; the body is packed for whoever takes gzip.
    """
    form = negotiated(accept)
    body = recorder.render(form)
    if len(body) >= _LEAST_BYTES and takes_gzip(accept_encoding):
        # The fastest level: series repeat their names, so even that makes a tenth of them.
        return Scrape(content_type=form.value, content_encoding="gzip", body=gzip.compress(body, 1, mtime=0))
    return Scrape(content_type=form.value, content_encoding=None, body=body)


def negotiated(accept: str | None) -> Format:
    """The format that an Accept header likes best; the plain one if it names neither, as a browser's does."""
    best: dict[Format, float] = {}
    for media, parameters, quality in _parts(accept):
        if media == "application/openmetrics-text" and parameters.get("version", "1.0.0") == "1.0.0":
            best[Format.OPENMETRICS] = max(quality, best.get(Format.OPENMETRICS, 0.0))
        elif media == "text/plain" and parameters.get("version", "0.0.4") == "0.0.4":
            best[Format.PLAIN] = max(quality, best.get(Format.PLAIN, 0.0))
    wanted = best.get(Format.OPENMETRICS, 0.0)
    return Format.OPENMETRICS if wanted > 0 and wanted >= best.get(Format.PLAIN, 0.0) else Format.PLAIN


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header takes gzip."""
    found = {coding: quality for coding, _, quality in _parts(accept_encoding)}
    return found.get("gzip", found.get("*", 0.0)) > 0


def _parts(header: str | None) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each choice of a header with its parameters, and its quality: 1 if it says none, 0 for nonsense."""
    for part in (header or "").split(","):
        name, *rest = (piece.strip() for piece in part.split(";"))
        pairs = dict(piece.partition("=")[::2] for piece in rest)
        parameters = {key.strip().lower(): value.strip().strip('"') for key, value in pairs.items()}
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        yield name.lower(), parameters, quality if 0.0 <= quality <= 1.0 else 0.0
