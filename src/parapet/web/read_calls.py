"""What the pages need of those verbs that call and tell people, as protocols. Part of `reads.App`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from parapet.core.types import Actor, IncidentId
from parapet.incidents.model import Incident
from parapet.response.document import Notification, OnCall
from parapet.response.escalation import Escalation, EscalationPolicy
from parapet.response.looks import Looked
from parapet.response.maintenance import PlannedMaintenance


class Escalations(Protocol):
    """Calls people."""

    @property
    def policies(self) -> Sequence[EscalationPolicy]: ...
    def of(self, incident_id: IncidentId, /) -> Escalation | None: ...
    def page(self, *, limit: int = ..., before: int | None = ...) -> Sequence[tuple[Incident, Escalation]]: ...
    def next_now(
        self, incident_id: IncidentId, /, *, actor: Actor, reason: str, place: str | None = ...
    ) -> Escalation: ...
    def once(self, key: str, digest: str, /) -> Escalations: ...
    def suppress(self, incident_id: IncidentId, /, *, actor: Actor, reason: str, seconds: float) -> Escalation: ...
    def resume(self, incident_id: IncidentId, /, *, actor: Actor, reason: str) -> Escalation: ...
    def on_call(self) -> Sequence[OnCall]: ...


class Looks(Protocol):
    """Keeps who looked at what."""

    @property
    def kept(self) -> bool: ...
    def looked(self, incident_id: IncidentId, actor: Actor, /) -> None: ...
    def of(self, incident_id: IncidentId, /) -> Sequence[Looked]: ...


class Maintenances(Protocol):
    """Lets nothing count for a while."""

    def plan(
        self, what: str, /, *, end: datetime, actor: Actor, reason: str, start: datetime | None = ...
    ) -> PlannedMaintenance: ...
    def end(self, number: int, /, *, actor: Actor, reason: str) -> PlannedMaintenance: ...
    def live(self) -> Sequence[PlannedMaintenance]: ...
    def page(self, *, limit: int = ..., before: int | None = ...) -> Sequence[PlannedMaintenance]: ...


class Notices(Protocol):
    """Who was told."""

    @property
    def channels(self) -> Collection[str]: ...
    def log(
        self,
        *,
        incident_id: IncidentId | None = ...,
        state: str | None = ...,
        before: str | None = ...,
        limit: int = ...,
    ) -> Sequence[Notification]: ...
