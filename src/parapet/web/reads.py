"""What the pages need of the host's Parapet, as protocols: the doors know values and verbs, never how they are made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from parapet.core.clock import Clock
from parapet.core.settings import Secrets, Wiring
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents import document
from parapet.incidents.changes import Near
from parapet.incidents.gist import Gist, Leaf, Selection
from parapet.incidents.items import ActionItem
from parapet.incidents.model import Change, ChangeKind, Entry, Episode, Incident
from parapet.incidents.past import Past
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.sightings import Objects
from parapet.incidents.triage import Triage
from parapet.lessons.retrospective import Retrospective
from parapet.response.document import Notification as Notification
from parapet.response.escalation import Escalation
from parapet.response.runbook import Runbook
from parapet.signals.exposition import Scrape
from parapet.slo.catalog import Catalog
from parapet.web.acts import Acts
from parapet.web.course import Course
from parapet.web.read_calls import Escalations, Looks, Maintenances, Notices


class JourneyCard(Protocol):
    """One promise, as Prometheus knows it now."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def slice(self) -> str: ...
    @property
    def journey(self) -> str | None: ...
    @property
    def state(self) -> str:
        """A value of `slo.state.JourneyState`."""

    @property
    def good_ratio(self) -> float | None: ...
    @property
    def total(self) -> float | None: ...
    @property
    def failed(self) -> float | None: ...
    @property
    def objective(self) -> float: ...
    @property
    def burn(self) -> float | None: ...
    @property
    def budget_left_ratio(self) -> float | None: ...
    @property
    def budget_left_minutes(self) -> float | None: ...
    @property
    def budget_minutes(self) -> float: ...
    @property
    def exhaustion_seconds(self) -> float | None: ...
    @property
    def spark(self) -> tuple[float | None, ...]: ...
    @property
    def budget_spark(self) -> tuple[float | None, ...]: ...
    @property
    def note(self) -> str: ...


class Sky(Protocol):
    """Every promise now, and whether that can be known."""

    @property
    def readings(self) -> Sequence[JourneyCard]: ...
    @property
    def heard_at(self) -> datetime | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def spark_seconds(self) -> float: ...
    @property
    def budget_seconds(self) -> float: ...


class QueuePage(Protocol):
    """A stretch of the queue."""

    @property
    def incidents(self) -> Sequence[Incident]: ...
    @property
    def counts(self) -> Mapping[str, int]:
        """Incidents by scope: open, unowned, mine, resolved; MOST_COUNTED may be more."""

    @property
    def next(self) -> str | None:
        """Where the next stretch begins; None at the end."""


class IncidentFile(Protocol):
    """Everything kept about one incident but its chronology."""

    @property
    def incident(self) -> Incident: ...
    @property
    def gist(self) -> Gist: ...
    @property
    def episodes(self) -> Sequence[Episode]: ...
    @property
    def near_changes(self) -> Sequence[Near]: ...
    @property
    def triage(self) -> Triage: ...
    @property
    def notifications(self) -> Sequence[Notification]: ...
    @property
    def past(self) -> Past: ...
    @property
    def items(self) -> Sequence[ActionItem]: ...
    @property
    def objects(self) -> Objects | None: ...
    @property
    def escalation(self) -> Escalation | None: ...


class Trust(Protocol):
    """Whether the loop itself works."""

    @property
    def inbox_waiting(self) -> int: ...
    @property
    def inbox_failing(self) -> int: ...
    @property
    def inbox_rejected_24h(self) -> int: ...
    @property
    def last_received_at(self) -> datetime | None: ...
    @property
    def outbox_waiting(self) -> int: ...
    @property
    def outbox_dead(self) -> int: ...
    @property
    def last_delivered_at(self) -> datetime | None: ...
    @property
    def worker_seen_at(self) -> datetime | None: ...


class Stored(Protocol):
    """One body that is safe, and not taken in yet."""

    @property
    def id(self) -> int: ...


