"""Takes note of changes without waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

from parapet.core.clock import Clock
from parapet.core.errors import ConfigurationError
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.model import ChangeKind
from parapet.ops.change import Changes
from parapet.ops.later import LAST_SECONDS, Later

MOST_WAITING = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    kind: ChangeKind
    title: str
    version: str | None
    by: str
    details: JsonObject
    change_id: str | None
    about: str | None
    apart_seconds: float
    occurred_at: datetime


class Teller:
    """`changed(...)` returns at once; what it was told is recorded soon, also when the process ends right after.

    What does not fit into the queue, or cannot be written after some tries, is counted as swallowed at `changes`.
    """

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._later = Later("changes", self._record, MOST_WAITING)

    def changed(
        self,
        kind: str,
        title: str,
        *,
        version: str | None = None,
        by: str = "application",
        details: JsonObject | None = None,
        change_id: str | None = None,
        about: str | None = None,
        apart_seconds: float = inf,
    ) -> None:
        """Something of *kind* (deploy, rollback, flag, config, migration, ai_model, provider) changed now.

        With *about*, such as the name of a flag or of a setting, every process may tell of it: until something else is
        told about it, the same title tells of the same change (`ops.change`).

        Raises:
            ConfigurationError: there is no such kind.
        """
        if kind not in set(ChangeKind):
            raise ConfigurationError(f"There is no change of kind {kind!r}. Known: {', '.join(ChangeKind)}.")
        told = _Told(
            kind=ChangeKind(kind),
            title=title,
            version=version,
            by=by,
            details=details or {},
            change_id=change_id,
            about=about,
            apart_seconds=apart_seconds,
            occurred_at=self._clock.now(),
        )
        self._later.put(told)

    def flush(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until everything told is recorded, at most *seconds*."""
        self._later.flush(seconds)

    def _record(self, told: _Told) -> None:
        self._changes.mark(
            kind=told.kind,
            title=told.title,
            version=told.version,
            actor=Actor(kind=ActorClass.EXTERNAL, name=told.by),
            occurred_at=told.occurred_at,
            details=told.details,
            change_id=told.change_id,
            about=told.about,
            apart_seconds=told.apart_seconds,
        )
