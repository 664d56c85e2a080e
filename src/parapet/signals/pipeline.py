"""Work that goes through stages, queues and other people's callbacks. Three families, so that trouble in one of them
never reads as trouble in another: a stage that will be tried again, work that waits, an answer that has not come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType

from parapet.core import contract, names, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import AsyncOutcome, FaultPlane, RetryState
from parapet.signals import delays
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs
from parapet.signals.running import Running
from parapet.signals.series import finite

NO_PROVIDER = "none"
LATE_AFTER_SECONDS = 300.0

_STAGE_PLANES: Mapping[AsyncOutcome, FaultPlane] = {
    AsyncOutcome.STARTED: FaultPlane.NONE,
    AsyncOutcome.SUCCEEDED: FaultPlane.NONE,
    AsyncOutcome.RETRYABLE_FAILED: FaultPlane.WORKER,
    AsyncOutcome.DISCARDED: FaultPlane.WORKER,
    AsyncOutcome.DELAYED: FaultPlane.BACKLOG,
}
_PLANE_OF = {outcome.value: plane.value for outcome, plane in _STAGE_PLANES.items()}
_WORKER = FaultPlane.WORKER.value
_USUAL = (
    (AsyncOutcome.STARTED, RetryState.FIRST_ATTEMPT),
    (AsyncOutcome.STARTED, RetryState.RETRYING),
    (AsyncOutcome.SUCCEEDED, RetryState.FIRST_ATTEMPT),
    (AsyncOutcome.SUCCEEDED, RetryState.RETRYING),
    (AsyncOutcome.RETRYABLE_FAILED, RetryState.FIRST_ATTEMPT),
    (AsyncOutcome.RETRYABLE_FAILED, RetryState.RETRYING),
    (AsyncOutcome.DISCARDED, RetryState.EXHAUSTED),
)


class Pipeline:
    """One pipeline, such as video uploads: its stages, its queue, and the provider that calls back, if one does.

    Recording never raises.

    Args:
        stages: in their order: work begins in the first, and has got through when the last succeeded.
        late_after_seconds: work that has waited longer, or a callback that is later, counts as delayed.

    Raises:
        ConfigurationError: a name cannot be used, there are more of them than the ceilings allow, or there is no stage.
    """

    __slots__ = (
        "_mine",
        "_recorder",
        "_refs",
        "_runs",
        "integration",
        "late_after_seconds",
        "provider",
        "queue",
        "stages",
    )

    def __init__(
        self,
        recorder: Recorder,
        refs: Refs,
        integration: str,
        *,
        stages: Iterable[str],
        queue: str,
        provider: str = NO_PROVIDER,
        late_after_seconds: float = LATE_AFTER_SECONDS,
    ) -> None:
        self.stages = tuple(stages)
        if not self.stages:
            raise ConfigurationError(f"Pipeline {integration!r} has no stages. Name at least one.")
        if late_after_seconds not in vocabulary.DELAY_BOUNDS_SECONDS:
            bounds = ", ".join(f"{bound:g}" for bound in vocabulary.DELAY_BOUNDS_SECONDS)
            raise ConfigurationError(f"late_after_seconds is {late_after_seconds}; expected one of {bounds}.")
        recorder.register_values(names.INTEGRATION, (integration,))
        recorder.register_values(names.PROVIDER, (provider,))
        recorder.register_values(names.QUEUE, (queue,))
        recorder.register_values(names.PIPELINE_STAGE, self.stages)
        self.integration = integration
        self.provider = provider
        self.queue = queue
        self.late_after_seconds = late_after_seconds
        self._mine = (integration, provider, queue)
        self._recorder = recorder
        self._refs = refs
        self._runs = Running()
        self._declare()
        recorder.collect_at_scrape(self._look)

    def stage(
        self,
        stage: str,
        outcome: AsyncOutcome | str,
        *,
        attempt: int | None = None,
        max_attempts: int | None = None,
        retry_state: RetryState | str | None = None,
        fault_plane: FaultPlane | str | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count how *stage* moved. What failed and is tried again is `retryable_failed`; what is lost, `discarded`.

        Args:
            attempt: which try it was, from 1; gives the retry state unless *retry_state* does.
            max_attempts: how many tries there are.
        """
        metric = names.ASYNC_STAGE
        with guarded("signals.pipeline"):
            ended = delays.text_of(outcome)
            state = retry_state_of(ended, attempt, max_attempts) if retry_state is None else delays.text_of(retry_state)
            if ended == AsyncOutcome.RETRYABLE_FAILED and state == RetryState.EXHAUSTED:
                self._recorder.reject(contract.SIGNALS[metric], names.RETRY_STATE)  # what is tried again is not lost
                state = RetryState.RETRYING.value
            usual = _PLANE_OF.get(ended, _WORKER)
            plane = usual if fault_plane is None else delays.text_of(fault_plane)
            at = delays.text_of(stage)
            self._count(metric, (*self._mine, at, ended, state, plane), refs)
            if self._moves_work(at, ended, state):
                self._recorder.add(names.ASYNC_WORK, (*self._mine, ended))

    def _moves_work(self, stage: str, outcome: str, state: str) -> bool:
        """Whether a piece of work begins in the first stage, got through the last one, or is given up in any."""
        if outcome == AsyncOutcome.STARTED:
            return stage == self.stages[0] and state == RetryState.FIRST_ATTEMPT
        return outcome == AsyncOutcome.DISCARDED or (outcome == AsyncOutcome.SUCCEEDED and stage == self.stages[-1])

    def run(
        self,
        stage: str,
        *,
        attempt: int = 1,
        max_attempts: int | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> StageRun:
        """A context manager around one try of *stage*: started, then how it ended.

        If it raises, it is tried again (*max_attempts* None, or not reached), or discarded.
        """
        return StageRun(self, stage, attempt, max_attempts, refs)

    def running(self, stage: str, oldest_seconds: float, *, refs: Mapping[str, object] | None = None) -> None:
        """Count a look at *stage*, whose oldest run has taken *oldest_seconds* so far; 0 if none runs.

        For runs that begin and end in different places; look regularly. What `run` surrounds is looked at by itself.
        """
        metric = names.ASYNC_RUNNING
        with guarded("signals.pipeline"):
            if finite(oldest_seconds) is None:
                self._recorder.reject(contract.SIGNALS[metric], names.DELAY_BUCKET)
            self._count(metric, (*self._mine, delays.text_of(stage), delays.bucket_of(oldest_seconds)), refs)

    def backlog(
        self,
        oldest_seconds: float,
        *,
        fault_plane: FaultPlane | str | None = None,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count a look at the queue, whose oldest work has waited *oldest_seconds*; 0 if nothing waits.

        It succeeded if that is no longer than `late_after_seconds`, else it is delayed. Look regularly.
        """
        self._late(names.ASYNC_BACKLOG, (), oldest_seconds, FaultPlane.BACKLOG, fault_plane, refs)

    def callback(
        self,
        stage: str,
        delay_seconds: float,
        *,
        fault_plane: FaultPlane | str | None = None,
        discarded: bool = False,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count an answer that *stage* waits for, and that came, or is still missing, after *delay_seconds*.

        Args:
            discarded: nobody waits for it any more.
        """
        plane = FaultPlane.WEBHOOK
        self._late(names.ASYNC_CALLBACK, (stage,), delay_seconds, plane, fault_plane, refs, discarded=discarded)

    def _late(
        self,
        metric: str,
        stage: tuple[str, ...],
        delay_seconds: object,
        usual: FaultPlane,
        fault_plane: object,
        refs: Mapping[str, object] | None,
        *,
        discarded: bool = False,
    ) -> None:
        with guarded("signals.pipeline"):
            seconds = finite(delay_seconds)
            late = seconds is not None and seconds >= self.late_after_seconds
            if seconds is None:
                self._recorder.reject(contract.SIGNALS[metric], names.DELAY_BUCKET)
            outcome: str = AsyncOutcome.DELAYED if late else AsyncOutcome.SUCCEEDED
            if seconds is None:
                outcome = vocabulary.OTHER
            if discarded:
                outcome = AsyncOutcome.DISCARDED
            plane = usual if late or discarded else FaultPlane.NONE
            where = plane.value if fault_plane is None else delays.text_of(fault_plane)
            stages = tuple(map(delays.text_of, stage))
            self._count(metric, (*self._mine, *stages, outcome, delays.bucket_of(seconds), where), refs)

    def _look(self, recorder: Recorder) -> None:
        for stage, seconds in self._runs.oldest().items():
            self.running(stage, seconds)

    def _count(self, metric: str, values: tuple[str, ...], refs: Mapping[str, object] | None) -> None:
        self._recorder.add(metric, values)
        if refs:
            fields = dict(zip(vocabulary.LABELS[metric], values, strict=True))
            self._refs.offer(contract.SIGNALS[metric], fields, refs)

    def _declare(self) -> None:
        for outcome in (AsyncOutcome.STARTED, AsyncOutcome.SUCCEEDED, AsyncOutcome.DISCARDED):
            self._recorder.declare(names.ASYNC_WORK, (*self._mine, outcome.value))
        for stage in self.stages:
            for outcome, state in _USUAL:
                self._recorder.declare(names.ASYNC_STAGE, (*self._mine, stage, outcome, state, _STAGE_PLANES[outcome]))
        beyond = vocabulary.delay_buckets_beyond(self.late_after_seconds)
        for delay in delays.BUCKETS:
            outcome = AsyncOutcome.DELAYED if delay in beyond else AsyncOutcome.SUCCEEDED
            queued = FaultPlane.BACKLOG if delay in beyond else FaultPlane.NONE
            self._recorder.declare(names.ASYNC_BACKLOG, (*self._mine, outcome, delay, queued))
            called = FaultPlane.WEBHOOK if delay in beyond else FaultPlane.NONE
            for stage in self.stages:
                self._recorder.declare(names.ASYNC_RUNNING, (*self._mine, stage, delay))
            for stage in self.stages if self.provider != NO_PROVIDER else ():
                self._recorder.declare(names.ASYNC_CALLBACK, (*self._mine, stage, outcome, delay, called))


class StageRun:
    """One try of a stage. Lets every exception through."""

    __slots__ = ("_attempt", "_max_attempts", "_outcome", "_pipeline", "_refs", "_stage")

    def __init__(
        self, pipeline: Pipeline, stage: str, attempt: int, max_attempts: int | None, refs: Mapping[str, object] | None
    ) -> None:
        self._pipeline = pipeline
        self._stage = stage
        self._attempt = attempt
        self._max_attempts = max_attempts
        self._refs = refs
        self._outcome: AsyncOutcome | None = None

    def discard(self) -> None:
        """Give it up: it is lost unless somebody acts, whether or not something is raised."""
        self._outcome = AsyncOutcome.DISCARDED

    def retry(self) -> None:
        """It did not work and will be tried again, although nothing was raised."""
        self._outcome = AsyncOutcome.RETRYABLE_FAILED

    def __enter__(self) -> StageRun:
        with guarded("signals.pipeline"):
            self._pipeline._runs.begin(self._stage, self)
        self._tell(AsyncOutcome.STARTED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = self._outcome or AsyncOutcome.SUCCEEDED
        if self._outcome is None and error is not None:
            with guarded("signals.pipeline"):
                last = self._max_attempts is not None and self._attempt >= self._max_attempts
                # An interruption is no end of the work: whoever stops a worker starts another.
                lost = last and isinstance(error, Exception)
                outcome = AsyncOutcome.DISCARDED if lost else AsyncOutcome.RETRYABLE_FAILED
        with guarded("signals.pipeline"):
            self._pipeline._runs.end(self._stage, self)
        self._tell(outcome)

    async def __aenter__(self) -> StageRun:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _tell(self, outcome: AsyncOutcome) -> None:
        self._pipeline.stage(
            self._stage, outcome, attempt=self._attempt, max_attempts=self._max_attempts, refs=self._refs
        )


def retry_state_of(outcome: str, attempt: object, max_attempts: object) -> str:
    """Which try it was. Only what was discarded can have exhausted its tries."""
    tried = attempt if isinstance(attempt, int) else None
    last = tried is None or (isinstance(max_attempts, int) and tried >= max_attempts)
    if outcome == AsyncOutcome.DISCARDED and last:
        return RetryState.EXHAUSTED.value
    return (RetryState.FIRST_ATTEMPT if tried is None or tried <= 1 else RetryState.RETRYING).value
