"""What rules cost the Prometheus that evaluates them, worked out from their expressions: samples read, series kept.

Counted as Prometheus counts (`totalQueryableSamples` of its query statistics): one sample per series of a selector,
every sample of a range, and of a subquery one sample per series and step. Nothing fires, so there are no ALERTS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.slo.durations import seconds_of

MINUTE_SECONDS = 60.0
MONTH_SECONDS = 30 * 86_400.0
BYTES_PER_SAMPLE = 1.5
"""On disk, compressed. Prometheus says 1 to 2."""

_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SUBQUERY = re.compile(r"\)\s*(\[[^\]]*:[^\]]*\])")
_SELECTOR = re.compile(r"(?<![\w:.])(?P<name>[a-zA-Z_:][\w:]*)(?:\{[^}]*\})?(?P<range>\s*\[[^\]]*\])?(?!\s*\(|[\w:])")
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan", "by", "without", "on", "ignoring"})
_FUNCTION = re.compile(r"[a-zA-Z_]\w*\s*$")
_NAMELESS = re.compile(r"(?<![\w:])\{[^}]*\}")
INPUT = "parapet_input"
"""Stands for a selector that names no metric."""
_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_OF_TARGETS = frozenset({"up", names.HEARTBEAT})
"""A sample for each target, however many series it has."""
_INNER = "parapet_inner"
"""Stands for what a subquery reads, in the text that is left of an expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCost:
    """One rule. Samples are per evaluation."""

    name: str
    """The series it records, or the alert."""
    records: bool
    interval_seconds: float
    samples: float
    """Read of series that rules record: as many, whatever the traffic."""
    samples_per_input: float
    """Read of each series that a raw selector finds."""

    def a_minute(self, input_series: int) -> float:
        """Samples read a minute where each raw selector finds *input_series*."""
        return (self.samples + self.samples_per_input * input_series) * MINUTE_SECONDS / self.interval_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCost:
    """All rules of one slice, for one group of its labels."""

    slice: str
    """Empty: rules that belong to no slice."""
    rules: tuple[RuleCost, ...]

    def a_minute(self, input_series: int) -> float:
        """Samples read a minute where each raw selector finds *input_series*."""
        return sum(rule.a_minute(input_series) for rule in self.rules)

    @property
    def series(self) -> int:
        """Series that it records."""
        return sum(rule.records for rule in self.rules)

    @property
    def stored_a_month(self) -> float:
        """Samples that it records in 30 days."""
        return sum(MONTH_SECONDS / rule.interval_seconds for rule in self.rules if rule.records)

    @property
    def bytes_a_month(self) -> float:
        """What they take on disk, about."""
        return self.stored_a_month * BYTES_PER_SAMPLE


def costs(groups: Iterable[Group], scrape_interval_seconds: float) -> tuple[SliceCost, ...]:
    """The cost of every slice whose rules are in *groups*, in their order; then that of rules of no slice."""
    given = tuple(groups)
    recorded = {rule.record: group.interval_seconds for group in given for rule in group.rules if rule.record}
    by_slice: dict[str, list[RuleCost]] = {}
    for group in given:
        for rule in group.rules:
            cost = _cost(rule, group.interval_seconds, recorded, scrape_interval_seconds)
            by_slice.setdefault(rule.labels.get(names.SLICE, ""), []).append(cost)
    in_order = sorted(by_slice.items(), key=lambda each: not each[0])  # what belongs to no slice comes last
    return tuple(SliceCost(slice=name, rules=tuple(rules)) for name, rules in in_order)


def _cost(
    rule: Rule, interval_seconds: float, recorded: Mapping[str, float], scrape_interval_seconds: float
) -> RuleCost:
    ours = raw = 0.0
    for name, span in selectors(rule.expr):
        if name in _ALERTS:
            continue
        samples = _samples(span, recorded.get(name, interval_seconds if name == _INNER else scrape_interval_seconds))
        if name in recorded or name in {_INNER, *_OF_TARGETS}:
            ours += samples
        else:
            raw += samples
    return RuleCost(
        name=rule.record or rule.alert or "",
        records=rule.record is not None,
        interval_seconds=interval_seconds,
        samples=ours,
        samples_per_input=raw,
    )


def selectors(expression: str) -> list[tuple[str, str | None]]:
    """Every selector of *expression*: the metric, and its range or subquery range, such as `5m` or `1d:5m`."""
    text = _NAMELESS.sub(INPUT, _LABELS.sub(" ", _TEXT.sub('""', expression)))
    while (found := _SUBQUERY.search(text)) is not None:
        begin = _opening(text, found.start())
        function = _FUNCTION.search(text[:begin])
        begin = function.start() if function else begin
        text = f"{text[:begin]} {_INNER}{found.group(1)} {text[found.end() :]}"
    return [
        (match["name"], match["range"].strip()[1:-1] if match["range"] else None)
        for match in _SELECTOR.finditer(text)
        if match["name"].lower() not in _WORDS
    ]


def _opening(text: str, closing: int) -> int:
    """Where the bracket opens that closes at *closing*."""
    depth = 0
    for place in range(closing, -1, -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return 0


def _samples(span: str | None, sample_interval_seconds: float) -> float:
    if span is None:
        return 1.0
    window, colon, step = span.partition(":")
    each = seconds_of(step) if colon and step else sample_interval_seconds
    return max(seconds_of(window) / each, 1.0)
