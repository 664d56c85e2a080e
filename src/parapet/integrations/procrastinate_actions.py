"""Procrastinate: failed jobs, and the backlog of a queue, for `job_actions`. The app's connector must be a sync one."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError
from parapet.integrations.job_actions import FoundJob

try:
    from procrastinate import App
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status
except ImportError as error:
    raise ConfigurationError("Procrastinate is not installed. Install it, or leave its capabilities out.") from error

_MOVE = """UPDATE procrastinate_jobs SET queue_name = %(to)s
WHERE id = %(id)s AND queue_name = %(queue)s AND status = 'todo' RETURNING id"""


class ProcrastinateFailed:
    """The failed jobs, of *queue* or of all."""

    def __init__(self, app: App, queue: str | None = None, *, clock: Clock | None = None) -> None:
        self._app = app
        self._queue = queue
        self._clock: Clock = clock or SystemClock()
        self.where = f"the queue {queue}" if queue is not None else "their queues"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that failed, the oldest first."""
        jobs = sorted(
            self._app.job_manager.list_jobs(queue=self._queue, status=Status.FAILED.value), key=lambda job: job.id or 0
        )
        for job in jobs[:most]:
            yield FoundJob(id=f"{job.id}", version=f"{job.attempts}", task=job.task_name, detail=f"in {job.queue}")

    def again(self, job_id: str) -> bool:
        """Make it due now; it is refused if it does not wait to be retried any more."""
        if not any(job.status == Status.FAILED.value for job in self._app.job_manager.list_jobs(id=int(job_id))):
            return False
        try:
            self._app.job_manager.retry_job_by_id(int(job_id), retry_at=self._clock.now())
        except ConnectorException:
            return False
        return True


class ProcrastinateBacklog:
    """The jobs that wait in *queue*."""

    def __init__(self, app: App, queue: str) -> None:
        self._app = app
        self._queue = queue
        self.where = f"the queue {queue}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that wait, the oldest first."""
        jobs = self._app.job_manager.list_jobs(queue=self._queue, status=Status.TODO.value)
        for job in sorted(jobs, key=lambda job: job.id or 0)[:most]:
            yield FoundJob(id=f"{job.id}", version=f"{job.attempts}", task=job.task_name)

    def move(self, job_id: str, to: str) -> bool:
        """Let workers of the other queue take it; one of this queue may be faster."""
        moved = self._app.connector.get_sync_connector().execute_query_all(
            _MOVE, id=int(job_id), queue=self._queue, to=to
        )
        return bool(moved)
