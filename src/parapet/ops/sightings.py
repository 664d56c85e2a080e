"""Exact identifiers, from signals to evidence and from evidence to an incident. What is kept is bounded three times:
by a queue in each process, by a number a minute, and by a number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from parapet.core import names
from parapet.core.types import IncidentId
from parapet.incidents.model import Incident
from parapet.incidents.payload import clean
from parapet.incidents.promise import Promise
from parapet.incidents.sightings import (
    ANYTHING,
    SUBJECTS,
    Concern,
    Objects,
    Sighted,
    closest,
    went_wrong,
)
from parapet.ops.context import Context
from parapet.ops.follow_up import FollowUp
from parapet.signals.recorder import Recorder
from parapet.signals.refs import LONGEST_REF, RATE, Sighting
from parapet.store.store import Store, Transaction

WRONG_A_MINUTE = 600
WELL_A_MINUTE = 20
"""How many events of the same fields a process keeps: of those that went wrong nearly all, of the others a sample."""
MOST_KINDS = 2_000
"""Combinations of fields in one minute; what is beyond counts together."""
TRIES = 4
PAUSE_SECONDS = 1.0
LOOKBACK_SECONDS = 900.0
"""An alert begins after what it tells of."""
MOST_LOOKED_AT = 2_000
MOST_SHOWN = 20
MOST_SEEN = 10
"""Times at which an object was seen, the last ones, of which a search looks for the incidents."""
FORGET_EVERY_SECONDS = 60.0
TURN = "sightings"


class SightingKeeper:
    """The evidence store as a sink: `parapet.refs.to(SightingKeeper(...))`. Called on the thread of `Refs` only."""

    def __init__(
        self,
        store: Store,
        service: str,
        recorder: Recorder,
        *,
        follow: FollowUp | None = None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._store = store
        self._follow = follow
        self._service = service
        self._pause_seconds = pause_seconds
        self._recorder = recorder
        self._minute: datetime | None = None
        self._kept: dict[tuple[object, ...], int] = {}
        recorder.declare(names.REFS_DROPPED, (RATE,))

    def __call__(self, batch: Sequence[Sighting]) -> None:
        """Keep *batch*, as far as the number a minute allows; what is beyond it is counted.

        Raises:
            EvidenceUnavailable: the database does not answer, not even after some tries.
            SchemaOutdated: migrations are missing.
        """
        told = [self._sighted(one) for one in batch]
        kept = [one for one in told if self._admit(one)]
        if len(kept) < len(batch):
            self._recorder.add(names.REFS_DROPPED, (RATE,), len(batch) - len(kept))
        if not kept:
            return
        chosen = () if self._follow is None else self._follow.chosen(kept)  # once, however often it is tried

        tries = count(1)

        def work(tx: Transaction) -> None:
            if tx.sightings.add(kept, again=next(tries) > 1) and self._follow is not None:
                self._follow.open(tx, chosen)

        # What comes meanwhile waits in the queue, and is counted if it overflows.
        self._store.insist(work, tries=TRIES, pause_seconds=self._pause_seconds)

    def _sighted(self, one: Sighting) -> Sighted:
        fields = _cleaned(one.fields)
        return Sighted(
            service=self._service,
            signal=one.signal,
            subject=next((fields[label] for label in SUBJECTS if label in fields), ""),
            went_wrong=went_wrong(fields),
            fields=fields,
            refs=_cleaned(one.refs),
            seen_at=one.seen_at,
        )

    def _admit(self, one: Sighted) -> bool:
        minute = one.seen_at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._kept.clear()
        kind: tuple[object, ...] = (one.signal, *one.fields.values())
        if kind not in self._kept and len(self._kept) >= MOST_KINDS:
            kind = (one.went_wrong,)
        number = self._kept[kind] = self._kept.get(kind, 0) + 1
        return number <= (WRONG_A_MINUTE if one.went_wrong else WELL_A_MINUTE)


def objects_near(
    context: Context, tx: Transaction, incident: Incident, promise: Promise | None, *, now: datetime
) -> Objects | None:
    """What went wrong near the onset of *incident*, by exact object; None: it is about nothing that carries any."""
    concern = _concern(promise, incident)
    if not concern.subjects:
        return None
    found = tx.sightings.between(
        context.service,
        concern.subjects,
        incident.started_at - timedelta(seconds=LOOKBACK_SECONDS),
        max(incident.started_at, incident.resolved_at or now),
        limit=MOST_LOOKED_AT,
    )
    return closest(incident.started_at, found, concern, MOST_SHOWN, more=len(found) == MOST_LOOKED_AT)


def about_object(context: Context, tx: Transaction, value: str, *, now: datetime) -> frozenset[IncidentId]:
    """The incidents near whose onset something went wrong with the object that is called *value*, exactly."""
    found: set[IncidentId] = set()
    seen = tx.sightings.with_ref(context.service, value.strip(), limit=MOST_SEEN) if value.strip() else ()
    lookback = timedelta(seconds=LOOKBACK_SECONDS)
    for one in seen:
        for incident in tx.incidents.touching(context.service, one.seen_at, one.seen_at + lookback):
            concern = _concern(context.promises.get(incident.slice or ""), incident)
            if incident.id is not None and one.subject in concern.subjects and concern.covers(one):
                found.add(incident.id)
    return frozenset(found)


def _concern(promise: Promise | None, incident: Incident) -> Concern:
    return (ANYTHING if promise is None else promise.concern).narrowed(incident)


def forget(context: Context, tx: Transaction, *, now: datetime) -> int:
    """Drop what is older than the policy says, and the oldest of too many. Once a minute, whoever asks."""
    policy = context.policy
    if not tx.heartbeats.turn(TURN, now=now, every=timedelta(seconds=FORGET_EVERY_SECONDS)):
        return 0
    return tx.sightings.forget(now - timedelta(seconds=policy.sightings_kept_seconds), policy.most_sightings)


def _cleaned(said: Mapping[str, str]) -> dict[str, str]:
    return {clean(name, LONGEST_REF): clean(value, LONGEST_REF) for name, value in said.items()}
