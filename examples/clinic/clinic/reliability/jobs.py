"""Counts the jobs that run in the background."""

from __future__ import annotations

from celery import Celery
from parapet.integrations.celery import instrument

from clinic.reliability.service import parapet


def count_jobs(app: Celery) -> None:
    """How long jobs wait and run, how they end, and what waits in the queues."""
    instrument(app, parapet)
