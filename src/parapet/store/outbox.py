"""The outbox: announcements to be delivered, written in the commit that caused them, claimed by lease."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, exists, func, or_, select, true, update

from parapet.core.part import Part, Place
from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.model import Announcement
from parapet.store.bulk import add_rows
from parapet.store.keyset import Keyset
from parapet.store.rows import row_of
from parapet.store.schema import outbox as table

CALLS = frozenset({Announcement.ESCALATED, Announcement.CALLED})
"""Announcements that call somebody: nothing that a channel has still to tell holds them up."""
NEWEST = Keyset(table.c.id, latest=True)
_CALLS = table.c.announcement.in_(sorted(CALLS))


class OutboxState(StrEnum):
    """What became of a notification."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up
    WITHHELD = "withheld"  # not told, for the reason that stands there


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One announcement to one channel."""

    id: str
    dedupe_key: str
    """Two announcements of the same thing to the same channel are one."""
    incident_id: IncidentId
    channel: str
    announcement: Announcement
    message: JsonObject
    state: OutboxState = OutboxState.WAITING
    attempts: int = 0
    created_at: datetime
    due_at: datetime
    lease_owner: str | None = None
    leased_until: datetime | None = None
    last_error: str | None = None
    delivered_at: datetime | None = None
    recipient: str | None = None
    """Whom in particular, as the channel calls them; None: whoever reads the channel."""
    person: str | None = None
    """The same, as people call them."""
    why: str | None = None
    """Why they are told, in words; None: the announcement says it."""
    said: str | None = None
    """What the channel did, in its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How an attempt ended."""

    id: str
    state: OutboxState
    due_at: datetime
    """When it is tried again, if it waits."""
    error: str | None
    said: str | None


class OutboxRows:
    """The outbox, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_all(self, notifications: Sequence[Notification]) -> None:
        """Keep notifications.

        Raises:
            Conflict: the same announcement to the same channel as one of them exists.
        """
        add_rows(self._connection, table, [row_of(one) for one in notifications])

    def due_channels(self, now: datetime) -> list[str]:
        """The channels that have notifications to be delivered."""
        return sorted(self._connection.execute(select(table.c.channel).where(is_due(now)).distinct()).scalars())

    def calling_channels(self, now: datetime) -> set[str]:
        """Those of them that have calls to be made."""
        return set(self._connection.execute(select(table.c.channel).where(is_due(now), _CALLS).distinct()).scalars())

    def due(self, now: datetime, limit: int, *, channel: str | None = None) -> list[str]:
        """Notifications to be delivered, whose lease nobody holds; those that waited longest first."""
        wanted = select(table.c.id).where(is_due(now)).order_by(table.c.due_at, table.c.id).limit(limit)
        if channel is not None:
            wanted = wanted.where(table.c.channel == channel)
        return list(self._connection.execute(wanted).scalars())

    def is_due(self, channel: str, now: datetime) -> bool:
        """Whether anything is to be delivered to *channel*."""
        return bool(self.due(now, 1, channel=channel))

    def claim_due(
        self, channel: str, *, owner: str, now: datetime, until: datetime, limit: int, calls: bool = False
    ) -> list[Notification]:
        """Take the leases of what is due for *channel*, those that waited longest first; nobody else gets them.

        *calls*: only of calls, whatever waited longer.
        """
        free = select(table.c.id).where(is_due(now), table.c.channel == channel, _CALLS if calls else true())
        free = free.order_by(table.c.due_at, table.c.id).limit(limit).with_for_update(skip_locked=True)
        claimed = self._connection.execute(
            update(table)
            .where(table.c.id.in_(free.scalar_subquery()), _open_for(now))
            .values(lease_owner=owner, leased_until=until, attempts=table.c.attempts + 1)
            .returning(table)
        ).mappings()
        return sorted(map(_notification, claimed), key=lambda one: (one.due_at, one.id))

    def release(self, numbers: Collection[str], *, owner: str) -> None:
        """Give leases back of what was not begun: it was no attempt."""
        if numbers:
            self._connection.execute(
                update(table)
                .where(table.c.id.in_(numbers), table.c.lease_owner == owner)
                .values(lease_owner=None, leased_until=None, attempts=table.c.attempts - 1)
            )

    def settle_all(self, settled: Sequence[Settled], *, owner: str, now: datetime) -> set[str]:
        """Say how attempts ended and give the leases back; those of which the lease was not lost meanwhile."""
        alike: dict[tuple[OutboxState, datetime, str | None, str | None], list[str]] = {}
        for one in settled:
            alike.setdefault((one.state, one.due_at, one.error, one.said), []).append(one.id)
        kept: set[str] = set()
        for (state, due_at, error, said), numbers in alike.items():
            mine = update(table).where(
                table.c.id.in_(numbers), table.c.lease_owner == owner, table.c.state == OutboxState.WAITING.value
            )
            done = mine.values(
                state=state.value,
                lease_owner=None,
                leased_until=None,
                due_at=due_at,
                last_error=error,
                said=said,
                delivered_at=now if state is OutboxState.DELIVERED else None,
            ).returning(table.c.id)
            kept.update(self._connection.execute(done).scalars())
        return kept

    def hold(self, channel: str, *, until: datetime, why: str, but: Sequence[str], now: datetime) -> None:
        """Let nothing that waits for *channel* be told before *until*, but announcements of *but*; it says why."""
        waits = update(table).where(
            table.c.channel == channel,
            table.c.state == OutboxState.WAITING.value,
            table.c.due_at <= until,
            _open_for(now),
        )
        self._connection.execute(waits.where(table.c.announcement.not_in(but)).values(due_at=until, said=why))

    def held_until(self, channel: str, why: str, now: datetime) -> datetime | None:
        """Until when *channel* is left alone for that reason; None: it is not."""
        until: datetime | None = self._connection.execute(
            select(func.max(table.c.due_at)).where(
                table.c.channel == channel,
                table.c.state == OutboxState.WAITING.value,
                table.c.due_at > now,
                table.c.said == why,
            )
        ).scalar_one()
        return until

    def sent_at(self, channel: str, since: datetime, limit: int) -> list[datetime]:
        """When messages were sent to *channel*, the latest ones; those of one digest are one."""
        wanted = (
            select(table.c.delivered_at)
            .where(table.c.delivered_at > since, table.c.channel == channel)
            .distinct()
            .order_by(table.c.delivered_at.desc())
            .limit(limit)
        )
        return list(self._connection.execute(wanted).scalars())

    def of(self, incident_id: IncidentId) -> tuple[Notification, ...]:
        """The notifications about an incident, oldest first."""
        rows = self._connection.execute(
            select(table).where(table.c.incident_id == incident_id).order_by(table.c.created_at, table.c.id)
        ).mappings()
        return tuple(map(_notification, rows))

    def get(self, number: str) -> Notification | None:
        """One notification, by its id."""
        row = self._connection.execute(select(table).where(table.c.id == number)).mappings().first()
        return None if row is None else _notification(row)

    def page(
        self,
        *,
        incident_id: IncidentId | None = None,
        state: OutboxState | None = None,
        before: Place | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Part[Notification]:
        """Notifications, newest first: their ids sort by the time they were made; those older, or newer, than one.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(table)
        if incident_id is not None:
            wanted = wanted.where(table.c.incident_id == incident_id)
        if state is not None:
            wanted = wanted.where(table.c.state == state.value)
        return NEWEST.page(self._connection, wanted, _notification, limit=limit, behind=before, ahead=after)

    def count(self, state: OutboxState, since: datetime | None = None) -> int:
        """How many notifications are in *state*; *since*: of those made from then on."""
        return self._connection.execute(counted(state, since)).scalar_one()

    def failing(self) -> int:
        """How many wait whose last attempt failed."""
        return self._connection.execute(counted_failing()).scalar_one()

    def last_delivered_at(self) -> datetime | None:
        """When the newest delivery succeeded."""
        return self._connection.execute(last_delivered()).scalar_one()


def counted(state: OutboxState, since: datetime | None = None) -> Select[int]:
    """Asks how many notifications are in *state*; *since*: of those made from then on."""
    wanted = select(func.count()).select_from(table).where(table.c.state == state.value)
    return wanted if since is None else wanted.where(table.c.created_at >= since)


def counted_failing() -> Select[int]:
    """Asks how many wait whose last attempt failed."""
    return counted(OutboxState.WAITING).where(table.c.last_error.is_not(None))


def last_delivered() -> Select[datetime | None]:
    """Asks when the newest delivery succeeded."""
    return select(func.max(table.c.delivered_at))


def is_due(now: datetime) -> ColumnElement[bool]:
    """Due, leased by nobody, and nothing older waits that the channel has to tell of the incident; calls go first."""
    older = table.alias("older")
    waits = exists().where(
        older.c.incident_id == table.c.incident_id,
        older.c.channel == table.c.channel,
        older.c.created_at < table.c.created_at,
        older.c.state == OutboxState.WAITING.value,
    )
    return and_(_open_for(now), table.c.due_at <= now, or_(_CALLS, ~waits))


def _open_for(now: datetime) -> ColumnElement[bool]:
    """Waiting, and leased by nobody."""
    free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    return and_(table.c.state == OutboxState.WAITING.value, free)


def _notification(row: RowMapping) -> Notification:
    values = dict(row)
    values["announcement"] = Announcement(row["announcement"])
    values["state"] = OutboxState(row["state"])
    return Notification(**values)
