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

Compose = Callable[[Announcement, str], Message]
"""Makes the message that says something to somebody about the incident."""


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
        incident: Incident,
        number: IncidentId,
        kept: KeptEscalation | None,
        move: Move,
        *,
        now: datetime,
        compose: Compose,
        actor: Actor = PARAPET,
    ) -> None:
        """Keep what was decided about *incident*.

        Raises:
            Conflict: somebody else moved the escalation at the same moment.
        """
        if kept is None:
            tx.escalations.add(number, move.escalation)
        else:
            tx.escalations.save(kept, move.escalation)
        policy = move.escalation.policy.name
        entries: list[NewEntry] = []
        if move.called is not None:
            ways, left_out = self._ways(tx, move.called, now)
            for way in ways:
                tx.outbox.add(self._notification(incident, number, move.called, way, policy, now, compose))
            payload = _payload(policy, move.called, ways, left_out)
            entries.append(NewEntry(kind=EntryKind.ESCALATED, occurred_at=now, actor=actor, payload=payload))
        for said in move.said:
            told: JsonObject = {"policy": policy, "did": said.did, "why": said.why}
            entries.append(NewEntry(kind=EntryKind.ESCALATION, occurred_at=now, actor=actor, payload=told))
        if entries:
            tx.entries.append(number, tuple(entries), recorded_at=now)

    def _ways(self, tx: Transaction, called: Called, now: datetime) -> tuple[list[Way], list[tuple[str, str]]]:
        """How each target is told, and who is not, and why."""
        left_out = [(target.words, why) for target, why in called.left_out]
        overrides = [one for _, one in tx.overrides.current(now)] if called.targets else []
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

    def _notification(
        self,
        incident: Incident,
        number: IncidentId,
        called: Called,
        way: Way,
        policy: str,
        now: datetime,
        compose: Compose,
    ) -> Notification:
        announcement = Announcement.CALLED if called.by_hand else Announcement.ESCALATED
        why = f"{policy}, step {called.number} of {called.of}: {called.why}"
        message = compose(announcement, f"{incident.ref} calls {way.who}. {why}.")
        key = f"{incident.ref}/call/{called.run}/{called.round}/{called.number}/{way.channel}/{way.recipient or ''}"
        return Notification(
            id=self._ids.new(),
            dedupe_key=key[:256],
            incident_id=number,
            channel=way.channel,
            announcement=announcement,
            message=message.document(),
            created_at=now,
            due_at=now,
            recipient=way.recipient,
            person=None if way.recipient is None else way.who,
            why=why,
        )


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
