"""What is derived when signals are read: journeys measured by routes or jobs, and how much was not kept as it was."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeAlias

from parapet.core import contract, names, vocabulary
from parapet.core.vocabulary import JobState, Outcome
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

OUTCOME_OF_STATE: Mapping[str, str] = {
    JobState.SUCCEEDED.value: Outcome.SUCCESS.value,
    JobState.FAILED.value: Outcome.FAILURE.value,
    JobState.DISCARDED.value: Outcome.FAILURE.value,
    JobState.REVOKED.value: Outcome.ABANDONED.value,
    vocabulary.OTHER: vocabulary.OTHER,
}
"""How an attempt ended, by the state of its job. A run that is tried again is not an end."""

Job: TypeAlias = tuple[str, str | None]
"""A task, and one of its queues or all."""

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


def with_jobs(
    jobs: HistogramSnapshot, journeys: HistogramSnapshot, by_job: Mapping[str, Set[Job]]
) -> HistogramSnapshot:
    """*journeys*, to which the runs of each journey's tasks are added; *jobs* have every bound that journeys have."""
    places = [bisect_left(journeys.bounds_seconds, bound) for bound in (*jobs.bounds_seconds, math.inf)]
    series = dict(journeys.series)
    for (task, queue, state), cells in jobs.series.items():
        outcome = OUTCOME_OF_STATE.get(state)
        for name, measured in by_job.items():
            if outcome is not None and not measured.isdisjoint({(task, None), (task, queue)}):
                total = series[name, outcome] = list(series[name, outcome])
                for place, count in zip(places, cells, strict=False):
                    total[place] += count
                total[-1] += cells[-1]
    return replace(journeys, series=series)


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
        help_text=contract.HELP[names.REJECTED],
        label_names=tuple(vocabulary.LABELS[names.REJECTED]),
        kind="counter",
        series=series,
    )


def swallowed(counted: Mapping[tuple[str, str], int] | Mapping[Labels, float]) -> NumberSnapshot:
    """The exceptions that the guard kept away from the host."""
    return NumberSnapshot(
        name=names.SWALLOWED,
        help_text=contract.HELP[names.SWALLOWED],
        label_names=tuple(vocabulary.LABELS[names.SWALLOWED]),
        kind="counter",
        series=dict(list(counted.items())),
    )


def _events(snapshot: HistogramSnapshot, label: str) -> int:
    at = snapshot.label_names.index(label)
    return sum(int(sum(cells[:-1])) for labels, cells in snapshot.series.items() if labels[at] == vocabulary.OTHER)
