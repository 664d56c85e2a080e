"""Celery: how long tasks waited and ran, how they ended, and what waits at the broker. Any pool, any broker.

A task is measured around its `run`, which costs less than signals and sees what a base class never does: retries,
`Ignore` and `Reject`. What no child process can tell (it was killed, it ran out of time, its task was revoked) is told
by the worker's main process; what ran when that died, by the next process of those that share a directory. Calling a
task as a function, or eagerly, is no job and is not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, MutableMapping
from functools import wraps
from threading import Lock, local
from time import perf_counter
from weakref import WeakKeyDictionary

from parapet.core import vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.integrations.celery_backlog import Backlog, from_when
from parapet.integrations.jobs import (
    BACKLOG_EVERY_SECONDS,
    MOST_LANES,
    STAMP,
    BacklogWatch,
    Host,
    Jobs,
)
from parapet.integrations.lanes import NO_STAMP, SUCCEEDED, Desk, Lane

try:
    from celery import Celery, Task, bootsteps, current_app, signals
    from celery.app.task import Context
    from celery.app.trace import build_tracer
    from celery.exceptions import Ignore, Reject, Retry, WorkerLostError
    from celery.worker import state as worker_state
    from kombu.utils.imports import symbol_by_name
except ImportError as error:
    raise ConfigurationError("Celery is not installed. Install it, or do not instrument it.") from error

_SEEN = "_parapet_seen"
_INTERNAL = "celery."  # Celery's own tasks, such as the one that polls a chord

_instrumented: WeakKeyDictionary[Celery, _Measure] = WeakKeyDictionary()


def instrument(app: Celery, host: Host, *, backlog_every_seconds: float | None = BACKLOG_EVERY_SECONDS) -> None:
    """Count the jobs of *app* into the recorder of *host*. Doing it again changes nothing.

    Call it where the application is made, so that publishers, workers and their children all do: a publisher stamps
    the time of publication into a message header. Tasks may be defined before or after.

    Args:
        backlog_every_seconds: how often the worker's main process reads the sizes and ages of the queues it serves,
            from a thread of its own; None: never.
    """
    if app in _instrumented:
        return
    accepted = {late: Jobs(host, redelivers=late) for late in (True, False)}
    measure = _instrumented[app] = _Measure(app, Jobs(host), accepted)
    connect = {"weak": False, "dispatch_uid": ("parapet", id(measure))}
    signals.before_task_publish.connect(measure.stamp, **connect)
    signals.worker_process_init.connect(measure.in_child, **connect)
    signals.task_failure.connect(measure.on_task_failure, **connect)
    signals.task_retry.connect(measure.on_task_retry, **connect)
    signals.task_revoked.connect(measure.on_task_revoked, **connect)
    signals.task_unknown.connect(measure.on_task_unknown, **connect)

    class ParapetStep(bootsteps.StartStopStep):
        """In the worker's main process: measures every task before the pool forks, reads the backlog after it did."""

        requires = ("celery.worker.components:Pool",)

        def __init__(self, parent: object, **options: object) -> None:
            super().__init__(parent, **options)
            self.watch: BacklogWatch | None = None
            with guarded("celery.worker"):
                measure.tasks(app, declare=True)

        def start(self, parent: object) -> None:
            if backlog_every_seconds is not None:
                with guarded("celery.worker"):
                    self.watch = BacklogWatch(measure.jobs, Backlog(app, measure.queue).read, backlog_every_seconds)
                    self.watch.start()

        def stop(self, parent: object) -> None:
            with guarded("celery.worker"):
                if self.watch is not None:
                    self.watch.stop()

        terminate = stop

    app.steps["worker"].add(ParapetStep)


def backlog(app: Celery, host: Host, *, every_seconds: float = BACKLOG_EVERY_SECONDS) -> BacklogWatch:
    """A watch over the queues that *app* knows, for a process that is no worker and so outlives the workers.

    It reads once `start()` is called.
    """
    return BacklogWatch(Jobs(host), Backlog(app, None).read, every_seconds)


class _Told(local):
    """What the code further up the stack wants to hear from a signal, or tells it."""

    state: JobState | None = None
    seconds: float = 0.0

    def begin(self, seconds: float) -> None:
        """From now on: a task that ran for *seconds*, of which nothing was said yet."""
        self.state, self.seconds = None, seconds

    def end(self) -> JobState | None:
        """What was said since; forgets it."""
        state = self.state
        self.begin(0.0)
        return state


