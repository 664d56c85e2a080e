"""Work that goes through stages and other people's callbacks. Tried again is not lost; a late answer is no backlog."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import AsyncOutcome, FaultPlane
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import Subject, kept, title_of
from parapet.slo.selector import equals, one_of
from parapet.slo.sli import EventRatio

DONE, LOST, LATE = (outcome.value for outcome in (AsyncOutcome.SUCCEEDED, AsyncOutcome.DISCARDED, AsyncOutcome.DELAYED))


def media_pipeline_pack(
    pipeline: str,
    *,
    completed: float | None = 0.99,
    queue: float | None = 0.99,
    answers: float | None = 0.95,
    name: str | None = None,
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Work gets done, does not wait, and is answered in time: for what `parapet.pipeline(pipeline, ...)` counts.

    Args:
        completed: `<name>-completed`: of the stages that ended, this share succeeded and was not given up. What is
            tried again is neither. 99 % = 7.2 hours in 30 days, or 1 in 100.
        queue: `<name>-queue`: at this share of the looks at its queue, nothing waits longer than the pipeline's
            `late_after_seconds`. 99 % = 7.2 hours in 30 days, or 1 in 100.
        answers: `<name>-answers`: this share of the provider's callbacks comes within `late_after_seconds`. None, if
            nobody calls back. 95 % = 36 hours in 30 days, or 1 in 20.
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
                EventRatio(
                    metric=names.ASYNC_STAGE,
                    total=(mine, one_of(names.OUTCOME, DONE, LOST)),
                    bad=(equals(names.OUTCOME, LOST),),
                ),
                well="work gets done",
                badly="work is lost",
                plane=FaultPlane.WORKER,
                good="stages that succeeded. Bad: given up for good. What failed and is tried again is neither.",
            ),
            subject.promise(
                "queue",
                queue,
                EventRatio(
                    metric=names.ASYNC_BACKLOG,
                    total=(mine, one_of(names.OUTCOME, DONE, LATE)),
                    bad=(equals(names.OUTCOME, LATE),),
                ),
                well="work does not wait",
                badly="work waits too long",
                plane=FaultPlane.BACKLOG,
                good="looks at the queue that found nothing waiting too long. Late callbacks are not in it.",
            ),
            subject.promise(
                "answers",
                answers,
                EventRatio(
                    metric=names.ASYNC_CALLBACK,
                    total=(mine, one_of(names.OUTCOME, DONE, LATE, LOST)),
                    bad=(one_of(names.OUTCOME, LATE, LOST),),
                ),
                well="answers come in time",
                badly="answers are late",
                plane=FaultPlane.WEBHOOK,
                good="answers of others that came in time. Work that waits for us is not in it.",
            ),
        ),
        guides=(Guide(name=f"media-pipeline-{called}", playbook="media-pipeline", title=shown),),
    )
