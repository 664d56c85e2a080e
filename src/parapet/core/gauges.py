"""Which families are gauges, and what becomes of them where several processes of one service have values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from parapet.core import names


class Across(StrEnum):
    """What becomes of a gauge's values in several processes of one service."""

    SUM = "sum"  # each process has its own, such as connections: added up over those alive
    MAX = "max"  # each process sees the same thing, such as a queue: the largest of those alive
    LATEST = "latest"  # a moment in epoch seconds: the latest of all, dead ones included


GAUGES: Mapping[str, Across] = MappingProxyType(
    {
        names.DB_POOL_CONNECTIONS: Across.SUM,
        names.CHANGE_LAST: Across.LATEST,
        names.HEARTBEAT: Across.LATEST,
        names.NODE: Across.LATEST,
        names.MAINTENANCE_UNTIL: Across.MAX,
        names.RELEASE: Across.LATEST,
        names.JOB_RUNNING: Across.SUM,
        names.JOB_LAST_SUCCESS: Across.LATEST,
        names.JOB_BACKLOG_AGE: Across.MAX,
        names.JOB_BACKLOG_SIZE: Across.MAX,
        names.WORKER_BEAT: Across.LATEST,
        names.WORKER_ITEMS: Across.MAX,
        names.WORKER_LAG: Across.MAX,
    }
)
"""Gauge family -> what becomes of it across processes. Who is neither here nor above is a counter."""

LEVELS = frozenset({names.JOB_RUNNING})
"""Gauges that go up when something begins and down when it ends; what a dead process left up was lost with it."""
