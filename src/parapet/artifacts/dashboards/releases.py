"""What each release did to a promise: burn while a version ran, as it went and as a whole."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.look import Tone, burn_scale
from parapet.artifacts.dashboards.panels import HALF, About, Query, lines, ranking
from parapet.artifacts.dashboards.queries import RANGE, legend, where
from parapet.artifacts.promql import number
from parapet.core import names
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.slice import Slice


def by_release(one: Slice, policy: BurnPolicy) -> tuple[schema.Panel, schema.Panel]:
    """What each version did to the promise, as it went and as a whole."""
    here, base, nothing = where(one), prometheus_duration(policy.base_window_seconds), "nobody told of a deploy"
    runs = f"* on () group_right () {_running(one.service)}"
    bad, events = (
        f"sum_over_time((\n  sum({name}{here})\n  {runs}\n)[{RANGE}:{base}])"
        for name in (series.BAD_EVENTS, series.EVENTS)
    )
    worst = " Of several groups, the worst." if one.group_by else ""
    version = legend(names.VERSION)
    return (
        lines(
            About(
                title="Burn, by release",
                text=f"Burn over {spoken(policy.current_window_seconds)}, a colour for each version while it runs."
                f"{worst} After a deploy it looks back on its predecessor for that long.",
                width=HALF,
                nothing=nothing,
            ),
            Query(expr=f"max({series.CURRENT_BURN}{here})\n{runs}", legend=version),
            limits=(Tone.NONE, (1.0, Tone.TICKET)),
            soft_most=1.2,
        ),
        ranking(
            About(
                title="Burn of each release",
                text="In the time shown: what failed while it ran, of all that happened, over the budget. 1 uses "
                "exactly the budget.",
                width=HALF,
                nothing=nothing,
            ),
            Query(
                expr=f"sort_desc(\n{bad}\n/\n({events} > 0)\n/ {number(one.budget_ratio)}\n)",
                legend=version,
                now=True,
            ),
            colours=burn_scale(policy),
        ),
    )


def _running(job: str) -> str:
    """1 with the version that runs, as its label; nothing where nobody told of a deploy.

    Args:
        job: the scrape job.
    """
    deployed = f"max by ({names.VERSION}) ({names.RELEASE}{{job={series.quoted(job)}}})"
    return f"(topk(1, {deployed}) > bool 0)"
