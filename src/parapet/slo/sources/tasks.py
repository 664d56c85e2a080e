"""The slices of background tasks, over what celery-exporter counts from Celery's events."""

from __future__ import annotations

from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.packs.journeys import seconds_and_ratio
from parapet.slo.slice import EventRatio, LatencyRatio, Selector, Slice, equals, one_of
from parapet.slo.sources.exporters import PYTHON_BOUNDS_SECONDS

EXPORTER = "celery-exporter"


def celery_exporter_slices(
    *,
    runbook: str,
    success: float = 0.99,
    latency: tuple[float, float] | None = None,
    name: str = "tasks",
    queues: tuple[str, ...] = (),
    tasks: tuple[str, ...] = (),
    owner: str = "",
    prefix: str = "celery_",
    job: str | None = EXPORTER,
    bounds_seconds: tuple[float, ...] = PYTHON_BOUNDS_SECONDS,
) -> tuple[Slice, ...]:
    """The slices `<name>-success` and, if *latency* is given, `<name>-latency`, over danihodovic's celery-exporter.

    A task that failed and will be tried again is neither good nor bad yet. Run workers with task events (`-E`).

    Args:
        runbook: a runbook's name or an http(s) address.
        success: share of the tasks that end which must succeed, a ratio.
        latency: (seconds, ratio): this share of the successful runs must take at most that time. Waiting in the
            queue is not in it: the exporter does not know it.
        queues: only these; none: all. *tasks* likewise, by their full names.
        prefix: its `--metric-prefix`.
        job: the scrape job that reads the exporter; None: the service's own.
        bounds_seconds: its `--buckets`.

    Raises:
        ConfigurationError: an objective is no ratio, or the latency threshold is not positive.
    """
    mine: Selector = (
        *((one_of("queue_name", *queues),) if queues else ()),
        *((one_of("name", *tasks),) if tasks else ()),
    )
    done, failed = f"{prefix}task_succeeded_total", f"{prefix}task_failed_total"
    labels = {"name": None, "hostname": None, "queue_name": None}
    ends = Family(
        name=f"{prefix}task",
        labels={**labels, COUNTER_NAME: (done, failed)},
        counters=(done, failed),
        exporter=EXPORTER,
        job=job,
    )
    succeeded = Slice(
        name=f"{name}-success",
        title="Background tasks succeed",
        sli=EventRatio(metric=ends.name, total=mine, bad=(equals(COUNTER_NAME, failed),), source=ends),
        objective=success,
        owner=owner,
        runbook=runbook,
        fault_plane="worker",
        description=f"As {EXPORTER} counts it. Good: tasks that ended well; one that is tried again has not ended.",
    )
    if latency is None:
        return (succeeded,)
    threshold_seconds, ratio = seconds_and_ratio(EXPORTER, latency)
    runtime = f"{prefix}task_runtime"
    times = Family(
        name=runtime,
        labels=labels,
        counters=(f"{runtime}_count",),
        buckets=f"{runtime}_bucket",
        bounds_seconds=bounds_seconds,
        exporter=EXPORTER,
        job=job,
    )
    fast = Slice(
        name=f"{name}-latency",
        title="Background tasks are fast",
        sli=LatencyRatio(metric=runtime, selector=mine, threshold_seconds=threshold_seconds, source=times),
        objective=ratio,
        owner=owner,
        runbook=runbook,
        fault_plane="worker",
        description=f"As {EXPORTER} measures it. Good: successful runs of at most {threshold_seconds:g} s.",
    )
    return (succeeded, fast)
