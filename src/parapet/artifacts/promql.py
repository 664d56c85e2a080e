"""Selectors and aggregations of raw metrics, as PromQL text. Always confined to one scrape job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parapet.slo.durations import prometheus_duration
from parapet.slo.family import COUNTER_NAME
from parapet.slo.selector import Match, Matcher, Selector
from parapet.slo.series import quoted
from parapet.slo.sli import Term

BUCKET_LABEL = "le"
PART_LABEL = "parapet_part"
"""Exists within an expression only: tells apart windows that are added up, or two ways to count the same."""
TERM_LABEL = "parapet_term"
"""Tells apart what is added up: growth carries no name, so series of two counters could be equal."""


def matcher_text(matcher: Matcher) -> str:
    """One matcher: an equality where one value is named, else a regular expression of escaped values."""
    if matcher.match is Match.BEGINS_WITH:
        beginnings = "|".join(f"{_escaped(value)}.*" for value in matcher.values)
        return f"{matcher.label}=~{quoted(beginnings)}"
    equal = matcher.match is Match.ONE_OF
    if len(matcher.values) == 1:
        return f"{matcher.label}{'=' if equal else '!='}{quoted(matcher.values[0])}"
    alternatives = "|".join(_escaped(value) for value in matcher.values)
    return f"{matcher.label}{'=~' if equal else '!~'}{quoted(alternatives)}"


def selector_text(job: str, matchers: Selector, *further: str) -> str:
    """Matchers in braces, `job` first."""
    return "{" + ",".join([f"job={quoted(job)}", *(matcher_text(one) for one in matchers), *further]) + "}"


def summed(term: Term, service: str, window_seconds: float, scrape_seconds: float, group_by: Sequence[str]) -> str:
    """The events of *term* within a window, over all instances, by group: how much its counters grew.

    Of windows that follow each other, each event is in exactly one, wherever in them scrapes are.
    """
    reach = prometheus_duration(reach_seconds(window_seconds, scrape_seconds))
    window, seconds = prometheus_duration(window_seconds), number(window_seconds)
    if term.family.native:
        rates = [f"rate({one}[{reach}])" for one in selected(term, service)]
        return f"{seconds} * {summed_over(rates, group_by, native=True)}"
    grown = [
        _larger(f"{one} - {one} offset {window}", f"{seconds} * rate({one}[{reach}])")
        for one in selected(term, service)
    ]
    return summed_over(grown, group_by)


def reach_seconds(window_seconds: float, scrape_seconds: float) -> float:
    """How long a range must be to hold the samples at both ends of a window, and never one more.

    A rate over them, times the window, is how much a counter grew from one to the other. The range is a millisecond
    short of a whole scrape more, so it is the same whether its left end belongs to it (Prometheus 2) or not (3).
    """
    return window_seconds + scrape_seconds - 0.001


def _larger(difference: str, rate: str) -> str:
    """The difference of two moments; where there is none, or a counter began again in between, what a rate says.

    A rate alone counts too little where a counter leaves zero: Prometheus then takes it to have left it later.
    """
    return (
        f"max without ({PART_LABEL}) (\n"
        f'  label_replace({difference}, "{PART_LABEL}", "difference", "", "")\n'
        f"  or\n  {rate}\n)"
    )


def summed_over(grown: Sequence[str], group_by: Sequence[str], *, native: bool = False) -> str:
    """The sum of several expressions by group, or of one; *native*: of histograms the count is meant."""
    if len(grown) > 1:
        apart = [f'label_replace({one}, "{TERM_LABEL}", "{place}", "", "")' for place, one in enumerate(grown)]
        return f"sum{by(group_by)}(\n  " + "\n  or ".join(apart) + "\n)"
    total = f"sum{by(group_by)}({grown[0]})"
    return f"histogram_count({total})" if native else total


def added(term: Term, service: str, group_by: Sequence[str]) -> str:
    """The counters of *term* as they stand, over all instances, by group."""
    return summed_over(selected(term, service), group_by)


def grown_histogram(term: Term, service: str, window_seconds: float, group_by: Sequence[str]) -> str:
    """The native histogram of a term's events within a window, over all instances, by group."""
    (series,) = selected(term, service)
    return f"sum{by(group_by)}(increase({series}[{prometheus_duration(window_seconds)}]))"


def by(group_by: Sequence[str]) -> str:
    """The grouping of an aggregation, with spaces around it; nothing where there are no groups."""
    return f" by ({', '.join(group_by)}) " if group_by else ""


def job_of(term: Term, service: str) -> str:
    """The scrape job that a term's series come from."""
    return term.family.job or service


def bound_matcher(threshold_seconds: float) -> str:
    """Matches the bucket whose bound is the threshold, whether whole numbers are written 1 or 1.0."""
    if threshold_seconds == int(threshold_seconds):
        return f"{BUCKET_LABEL}=~{quoted(f'{int(threshold_seconds)}([.]0)?')}"
    return f"{BUCKET_LABEL}={quoted(repr(float(threshold_seconds)))}"


def number(value: float) -> str:
    """A number for PromQL, with twelve significant digits and no trailing zeros."""
    return f"{value:.12g}"


def selected(term: Term, service: str, *, buckets: bool = False, further: str = "") -> list[str]:
    """The series of a term, selected: one selector for each counter of its family that counts some of its events.

    Args:
        buckets: all buckets of its histogram instead. *further*: more matchers, each behind a comma.
    """
    by_name = [matcher for matcher in term.selector if matcher.label == COUNTER_NAME]
    selector = tuple(matcher for matcher in term.selector if matcher.label != COUNTER_NAME)
    job, bound = job_of(term, service), list[str]()
    if term.family.buckets is not None and (buckets or term.bound_seconds is not None):
        chosen = [term.family.buckets]
        bound = [] if term.bound_seconds is None else [bound_matcher(term.bound_seconds)]
    else:
        chosen = [counter for counter in term.family.counters if all(one.of((counter,)) for one in by_name)]
    return [f"{name}{selector_text(job, selector, *bound)[:-1]}{further}}}" for name in chosen]


def _escaped(value: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)
