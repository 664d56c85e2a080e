"""`parapet slo backtest`: the alerts of today over the history of Prometheus, also for other objectives."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from pathlib import Path

import click

from parapet.app import Parapet
from parapet.artifacts.base_queries import base_queries
from parapet.artifacts.standing import jobs_of
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.parameters import Instant, Ratio
from parapet.cli.prometheus import Access, prometheus_options
from parapet.cli.slo import backtest_beside as beside_promises
from parapet.cli.slo import known
from parapet.cli.slo.backtest_words import drawn, in_words, to_json
from parapet.cli.terminal import progress
from parapet.core.errors import UnknownName
from parapet.ops.history import Question, read_histories
from parapet.ops.prometheus import Prometheus
from parapet.slo.backtest import (
    Coverage,
    KnownIncident,
    Moment,
    Outcome,
    Verdict,
    coverage,
    maintained,
    moments,
    verdict,
)
from parapet.slo.burn import DAY, BurnPolicy, Severity
from parapet.slo.durations import spoken
from parapet.slo.history import History
from parapet.slo.maintenance import Maintenance
from parapet.slo.replay import Past
from parapet.slo.slice import Slice

STEPS_PER_BASE = 5
"""History is read and judged five times in each base window: once a minute, by default."""
DRAWN_COLUMNS = 404
"""Stretches of a drawing, two pixels each."""


@click.command()
@app_option
@prometheus_options
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, help="How far back."
)
@click.option("--until", type=Instant(), metavar="TIME", help="The end; without it, now.")
@click.option(
    "--slice", "names", multiple=True, metavar="NAME", help="Only this slice, and no diagnostics; repeatable."
)
@click.option(
    "--objective", "objectives", type=Ratio(), multiple=True, metavar="RATIO", help="What else to try; repeatable."
)
@click.option(
    "--known-incidents",
    "known_incidents",
    metavar="FILE",
    help="JSON list of objects with title, start, end, and perhaps noticed and slice; or the word `evidence`, for what "
    "the app's own database remembers.",
)
@click.option("--svg", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file.")
@json_option
def backtest(
    app_spec: str | None,
    access: Access,
    days: float,
    until: datetime | None,
    names: tuple[str, ...],
    objectives: tuple[float, ...],
    known_incidents: str | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Every page and ticket that would have fired over recorded history, and what other objectives would have done.

    Reads the raw metrics, so the rules need not have been there. Exit status 1 if nothing at all was recorded.

    \b
    Examples:
      parapet slo backtest --prometheus http://127.0.0.1:9090 --days 30
      parapet slo backtest --slice checkout --objective 0.995 --objective 0.99
      parapet slo backtest --known-incidents evidence --svg backtest.svg
      parapet slo backtest --known-incidents incidents.json --json
    """
    app = load_app(required_app(app_spec))
    address = access.url or app.wiring.prometheus_url
    if address is None:
        raise click.UsageError("Say where Prometheus is: --prometheus URL, or prometheus_url in Wiring.")
    server = access.connect(address, app.wiring.tls)
    server.now("vector(1)")  # who does not answer this should be told of before anything is read
    end = until or app.clock.now()
    incidents = _incidents(app, known_incidents, end - timedelta(days=days), end)
    chosen = [app.catalog.slice(name) for name in names] or list(app.catalog)
    plans = [_plan(app, one, days, end) for one in chosen]
    span, beside = _span(app, days, end), {}
    if not names:
        beside = {one.name: beside_promises.diagnostic_question(app, one, span) for one in app.catalog.diagnostics}
    targets = beside_promises.up_questions(chosen, span)
    start = min((plan.question.start_seconds for plan in plans), default=span.start_seconds)
    page_question = beside_promises.page_question(app.catalog, span, span.start_seconds - start)
    questions = [*(plan.question for plan in plans), *beside.values(), *targets.values(), page_question]
    with progress(f"Reading {spoken(days * DAY)}", sum(question.steps for question in questions)) as read:
        page = beside_promises.answered(server, page_question, read)
        judged = [_outcome(plan, server, page, objectives, incidents, read) for plan in plans]
        ups = {job: beside_promises.answered(server, question, read) for job, question in targets.items()}
        if own := ups.get(app.service):
            ups[app.service] = beside_promises.of_then(own, page)
        tickets = [
            ticket
            for one in app.catalog.diagnostics
            if one.name in beside
            for ticket in beside_promises.diagnosed(app, one, server, beside[one.name], span.start_seconds, read)
        ]
    outcomes = [outcome for outcome, _ in judged]
    pasts = {outcome.slice: past for outcome, past in judged}
    tickets += beside_promises.unheard(app.catalog, pasts, ups, span)
    quiet_seconds = app.incidents.quiet_period_seconds
    if picture is not None:
        picture.write_text(drawn(app.service, outcomes, quiet_seconds))
    click.echo(
        json.dumps(to_json(app.service, outcomes, tickets), indent=2)
        if as_json
        else in_words(app.service, outcomes, quiet_seconds, tickets)
    )
    if picture is not None and not as_json:
        click.echo(f"\nDrawn: {picture}")
    if all(one.coverage is None for one in outcomes):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is read for one slice."""

    slice: Slice
    policy: BurnPolicy
    maintenances: tuple[Maintenance, ...]
    question: Question
    begin_seconds: float
    """Where the span begins that was asked for; what is read before it fills the windows."""
    own: bool
    """Whether it is measured by the service alone, so that an old page tells nothing of it."""


def _span(app: Parapet, days: float, end: datetime) -> beside_promises.Span:
    base = app.catalog.burn.base_window_seconds
    return beside_promises.Span(
        start_seconds=floor((end.timestamp() - days * DAY) / base) * base,
        end_seconds=end.timestamp(),
        step_seconds=base / STEPS_PER_BASE,
        base_window_seconds=base,
    )


def _plan(app: Parapet, one: Slice, days: float, end: datetime) -> _Plan:
    policy = app.catalog.policy_of(one)
    base = policy.base_window_seconds
    step = base / STEPS_PER_BASE
    longest = max(threshold.long_seconds for threshold in policy.thresholds(one.objective))
    begin = floor((end.timestamp() - days * DAY) / base) * base
    start = begin - ceil(longest / base) * base
    question = Question(
        about=base_queries(one, base, app.wiring.scrape_interval_seconds),
        base_window_seconds=base,
        start_seconds=start,
        step_seconds=step,
        steps=floor((end.timestamp() - start) / step) + 1,
    )
    resting = app.catalog.maintenances_of(one)
    return _Plan(
        slice=one,
        policy=policy,
        maintenances=resting,
        question=question,
        begin_seconds=begin,
        own=jobs_of(one) == (app.service,),
    )


def _outcome(
    plan: _Plan,
    server: Prometheus,
    page: History | None,
    objectives: Sequence[float],
    incidents: Sequence[KnownIncident] | None,
    read: Callable[[int], None],
) -> tuple[Outcome, Past | None]:
    """What is to be told of a slice, and its history, if anything was recorded."""
    one, policy, question = plan.slice, plan.policy, plan.question
    mine = None if incidents is None else tuple(each for each in incidents if each.slice in {None, one.name})
    pages = [t.factor for t in policy.thresholds(one.objective) if t.severity is Severity.PAGE]
    histories = read_histories(server, question, read)
    rests: tuple[tuple[float, float], ...] = ()
    past: Past | None = None
    judged: tuple[Coverage | None, tuple[Verdict, ...], tuple[Moment, ...]] = (None, (), ())
    if histories:
        old = beside_promises.old_pages(page, histories[0]) if plan.own else None
        past = Past(histories, policy, plan.maintenances, old)
        rests = maintained(past, plan.begin_seconds)
        own = past.under(one.objective)
        others = [past.under(objective) for objective in dict.fromkeys(objectives) if objective != one.objective]
        judged = (
            coverage(past, one.objective, plan.begin_seconds),
            tuple(verdict(each, begin_seconds=plan.begin_seconds, incidents=mine) for each in (own, *others)),
            moments(past, own, plan.begin_seconds, DRAWN_COLUMNS),
        )
    told = Outcome(
        slice=one.name,
        title=one.title,
        period_seconds=policy.period_seconds,
        begin_seconds=plan.begin_seconds,
        end_seconds=question.start_seconds + (question.steps - 1) * question.step_seconds,
        coverage=judged[0],
        verdicts=judged[1],
        moments=judged[2],
        page_burn=max(pages, default=None),
        incidents=mine,
        maintained=rests,
    )
    return told, past


def _incidents(app: Parapet, where: str | None, begin: datetime, end: datetime) -> tuple[KnownIncident, ...] | None:
    if where is None:
        return None
    found = known.from_evidence(app, begin, end) if where == known.EVIDENCE else known.from_file(Path(where))
    names = [one.name for one in app.catalog]
    for one in found:
        if where != known.EVIDENCE and one.slice is not None and one.slice not in names:
            raise UnknownName.of(f"slice of the incident {one.title!r}", one.slice, names)
    return tuple(one for one in found if one.start_seconds <= end.timestamp() and one.end_seconds >= begin.timestamp())
