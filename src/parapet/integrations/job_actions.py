"""Capabilities over the jobs of any library: retry what failed, requeue what is dead, move a part of a backlog away.

Each library has a file of its own that says how its jobs are found and moved: `rq_actions`, `dramatiq_actions`,
`celery_actions`, `procrastinate_actions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypedDict, Unpack

from parapet.core.guard import guarded
from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target, Verify

CHANGED = "It is not as it was seen: another version, or gone."
NOT_DONE = "The queue did not take it: "
MOST_SEEN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """One job, as its library has it now."""

    id: str
    version: str
    """Another one whenever the job was tried again."""
    task: str
    detail: str = ""


class Stuck(Protocol):
    """Jobs that ended badly and are kept: failed, or dead-lettered."""

    @property
    def where(self) -> str:
        """What they are kept in, in words: `the queue mail`."""
        ...

    def found(self, most: int) -> Iterable[FoundJob]:
        """Those that are kept, the oldest first. Reads, and changes nothing."""
        ...

    def again(self, job_id: str) -> bool:
        """Run one again; False: it is not there any more."""
        ...


class Backlog(Protocol):
    """Jobs that wait in one queue, and may be moved to another."""

    @property
    def where(self) -> str:
        """The queue, in words."""
        ...

    def found(self, most: int) -> Iterable[FoundJob]:
        """Those that wait, the oldest first. Reads, and changes nothing."""
        ...

    def move(self, job_id: str, to: str) -> bool:
        """Move one to the queue *to*; False: it does not wait any more."""
        ...


class Limits(TypedDict, total=False):
    """What a host may change of a ready-made capability: see `Capability`."""

    title: str
    permission: str
    max_targets: int
    cooldown_seconds: float
    breaker_limit: int
    typed_from: int | None
    second_person_from: int | None
    verify: Verify | None
    watch_seconds: float


def retry_failed(
    stuck: Stuck,
    *,
    name: str = "retry-failed-jobs",
    tasks: Iterable[str] = (),
    keep: Callable[[FoundJob], str | None] | None = None,
    **limits: Unpack[Limits],
) -> Capability:
    """Run again what failed or is dead-lettered, each once.

    Args:
        tasks: only these; none: all.
        keep: why a job must not run again, such as an order that was refunded; None as an answer: it may.
    """
    wanted = frozenset(tasks)

    def preview(situation: Situation) -> Proposal:
        limit = _limit(situation)
        targets: list[Target] = []
        left_out: list[LeftOut] = []
        for job in stuck.found(MOST_SEEN):
            if wanted and job.task not in wanted:
                continue
            why = keep(job) if keep is not None else None
            if why is not None:
                left_out.append(LeftOut(id=job.id, because=why))
            elif len(targets) < limit:
                targets.append(_target(job))
            else:
                left_out.append(LeftOut(id=job.id, because=f"More than the {limit} asked for.", instead="The next run"))
        return Proposal(
            targets=tuple(targets),
            left_out=tuple(left_out),
            will_do=f"put them back on {stuck.where}, once each",
            warnings=("A job that failed may have done a part of its work: it must be safe to run again.",),
        )

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        return _each(situation, targets, stuck.found(MOST_SEEN), stuck.again)

    return _capability(name, "Retry failed jobs", stuck.where, preview, execute, limits)


def drain_backlog(backlog: Backlog, *, to: str, name: str = "drain-backlog", **limits: Unpack[Limits]) -> Capability:
    """Move the oldest part of a backlog to the queue *to*, where workers are free. Nothing is thrown away."""

    def preview(situation: Situation) -> Proposal:
        limit = _limit(situation)
        seen = list(backlog.found(MOST_SEEN))
        return Proposal(
            targets=tuple(map(_target, seen[:limit])),
            left_out=tuple(LeftOut(id=one.id, because="It waits its turn.") for one in seen[limit:]),
            will_do=f"move them from {backlog.where} to the queue {to}",
            undo="None. They run from the other queue.",
        )

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        return _each(situation, targets, backlog.found(MOST_SEEN), lambda job: backlog.move(job, to))

    return _capability(name, "Drain a part of the backlog", backlog.where, preview, execute, limits)


def _capability(
    name: str,
    title: str,
    where: str,
    preview: Callable[[Situation], Proposal],
    execute: Callable[[Situation, tuple[Target, ...]], Done],
    limits: Limits,
) -> Capability:
    settings: Limits = {"title": title, "max_targets": 50, "cooldown_seconds": 60.0, **limits}
    inputs: Mapping[str, str] = {"limit": "20"}
    return Capability(name=name, noun="job", touches=where, preview=preview, execute=execute, inputs=inputs, **settings)


def _each(
    situation: Situation, targets: tuple[Target, ...], now: Iterable[FoundJob], act: Callable[[str], bool]
) -> Done:
    """Act on each target that is still as it was seen; what is not, or was not taken, is said."""
    versions = {job.id: job.version for job in now}
    failed: dict[str, str] = {}
    for number, one in enumerate(targets):
        situation.progress(number - len(failed), failed=len(failed))
        if versions.get(one.id) != one.version:
            failed[one.id] = CHANGED
            continue
        with guarded("capability.jobs", words=False) as attempt:
            if not act(one.id):
                failed[one.id] = CHANGED
        if attempt.error is not None:
            failed[one.id] = f"{NOT_DONE}{type(attempt.error).__name__}. Look whether it did."
    return Done(failed=failed)


def _limit(situation: Situation) -> int:
    """How many are asked for.

    Raises:
        ValueError: it is no number.
    """
    return max(1, int(situation.inputs.get("limit", "20")))


def _target(job: FoundJob) -> Target:
    return Target(id=job.id, version=job.version, label=f"{job.task} {job.detail}".strip())
