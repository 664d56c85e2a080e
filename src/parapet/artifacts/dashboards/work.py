"""Work that people do not wait for: jobs and their queues, pipelines and their stages."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, choice, refresh, span
from parapet.artifacts.dashboards.look import Tone, some_are, tones_of
from parapet.artifacts.dashboards.marks import alerts, changes
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, figure, lines, ranking
from parapet.artifacts.dashboards.queries import RANGE, any_of, grown, legend, quantile, rate, share
from parapet.artifacts.dashboards.tiles import promises
from parapet.core import names, vocabulary
from parapet.core.settings import Wiring
from parapet.core.vocabulary import AsyncOutcome, JobState
from parapet.slo.catalog import Catalog
from parapet.slo.series import quoted
from parapet.slo.sli import reads_any

JOBS = (names.JOB_DURATION, names.JOB_WAIT, names.JOB_LOST)
PIPELINES = (names.ASYNC_STAGE, names.ASYNC_BACKLOG, names.ASYNC_CALLBACK, names.ASYNC_RUNNING)
THIRD = WIDE // 3
FIGURE = 4
MOST = 10
SLOW_SHARE = 0.95
LOST = (JobState.FAILED, JobState.DISCARDED)
NO_JOBS = "no job yet"
NO_PIPELINE = "no pipeline yet"


def work(catalog: Catalog, wiring: Wiring) -> Board:
    """The dashboard of jobs and pipelines."""
    service = catalog.service
    mine = [one for one in catalog if reads_any(one.sli, (*JOBS, *PIPELINES))]
    job = f"{{job={quoted(service)}}}"
    return Board(
        page="work",
        service=service,
        title=f"{service}: background work",
        about="What waits, for how long, how it ends, and where it gets stuck.",
        span=span(catalog.burn, DAY // 4),
        refresh=refresh(wiring),
        variables=(
            choice("queue", "Queue", f"label_values({names.JOB_DURATION}_count{job}, {names.QUEUE})"),
            choice("task", "Task", f"label_values({names.JOB_DURATION}_count{job}, {names.TASK})"),
            choice("integration", "Pipeline", f"label_values({names.ASYNC_STAGE}{job}, {names.INTEGRATION})"),
        ),
        marks=(*alerts(any_of(service, mine), mine, catalog.burn), *changes(service)),
        lines=(
            Line(height=4, panels=_figures(service)),
            *promises(service, mine),
            Heading(title="Jobs"),
            Line(height=9, panels=(_wait_and_run(service), _ends(service))),
            Line(height=8, panels=_backlog(service)),
            Line(height=8, panels=_rankings(service)),
            Heading(title="Pipelines"),
            Line(height=8, panels=(_stages(service), _through(service))),
            Line(height=8, panels=_late(service)),
            Line(height=8, panels=_stuck(service)),
        ),
    )


def _queues(service: str) -> str:
    return f'{{job={quoted(service)},{names.QUEUE}=~"$queue"}}'


def _tasks(service: str, *states: str) -> str:
    of = f',{names.STATE}=~"{"|".join(states)}"' if states else ""
    return f'{{job={quoted(service)},{names.QUEUE}=~"$queue",{names.TASK}=~"$task"{of}}}'


def _pipeline(service: str, *outcomes: str) -> str:
    of = f',{names.OUTCOME}=~"{"|".join(outcomes)}"' if outcomes else ""
    return f'{{job={quoted(service)},{names.INTEGRATION}=~"$integration"{of}}}'


def _figures(service: str) -> tuple[schema.Panel, ...]:
    runs = f"{names.JOB_DURATION}_count"
    ended = grown(runs, _tasks(service, JobState.SUCCEEDED, *LOST))
    shown = (
        (
            "Oldest job waits",
            "Since when the oldest job could have been running.",
            "s",
            f"max({names.JOB_BACKLOG_AGE}{_queues(service)})",
            (Tone.ACCENT,),
        ),
        ("Jobs waiting", "In all queues.", "short", f"sum({names.JOB_BACKLOG_SIZE}{_queues(service)})", (Tone.ACCENT,)),
        (
            "Wait of 95 of 100",
            "In the time shown, so many waited no longer before they ran.",
            "s",
            quantile(SLOW_SHARE, names.JOB_WAIT, _tasks(service), window=RANGE),
            (Tone.ACCENT,),
        ),
        (
            "Run of 95 of 100",
            "In the time shown, so many ran no longer.",
            "s",
            quantile(SLOW_SHARE, names.JOB_DURATION, _tasks(service), window=RANGE),
            (Tone.ACCENT,),
        ),
        (
            "Failed for good",
            "Of the jobs that ended in the time shown. One that is tried again has not ended.",
            "percentunit",
            share(grown(runs, _tasks(service, *LOST)), ended),
            (Tone.GOOD, (0.001, Tone.TICKET), (0.05, Tone.PAGE)),
        ),
        (
            "Workers died",
            "Jobs whose worker died under them, in the time shown.",
            "short",
            grown(names.JOB_LOST, _tasks(service)),
            some_are(Tone.PAGE),
        ),
    )
    return tuple(
        figure(
            About(title=title, text=text, width=FIGURE, unit=unit, nothing=NO_JOBS),
            Query(expr=expr, now=RANGE in expr),
            colours=colours,
            decimals=0 if unit == "short" else 1,
        )
        for title, text, unit, expr, colours in shown
    )


def _wait_and_run(service: str) -> schema.Panel:
    queue = legend(names.QUEUE)
    return lines(
        About(
            title="Waiting against running",
            text="95 of 100 take no longer. Long waits, short runs: too few workers. Long runs: the work itself.",
            width=HALF,
            unit="s",
            nothing=NO_JOBS,
        ),
        Query(expr=quantile(SLOW_SHARE, names.JOB_WAIT, _tasks(service), names.QUEUE), legend=f"{queue} waits"),
        Query(
            expr=quantile(SLOW_SHARE, names.JOB_DURATION, _tasks(service), names.QUEUE),
            legend=f"{queue} runs",
            dashed=True,
        ),
    )


def _ends(service: str) -> schema.Panel:
    return lines(
        About(title="How runs ended", text="A second.", width=HALF, unit="eps", nothing=NO_JOBS),
        Query(expr=rate(f"{names.JOB_DURATION}_count", _tasks(service), names.STATE), legend=legend(names.STATE)),
        stacked=True,
        tones=tones_of(vocabulary.JOB_STATES),
    )


def _backlog(service: str) -> tuple[schema.Panel, ...]:
    shown = (
        ("Oldest job, by queue", "How long it has been waiting.", "s", names.JOB_BACKLOG_AGE),
        ("Jobs waiting, by queue", "Handed in, and not begun.", "short", names.JOB_BACKLOG_SIZE),
    )
    return tuple(
        lines(
            About(title=title, text=text, width=HALF, unit=unit, nothing=NO_JOBS),
            Query(expr=f"max by ({names.QUEUE}) ({metric}{_queues(service)})", legend=legend(names.QUEUE)),
        )
        for title, text, unit, metric in shown
    )


def _rankings(service: str) -> tuple[schema.Panel, ...]:
    by = (names.TASK, names.QUEUE)
    last = f"time() - max by ({', '.join(by)}) ({names.JOB_LAST_SUCCESS}{_tasks(service)})"
    lost = grown(f"{names.JOB_DURATION}_count", _tasks(service, *LOST), *by)
    slow = quantile(SLOW_SHARE, names.JOB_DURATION, _tasks(service), *by, window=RANGE)
    shown = (
        ("Since the last success", "Who has not succeeded for longest.", "s", last, Tone.ACCENT),
        ("Slowest tasks", "95 of 100 runs took no longer, in the time shown.", "s", slow, Tone.ACCENT),
        ("Most lost tasks", "Failed for good or given up, in the time shown.", "short", f"{lost} > 0", Tone.PAGE),
    )
    return tuple(
        ranking(
            About(title=title, text=text, width=THIRD, unit=unit, nothing="none in this time"),
            Query(expr=f"topk({MOST}, {expr})", legend=legend(*by), now=True),
            colours=(tone,),
        )
        for title, text, unit, expr, tone in shown
    )


def _stages(service: str) -> schema.Panel:
    return lines(
        About(
            title="How stages moved",
            text="A second. Retryable failures are tried again; what is discarded is lost unless somebody acts.",
            width=HALF,
            unit="eps",
            nothing=NO_PIPELINE,
        ),
        Query(expr=rate(names.ASYNC_STAGE, _pipeline(service), names.OUTCOME), legend=legend(names.OUTCOME)),
        stacked=True,
        tones=tones_of(vocabulary.ASYNC_OUTCOMES),
    )


def _through(service: str) -> schema.Panel:
    by = (names.INTEGRATION, names.PIPELINE_STAGE)
    done = grown(names.ASYNC_STAGE, _pipeline(service, AsyncOutcome.SUCCEEDED), *by)
    return ranking(
        About(
            title="Through the stages",
            text="What succeeded in each stage, in the time shown: a stage with fewer holds things up, or loses them.",
            width=HALF,
            nothing=NO_PIPELINE,
        ),
        Query(expr=f"sort_desc({done})", legend=legend(*by), now=True),
        colours=(Tone.GOOD,),
    )


def _late(service: str) -> tuple[schema.Panel, ...]:
    looks = rate(names.ASYNC_BACKLOG, _pipeline(service), names.INTEGRATION)
    late = rate(names.ASYNC_BACKLOG, _pipeline(service, AsyncOutcome.DELAYED), names.INTEGRATION)
    return (
        lines(
            About(
                title="Looks that found work late",
                text="Of the looks at the queue, the share that found something waiting too long.",
                width=HALF,
                unit="percentunit",
                nothing=NO_PIPELINE,
            ),
            Query(expr=share(late, looks), legend=legend(names.INTEGRATION)),
            most=1,
        ),
        _by_delay(
            service, "Waiting work, by how long", "Looks a second, by the wait of the oldest.", PIPELINES[1], HALF
        ),
    )


def _stuck(service: str) -> tuple[schema.Panel, ...]:
    by = (names.OUTCOME, names.RETRY_STATE)
    again = _pipeline(service, AsyncOutcome.RETRYABLE_FAILED, AsyncOutcome.DISCARDED)
    return (
        _by_delay(service, "Callbacks, by how late", "Answers of others a second. Not our backlog.", PIPELINES[2]),
        _by_delay(service, "Running stages, by how long", "Looks a second, by the oldest run so far.", PIPELINES[3]),
        lines(
            About(
                title="Tried again, and given up",
                text="A second, by which try it was.",
                width=THIRD,
                unit="eps",
                nothing=NO_PIPELINE,
            ),
            Query(expr=rate(names.ASYNC_STAGE, again, *by), legend=legend(*by)),
        ),
    )


def _by_delay(service: str, title: str, text: str, metric: str, width: int = THIRD) -> schema.Panel:
    return lines(
        About(title=title, text=text, width=width, unit="eps", nothing=NO_PIPELINE),
        Query(expr=rate(metric, _pipeline(service), names.DELAY_BUCKET), legend=legend(names.DELAY_BUCKET)),
        stacked=True,
        tones=tones_of(vocabulary.DELAY_BUCKETS),
    )
