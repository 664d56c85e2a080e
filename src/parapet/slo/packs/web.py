"""The slices of any web service: that requests are answered, and that answers are fast."""

from __future__ import annotations

from parapet.core import names
from parapet.slo.packs.journeys import seconds_and_ratio
from parapet.slo.slice import EventRatio, LatencyRatio, Slice, equals, none_of

SERVER_ERROR = "5xx"
DISCONNECTED = "disconnected"
CONNECTION_KEPT = ("1xx",)
"""Switching protocols is no answer whose time means anything."""


def web_pack(
    *,
    availability: float = 0.999,
    latency: tuple[float, float] | None = (0.5, 0.99),
    owner: str = "",
    availability_runbook: str = "web-availability",
    latency_runbook: str = "web-latency",
) -> tuple[Slice, ...]:
    """The slices `web-availability` and, unless *latency* is None, `web-latency`, over every HTTP request.

    A server error is bad. A client's error (4xx) is a good answer; a client that left before the answer counts as
    neither good nor bad.

    Args:
        availability: share of requests that must not end in a server error, a ratio.
        latency: (seconds, ratio): this share of the answers must take at most that time. Server errors do not count:
            they are the other slice's business.
        availability_runbook: a runbook's name or an http(s) address; so is *latency_runbook*.

    Raises:
        ConfigurationError: an objective is no ratio, or the latency threshold is not positive.
    """
    answered = Slice(
        name="web-availability",
        title="Requests",
        trouble="Requests fail",
        sli=EventRatio(
            metric=names.HTTP_DURATION,
            total=(none_of(names.STATUS_CLASS, DISCONNECTED),),
            bad=(equals(names.STATUS_CLASS, SERVER_ERROR),),
        ),
        objective=availability,
        owner=owner,
        runbook=availability_runbook,
        description="Good: every answer that is no server error. Clients' errors are not ours.",
    )
    if latency is None:
        return (answered,)
    threshold_seconds, ratio = seconds_and_ratio("the web pack", latency)
    fast = Slice(
        name="web-latency",
        title="Request speed",
        trouble="Requests are too slow",
        sli=LatencyRatio(
            metric=names.HTTP_DURATION,
            selector=(none_of(names.STATUS_CLASS, DISCONNECTED, SERVER_ERROR, *CONNECTION_KEPT),),
            threshold_seconds=threshold_seconds,
        ),
        objective=ratio,
        owner=owner,
        runbook=latency_runbook,
        description=f"Good: answers within {threshold_seconds:g} s. Server errors count as unavailability instead.",
    )
    return (answered, fast)
