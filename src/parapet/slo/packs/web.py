"""Any web service: that requests are answered, and that answers are fast."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.slo.family import Family, own
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import kept, seconds_and_ratio
from parapet.slo.selector import Selector, equals, none_of
from parapet.slo.sli import EventRatio, LatencyRatio
from parapet.slo.slice import Slice
from parapet.slo.sources.web import WebSource

SERVER_ERROR = "5xx"
DISCONNECTED = "disconnected"
CONNECTION_KEPT = ("1xx",)
"""Switching protocols is no answer whose time means anything."""
SCRAPES = ("/metrics", "/metrics/")
"""Prometheus is no user: on a quiet service its scrapes would outnumber those who are hurt."""

OWN = WebSource(
    exporter="Parapet",
    answers=own(names.HTTP_DURATION),
    counted=(none_of(names.STATUS_CLASS, DISCONNECTED),),
    failed=(equals(names.STATUS_CLASS, SERVER_ERROR),),
    times=own(names.HTTP_DURATION),
    timed=(none_of(names.STATUS_CLASS, DISCONNECTED, SERVER_ERROR, *CONNECTION_KEPT),),
)


def web_pack(
    *,
    availability: float | None = 0.999,
    latency: tuple[float, float] | None = (0.5, 0.99),
    except_routes: Sequence[str] = (),
    source: WebSource = OWN,
    name: str = "web",
    title: str = "Requests",
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Requests are answered, and fast. A client's error (4xx) is a good answer; a client that left is not counted, and
    neither are scrapes of `/metrics`.

    Args:
        availability: `<name>-availability`: share of requests that must not end in a server error.
            99.9 % = 43.2 minutes in 30 days, or 1 in 1,000.
        latency: `<name>-latency`: (seconds, ratio): this share of the answers takes at most that time. Server errors
            do not count: they are the other slice's business. 99 % = 7.2 hours in 30 days, or 1 in 100.
        except_routes: templates that are promised elsewhere, such as those of journeys: one trouble, one incident.
        source: who counts: Parapet, or an exporter of `parapet.slo.sources.exporters` that the host runs already.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, the latency threshold is not positive, or an exporter's requests
            are to be told apart by route.
    """
    who = f"web_pack({'' if name == 'web' else repr(name)})"
    beyond: Selector = (none_of(names.ROUTE, *SCRAPES, *except_routes),) if source is OWN else ()
    if except_routes and source is not OWN:
        raise ConfigurationError(f"{who} leaves routes out, which only Parapet's own signals can tell apart.")
    answered = fast = None
    if availability is not None:
        answered = Slice(
            name=f"{name}-availability",
            title=title,
            trouble=f"{title} fail",
            sli=EventRatio(
                metric=source.answers.name,
                total=(*source.counted, *beyond),
                bad=source.failed,
                source=_foreign(source.answers),
            ),
            objective=availability,
            owner=owner,
            runbook=runbook or f"{name}-availability",
            description=_sentences(
                source, "every answer that is no server error. Clients' errors are not ours.", source.note
            ),
        )
    if latency is not None:
        threshold_seconds, ratio = seconds_and_ratio(who, latency)
        fast = Slice(
            name=f"{name}-latency",
            title=f"Speed of {title[:1].lower()}{title[1:]}",
            trouble=f"{title} are too slow",
            sli=LatencyRatio(
                metric=source.times.name,
                selector=(*source.timed, *beyond),
                threshold_seconds=threshold_seconds,
                source=_foreign(source.times),
            ),
            objective=ratio,
            owner=owner,
            runbook=runbook or f"{name}-latency",
            description=_sentences(
                source,
                f"answers within {threshold_seconds:g} s.",
                "Server errors count as unavailability instead." if source.timed else "Server errors are timed too.",
            ),
        )
    guides = (
        Guide(name=f"{name}-availability", playbook="web-availability", title=title),
        Guide(name=f"{name}-latency", playbook="web-latency", title=title),
    )
    return Pack(name=who, slices=kept(answered, fast), guides=guides)


def _foreign(family: Family) -> Family | None:
    return None if family.exporter is None else family


def _sentences(source: WebSource, good: str, *more: str) -> str:
    who = "" if source is OWN else f"As {source.exporter} counts it. "
    return " ".join(text for text in (f"{who}Good: {good}", *more) if text)
