"""Work that goes through stages and other people's callbacks. Tried again is not lost; a late answer is no backlog."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import AsyncOutcome, FaultPlane
from parapet.slo.burn import HOUR
from parapet.slo.durations import spoken
from parapet.slo.family import own
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import QUIET, Subject, ended, kept, seconds_and_ratio, title_of
from parapet.slo.selector import Matcher, equals
from parapet.slo.sli import EventRatio, Freshness
from parapet.slo.slice import Slice

BEGUN, DONE = AsyncOutcome.STARTED.value, AsyncOutcome.SUCCEEDED.value
LOST, LATE = AsyncOutcome.DISCARDED.value, AsyncOutcome.DELAYED.value


def media_pipeline_pack(
    pipeline: str,
    *,
    completed: float | None = 0.99,
    queue: float | None = 0.99,
    answers: float | None = 0.95,
    running: tuple[float, float] | None = (3600.0, 0.99),
    funnel: tuple[float, float] | None = (0.1, 1.5),
    name: str | None = None,
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Work gets done, does not wait, is answered in time, and ends: for what `parapet.pipeline(pipeline, ...)` counts.

    Args:
        completed: `<name>-completed`: of the work that ended, this share got through the last stage and was not given
            up in any. What is tried again is neither. 99 % = 7.2 hours in 30 days, or 1 in 100.
        queue: `<name>-queue`: at this share of the looks at its queue, nothing waits longer than the pipeline's
            `late_after_seconds`. 99 % = 7.2 hours in 30 days, or 1 in 100.
        answers: `<name>-answers`: this share of the provider's callbacks comes within `late_after_seconds`. None, if
            nobody calls back. 95 % = 36 hours in 30 days, or 1 in 20.
        running: `<name>-running`: (seconds, ratio): at this share of the looks at what runs, no stage has been running
            for longer than that: 1, 30, 300 or 3600. A ticket, never a page. 99 % = 7.2 hours in 30 days, or 1 in 100.
        funnel: `<name>-funnel`, a diagnostic: (share, times): a ticket while more than that share of the work that
            begins does not get through, and that many times more than over the last seven days. More than 10 %, and
            1.5 times the usual.
        name: what the slices are called after; by default, the pipeline.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, or all are None.
    """
    called, shown = name or pipeline, title or title_of(pipeline)
    guidance = runbook or f"media-pipeline-{called}"
    subject = Subject(name=called, title=shown, owner=owner, runbook=guidance)
    mine = equals(names.INTEGRATION, pipeline)
    return Pack(
        name=f"media_pipeline_pack({pipeline!r})",
        slices=kept(
            subject.promise(
                "completed",
                completed,
                ended(names.ASYNC_WORK, (mine,), good=(DONE,), bad=(LOST,)),
                well="work gets done",
                badly="work is lost",
                plane=FaultPlane.WORKER,
                good="work that got through the last stage. Bad: given up in any. What is tried again is neither.",
            ),
            subject.promise(
                "queue",
                queue,
                ended(names.ASYNC_BACKLOG, (mine,), good=(DONE,), bad=(LATE,)),
                well="work does not wait",
                badly="work waits too long",
                plane=FaultPlane.BACKLOG,
                good="looks at the queue that found nothing waiting too long. Late callbacks are not in it.",
            ),
            subject.promise(
                "answers",
                answers,
                ended(names.ASYNC_CALLBACK, (mine,), good=(DONE,), bad=(LATE, LOST)),
                well="answers come in time",
                badly="answers are late",
                plane=FaultPlane.WEBHOOK,
                good="answers of others that came in time. Work that waits for us is not in it.",
            ),
            _ends_soon(subject, running, mine),
        ),
        diagnostics=kept(
            subject.drift(
                "funnel",
                funnel,
                EventRatio(
                    metric=names.ASYNC_WORK,
                    total=(mine, equals(names.OUTCOME, BEGUN)),
                    good=(mine, equals(names.OUTCOME, DONE)),
                    good_source=own(names.ASYNC_WORK),
                ),
                badly="less gets through than usual",
                plane=FaultPlane.WORKER,
                bad="work that began in the first stage and did not get through the last, of all that began.",
                window_seconds=12 * HOUR,
            )
        ),
        guides=(Guide(name=f"media-pipeline-{called}", playbook="media-pipeline", title=shown),),
    )


def _ends_soon(subject: Subject, within: tuple[float, float] | None, mine: Matcher) -> Slice | None:
    if within is None:
        return None
    seconds, ratio = seconds_and_ratio(f"{subject.name}-running", within)
    return subject.promise(
        "running",
        ratio,
        Freshness(metric=names.ASYNC_RUNNING, selector=(mine,), within_seconds=seconds),
        well="stages end",
        badly="a stage runs on and on",
        plane=FaultPlane.WORKER,
        good=f"looks at which no stage had been running for longer than {spoken(seconds)}.",
        severities=QUIET,
    )
