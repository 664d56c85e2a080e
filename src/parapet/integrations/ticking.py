"""Has what the host already runs do what is due: Celery beat, Procrastinate's periodic tasks, APScheduler.

Each calls `parapet.tick()` regularly; how often, and from how many places, changes nothing but how soon things happen.
Cron needs no code: `* * * * * parapet worker --once --app shop.reliability:parapet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from parapet.core.errors import ConfigurationError

if TYPE_CHECKING:  # whoever calls one of these has its library
    from apscheduler.schedulers.base import BaseScheduler
    from celery import Celery
    from procrastinate import App

TASK = "parapet.tick"


class Ticks(Protocol):
    """Does what is due; a Parapet."""

    def tick(self) -> object:
        """Do everything that is due now, once."""
        ...


def by_celery_beat(app: Celery, parapet: Ticks, *, every_seconds: float = 15.0, queue: str | None = None) -> None:
    """Have the beat of the Celery application *app* send a task, which a worker of *queue* runs.

    One that was not begun before the next comes is dropped: it would do the same.

    Raises:
        ConfigurationError: the interval is not positive.
    """
    seconds = _positive(every_seconds)

    def tick() -> None:
        _tick(parapet)

    app.task(name=TASK, ignore_result=True, shared=False)(tick)  # of this application, and of no other in the process
    options = {"expires": seconds} | ({} if queue is None else {"queue": queue})
    schedule = {**(app.conf.beat_schedule or {}), TASK: {"task": TASK, "schedule": seconds, "options": options}}
    app.conf.beat_schedule = schedule


def by_procrastinate(app: App, parapet: Ticks, *, cron: str = "* * * * *", queue: str = "default") -> None:
    """Have the workers of the Procrastinate application *app* run a task by *cron*, whose sixth field may be seconds.

    It waits for nobody: while one waits or runs, another is not begun.
    """

    def tick(timestamp: int) -> None:
        _tick(parapet)

    task = app.task(name=TASK, queue=queue, lock=TASK, pass_context=False)(tick)
    app.periodic(cron=cron)(task)


def by_apscheduler(scheduler: BaseScheduler, parapet: Ticks, *, every_seconds: float = 15.0) -> None:
    """Have an APScheduler 3 *scheduler* do it; runs that were missed are one.

    Raises:
        ConfigurationError: the interval is not positive.
    """
    seconds = _positive(every_seconds)
    scheduler.add_job(
        _tick,
        "interval",
        args=[parapet],
        seconds=seconds,
        id=TASK,
        coalesce=True,
        max_instances=1,
        replace_existing=True,
    )


def _tick(parapet: Ticks) -> None:
    parapet.tick()


def _positive(every_seconds: float) -> float:
    if every_seconds <= 0:
        raise ConfigurationError(f"every_seconds is {every_seconds}; it must be more than 0.")
    return every_seconds
