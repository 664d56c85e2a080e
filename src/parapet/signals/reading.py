"""What is derived when signals are read: journeys measured by their routes, and how much was not kept as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

from parapet.core import names, vocabulary
from parapet.core.vocabulary import Outcome
from parapet.signals.cells import Labels
from parapet.signals.histogram import HistogramSnapshot
from parapet.signals.numbers import NumberSnapshot
from parapet.signals.series import BAD_DURATION

HTTP_REQUEST = "http.request"
JOURNEY = "journey"
"""The names of the signal families, as the counter of rejected values shows them."""

CEILING = "ceiling"
UNKNOWN_METHOD = "method"
UNKNOWN_STATUS = "status"
UNKNOWN_OUTCOME = "outcome"
UNKNOWN_JOURNEY = "journey"

OUTCOME_OF_CLASS: Mapping[str, str] = {
    "1xx": Outcome.SUCCESS.value,
    "2xx": Outcome.SUCCESS.value,
    "3xx": Outcome.SUCCESS.value,
    "4xx": Outcome.USER_ERROR.value,
    "5xx": Outcome.FAILURE.value,
    "disconnected": Outcome.ABANDONED.value,
}
"""How an attempt ended, by the answer to its request."""

_COUNTED: tuple[Labels, ...] = ((HTTP_REQUEST, UNKNOWN_STATUS), (JOURNEY, BAD_DURATION), (JOURNEY, UNKNOWN_JOURNEY))


def with_routes(
    requests: HistogramSnapshot, journeys: HistogramSnapshot, by_route: Mapping[str, Set[tuple[str, str]]]
) -> HistogramSnapshot:
    """*journeys*, to which the answers of each journey's (method, template) pairs are added."""
    series = dict(journeys.series)
    for name, routes in by_route.items():
        for method, template in routes:
            for status_class, outcome in OUTCOME_OF_CLASS.items():
                cells = requests.series.get((method, template, status_class))
                if cells is not None:
                    total = series[name, outcome]
                    series[name, outcome] = [a + b for a, b in zip(total, cells, strict=True)]
    return HistogramSnapshot(
        name=journeys.name,
        help_text=journeys.help_text,
        label_names=journeys.label_names,
        bounds_seconds=journeys.bounds_seconds,
        series=series,
    )


def rejections(
    requests: HistogramSnapshot, journeys: HistogramSnapshot, counted: Mapping[Labels, float]
) -> NumberSnapshot:
    """How often a value was outside its vocabulary or beyond its ceiling, by family and reason.

    What became `other` was counted in the series of that name, and is not counted twice while requests are served.
    """
    series: defaultdict[Labels, float] = defaultdict(int, dict.fromkeys(_COUNTED, 0))
    for labels, count in counted.items():
        series[labels] += count
    series[HTTP_REQUEST, CEILING] += _events(requests, names.ROUTE)
    series[HTTP_REQUEST, UNKNOWN_METHOD] += _events(requests, names.METHOD)
    series[JOURNEY, UNKNOWN_OUTCOME] += _events(journeys, names.OUTCOME)
    return NumberSnapshot(
        name=names.REJECTED,
        help_text=vocabulary.HELP[names.REJECTED],
        label_names=tuple(vocabulary.LABELS[names.REJECTED]),
        kind="counter",
        series=series,
    )


def swallowed(counted: Mapping[tuple[str, str], int] | Mapping[Labels, float]) -> NumberSnapshot:
    """The exceptions that the guard kept away from the host."""
    return NumberSnapshot(
        name=names.SWALLOWED,
        help_text=vocabulary.HELP[names.SWALLOWED],
        label_names=tuple(vocabulary.LABELS[names.SWALLOWED]),
        kind="counter",
        series=dict(list(counted.items())),
    )


def _events(snapshot: HistogramSnapshot, label: str) -> int:
    at = snapshot.label_names.index(label)
    return sum(int(sum(cells[:-1])) for labels, cells in snapshot.series.items() if labels[at] == vocabulary.OTHER)
