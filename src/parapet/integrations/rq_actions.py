"""RQ: failed jobs of a queue, and the backlog of one, for `job_actions`."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.core.errors import ConfigurationError
from parapet.integrations.job_actions import FoundJob

try:
    from rq import Queue
    from rq.exceptions import InvalidJobOperation, NoSuchJobError
    from rq.job import Job
    from rq.registry import FailedJobRegistry
except ImportError as error:
    raise ConfigurationError("RQ is not installed. Install it, or leave its capabilities out.") from error


class RqFailed:
    """The failed jobs of *queue*."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._registry = FailedJobRegistry(queue=queue)
        self.where = f"the queue {queue.name}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that are kept, the oldest failure first."""
        kept = _jobs(self._queue, self._registry.get_job_ids(0, most - 1))
        for job in sorted(kept, key=lambda job: f"{job.ended_at}"):
            yield FoundJob(
                id=job.id, version=f"{job.ended_at:%Y%m%dT%H%M%S.%f}" if job.ended_at else "", task=_task(job)
            )

    def again(self, job_id: str) -> bool:
        """Put it back on its queue."""
        try:
            self._registry.requeue(job_id)
        except (InvalidJobOperation, NoSuchJobError):
            return False
        return True


class RqBacklog:
    """The jobs that wait in *queue*."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.where = f"the queue {queue.name}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that wait, the oldest first."""
        for job in _jobs(self._queue, self._queue.get_job_ids(0, most)):
            yield FoundJob(id=job.id, version=f"{job.enqueued_at}", task=_task(job))

    def move(self, job_id: str, to: str) -> bool:
        """Take it out of this queue and put it into the other; a worker may be faster."""
        connection = self._queue.connection
        if not connection.lrem(self._queue.key, 1, job_id):
            return False
        Queue(to, connection=connection).enqueue_job(Job.fetch(job_id, connection=connection))
        return True


def _jobs(queue: Queue, ids: list[str]) -> list[Job]:
    return [job for job in Job.fetch_many(ids, connection=queue.connection) if job is not None]


def _task(job: Job) -> str:
    return job.func_name or ""
