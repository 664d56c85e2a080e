"""Questions to a Prometheus server, over its HTTP API. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from parapet.core.errors import DeliveryFailed, DeliveryRejected
from parapet.core.transport import Request, Transport, UrllibTransport

TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an answer: its labels, and (unix time, value) pairs, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The newest value."""
        return self.points[-1][1]


class Prometheus:
    """One Prometheus server at *url*, without a trailing slash."""

    def __init__(self, url: str, transport: Transport | None = None) -> None:
        self.url = url.rstrip("/")
        self.transport = transport or UrllibTransport(TIMEOUT_SECONDS)

    def now(self, query: str) -> tuple[Sample, ...]:
        """Every series that *query* answers with now.

        Raises:
            DeliveryFailed: the server does not answer, or not as a Prometheus would.
            DeliveryRejected: it refuses the query.
        """
        return self._ask("query", {"query": query})

    def over(self, query: str, *, start: datetime, end: datetime, step_seconds: float) -> tuple[Sample, ...]:
        """Every series of *query* from *start* to *end*, a value each *step_seconds*.

        Raises:
            DeliveryFailed: the server does not answer, or not as a Prometheus would.
            DeliveryRejected: it refuses the query.
        """
        span = {"start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}", "step": f"{step_seconds:.3f}"}
        return self._ask("query_range", {"query": query, **span})

    def _ask(self, verb: str, parameters: Mapping[str, str]) -> tuple[Sample, ...]:
        answer = self.transport.send(Request(method="GET", url=f"{self.url}/api/v1/{verb}?{urlencode(parameters)}"))
        try:
            document = json.loads(answer.body)
            if document["status"] != "success":
                raise DeliveryRejected(f"Prometheus refused a query: {document.get('error', 'no reason given')}")
            return tuple(_sample(one) for one in document["data"]["result"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeliveryFailed(
                f"{self.url} answered with status {answer.status}, and not as a Prometheus does."
            ) from error


def _sample(one: Mapping[str, object]) -> Sample:
    pairs = one["values"] if "values" in one else [one["value"]]
    labels = one["metric"]
    if not isinstance(labels, dict) or not isinstance(pairs, list):
        raise TypeError("a series without labels or values")
    return Sample(labels=labels, points=tuple((float(when), float(value)) for when, value in pairs))
