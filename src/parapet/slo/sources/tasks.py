"""Background tasks, over what celery-exporter counts from Celery's events."""

from __future__ import annotations

from parapet.core.vocabulary import FaultPlane
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import Subject, kept, seconds_and_ratio
from parapet.slo.selector import Selector, equals, one_of
from parapet.slo.sli import EventRatio, LatencyRatio
from parapet.slo.sources.exporters import PYTHON_BOUNDS_SECONDS

EXPORTER = "celery-exporter"


def celery_exporter_pack(
    *,
    success: float | None = 0.99,
    latency: tuple[float, float] | None = None,
    name: str = "jobs",
    title: str = "Background jobs",
    queues: tuple[str, ...] = (),
    tasks: tuple[str, ...] = (),
    owner: str = "",
    runbook: str | None = None,
    prefix: str = "celery_",
    job: str | None = EXPORTER,
    bounds_seconds: tuple[float, ...] = PYTHON_BOUNDS_SECONDS,
) -> Pack:
    """Background tasks succeed and, if *latency* is given, are fast, over what danihodovic's celery-exporter counts.

    It promises of an exporter's numbers what `jobs_pack` promises of Parapet's own: adopt one of the two.

    It is the one that is shipped as a container image and a Helm chart; what an index of Python packages calls
    celery-exporter is another program, with other metrics. A task that failed and will be tried again is neither good
    nor bad yet, and one that was revoked or rejected is neither. Run workers with task events (`-E`). It forgets the
    counters of a worker that was away for ten minutes (`--purge-offline-worker-metrics`): 0 keeps them.

    Args:
        success: `<name>-success`: share of the tasks that end which must succeed.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        latency: `<name>-latency`: (seconds, ratio): this share of the successful runs must take at most that time.
            Waiting in the queue is not in it: the exporter does not know it.
        queues: only these; none: all. *tasks* likewise, by their full names.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.
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
    subject = Subject(name=name, title=title, owner=owner, runbook=runbook or name)
    succeeded = subject.promise(
        "success",
        success,
        EventRatio(metric=ends.name, total=mine, bad=(equals(COUNTER_NAME, failed),), source=ends),
        well="they succeed",
        badly="they fail",
        plane=FaultPlane.WORKER,
        good=f"tasks that ended well, as {EXPORTER} counts them; one that is tried again has not ended.",
    )
    fast = None
    if latency is not None:
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
        fast = subject.promise(
            "latency",
            ratio,
            LatencyRatio(metric=runtime, selector=mine, threshold_seconds=threshold_seconds, source=times),
            well="they are fast",
            badly="they are too slow",
            plane=FaultPlane.WORKER,
            good=f"successful runs of at most {threshold_seconds:g} s, as {EXPORTER} measures them.",
        )
    return Pack(
        name=f"celery_exporter_pack({'' if name == 'jobs' else repr(name)})",
        slices=kept(succeeded, fast),
        guides=(Guide(name=name, playbook="jobs", title=title),),
    )
