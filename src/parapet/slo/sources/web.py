"""The slices of any web service, over what somebody else's exporter counts. Which exporter is data: see `exporters`."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.slo.family import Family
from parapet.slo.packs.journeys import seconds_and_ratio
from parapet.slo.slice import EventRatio, LatencyRatio, Selector, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSource:
    """Where an exporter keeps the answers to requests, and how long they took."""

    exporter: str
    answers: Family
    """Counts every answer."""
    counted: Selector = ()
    """Which answers are the service's own."""
    failed: Selector
    """Which of those are server errors."""
    times: Family
    """Measures how long answers took."""
    timed: Selector = ()
    """Whose time counts: no server errors, where the exporter can tell."""
    note: str = ""
    """What a reader of the numbers should know about this exporter."""


def web_slices(
    source: WebSource,
    *,
    availability: float = 0.999,
    latency: tuple[float, float] | None = (0.5, 0.99),
    name: str = "web",
    owner: str = "",
    availability_runbook: str = "web-availability",
    latency_runbook: str = "web-latency",
) -> tuple[Slice, ...]:
    """The slices `<name>-availability` and, unless *latency* is None, `<name>-latency` over *source*.

    They promise what the web pack promises over Parapet's own signals: adopt one of the two.

    Args:
        availability: share of requests that must not end in a server error, a ratio.
        latency: (seconds, ratio): this share of the answers must take at most that time. The exporter must have a
            bucket that ends there.
        availability_runbook: a runbook's name or an http(s) address; so is *latency_runbook*.

    Raises:
        ConfigurationError: an objective is no ratio, or the latency threshold is not positive.
    """
    answered = Slice(
        name=f"{name}-availability",
        title="Requests are answered",
        sli=EventRatio(metric=source.answers.name, total=source.counted, bad=source.failed, source=source.answers),
        objective=availability,
        owner=owner,
        runbook=availability_runbook,
        description=_sentences(
            f"As {source.exporter} counts it. Good: every answer that is no server error.", source.note
        ),
    )
    if latency is None:
        return (answered,)
    threshold_seconds, ratio = seconds_and_ratio(source.exporter, latency)
    fast = Slice(
        name=f"{name}-latency",
        title="Requests are fast",
        sli=LatencyRatio(
            metric=source.times.name,
            selector=source.timed,
            threshold_seconds=threshold_seconds,
            source=source.times,
        ),
        objective=ratio,
        owner=owner,
        runbook=latency_runbook,
        description=_sentences(
            f"As {source.exporter} measures it. Good: answers within {threshold_seconds:g} s.",
            "Server errors count as unavailability instead." if source.timed else "Server errors are timed too.",
        ),
    )
    return (answered, fast)


def _sentences(*texts: str) -> str:
    return " ".join(text for text in texts if text)
