"""The slices of work that goes through stages. Tried again is not lost; a late answer is no backlog."""

from __future__ import annotations

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import AsyncOutcome, FaultPlane
from parapet.slo.slice import EventRatio, Slice, equals, one_of


def pipeline_slices(
    name: str,
    *,
    completed: float | None = None,
    backlog: float | None = None,
    callbacks: float | None = None,
    title: str | None = None,
    runbook: str | None = None,
    owner: str = "",
) -> tuple[Slice, ...]:
    """The slices of the pipeline *name*; each only if its objective, a ratio, is given.

    Args:
        completed: `<name>-completed`: of the stages that ended, this share succeeded and was not discarded.
        backlog: `<name>-backlog`: at this share of the looks at its queue, nothing waited too long.
        callbacks: `<name>-callbacks`: this share of the answers that it waits for came in time.
        runbook: a runbook's name or an http(s) address; by default `pipeline-<name>`.

    Raises:
        ConfigurationError: an objective is no ratio, or none is given.
    """
    shown = title or name.replace("_", " ").replace("-", " ").capitalize()
    mine = equals(names.INTEGRATION, name)
    good, lost, late = (o.value for o in (AsyncOutcome.SUCCEEDED, AsyncOutcome.DISCARDED, AsyncOutcome.DELAYED))
    wanted = (
        (
            completed,
            "completed",
            f"{shown}: work gets done",
            EventRatio(
                metric=names.ASYNC_STAGE,
                total=(mine, one_of(names.OUTCOME, good, lost)),
                bad=(equals(names.OUTCOME, lost),),
            ),
            FaultPlane.WORKER,
            "Good: stages that succeeded. Bad: discarded for good. What failed and is tried again is neither yet.",
        ),
        (
            backlog,
            "backlog",
            f"{shown}: work does not wait",
            EventRatio(
                metric=names.ASYNC_BACKLOG,
                total=(mine, one_of(names.OUTCOME, good, late)),
                bad=(equals(names.OUTCOME, late),),
            ),
            FaultPlane.BACKLOG,
            "Good: looks at the queue that found nothing waiting too long. Late callbacks are not in it.",
        ),
        (
            callbacks,
            "callbacks",
            f"{shown}: answers come in time",
            EventRatio(
                metric=names.ASYNC_CALLBACK,
                total=(mine, one_of(names.OUTCOME, good, late, lost)),
                bad=(one_of(names.OUTCOME, late, lost),),
            ),
            FaultPlane.WEBHOOK,
            "Good: answers of others that came in time. Work that waits for us is not in it.",
        ),
    )
    slices = tuple(
        Slice(
            name=f"{name}-{suffix}",
            title=title_of,
            sli=sli,
            objective=objective,
            owner=owner,
            runbook=runbook or f"pipeline-{name}",
            fault_plane=plane.value,
            description=description,
        )
        for objective, suffix, title_of, sli, plane, description in wanted
        if objective is not None
    )
    if not slices:
        raise ConfigurationError(f"No objective is given for the pipeline {name!r}. Give completed= or backlog=.")
    return slices
