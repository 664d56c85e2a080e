"""Behind a promise: its raw metrics, by outcome, by where it fails, and by how long it took."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.base import Judged
from parapet.artifacts.dashboards.board import Line
from parapet.artifacts.dashboards.look import Tone, tones_of
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, lines, ranking, spread
from parapet.artifacts.dashboards.queries import RANGE, RATE, chosen_groups, legend, where
from parapet.artifacts.promql import BUCKET_LABEL, selected, summed_over
from parapet.slo.durations import spoken
from parapet.slo.family import COUNTER_NAME
from parapet.slo.selector import Match
from parapet.slo.series import LAST_SUCCESS
from parapet.slo.sli import Counted, EventRatio, LastSuccess, LatencyRatio, Raw, Term

MOST = 10
"""Bars of a ranking."""
HEIGHT = 8
QUANTILES = ((0.5, Tone.GOOD), (0.9, Tone.TICKET), (0.99, Tone.PAGE))


def raw_lines(one: Judged, *, timed: bool) -> tuple[Line, ...]:
    """Lines of panels over the raw metrics of *one*, as far as its kind has some.

    Args:
        timed: no other promise beside it shows how long these events take.
    """
    sli = one.sli
    if isinstance(sli, Raw):
        return ()
    if isinstance(sli, LastSuccess):
        return (_line(_age(one, sli)),)
    counted = sli.counted
    if isinstance(sli, LatencyRatio):
        slow = () if sli.family.native else _ranking(one, "Where it is slow", counted, WIDE // 3)
        return (_line(*_durations(one, counted, sli.threshold_seconds, WIDE // 3 if slow else HALF), *slow),)
    failing = _ranking(one, "Where it fails", counted, HALF)
    shown = (_line(_outcomes(one, counted, HALF if failing else WIDE), *failing),)
    has_times = counted.total.family.buckets is not None
    return (*shown, _line(*_durations(one, counted, None, HALF))) if timed and has_times else shown


def _age(one: Judged, sli: LastSuccess) -> schema.Panel:
    """How long ago the last success was, and how long it may be."""
    about = About(
        title="Since the last success",
        text=f"More than {spoken(sli.within_seconds)} is bad. Who dies does not become fresh by it.",
        width=WIDE,
        unit="s",
        nothing="never succeeded",
    )
    query = Query(expr=f"time() - {LAST_SUCCESS}{where(one)}", legend=legend(*one.group_by) or one.title)
    limits = (Tone.NONE, (sli.within_seconds, Tone.PAGE))
    return lines(about, query, limits=limits, soft_most=sli.within_seconds)


def _line(*panels: schema.Panel) -> Line:
    return Line(height=HEIGHT, panels=panels)


def _outcomes(one: Judged, counted: Counted, width: int) -> schema.Panel:
    family = counted.total.family
    label = _ending_label(one, counted)
    if label is None:
        part = "good" if counted.part_is_good else "bad"
        asked = [
            Query(expr=_sum(one, counted.total, (), "rate", RATE), legend="all"),
            Query(expr=_sum(one, counted.part, (), "rate", RATE), legend=part),
        ]
    elif label == COUNTER_NAME:
        asked = [
            Query(expr=f"sum(rate({series}[{RATE}]))", legend=name)
            for name, series in zip(family.counters, _selected(one, counted.total), strict=True)
        ]
    else:
        asked = [Query(expr=_sum(one, counted.total, (label,), "rate", RATE), legend=f"{{{{{label}}}}}")]
    about = About(
        title="Events, by how they ended",
        text=f"A second, as the application counts them: {family.name}. Only what counts for this promise.",
        width=width,
        unit="eps",
    )
    return lines(about, *asked, stacked=True, tones=tones_of(family.labels.get(label or "") or ()))


def _ending_label(one: Judged, counted: Counted) -> str | None:
    """The label that says how an event ended; None where two counters say it."""
    if counted.part_has_own_counters:
        return None
    sli = one.sli
    if isinstance(sli, EventRatio):
        return (sli.good or sli.bad)[0].label
    return counted.part.selector[-1].label


def _ranking(one: Judged, title: str, counted: Counted, width: int) -> tuple[schema.Panel, ...]:
    """The label values at which it happens most often; nothing if every label is settled by the promise."""
    settled = {m.label for m in counted.part.selector if m.match is Match.ONE_OF and len(m.values) == 1}
    labels = [
        label
        for label in counted.total.family.labels
        if label not in settled and label != COUNTER_NAME and label in counted.part.family.labels
    ]
    if not labels:
        return ()
    about = About(
        title=title,
        text=f"In the time shown, the {MOST} label values with the most bad events.",
        width=width,
        nothing="none in this time",
    )
    bad = _sum(one, counted.part, labels, "increase", RANGE)
    if counted.part_is_good:
        every = _sum(one, counted.total, labels, "increase", RANGE)
        bad = f"{every}\n- (\n{bad}\nor 0 * {every}\n)" if counted.part.bound_seconds is None else f"{every}\n- {bad}"
    query = Query(
        expr=f"topk({MOST}, (\n{bad}\n) > 0)",
        legend=" ".join(f"{{{{{label}}}}}" for label in labels),
        now=True,
    )
    return (ranking(about, query, colours=(Tone.PAGE,)),)


def _durations(one: Judged, counted: Counted, limit: float | None, width: int) -> tuple[schema.Panel, ...]:
    """How long the events take that count, and the *limit* in seconds, if one is promised."""
    total = counted.total
    if total.family.native:
        grown = f"sum(rate({_selected(one, total)[0]}[{RATE}]))"
        darker, shares = f"sum(increase({_selected(one, total)[0]}[{RATE}]))", grown
    else:
        (series,) = selected(total, one.service, buckets=True, further=chosen_groups(one))
        darker = f"sum by ({BUCKET_LABEL}) (increase({series}[{RATE}]))"
        shares = f"sum by ({BUCKET_LABEL}) (rate({series}[{RATE}]))"
    promised = "" if limit is None else f" Promised: {limit:g} s."
    return (
        spread(
            About(title="How long it takes", text="The darker, the more events took that long.", width=width, unit="s"),
            Query(expr=darker, legend=f"{{{{{BUCKET_LABEL}}}}}"),
        ),
        lines(
            About(
                title="Half, most, nearly all",
                text=f"Within these times 50, 90 and 99 of 100 end; estimated from buckets.{promised}",
                width=width,
                unit="s",
            ),
            *(
                Query(expr=f"histogram_quantile({share:g},\n{shares})", legend=f"{share * 100:g} of 100", tone=tone)
                for share, tone in QUANTILES
            ),
            limits=None if limit is None else (Tone.NONE, (limit, Tone.PAGE)),
            soft_most=limit,
        ),
    )


def _sum(one: Judged, term: Term, by: Sequence[str], function: str, window: str) -> str:
    """Counters' growth, summed over what is not in *by*."""
    grown = [f"{function}({series}[{window}])" for series in _selected(one, term)]
    return summed_over(grown, by, native=term.family.native)


def _selected(one: Judged, term: Term) -> list[str]:
    return selected(term, one.service, further=chosen_groups(one))
