"""Behind a promise: its raw metrics, by outcome, by where it fails, and by how long it took."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import Line
from parapet.artifacts.dashboards.look import Tone, tones_of
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, lines, ranking, spread
from parapet.artifacts.dashboards.queries import RANGE, RATE, chosen_groups
from parapet.artifacts.promql import BUCKET_LABEL, bound_matcher, job_of, narrowed, selector_text, total_selector
from parapet.slo.family import COUNTER_NAME
from parapet.slo.slice import EventRatio, LatencyRatio, Match, Selector, Slice

MOST = 10
"""Bars of a ranking."""
HEIGHT = 8
QUANTILES = ((0.5, Tone.GOOD), (0.9, Tone.TICKET), (0.99, Tone.PAGE))


def raw_lines(one: Slice, *, timed: bool) -> tuple[Line, ...]:
    """Lines of panels over the raw metrics of *one*, as far as its kind has some.

    Args:
        timed: no other promise beside it shows how long these events take.
    """
    sli = one.sli
    if isinstance(sli, EventRatio):
        failing = _ranking(one, "Where it fails", _bad_events(one, sli), narrowed(sli.total, sli.bad), HALF)
        shown = (_line(_outcomes(one, sli, HALF if failing else WIDE), *failing),)
        return (*shown, _line(*_durations(one, None, HALF))) if timed and sli.family.buckets else shown
    slow = _ranking(one, "Where it is slow", _slow_events(one, sli), sli.selector, WIDE // 3)
    return (_line(*_durations(one, sli.threshold_seconds, WIDE // 3 if slow else HALF), *slow),)


def _line(*panels: schema.Panel) -> Line:
    return Line(height=HEIGHT, panels=panels)


def _outcomes(one: Slice, sli: EventRatio, width: int) -> schema.Panel:
    label = next(iter(sli.bad)).label
    if label == COUNTER_NAME:
        asked = [Query(expr=_sum(one, name, sli.total, "", "rate", RATE), legend=name) for name in sli.family.counters]
    else:
        asked = [
            Query(expr=_sum(one, name, sli.total, label, "rate", RATE), legend=f"{{{{{label}}}}}")
            for name in sli.family.counters
        ]
    about = About(
        title="Events, by how they ended",
        text=f"A second, as the application counts them: {sli.family.name}. Only what counts for this promise.",
        width=width,
        unit="reqps",
    )
    return lines(about, *asked, stacked=True, tones=tones_of(sli.family.labels[label] or ()))


def _bad_events(one: Slice, sli: EventRatio) -> str:
    """How many failed in the time shown, `by ({by})`."""
    bad = narrowed(sli.total, sli.bad)
    by_name = [matcher for matcher in bad if matcher.label == COUNTER_NAME]
    counters = [name for name in sli.family.counters if all(matcher.of((name,)) for matcher in by_name)]
    return "\n+\n".join(_sum(one, name, bad, "{by}", "increase", RANGE) for name in counters)


def _slow_events(one: Slice, sli: LatencyRatio) -> str:
    counter, buckets = sli.family.counters[0], sli.family.buckets or ""
    bound = bound_matcher(sli.threshold_seconds)
    return (
        f"{_sum(one, counter, sli.selector, '{by}', 'increase', RANGE)}\n"
        f"- {_sum(one, buckets, sli.selector, '{by}', 'increase', RANGE, bound)}"
    )


def _ranking(one: Slice, title: str, expr: str, selector: Selector, width: int) -> tuple[schema.Panel, ...]:
    """The label values at which it happens most often; nothing if every label is settled by the promise."""
    settled = {m.label for m in selector if m.match is Match.ONE_OF and len(m.values) == 1}
    labels = [label for label in one.sli.family.labels if label not in settled and label != COUNTER_NAME]
    if not labels:
        return ()
    about = About(
        title=title,
        text=f"In the time shown, the {MOST} label values with the most bad events.",
        width=width,
        nothing="none in this time",
    )
    query = Query(
        expr=f"topk({MOST}, (\n{expr.replace('{by}', ', '.join(labels))}\n) > 0)",
        legend=" ".join(f"{{{{{label}}}}}" for label in labels),
        now=True,
    )
    return (ranking(about, query, colours=(Tone.PAGE,)),)


def _durations(one: Slice, limit: float | None, width: int) -> tuple[schema.Panel, ...]:
    """How long the events take that count, and the *limit* in seconds, if one is promised."""
    buckets, selector = one.sli.family.buckets or "", total_selector(one.sli)
    rate = _sum(one, buckets, selector, BUCKET_LABEL, "rate", RATE)
    promised = "" if limit is None else f" Promised: {limit:g} s."
    return (
        spread(
            About(title="How long it takes", text="The darker, the more events took that long.", width=width, unit="s"),
            Query(expr=_sum(one, buckets, selector, BUCKET_LABEL, "increase", RATE), legend=f"{{{{{BUCKET_LABEL}}}}}"),
        ),
        lines(
            About(
                title="Half, most, nearly all",
                text=f"Within these times 50, 90 and 99 of 100 end; estimated from buckets.{promised}",
                width=width,
                unit="s",
            ),
            *(
                Query(expr=f"histogram_quantile({share:g},\n{rate})", legend=f"{share * 100:g} of 100", tone=tone)
                for share, tone in QUANTILES
            ),
            limits=None if limit is None else (Tone.NONE, (limit, Tone.PAGE)),
            soft_most=limit,
        ),
    )


def _sum(one: Slice, metric: str, matchers: Selector, by: str, function: str, window: str, *further: str) -> str:
    """A counter's growth, summed over what is not in *by*."""
    plain = tuple(matcher for matcher in matchers if matcher.label != COUNTER_NAME)
    selected = selector_text(job_of(one), plain, *further)[:-1] + chosen_groups(one) + "}"
    return f"sum by ({by}) ({function}({metric}{selected}[{window}]))"