class Receipt(Protocol):
    """What became of one body."""

    @property
    def inbox_id(self) -> int: ...
    @property
    def incident_ids(self) -> Collection[IncidentId]: ...
    @property
    def reports(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def error(self) -> str | None: ...


class Look(Protocol):
    """Reads for pages."""

    def queue(
        self,
        scope: str = ...,
        *,
        owner: str | None = ...,
        search: str | None = ...,
        limit: int = ...,
        before: str | None = ...,
    ) -> QueuePage: ...
    def incident(self, incident_id: IncidentId, /) -> IncidentFile: ...
    def standing(self, incident_id: IncidentId, /) -> Incident: ...
    def chronology(self, incident_id: IncidentId, /, *, after: int = ..., limit: int = ...) -> Sequence[Entry]: ...
    def leaf(self, incident_id: IncidentId, selection: Selection, /, *, start: int | None = ...) -> Leaf: ...
    def retrospective(self, incident_id: IncidentId, /) -> Retrospective | None: ...
    def changes(self, limit: int = ...) -> Sequence[Change]: ...
    def began_at(self) -> datetime | None: ...
    def trust(self) -> Trust: ...
    def revision(self) -> str: ...
    def find(self, service: str, slice: str, /) -> IncidentId | None: ...  # noqa: A002
    def latest(self, service: str, slice: str, /) -> Incident | None: ...  # noqa: A002


class Operator(Protocol):
    """What a person may do to an incident."""

    def acknowledge(self, incident_id: IncidentId, /, *, actor: Actor, reason: str, version: int) -> Incident: ...
    def note(self, incident_id: IncidentId, /, *, actor: Actor, text: str, version: int) -> Incident: ...
    def resolve(self, incident_id: IncidentId, /, *, actor: Actor, reason: str, version: int) -> Incident: ...
    def reopen(self, incident_id: IncidentId, /, *, actor: Actor, reason: str, version: int) -> Incident: ...
    def release(self, incident_id: IncidentId, /, *, actor: Actor, reason: str, version: int) -> Incident: ...
    def hand_over(
        self, incident_id: IncidentId, /, *, to: str, actor: Actor, reason: str, version: int
    ) -> Incident: ...
    def set_severity(
        self, incident_id: IncidentId, /, *, severity: Severity, actor: Actor, reason: str, version: int
    ) -> Incident: ...
    def merge(
        self, incident_id: IncidentId, /, *, into: IncidentId, actor: Actor, reason: str, version: int
    ) -> Incident: ...
    def split(
        self,
        incident_id: IncidentId,
        /,
        *,
        fingerprints: Collection[str],
        title: str,
        actor: Actor,
        reason: str,
        version: int,
    ) -> Incident: ...
    def declare(
        self,
        *,
        title: str,
        severity: Severity,
        actor: Actor,
        reason: str,
        slice_name: str | None = ...,
        started_at: datetime | None = ...,
    ) -> Incident: ...
    def once(self, key: str, digest: str, /) -> Operator: ...


class Body(document.Body, Protocol):
    """A body of the inbox, with what is in it."""

    @property
    def body(self) -> bytes: ...
    @property
    def whole(self) -> bool: ...


class Bodies(Protocol):
    """What a person may do with bodies."""

    def page(self, shelf: str = ..., *, before: int | None = ..., limit: int = ...) -> Sequence[document.Body]: ...
    def counts(self) -> Mapping[str, int]: ...
    def get(self, number: int, /) -> Body: ...
    def replay(self, number: int, /, *, actor: Actor) -> Receipt: ...
    def drop(self, number: int, /, *, actor: Actor, reason: str) -> document.Body: ...


class Audit(Protocol):
    """Proves the evidence."""

    def verify(self, incident_id: IncidentId | None = ..., /) -> document.Verified: ...
    def redact(self, incident_id: IncidentId, seq: int, /, *, actor: Actor, reason: str, version: int) -> Incident: ...
    def log(
        self, *, target: str | None = ..., actor: str | None = ..., before: int | None = ..., limit: int = ...
    ) -> list[JsonObject]: ...


class Inbox(Protocol):
    """Where alerts are handed in."""

    def store(self, handed: Sequence[tuple[str, bytes]], /) -> Sequence[Stored]: ...
    def take_in(self, stored: Sequence[Any], /) -> Sequence[Receipt]: ...


class Changes(Protocol):
    """Where changes to the system are recorded."""

    def mark(
        self,
        *,
        kind: ChangeKind,
        title: str | None = ...,
        version: str | None = ...,
        occurred_at: datetime | None = ...,
        actor: Actor,
        url: str | None = ...,
        change_id: str | None = ...,
    ) -> Change: ...


class ItemPage(Protocol):
    """A stretch of the action items."""

    @property
    def items(self) -> Sequence[ActionItem]: ...
    @property
    def open(self) -> int: ...
    @property
    def next(self) -> str | None:
        """Where the next stretch begins; None at the end."""


class ActionItems(Protocol):
    """Exact objects that somebody must look after."""

    def open(
        self,
        kind: str,
        object_id: str,
        /,
        *,
        title: str,
        incident_id: IncidentId | None = ...,
        slice_name: str | None = ...,
        url: str | None = ...,
        by: Actor,
    ) -> ActionItem: ...
    def get(self, number: int, /) -> ActionItem: ...
    def page(self, state: str = ..., *, limit: int = ..., before: str | None = ...) -> ItemPage: ...
    def resolve(self, number: int, /, *, actor: Actor, reason: str, version: int) -> ActionItem: ...
    def dismiss(self, number: int, /, *, actor: Actor, reason: str, version: int) -> ActionItem: ...


class Observatory(Protocol):
    """Asks Prometheus."""

    def journeys(self) -> Sky: ...
    def course(self, slice_name: str, /) -> Course: ...


class Exposes(Protocol):
    """Answers scrapes."""

    def expose(self, *, accept: str | None = ..., accept_encoding: str | None = ...) -> Scrape: ...


class Counts(Protocol):
    """Counts what happens."""

    def add(self, metric: str, values: tuple[str, ...], amount: float = ..., /) -> None: ...


class Measured(Protocol):
    """What /metrics needs of a Parapet."""

    @property
    def secrets(self) -> Secrets: ...
    @property
    def recorder(self) -> Exposes: ...


class App(Acts, Protocol):
    """What the workbench needs of a Parapet; `parapet.app.Parapet` is one."""

    @property
    def service(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def wiring(self) -> Wiring: ...
    @property
    def incidents(self) -> IncidentPolicy: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def runbooks(self) -> Collection[Runbook]: ...
    @property
    def look(self) -> Look: ...
    @property
    def operator(self) -> Operator: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def bodies(self) -> Bodies: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def recorder(self) -> Counts: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def action_items(self) -> ActionItems: ...
    @property
    def escalations(self) -> Escalations: ...
    @property
    def looks(self) -> Looks: ...
    @property
    def maintenances(self) -> Maintenances: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def observe(self) -> Observatory: ...
