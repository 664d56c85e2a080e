"""Outgoing HTTP: one method, on the standard library, with a time limit. Follows no redirects, raises on no status."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Protocol
from urllib.parse import urlsplit

from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.core.settings import Tls

LARGEST_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    set_cookies: tuple[str, ...] = ()
    """Every Set-Cookie header: unlike others, they cannot be one."""


class Transport(Protocol):
    """Sends one request."""

    def send(self, request: Request) -> Response:
        """The answer to *request*.

        Raises:
            DeliveryFailed: no answer: refused, reset, timed out, too large.
        """
        ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> None:
        return None


class UrllibTransport:
    """The transport of the standard library. Proxies of the environment are not used.

    *tls* says whom to trust over https; None: whom the system trusts.

    Raises:
        ConfigurationError: the time limit is not positive.
    """

    def __init__(self, timeout_seconds: float = 5.0, *, tls: Tls | None = None) -> None:
        if timeout_seconds <= 0:
            raise ConfigurationError(f"timeout_seconds is {timeout_seconds}; it must be more than 0.")
        self.timeout_seconds = timeout_seconds
        self._tls = tls
        self._written: tuple[int, ...] | None = None
        self._opener = _opener(None)

    def send(self, request: Request) -> Response:
        """The answer to *request*, read whole.

        Raises:
            ConfigurationError: the address is not http or https.
            DeliveryFailed: no answer: refused, reset, timed out, too large, not trusted.
        """
        parts = urlsplit(request.url)
        if parts.scheme not in {"http", "https"}:
            raise ConfigurationError(f"{request.url!r} is not an http or https address.")
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # a path may carry a secret
        outgoing = urllib.request.Request(  # noqa: S310  # the scheme was checked
            request.url, data=request.body, headers=dict(request.headers), method=request.method
        )
        try:
            with self._trusting(where).open(outgoing, timeout=self.timeout_seconds) as answer:
                return _read(answer, answer.status, where)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error, error.code, where)
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryFailed(f"{where} did not answer: {_why(error)}") from error

    def _trusting(self, where: str) -> urllib.request.OpenerDirector:
        """What opens *where*; made anew when a certificate was renewed."""
        tls = self._tls
        if tls is None or not where.startswith("https:"):
            return self._opener
        try:
            written = tuple(os.stat(file).st_mtime_ns for file in tls.files)
            if written != self._written:
                context = ssl.create_default_context(cafile=tls.ca_file)
                if tls.certificate_file is not None:
                    context.load_cert_chain(tls.certificate_file, tls.key_file)
                self._opener, self._written = _opener(context), written
        except OSError as error:
            raise DeliveryFailed(f"{where} was not asked: a certificate or a key is unreadable: {error}") from error
        return self._opener


def _opener(context: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    plain = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(plain, _NoRedirects(), urllib.request.HTTPSHandler(context=context))


def _read(answer: http.client.HTTPResponse | urllib.error.HTTPError, status: int, where: str) -> Response:
    body = answer.read(LARGEST_ANSWER_BYTES + 1)
    if len(body) > LARGEST_ANSWER_BYTES:
        raise DeliveryFailed(f"{where} answered with more than {LARGEST_ANSWER_BYTES} bytes.")
    cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
    return Response(status=status, headers=dict(answer.headers.items()), body=body, set_cookies=cookies)


def _why(error: Exception) -> str:
    """What a connection failed of, without what the library wraps around it."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)
