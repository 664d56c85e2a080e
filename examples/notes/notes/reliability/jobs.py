"""Counts the jobs that run in the background: `rq worker -w notes.reliability.jobs.Worker`."""

from __future__ import annotations

import rq
from parapet.integrations.rq import Measured

from notes.reliability.service import parapet


class Worker(Measured, rq.Worker):
    """A worker of RQ that counts how long jobs wait and run, and how they end."""

    host = parapet
