"""Reads for pages and scripts: values, in one short transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.core.errors import NotFound
from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.incidents.changes import Near, Told, told_of
from parapet.incidents.firings import Alerts
from parapet.incidents.gist import Gist, Leaf, Selection, gist_of
from parapet.incidents.items import ActionItem
from parapet.incidents.model import Change, Entry, Episode, Incident
from parapet.incidents.past import REMEMBERED, Past, recall
from parapet.incidents.sightings import Objects
from parapet.incidents.triage import MOST_COUNTED_BESIDE, Triage, triage
from parapet.lessons.retrospective import Retrospective, from_json
from parapet.ops.context import Context, existing, numbered
from parapet.ops.leaves import chronicle
from parapet.ops.sightings import about_object, objects_near
from parapet.ops.work import HEARTBEAT_PREFIX
from parapet.response.escalation import Escalation
from parapet.store import inbox, outbox
from parapet.store.inbox import Shelf
from parapet.store.outbox import Notification, OutboxState
from parapet.store.queue import Scope, counts, stretch
from parapet.store.records import last_beat
from parapet.store.store import Transaction

DAY_SECONDS = 86_400.0
BESIDE_SECONDS = 900.0
"""Incidents that began this much before or after another may have one cause."""
MOST_SAID = 10
"""Of what people said about the last incident; of some of it the words may have been taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """A page of the queue."""

    incidents: tuple[Incident, ...]
    counts: Mapping[str, int]
    """Incidents by scope: open, unowned, mine, resolved; MOST_COUNTED may be more."""
    next: Place | None
    """What to ask for to get the page after it; None at the end."""
    previous: Place | None
    """And the page before it; None at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFile:
    """Everything kept about one incident, but of its chronology and its alerts, which may be many, what a page says."""

    incident: Incident
    gist: Gist
    alerts: Alerts
    near_changes: tuple[Near, ...]
    """Oldest first."""
    triage: Triage
    notifications: tuple[Notification, ...]
    past: Past
    """The same trouble before."""
    items: tuple[ActionItem, ...]
    """Action items of it, and the open ones of its slice: open ones first."""
    objects: Objects | None
    """What went wrong near onset, by exact object; None: it is about nothing that carries identifiers."""
    escalation: Escalation | None = None
    """How calling people stands; None: no policy was for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """A page of changes, newest first."""

    changes: tuple[Told, ...]
    next: Place | None
    """What to ask for to get the page after it; None at the end."""
    previous: Place | None
    """And the page before it; None at the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether the loop itself works."""

    inbox_waiting: int
    inbox_failing: int
    """Of those that wait: taken in at least once, and it failed."""
    inbox_rejected_24h: int
    last_received_at: datetime | None
    outbox_waiting: int
    outbox_failing: int
    """Of those that wait: tried at least once, and it failed."""
    outbox_dead_24h: int
    last_delivered_at: datetime | None
    worker_seen_at: datetime | None


