"""Background jobs: that they succeed, do not wait, are not left lying, and that those which must run do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from parapet.core import names
from parapet.core.vocabulary import FaultPlane
from parapet.slo.durations import spoken
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import QUIET, Subject, kept, seconds_and_ratio, title_of
from parapet.slo.selector import Selector, equals, one_of
from parapet.slo.sli import Freshness, JobOutcome, LastSuccess, LatencyRatio
from parapet.slo.slice import Slice


def jobs_pack(
    *,
    success: float | None = 0.99,
    wait: tuple[float, float] | None = (60.0, 0.99),
    backlog: tuple[float, float] | None = (300.0, 0.99),
    fresh: Mapping[str, float] | None = None,
    freshness: float = 0.99,
    tasks: Sequence[str] = (),
    queues: Sequence[str] = (),
    name: str = "jobs",
    title: str = "Background jobs",
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Jobs succeed, do not wait, and are not left lying. For what the integrations of job libraries count.

    What failed and is tried again has not ended; what somebody called off does not count; a job whose worker died
    under it failed, unless it is tried again.

    Args:
        success: `<name>-success`: share of the jobs that end which must succeed.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        wait: `<name>-wait`: (seconds, ratio): this share of the jobs starts within that time of when it could have.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        backlog: `<name>-backlog`: (seconds, ratio): at this share of the looks at the queues, no job lies there longer
            than that: 1, 30, 300 or 3600. It speaks where `wait` cannot, because nothing starts any more. None, if the
            broker is not watched. 99 % = 7.2 hours in 30 days, or 1 in 100.
        fresh: task -> seconds: `<name>-fresh-<task>`: its last success is never longer ago than that, such as
            `{"nightly_report": 26 * HOUR}`. A ticket, never a page.
        freshness: for which share of the time that must hold. 99 % = 7.2 hours in 30 days, or 1 in 100.
        tasks: only these, by their full names; none: all. *queues*: likewise.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, a threshold cannot hold, or all are None.
    """
    who = f"jobs_pack({'' if name == 'jobs' else repr(name)})"
    in_queues: Selector = (one_of(names.QUEUE, *queues),) if queues else ()
    mine: Selector = (*((one_of(names.TASK, *tasks),) if tasks else ()), *in_queues)
    subject = Subject(name=name, title=title, owner=owner, runbook=runbook or name)
    succeed = subject.promise(
        "success",
        success,
        JobOutcome(selector=mine),
        well="they succeed",
        badly="they fail",
        plane=FaultPlane.WORKER,
        good="jobs that succeeded. Bad: failed for good, with their worker too, or discarded.",
    )
    start = found = None
    if wait is not None:
        seconds, ratio = seconds_and_ratio(who, wait)
        start = subject.promise(
            "wait",
            ratio,
            LatencyRatio(metric=names.JOB_WAIT, selector=mine, threshold_seconds=seconds),
            well="they start soon",
            badly="they wait too long",
            plane=FaultPlane.BACKLOG,
            good=f"jobs that started within {spoken(seconds)} of when they could have.",
        )
    if backlog is not None:
        seconds, ratio = seconds_and_ratio(who, backlog)
        found = subject.promise(
            "backlog",
            ratio,
            Freshness(metric=names.JOB_BACKLOG_LOOKS, selector=in_queues, within_seconds=seconds),
            well="none is left lying",
            badly="jobs are left lying",
            plane=FaultPlane.BACKLOG,
            good=f"looks at the queues that found no job older than {spoken(seconds)}.",
        )
    fresh = fresh or {}
    return Pack(
        name=who,
        slices=kept(
            succeed, start, found, *(_fresh(subject, task, seconds, freshness) for task, seconds in fresh.items())
        ),
        guides=(Guide(name=name, playbook="jobs", title=title),),
        registers=((names.TASK, tuple(dict.fromkeys((*tasks, *fresh)))),),
    )


def _fresh(subject: Subject, task: str, seconds: float, freshness: float) -> Slice | None:
    short = task.rpartition(".")[2]
    called = re.sub(r"[^a-z0-9_-]+", "-", short.lower()).strip("-")
    return subject.promise(
        f"fresh-{called}",
        freshness,
        LastSuccess(selector=(equals(names.TASK, task),), within_seconds=seconds),
        well=f"{title_of(short)} runs regularly",
        badly=f"{title_of(short)} has not succeeded for too long",
        plane=FaultPlane.WORKER,
        good=f"time in which {task} had succeeded within the last {spoken(seconds)}.",
        severities=QUIET,
    )
