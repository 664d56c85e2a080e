"""Writes down what an escalation decided: how it stands, whom it calls by which channel, and why. One transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core.ids import Ids
from parapet.core.types import PARAPET, Actor, IncidentId, Json, JsonObject
from parapet.incidents.model import Announcement, EntryKind, Incident, NewEntry
from parapet.notify.message import Message
from parapet.response.escalation import Called, Move, Target, TargetKind
from parapet.response.roster import Roster
from parapet.response.rotation import Override, on_call
from parapet.store.escalations import KeptEscalation
from parapet.store.outbox import Notification
from parapet.store.store import Transaction

Compose = Callable[[Incident, Announcement, str], Message]
"""Makes the message that says something to somebody about an incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What the escalation of one incident decided."""

    incident: Incident
    number: IncidentId
    kept: KeptEscalation | None
    """As it was read; None: it begins."""
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One person or channel that is told."""

    who: str
    channel: str
    recipient: str | None
    turn: str | None
    """The rotation whose turn they have."""


class Caller:
    """Calls people of *roster* by *channels*."""

    def __init__(self, roster: Roster, channels: Collection[str], ids: Ids) -> None:
        self._roster = roster
        self._channels = channels
        self._ids = ids

    def write(
        self,
        tx: Transaction,
        moved: Sequence[Moved],
        *,
        now: datetime,
        compose: Compose,
        actor: Actor = PARAPET,
    ) -> None:
        """Keep what was decided, each about another incident: as few statements for many as for one.

        Raises:
            Conflict: somebody else moved one of the escalations at the same moment.
        """
        tx.escalations.add_all({one.number: one.move.escalation for one in moved if one.kept is None})
        tx.escalations.save_all([(one.kept, one.move.escalation) for one in moved if one.kept is not None])
        calls = any(one.move.called is not None for one in moved)
        overrides = [override for _, override in tx.overrides.current(now)] if calls else []
        notifications: list[Notification] = []
        chronologies: dict[IncidentId, list[NewEntry]] = {}
        for one in moved:
            called, policy = one.move.called, one.move.escalation.policy.name
            entries: list[NewEntry] = []
            if called is not None:
                ways, left_out = self._ways(called, overrides, now)
                notifications += [self._notification(one, called, way, now, compose) for way in ways]
                payload = _payload(policy, called, ways, left_out)
                entries.append(NewEntry(kind=EntryKind.ESCALATED, occurred_at=now, actor=actor, payload=payload))
            for said in one.move.said:
                told: JsonObject = {"policy": policy, "did": said.did, "why": said.why}
                entries.append(NewEntry(kind=EntryKind.ESCALATION, occurred_at=now, actor=actor, payload=told))
            if entries:
                chronologies[one.number] = entries
        tx.outbox.add_all(notifications)
        tx.entries.append_all(chronologies, recorded_at=now)

    def _ways(
        self, called: Called, overrides: Sequence[Override], now: datetime
    ) -> tuple[list[Way], list[tuple[str, str]]]:
        """How each target is told, and who is not, and why."""
        left_out = [(target.words, why) for target, why in called.left_out]
        ways: list[Way] = []
        for target in called.targets:
            name, turn = self._person(target, overrides, now)
            if target.kind is TargetKind.CHANNEL:
                found = [Way(who=name, channel=name, recipient=None, turn=None)] if name in self._channels else []
            else:
                person = self._roster.person(name)
                reach = {} if person is None else person.reach
                found = [
                    Way(who=name, channel=channel, recipient=there, turn=turn)
                    for channel, there in reach.items()
                    if channel in self._channels
                ]
            if not found:
                left_out.append((name, "no channel that is set up reaches them"))
            for way in found:
                if any((one.channel, one.recipient) == (way.channel, way.recipient) for one in ways):
                    left_out.append((way.who, f"told by {way.channel} already in this step"))
                else:
                    ways.append(way)
        return ways, left_out

    def _person(self, target: Target, overrides: Sequence[Override], now: datetime) -> tuple[str, str | None]:
        rotation = self._roster.rotation(target.name) if target.kind is TargetKind.ROTATION else None
        if rotation is None:
            return target.name, None
        return on_call(rotation, overrides, now).person, rotation.name

    def _notification(self, moved: Moved, called: Called, way: Way, now: datetime, compose: Compose) -> Notification:
        incident = moved.incident
        announcement = Announcement.CALLED if called.by_hand else Announcement.ESCALATED
        policy = moved.move.escalation.policy.name
        message = compose(
            incident, announcement, f"{incident.ref} calls {way.who}: {called.why} (policy {policy}{called.words})."
        )
        place = f"{called.round}/{called.number}/{way.channel}/{way.recipient or ''}"
        key = f"{calls_of(incident, called.run)}{place}"
        return Notification(
            id=self._ids.new(),
            dedupe_key=key[:256],
            incident_id=moved.number,
            channel=way.channel,
            announcement=announcement,
            message=message.document(),
            created_at=now,
            due_at=now,
            recipient=way.recipient,
            person=None if way.recipient is None else way.who,
            why=f"{policy}{called.words}: {called.why}",
        )


def calls_of(incident: Incident, run: int) -> str:
    """How the names begin of all calls for *incident* that were decided in one *run* of its escalation."""
    return f"{incident.ref}/call/{run}/"


def _payload(policy: str, called: Called, ways: list[Way], left_out: list[tuple[str, str]]) -> JsonObject:
    told: list[Json] = [{"who": way.who, "channel": way.channel, "turn": way.turn} for way in ways]
    others: list[Json] = [{"who": who, "why": why} for who, why in left_out]
    return {
        "policy": policy,
        "step": called.number,
        "steps": called.of,
        "round": called.round + 1,
        "by_hand": called.by_hand,
        "why": called.why,
        "called": told,
        "not_called": others,
    }