class Look:
    """The reads, bound to one service's evidence. Every one raises EvidenceUnavailable when there is no answer."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def together(self) -> AbstractContextManager[None]:
        """Within the block all reads of this thread see the evidence as it was at the first of them."""
        return self._context.store.together()

    def queue(
        self,
        scope: str = Scope.OPEN,
        *,
        owner: str | None = None,
        search: str | None = None,
        limit: int = 50,
        before: Place | None = None,
        after: Place | None = None,
    ) -> QueuePage:
        """A page of incidents. An unknown scope shows the open ones.

        *before*: what stands behind a place, as `next` tells it; *after*: what stands ahead of one, as `previous` does.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        wanted = Scope(scope) if scope in set(Scope) else Scope.OPEN
        with self._context.store.read() as tx:
            also = about_object(self._context, tx, search or "", now=self._context.clock.now())
            page = stretch(tx, wanted, owner=owner, search=search, limit=limit, before=before, after=after, also=also)
            numbers = counts(tx, owner)
        return QueuePage(incidents=page.rows, counts=numbers, next=page.next, previous=page.previous)

    def incident(self, incident_id: IncidentId) -> IncidentFile:
        """Everything about one incident but its chronology.

        Raises:
            NotFound: there is no such incident.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return self._file(tx, existing(tx, incident_id), tx.entries.gist(incident_id))

    def opened(
        self, incident_id: IncidentId, selection: Selection, *, start: int | None = None
    ) -> tuple[IncidentFile, Leaf]:
        """The same, and of the entries that *selection* holds as many as a page shows.

        They are those from the entry *start* on; without one, the beginning and the end.

        Raises:
            NotFound: there is no such incident.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            incident = existing(tx, incident_id)
            gist, leaf = chronicle(tx, incident_id, selection, start=start)
            return self._file(tx, incident, gist), leaf

    def whole(self, incident_id: IncidentId) -> tuple[IncidentFile, tuple[Entry, ...], tuple[Episode, ...]]:
        """The same, and its whole chronology in the order in which it was written, and every firing behind it.

        Raises:
            NotFound: there is no such incident.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            incident, entries = existing(tx, incident_id), tx.entries.of(incident_id)
            gist = gist_of(sorted(entries, key=lambda one: (one.occurred_at, one.seq)))
            return self._file(tx, incident, gist), entries, tx.episodes.of(incident_id)

    def standing(self, incident_id: IncidentId) -> Incident:
        """One incident as it stands, and nothing about it.

        Raises:
            NotFound: there is no such incident.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return existing(tx, incident_id)

    def chronology(self, incident_id: IncidentId, *, after: int = 0, limit: int | None = None) -> tuple[Entry, ...]:
        """The entries of an incident behind the entry *after*, in the order in which they were written.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.entries.of(incident_id, after=after, limit=limit)

    def chronology_page(
        self, incident_id: IncidentId, *, after: Place | None = None, before: Place | None = None, limit: int = 50
    ) -> Part[Entry]:
        """A page of them: what was written behind an entry, or ahead of it.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.entries.page(incident_id, after=after, before=before, limit=limit)

    def selected(self, incident_id: IncidentId, selection: Selection) -> tuple[Entry, ...]:
        """The entries of an incident that *selection* holds, in the order in which they happened.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.entries.selected(incident_id, selection)

    def episodes(self, incident_id: IncidentId) -> tuple[Episode, ...]:
        """Every firing of every alert behind an incident, oldest first.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.episodes.of(incident_id)

    def retrospective(self, incident_id: IncidentId) -> Retrospective:
        """What was composed when an incident was resolved.

        Raises:
            NotFound: there is no such incident, or it is not over.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            incident, kept = existing(tx, incident_id), tx.retrospectives.latest(incident_id)
        if kept is None:
            raise NotFound(f"{incident.ref} has no retrospective yet: it is composed when the incident is resolved.")
        return from_json(kept)

    def changes(self, limit: int = 50) -> tuple[Change, ...]:
        """The latest changes, newest first.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.changes.newest(self._context.service, limit).rows

    def change_page(self, limit: int = 50, *, before: Place | None = None, after: Place | None = None) -> ChangePage:
        """A page of changes, newest first, each with the incidents near it and its seconds from their onset.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        policy, now = self._context.policy, self._context.clock.now()
        with self._context.store.read() as tx:
            changes = tx.changes.newest(self._context.service, limit, before=before, after=after)
            if not changes:
                return ChangePage(changes=(), next=None, previous=None)
            first = min(one.occurred_at for one in changes) - timedelta(seconds=policy.change_lookahead_seconds)
            last = max(one.occurred_at for one in changes) + timedelta(seconds=policy.change_lookback_seconds)
            incidents = tx.incidents.touching(self._context.service, first, last)
        told = tuple(told_of(one, incidents, policy=policy, now=now) for one in changes)
        return ChangePage(changes=told, next=changes.next, previous=changes.previous)

    def trust(self) -> Trust:
        """Whether the loop itself works.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        since = self._context.clock.now() - timedelta(seconds=DAY_SECONDS)
        with self._context.store.read() as tx:
            wanted = {
                "inbox_waiting": inbox.counted(Shelf.WAITING),
                "inbox_failing": inbox.counted(Shelf.FAILING),
                "inbox_rejected_24h": inbox.counted(Shelf.REJECTED, since),
                "last_received_at": inbox.last_received(),
                "outbox_waiting": outbox.counted(OutboxState.WAITING),
                "outbox_failing": outbox.counted_failing(),
                "outbox_dead_24h": outbox.counted(OutboxState.DEAD, since),
                "last_delivered_at": outbox.last_delivered(),
                "worker_seen_at": last_beat(HEARTBEAT_PREFIX),
            }
            return Trust(**dict(zip(wanted, tx.at_once(*wanted.values()), strict=True)))

    def began_at(self) -> datetime | None:
        """Since when anything is written down here, a verb or a body that came; None: nothing ever was.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            began = (tx.audit.began_at(), tx.inbox.first_received_at())
            return min((one for one in began if one is not None), default=None)

    def revision(self) -> str:
        """A word that is another one after every verb and every delivery: what open pages wait for.

        Two look-ups at the end of an index, whatever the evidence holds. Repeats of an alert do not change it.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            delivered = tx.outbox.last_delivered_at()
            return f"{tx.audit.newest():x}.{int(delivered.timestamp() * 1000) if delivered else 0:x}"

    def find(self, service: str, slice_name: str) -> IncidentId | None:
        """The newest incident of a slice, unresolved ones first; None if there never was one.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        found = self.latest(service, slice_name)
        return None if found is None else found.id

    def latest(self, service: str, slice_name: str) -> Incident | None:
        """The same, as it stands.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.incidents.find(service, slice_name)

    def _file(self, tx: Transaction, incident: Incident, gist: Gist) -> IncidentFile:
        incident_id = numbered(incident)
        alerts, now = tx.episodes.alerts(incident_id), self._context.clock.now()
        near = self._context.near_changes(tx, incident, now=now)
        past = self._past(tx, incident)
        beside = tx.incidents.beside(incident, BESIDE_SECONDS, MOST_COUNTED_BESIDE + 1)
        promise = (
            self._context.promises.get(incident.slice or "") if incident.service == self._context.service else None
        )
        calls = tx.escalations.of(incident_id)
        return IncidentFile(
            incident=incident,
            gist=gist,
            alerts=alerts,
            near_changes=near,
            triage=triage(incident, near, alerts, gist, promise=promise, past=past, beside=beside),
            notifications=tx.outbox.of(incident_id),
            past=past,
            items=tuple(tx.items.of(incident_id, incident.service, incident.slice)),
            objects=objects_near(self._context, tx, incident, promise, now=now),
            escalation=None if calls is None else calls.escalation,
        )

    def _past(self, tx: Transaction, incident: Incident) -> Past:
        found = tx.incidents.before(incident, incident.started_at - REMEMBERED)
        if found is None:
            return Past()
        last, count = found
        return recall(last, count, tx.entries.said(numbered(last), MOST_SAID))
