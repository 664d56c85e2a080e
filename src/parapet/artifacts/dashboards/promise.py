"""One subject more closely: what is left, how fast it burns, what fails where, and how long it takes."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, choice, link, refresh, span
from parapet.artifacts.dashboards.look import (
    BUDGET,
    IN_MINUTES,
    OVERSPENT_OR_NOT,
    SEVERITY_TONES,
    STATES,
    Tone,
    burn_scale,
)
from parapet.artifacts.dashboards.marks import alerts, changes
from parapet.artifacts.dashboards.panels import HALF, About, Query, bands, figure, lines
from parapet.artifacts.dashboards.places import Subject
from parapet.artifacts.dashboards.queries import any_of, state, where
from parapet.artifacts.dashboards.raw import raw_lines
from parapet.artifacts.dashboards.releases import by_release
from parapet.artifacts.dashboards.watched import events_of, watched, words_about, workbench_of
from parapet.artifacts.promql import number
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.budget import in_words, percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog, is_address
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.sli import LatencyRatio, reads_any
from parapet.slo.slice import Slice

HOURS_6 = DAY // 4
FIGURE = 4
"""Six figures fill a line."""


def promise_board(subject: Subject, catalog: Catalog, wiring: Wiring) -> Board:
    """The dashboard of *subject*."""
    service, policy = catalog.service, catalog.burn
    timed = {one.sli.metric for one in subject.slices if isinstance(one.sli, LatencyRatio)}
    shown: list[Heading | Line] = []
    for one in subject.slices:
        shown += _section(one, catalog.policy_of(one), wiring, timed=not reads_any(one.sli, timed))
    for diagnostic in subject.diagnostics:
        shown += watched(diagnostic, catalog.window_of(diagnostic), wiring)
    return Board(
        page=subject.page,
        service=service,
        title=f"{service}: {subject.title}",
        about="What is left of the budget, how fast it burns, what fails where, and how long it takes.",
        span=span(policy, HOURS_6),
        refresh=refresh(wiring),
        variables=_groups(subject, service),
        marks=(*alerts(any_of(service, subject.judged), subject.judged, policy), *changes(service)),
        links=_links(subject, wiring),
        lines=tuple(shown),
    )


def _groups(subject: Subject, service: str) -> tuple[schema.VariableModel, ...]:
    by_label = {label: one for one in subject.judged for label in one.group_by}
    return tuple(
        choice(
            label,
            label.replace("_", " ").capitalize(),
            f"label_values({events_of(one)}{series.matching(service, one.name)}, {label})",
        )
        for label, one in sorted(by_label.items())
    )


def _links(subject: Subject, wiring: Wiring) -> tuple[schema.DashboardLink, ...]:
    first = subject.judged[0]
    addresses = {"Workbench": workbench_of(first, wiring)}
    for one in subject.judged:
        if one.runbook and is_address(one.runbook):
            addresses.setdefault("Runbook", one.runbook)
        if isinstance(one, Slice):
            addresses.update(one.links)
    return tuple(link(title, url) for title, url in addresses.items())


def _section(one: Slice, policy: BurnPolicy, wiring: Wiring, *, timed: bool) -> list[Heading | Line]:
    return [
        Heading(title=f"{one.title}: {in_words(one.objective, policy.period_seconds)}"),
        Line(height=2, panels=(words_about(one, wiring),)),
        Line(height=4, panels=_figures(one, policy)),
        Line(height=9, panels=(_burn(one, policy), _closeness(one, policy))),
        Line(height=8, panels=(_bad_share(one, policy), _events(one, policy))),
        Line(height=8, panels=(_budget(one, policy), _stood(one))),
        Line(height=7, panels=by_release(one, policy)),
        *raw_lines(one, timed=timed),
    ]


def _figures(one: Slice, policy: BurnPolicy) -> tuple[schema.Panel, ...]:
    here = where(one)
    period = spoken(policy.period_seconds)
    left, burn = f"min({series.BUDGET_REMAINING}{here})", f"max({series.CURRENT_BURN}{here})"
    lasts = f"clamp_min({left}, 0) * {number(policy.period_seconds)} / ({burn} > 0)"
    worst = " Of several groups, the worst." if one.group_by else ""
    shown = (
        ("Budget left", f"Share of the error budget of {period}.{worst}", "percentunit", left, BUDGET, 1, "unknown"),
        (
            "Minutes left",
            f"The same, as minutes of total outage at usual traffic.{worst}",
            IN_MINUTES,
            f"min({series.BUDGET_REMAINING_MINUTES}{here})",
            OVERSPENT_OR_NOT,
            1,
            "unknown",
        ),
        (
            "Bad events left",
            f"The same, as events that may still go wrong.{worst}",
            "short",
            f"min({series.BUDGET_REMAINING_EVENTS}{here})",
            OVERSPENT_OR_NOT,
            0,
            "unknown",
        ),
        (
            "Burn now",
            f"Over {spoken(policy.current_window_seconds)}: 1 uses exactly the budget within {period}.{worst}",
            "short",
            burn,
            burn_scale(policy),
            1,
            "no events",
        ),
        (
            "Used up in",
            f"If it goes on burning like this.{worst}",
            "s",
            lasts,
            (Tone.PAGE, (policy.period_seconds / 10, Tone.TICKET), (policy.period_seconds, Tone.GOOD)),
            1,
            "not at this rate",
        ),
    )
    return (
        _state_figure(one),
        *(
            figure(
                About(title=title, text=text, width=FIGURE, unit=unit, nothing=nothing),
                Query(expr=expr),
                colours=colours,
                decimals=decimals,
            )
            for title, text, unit, expr, colours, decimals, nothing in shown
        ),
    )


def _state(one: Slice) -> str:
    if not one.group_by:
        return state(where(one))
    without = "".join(f',{label}=""' for label in one.group_by)
    whole = f"{series.matching(one.service, one.name)[:-1]}{without}}}"
    return state(where(one), by=", ".join((names.SERVICE, names.SLICE, *one.group_by)), whole=whole)


def _state_figure(one: Slice) -> schema.Panel:
    about = About(title="State", text="As the workbench says it.", width=FIGURE, nothing="never heard of")
    return figure(about, Query(expr=f"max(\n{_state(one)}\n)", now=True), meanings=STATES)


def _burn(one: Slice, policy: BurnPolicy) -> schema.Panel:
    prefix = _prefix(one)
    seen: set[str] = set()
    asked = []
    steps = []
    for t in policy.thresholds(one.objective):
        tone = SEVERITY_TONES[t.severity]
        ratio = f"{series.error_ratio_series(t.long_seconds)}{where(one)}"
        asked.append(
            Query(
                expr=f"{ratio} / {number(one.budget_ratio)}",
                legend=f"{prefix}{spoken(t.long_seconds)} ({t.severity} above {t.factor:.3g})",
                tone=None if prefix else tone,
                dashed=t.severity in seen,
            )
        )
        seen.add(t.severity)
        steps.append((t.factor, tone))
    return lines(
        About(
            title="Burn, by window",
            text="1 uses exactly the budget within the period. Each window has its line, above which it speaks up.",
            width=HALF,
            nothing="no events",
        ),
        *asked,
        limits=(Tone.NONE, *sorted(steps)),
        soft_most=1.2 * max(factor for factor, _ in steps),
    )


def _closeness(one: Slice, policy: BurnPolicy) -> schema.Panel:
    prefix = _prefix(one)
    seen: set[str] = set()
    asked = []
    for t in policy.thresholds(one.objective):
        over_long, over_short = (
            f"{series.error_ratio_series(w)}{where(one)}" for w in (t.long_seconds, t.short_seconds)
        )
        asked.append(
            Query(
                expr=f"((\n{over_long}\n< {over_short}\n) or {over_short}) / {number(t.error_ratio)}",
                legend=f"{prefix}{t.severity}, {spoken(t.long_seconds)} and {spoken(t.short_seconds)}",
                tone=None if prefix else SEVERITY_TONES[t.severity],
                dashed=t.severity in seen,
            )
        )
        seen.add(t.severity)
    return lines(
        About(
            title="How close to an alert",
            text="Of each pair of windows the quieter one, as a share of its threshold: above 1, with enough failures "
            "to be no accident, the alert fires.",
            width=HALF,
            unit="percentunit",
            nothing="no events",
        ),
        *asked,
        limits=(Tone.NONE, (1.0, Tone.PAGE)),
        soft_most=1.2,
    )


def _bad_share(one: Slice, policy: BurnPolicy) -> schema.Panel:
    prefix = _prefix(one)
    base, current = policy.base_window_seconds, policy.current_window_seconds
    return lines(
        About(
            title="Share of bad events",
            text=f"The line is what the promise allows: {percent(one.budget_ratio)}.",
            width=HALF,
            unit="percentunit",
            nothing="no events",
        ),
        *(
            Query(
                expr=f"{series.error_ratio_series(window)}{where(one)}",
                legend=f"{prefix}over {spoken(window)}",
                tone=None if prefix else tone,
            )
            for window, tone in ((base, Tone.NONE), (current, Tone.PAGE))
        ),
        limits=(Tone.NONE, (one.budget_ratio, Tone.TICKET)),
        soft_most=min(2 * one.budget_ratio, 1.0),
    )


def _events(one: Slice, policy: BurnPolicy) -> schema.Panel:
    base = policy.base_window_seconds
    here = where(one)
    bad = f"sum({series.BAD_EVENTS}{here})"
    return lines(
        About(
            title=f"Events in {spoken(base)}",
            text="Good ones below, bad ones on top. Few events are little evidence.",
            width=HALF,
        ),
        Query(expr=f"sum({series.EVENTS}{here}) - {bad}", legend="good", tone=Tone.GOOD),
        Query(expr=bad, legend="bad", tone=Tone.PAGE),
        stacked=True,
        step=prometheus_duration(base),
    )


def _budget(one: Slice, policy: BurnPolicy) -> schema.Panel:
    return lines(
        About(
            title=f"Budget left, over {spoken(policy.period_seconds)}",
            text="How the budget burned down, and came back as bad days left the period. Below 0 it is overspent.",
            width=HALF,
            unit="percentunit",
        ),
        Query(
            expr=f"{series.BUDGET_REMAINING}{where(one)}",
            legend=_prefix(one).removesuffix(": ") or "left",
            tone=None if one.group_by else Tone.ACCENT,
        ),
        limits=(Tone.NONE, (0.0, Tone.PAGE)),
        soft_most=1.0,
        span=prometheus_duration(policy.period_seconds),
    )


def _stood(one: Slice) -> schema.Panel:
    about = About(
        title="How it stood",
        text="Burning means that an alert fires. No evidence is neither good nor bad, nor is maintenance.",
        width=HALF,
    )
    named = _prefix(one).removesuffix(": ") or one.title
    return bands(about, Query(expr=_state(one), legend=named), meanings=STATES)


def _prefix(one: Slice) -> str:
    """What a legend begins with, where there is a curve for each group."""
    return ", ".join(f"{{{{{label}}}}}" for label in one.group_by) + ": " if one.group_by else ""
