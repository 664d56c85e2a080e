"""Questions to a Prometheus server, over its HTTP API. Reads only."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from parapet.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from parapet.core.settings import Tls
from parapet.core.transport import Request, Response, Transport, UrllibTransport
from parapet.core.types import JsonObject

TIMEOUT_SECONDS = 2.0
LONGEST_ADDRESS = 2_000
"""Longer questions are sent as a form: proxies cut long addresses off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an answer: its labels, and (unix time, value) pairs, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The newest value."""
        return self.points[-1][1]


def authorization(credentials: str) -> str:
    """The header for *credentials*: `user:password`, or a bearer token, which never has a colon."""
    if ":" in credentials:
        return f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return f"Bearer {credentials}"


class Prometheus:
    """One Prometheus server at *url*; *credentials* are a bearer token or `user:password`; *tls* says whom to trust.

    Raises:
        ConfigurationError: the address carries a password, which every log would show.
    """

    def __init__(
        self,
        url: str,
        transport: Transport | None = None,
        *,
        credentials: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        if urlsplit(url).username is not None:
            raise ConfigurationError(
                "The address of Prometheus carries a password. Give the credentials apart from it."
            )
        self.url = url.rstrip("/")
        self.transport = transport or UrllibTransport(TIMEOUT_SECONDS, tls=tls)
        self._headers = {"Authorization": authorization(credentials)} if credentials else {}

    def now(self, query: str) -> tuple[Sample, ...]:
        """Every series that *query* answers with now.

        Raises:
            DeliveryFailed: the server does not answer, or not as a Prometheus would.
            DeliveryRejected: it refuses the query, or the credentials.
        """
        return _samples(self._ask("query", {"query": query}), self.url)

    def over(self, query: str, *, start: datetime, end: datetime, step_seconds: float) -> tuple[Sample, ...]:
        """Every series of *query* from *start* to *end*, a value each *step_seconds*.

        Raises:
            DeliveryFailed: the server does not answer, or not as a Prometheus would.
            DeliveryRejected: it refuses the query, or the credentials.
        """
        span = {"start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}", "step": f"{step_seconds:.3f}"}
        return _samples(self._ask("query_range", {"query": query, **span}), self.url)

    def samples_read(self, query: str) -> float:
        """How many samples the server reads to answer *query* now, as it counts them itself.

        Raises:
            DeliveryFailed: the server does not answer, or without statistics, as before Prometheus 2.35.
            DeliveryRejected: it refuses the query, or the credentials.
        """
        data = self._ask("query", {"query": query, "stats": "all"})
        try:
            return float(data["stats"]["samples"]["totalQueryableSamples"])  # type: ignore[index, call-overload, arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise DeliveryFailed(f"{self.url} does not say how many samples a query read.") from error

    def _ask(self, verb: str, parameters: Mapping[str, str]) -> JsonObject:
        answer = self.transport.send(self._request(verb, urlencode(parameters)))
        if answer.status in {401, 403}:
            raise DeliveryRejected(f"{self.url} answered {answer.status}: it wants other credentials.")
        try:
            document = json.loads(answer.body)
            if document["status"] != "success":
                raise DeliveryRejected(f"Prometheus refused a query: {document.get('error', 'no reason given')}")
            data = document["data"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeliveryFailed(_not_one(self.url, answer)) from error
        if not isinstance(data, dict):
            raise DeliveryFailed(_not_one(self.url, answer))
        return data

    def _request(self, verb: str, parameters: str) -> Request:
        url = f"{self.url}/api/v1/{verb}"
        if len(parameters) <= LONGEST_ADDRESS:
            return Request(method="GET", url=f"{url}?{parameters}", headers=self._headers)
        form = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        return Request(method="POST", url=url, headers=form, body=parameters.encode())


def _not_one(url: str, answer: Response) -> str:
    said = f"{url} answered with status {answer.status}, and not as a Prometheus does."
    moved = answer.headers.get("Location")
    return f"{said} It points to {moved}" if moved and 300 <= answer.status < 400 else said


def _samples(data: JsonObject, url: str) -> tuple[Sample, ...]:
    try:
        result = data["result"]
        if not isinstance(result, list):
            raise TypeError("no list of series")
        return tuple(_sample(one) for one in result)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeliveryFailed(f"{url} answered, and not as a Prometheus does.") from error


def _sample(one: object) -> Sample:
    if not isinstance(one, dict) or not isinstance(one["metric"], dict):
        raise TypeError("a series without labels")
    pairs = one["values"] if "values" in one else [one["value"]]
    return Sample(labels=one["metric"], points=tuple((float(when), float(value)) for when, value in pairs))