class _Measure:
    """What is counted for one application.

    Args:
        accepted: by whether a task is acknowledged late, and so delivered again: what follows who runs.
    """

    def __init__(self, app: Celery, jobs: Jobs, accepted: Mapping[bool, Jobs]) -> None:
        self.app = app
        self.jobs = jobs
        self._accepted = accepted
        self._lock = Lock()
        self.told = _Told()
        self._queues: dict[tuple[str, str], str] | None = None

    def tasks(self, app: Celery, *, declare: bool) -> list[Task]:
        """Measure every task of *app* that is not measured yet; returns them."""
        fresh: list[Task] = []
        for name, task in list(app.tasks.items()):
            if name.startswith(_INTERNAL) or _SEEN in vars(task):
                continue
            with guarded("celery.task"):
                setattr(task, _SEEN, True)
                task.run = _measured(task, self)
                task.Request = type("ParapetRequest", (_Request, symbol_by_name(task.Request)), {"measure": self})
                fresh.append(task)
                if declare:
                    self.jobs.declare(name, self._route(name))
        return fresh

    def lane(self, task: str, request: Context) -> Lane:
        """The series of a request, as Celery shows it to tasks and signals."""
        return self.jobs.lane(task, self.queue(request.delivery_info))

    def accepted(self, task: Task, delivery: object) -> Desk:
        """Main process: the pool has begun a task."""
        lane = self._accepted[bool(task.acks_late)].lane(task.name, self.queue(delivery))
        with self._lock:  # some pools begin it on one thread and end it on another
            return lane.began(NO_STAMP, perf_counter())

    def gone(self, desk: Desk) -> None:
        """Main process: a task that was accepted has ended; how, its own process has counted."""
        with self._lock:
            desk.leave()

    def queue(self, delivery: object) -> str:
        """The queue's name, from what the broker said about a delivery."""
        if not isinstance(delivery, dict):
            return vocabulary.OTHER
        exchange, key = delivery.get("exchange") or "", delivery.get("routing_key") or ""
        if self._queues is None:
            self._queues = {
                ((queue.exchange.name if queue.exchange else "") or "", queue.routing_key or name): name
                for name, queue in self.app.amqp.queues.items()
            }
        return self._queues.get((exchange, key)) or key or vocabulary.OTHER

    def _route(self, task: str) -> str:
        queue = self.app.amqp.router.route({}, task).get("queue")
        return str(getattr(queue, "name", queue) or self.app.conf.task_default_queue)

    # Signal receivers take what they need by name and let the rest pass.

    def stamp(self, headers: MutableMapping[str, object] | None = None, **_: object) -> None:
        """Publisher: when this message was published. Replaces the stamp that a retry takes along."""
        with guarded("celery.publish"):
            now = self.jobs.now()
            if headers is not None and now == now:
                headers[STAMP] = now

    def in_child(self, **_: object) -> None:
        """A pool process starts. A forked one has everything.

        A spawned one works with a copy of the application, and has prepared its tasks without us.
        """
        with guarded("celery.child"):
            app = current_app._get_current_object()
            if app is self.app or app.main == self.app.main:
                for task in self.tasks(app, declare=False):
                    task.__trace__ = build_tracer(task.name, task, app.loader, app=app)

    def on_task_failure(self, sender: Task = None, exception: object = None, **_: object) -> None:
        """Main process: a task whose worker was lost will not run again."""
        if isinstance(exception, WorkerLostError):
            self.told.state = JobState.FAILED

    def on_task_retry(self, **_: object) -> None:
        """Main process: a task whose worker was lost was published again. (In a child, nobody listens.)"""
        self.told.state = JobState.RETRIED

    def on_task_revoked(self, sender: Task = None, request: Context = None, expired: bool = False, **_: object) -> None:
        """Main process: somebody revoked a task, or it waited for longer than it was worth."""
        with guarded("celery.revoked"):
            if sender.app is self.app:
                state = JobState.DISCARDED if expired else JobState.REVOKED
                self.lane(sender.name, request).told(state, self.told.seconds)

    def on_task_unknown(self, sender: object = None, message: object = None, **_: object) -> None:
        """Main process: a message names a task that does not exist here; Celery throws it away."""
        with guarded("celery.unknown"):
            if getattr(sender, "app", None) is self.app:
                queue = self.queue(getattr(message, "delivery_info", None))
                self.jobs.lane(vocabulary.OTHER, queue).told(JobState.DISCARDED, 0.0)


