"""PromQL for panels: what several dashboards ask alike. Names of series come from `slo.series`."""

from __future__ import annotations

from collections.abc import Iterable

from parapet.core import names
from parapet.slo import series
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice

PROMISE = f"{names.SERVICE}, {names.SLICE}"
"""The labels that tell promises apart."""
FACTS = f"{names.TITLE}, {names.DASHBOARD}, {names.WORKBENCH}"
"""Labels of the info series that panels show, or lead to."""
CHOSEN = f'{{{names.SERVICE}=~"$service",{names.SLICE}=~"$slice"}}'
"""Every promise that is chosen at the top of a dashboard."""
RATE = "$__rate_interval"
"""Grafana's window for rates: long enough for the scrape interval, at any zoom."""
RANGE = "$__range"
"""Grafana's window for "in the time shown"."""


def where(one: Slice | Diagnostic) -> str:
    """The recorded series of one promise or diagnostic; of the chosen groups, if it has groups."""
    selected = series.matching(one.service, one.name)
    return f"{selected[:-1]}{chosen_groups(one)}}}"


def any_of(service: str, judged: Iterable[Slice | Diagnostic]) -> str:
    """The recorded series of several promises of one service."""
    names_of = "|".join(one.name for one in judged)  # letters, digits, dashes and underscores
    return f'{{{names.SERVICE}={series.quoted(service)},{names.SLICE}=~"{names_of}"}}'


def chosen_groups(one: Slice | Diagnostic) -> str:
    """Matchers for the groups that are chosen at the top of a dashboard, each behind a comma."""
    return "".join(f',{label}=~"${label}"' for label in one.group_by)


def state(selected: str, *, by: str = PROMISE, whole: str | None = None) -> str:
    """How each promise stands, as it was recorded; of what is not told apart, the loudest.

    Args:
        by: the labels to tell apart by.
        whole: the selector of what is recorded without groups, if *selected* has some: what is stale, and what rests.
    """
    stands = f"max by ({by}) ({series.STATE}{selected})"
    return stands if whole is None else f"{stands}\nor on ({PROMISE}) max by ({PROMISE}) ({series.STATE}{whole})"


def firing(selected: str, alert: str) -> str:
    """Alerts of ours of one name that fire."""
    return f'ALERTS{{alertname="{alert}",alertstate="firing",{selected[1:]}'


def titled(expr: str, selected: str) -> str:
    """*expr*, by promise, with the promise's title and where to look more closely."""
    info = f"max by ({PROMISE}, {FACTS}) ({series.INFO}{selected})"
    return f"(\n{expr}\n)\n* on ({PROMISE}) group_left ({FACTS})\n{info}"


def worst(reducer: str, name: str, selected: str) -> str:
    """A recorded series by promise: of its groups, the worst."""
    return f"{reducer} by ({PROMISE}) ({name}{selected})"


def rate(metric: str, selected: str, *by: str) -> str:
    """How much a counter grows a second, by some of its labels."""
    return f"sum by ({', '.join(by)}) (rate({metric}{selected}[{RATE}]))"


def grown(metric: str, selected: str, *by: str) -> str:
    """How much a counter grew in the time shown, by some of its labels."""
    return f"sum by ({', '.join(by)}) (increase({metric}{selected}[{RANGE}]))"


def share(part: str, whole: str) -> str:
    """A part of a whole; nothing while the whole is nothing."""
    return f"{part}\n/\n({whole} > 0)"


def quantile(ratio: float, histogram: str, selected: str, *by: str, window: str = RATE) -> str:
    """The duration in seconds within which *ratio* of a histogram's events end, estimated from its buckets."""
    buckets = f"sum by ({', '.join(('le', *by))}) (rate({histogram}_bucket{selected}[{window}]))"
    return f"histogram_quantile({ratio:g}, {buckets})"


def legend(*labels: str) -> str:
    """The values of *labels* as a legend."""
    return " ".join(f"{{{{{label}}}}}" for label in labels)
