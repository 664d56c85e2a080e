"""Selectors and aggregations of raw metrics, as PromQL text. Always confined to one scrape job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parapet.slo.durations import prometheus_duration
from parapet.slo.family import COUNTER_NAME
from parapet.slo.series import quoted
from parapet.slo.slice import EventRatio, LatencyRatio, Match, Matcher, Selector, Slice

BUCKET_LABEL = "le"


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


def job_of(one: Slice) -> str:
    """The scrape job that a slice's raw metrics come from."""
    return one.sli.family.job or one.service


def selector_text(service: str, matchers: Selector, *further: str) -> str:
    """Matchers in braces, `job` first."""
    return "{" + ",".join([f"job={quoted(service)}", *(matcher_text(one) for one in matchers), *further]) + "}"


def narrowed(total: Selector, bad: Selector) -> Selector:
    """*total* with the labels that *bad* speaks of taken from *bad*, which lets through less."""
    spoken_of = {matcher.label for matcher in bad}
    return (*(matcher for matcher in total if matcher.label not in spoken_of), *bad)


def increase(metric: str, selector: str, window_seconds: float, group_by: Sequence[str]) -> str:
    """The sum over all instances of how much a counter grew within a window."""
    by = f" by ({', '.join(group_by)}) " if group_by else ""
    return f"sum{by}(increase({metric}{selector}[{prometheus_duration(window_seconds)}]))"


def events(one: Slice, matchers: Selector, window_seconds: float) -> str:
    """How many events of a slice within a window match: the growth of every counter that counts some of them."""
    by_name = [matcher for matcher in matchers if matcher.label == COUNTER_NAME]
    selector = selector_text(job_of(one), tuple(m for m in matchers if m.label != COUNTER_NAME))
    counters = [c for c in one.sli.family.counters if all(m.of((c,)) for m in by_name)]
    if len(counters) == 1:
        return increase(counters[0], selector, window_seconds, one.group_by)
    # Growth carries no name, so series of two counters could be equal; `or` would then drop one of them.
    window = prometheus_duration(window_seconds)
    parts = (f'label_replace(increase({c}{selector}[{window}]), "counter", "{c}", "", "")' for c in counters)
    by = f" by ({', '.join(one.group_by)}) " if one.group_by else ""
    return f"sum{by}(\n  " + "\n  or ".join(parts) + "\n)"


def total_selector(sli: EventRatio | LatencyRatio) -> Selector:
    """Which events count."""
    return sli.total if isinstance(sli, EventRatio) else sli.selector


def bound_matcher(threshold_seconds: float) -> str:
    """Matches the bucket whose bound is the threshold, whether whole numbers are written 1 or 1.0."""
    if threshold_seconds == int(threshold_seconds):
        return f"{BUCKET_LABEL}=~{quoted(f'{int(threshold_seconds)}([.]0)?')}"
    return f"{BUCKET_LABEL}={quoted(repr(float(threshold_seconds)))}"


def number(value: float) -> str:
    """A number for PromQL, with twelve significant digits and no trailing zeros."""
    return f"{value:.12g}"


def _escaped(value: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)