def _measured(task: Task, measure: _Measure) -> Callable[..., object]:
    run, name, stack = task.run, task.name, task.request_stack
    lanes: dict[tuple[object, object], Lane] = {}  # by exchange and routing key, which are the host's own

    def first(request: Context) -> Lane | None:
        with guarded("celery.start"):
            lane = measure.lane(name, request)
            if len(lanes) < MOST_LANES:
                lanes[request.delivery_info["exchange"], request.delivery_info["routing_key"]] = lane
            return lane
        return None

    # The guard is left to the first request of its kind: after it nothing here is foreign but the request's fields.
    @wraps(run)
    def measured(*args: object, **kwargs: object) -> object:
        request = stack.top
        seen = {} if request is None else request.__dict__
        # Called as a function, eagerly, or from within itself: no job of its own.
        if seen.get("called_directly", True) or seen.get("is_eager") or _SEEN in seen:
            return run(*args, **kwargs)
        seen[_SEEN] = True
        lane: Lane | None = None
        ours: Desk | None = None
        try:
            delivery = seen["delivery_info"]
            lane = lanes[delivery["exchange"], delivery["routing_key"]]
        except (LookupError, TypeError):
            lane = first(request)
        state: JobState | None = None
        started = perf_counter()
        if lane is not None:
            published = seen.get(STAMP)
            if seen.get("eta"):
                published = from_when(published, seen["eta"])
            ours = lane.began(published, started)
            started = perf_counter()
        try:
            value = run(*args, **kwargs)
            state = SUCCEEDED
            return value
        finally:
            ended = perf_counter()
            if lane is not None and ours is not None:
                if state is SUCCEEDED:
                    lane.succeeded(ours, started, ended)
                elif (state := _state_of(sys.exc_info()[1])) is not None:
                    lane.ended(ours, state, ended - started)

    return measured


def _state_of(error: BaseException | None) -> JobState | None:
    """How a task ended that raised *error*; None: the process ends with it, and the main process will tell."""
    if isinstance(error, Retry):
        return JobState.RETRIED
    if isinstance(error, Reject):
        return JobState.RETRIED if error.requeue else JobState.DISCARDED
    if isinstance(error, Ignore):
        return JobState.DISCARDED
    return JobState.FAILED if isinstance(error, Exception) else None


class _Request:
    """Mixed into the requests of the worker's main process, which alone learns how a child ended that tells nothing."""

    measure: _Measure
    _parapet_desk: Desk | None = None

    def __init_subclass__(cls, **options: object) -> None:
        """Celery makes a class for each task, and its `on_success` asks no other."""
        super().__init_subclass__(**options)
        on_success = vars(cls).get("on_success")
        if on_success is not None:

            @wraps(on_success)
            def succeeding(self: _Request, *args: object, **kwargs: object) -> object:
                try:
                    return on_success(self, *args, **kwargs)
                finally:
                    self._parapet_ended()

            cls.on_success = succeeding  # type: ignore[attr-defined]

    def on_accepted(self, *args: object) -> object:
        with guarded("celery.accepted"):
            self._parapet_desk = self.measure.accepted(self.task, self.delivery_info)  # type: ignore[attr-defined]
        return super().on_accepted(*args)  # type: ignore[misc]

    def _parapet_ended(self) -> None:
        desk, self._parapet_desk = self._parapet_desk, None
        if desk is not None:
            with guarded("celery.ended"):
                self.measure.gone(desk)

    def on_failure(self, exc_info: object, *args: object, **kwargs: object) -> object:
        told, seconds = self.measure.told, self._ran()
        told.begin(seconds)
        try:
            return super().on_failure(exc_info, *args, **kwargs)  # type: ignore[misc]  # of Celery's request
        finally:
            self._parapet_ended()
            error = getattr(exc_info, "exception", None)
            error = getattr(error, "exc", error)
            state = told.end()
            if state is not None and isinstance(error, WorkerLostError | SystemExit | KeyboardInterrupt):
                with guarded("celery.lost"):
                    lane = self._lane()
                    lane.told(state, seconds)
                    lane.lost()

    def reject(self, requeue: bool = False) -> object:
        if requeue:
            self.measure.told.state = JobState.RETRIED
        return super().reject(requeue)  # type: ignore[misc]

    def terminate(self, *args: object, **kwargs: object) -> object:
        told = self.measure.told
        told.begin(self._ran())
        try:
            return super().terminate(*args, **kwargs)  # type: ignore[misc]
        finally:
            told.end()

    def on_timeout(self, soft: bool, timeout: float) -> object:
        with guarded("celery.timeout"):
            if not soft and not worker_state.should_terminate:  # a soft one raises inside the task
                task = self.task  # type: ignore[attr-defined]
                again = task.acks_late and not task.acks_on_timeout
                self._lane().told(JobState.RETRIED if again else JobState.FAILED, float(timeout))
        if not soft:
            self._parapet_ended()
        return super().on_timeout(soft, timeout)  # type: ignore[misc]

    def _ran(self) -> float:
        with guarded("celery.ran"):
            started = getattr(self, "time_start", None)
            ran = self.measure.jobs.now() - started if started else 0.0
            return max(0.0, ran) if ran == ran else 0.0
        return 0.0

    def _lane(self) -> Lane:
        measure = self.measure
        return measure.jobs.lane(self.task.name, measure.queue(self.delivery_info))  # type: ignore[attr-defined]
