"""How many series there are and may become, by family, and which label makes them. Reads, never counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from parapet.core import names, vocabulary
from parapet.core.errors import MalformedPayload
from parapet.signals.histogram import HistogramSnapshot
from parapet.signals.recorder import Recorder

HISTOGRAM_EXTRAS = 3
"""A bucket without upper bound, the sum and the count."""

ORIGINS: Mapping[str, str] = {
    names.ROUTE: "route templates of the application",
    names.JOURNEY: "journeys you define",
    names.ENGINE: "database engines you instrument",
    names.TASK: "names of background tasks",
    names.QUEUE: "queues of your brokers and pipelines",
    names.PROVIDER: "providers you register",
    names.INTEGRATION: "deliveries, pipelines and assistants you define",
    names.PIPELINE_STAGE: "stages you define",
    names.GUARDRAIL: "guardrails you define",
    names.TOOL: "tools you give to models",
    names.EVALUATION: "evaluations you define",
    names.VERSION: "versions of the deploys you mark, and of Parapet",
    names.DEFINITIONS: "digests of what a process runs with",
    names.SCHEMA: "steps of the schema of the evidence",
    names.PROBE: "probes you define",
    names.SLICE: "promises that people let rest",
    names.FAMILY: "signal families",
    names.REASON: "reasons in Parapet's code",
    names.WHERE: "places in Parapet's code",
    names.ERROR: "exception classes that were swallowed",
}
"""Where the values of a label come from that is no closed set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSize:
    """One label of a family, and how many values it has."""

    label: str
    now: int
    """Different values in the series there are."""
    most: int | None
    """Different values that there can be, `other` included; None: nobody bounds it."""
    closed: bool
    """Whether its values are a closed vocabulary; else a host decides, up to a ceiling."""
    origin: str

    @property
    def full(self) -> bool:
        """Whether a host's next value would become `other`."""
        return not self.closed and self.most is not None and self.now >= self.most - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySize:
    """One family of metrics, and how many series it has. A histogram has several for each label set."""

    metric: str
    series_now: int
    series_most: int | None
    """What the vocabularies and ceilings allow; None: the family is not Parapet's, so nobody knows."""
    series_per_label_set: int
    max_label_sets: int | None
    """New label sets beyond this one are counted as `other`; None: the family is not Parapet's."""
    labels: tuple[LabelSize, ...]

    @property
    def ours(self) -> bool:
        """Whether Parapet exports it."""
        return self.series_most is not None


def sizes(recorder: Recorder, scraped: str | None = None) -> tuple[FamilySize, ...]:
    """Every family, the one with the most series first, then the one that may have the most.

    Args:
        scraped: what a running application exports, in the Prometheus text format; None: what *recorder* has.

    Raises:
        MalformedPayload: *scraped* is not in that format.
    """
    found = _recorded(recorder) if scraped is None else _scraped(scraped)
    metrics = [*vocabulary.LABELS, *(metric for metric in found if metric not in vocabulary.LABELS)]
    every = [_size(recorder, metric, found.get(metric, ())) for metric in metrics]
    return tuple(sorted(every, key=lambda one: (-one.series_now, -(one.series_most or 0), one.metric)))


def _size(recorder: Recorder, metric: str, series: Iterable[Mapping[str, str]]) -> FamilySize:
    values: dict[str, set[str]] = {}
    count = 0
    for pairs in series:
        count += 1
        for label, value in pairs.items():
            values.setdefault(label, set()).add(value)
    if metric not in vocabulary.LABELS:
        told = sorted(values, key=lambda label: (-len(values[label]), label))
        return FamilySize(
            metric=metric,
            series_now=count,
            series_most=None,
            series_per_label_set=1,
            max_label_sets=None,
            labels=tuple(
                LabelSize(label=one, now=len(values[one]), most=None, closed=False, origin="not Parapet's")
                for one in told
            ),
        )
    closed = vocabulary.LABELS[metric]
    labels = tuple(
        LabelSize(
            label=label,
            now=len(values.get(label, ())),
            most=len(allowed) if allowed is not None else _ceiling(recorder, label) + 1,
            closed=allowed is not None,
            origin=ORIGINS.get(label, "values you register") if allowed is None else "closed vocabulary",
        )
        for label, allowed in closed.items()
    )
    each = 1
    if metric in vocabulary.BUCKETS_SECONDS:
        each = len(recorder.families.histogram(metric).bounds_seconds) + HISTOGRAM_EXTRAS
    limit = recorder.families.max_series
    # At the limit a new label set is `other` in its open labels, and its closed ones are as they are.
    beyond = prod(len(allowed) for allowed in closed.values() if allowed is not None)
    sets = min(prod(one.most or 1 for one in labels), limit + beyond)
    return FamilySize(
        metric=metric,
        series_now=count,
        series_most=sets * each,
        series_per_label_set=each,
        max_label_sets=limit,
        labels=labels,
    )


def _ceiling(recorder: Recorder, label: str) -> int:
    return recorder.admission.max_routes if label == names.ROUTE else recorder.families.ceilings.limit(label)


def _recorded(recorder: Recorder) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for snapshot in recorder.read():
        times = 1
        if isinstance(snapshot, HistogramSnapshot):
            times = len(snapshot.bounds_seconds) + HISTOGRAM_EXTRAS
        for labels in snapshot.series:
            pairs = dict(zip(snapshot.label_names, labels, strict=True))
            found.setdefault(snapshot.name, []).extend([pairs] * times)
    return found


def _scraped(text: str) -> dict[str, list[dict[str, str]]]:
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, list[dict[str, str]]] = {}
    try:
        for family in text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            for sample in family.samples:
                labels = {label: value for label, value in sample.labels.items() if label not in {"le", "quantile"}}
                found.setdefault(name, []).append(labels)
    except ValueError as error:
        raise MalformedPayload(f"What was scraped is not in the Prometheus text format: {error}.") from error
    return found
