"""One slice of every kind that promtool can be fed with, and some of them by groups."""

from __future__ import annotations

from parapet.core import names
from parapet.slo.burn import HOUR
from parapet.slo.family import counter, gauge
from parapet.slo.selector import equals, none_of, one_of
from parapet.slo.sli import EventRatio, Freshness, JobOutcome, LastSuccess, LatencyRatio, ProbeRuns, Raw, Sli
from parapet.slo.slice import Slice

UPLOADS = counter("uploads_total", {"status": ("ok", "error", "cancelled"), "region": None})
BROKEN = counter("broken_uploads_total", {"region": None})
BACKUP = gauge("backup_last_success_timestamp_seconds", {"disk": None}, job="backups")
ROUTES = EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "5xx"),))
RAW = Raw(
    bad='sum by (region) (increase(raw_total{job="shop",code=~"5.."}[$window]))',
    total='sum by (region) (increase(raw_total{job="shop"}[$window]))',
    bad_example='raw_total{job="shop",code="500",region="eu"}',
    good_example='raw_total{job="shop",code="200",region="eu"}',
)

SLIS: dict[str, tuple[Sli, tuple[str, ...]]] = {
    "bad-of-total": (ROUTES, ()),
    "by-route": (ROUTES, (names.ROUTE,)),
    "good-of-total": (EventRatio(metric="uploads_total", good=(equals("status", "ok"),), source=UPLOADS), ()),
    "good-by-region": (
        EventRatio(
            metric="uploads_total",
            total=(none_of("status", "cancelled"),),
            good=(equals("status", "ok"),),
            source=UPLOADS,
        ),
        ("region",),
    ),
    "two-counters": (EventRatio(metric="uploads_total", source=UPLOADS, bad_source=BROKEN), ("region",)),
    "latency": (LatencyRatio(metric=names.DB_DURATION, threshold_seconds=0.25), (names.OPERATION,)),
    "job-wait": (LatencyRatio(metric=names.JOB_WAIT, threshold_seconds=60), (names.QUEUE,)),
    "freshness": (Freshness(metric=names.DELIVERY_WEBHOOK, within_seconds=300), (names.PROVIDER,)),
    "jobs": (JobOutcome(selector=(one_of(names.QUEUE, "mail"),)), (names.TASK,)),
    "probe": (ProbeRuns(probe="home"), ()),
    "nightly": (LastSuccess(selector=(equals(names.TASK, "nightly"),), within_seconds=2 * HOUR), ()),
    "backups": (LastSuccess(metric=BACKUP.name, within_seconds=600, source=BACKUP), ("disk",)),
    "raw": (RAW, ("region",)),
}


def slice_of(name: str, objective: float = 0.99) -> Slice:
    """The slice of that kind."""
    sli, groups = SLIS[name]
    return Slice(
        name=name,
        title=name.capitalize(),
        sli=sli,
        group_by=groups,
        objective=objective,
        runbook="https://runbooks.example/kinds",
    )
