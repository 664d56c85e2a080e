"""Asks Alertmanager what it has, and holds it against the evidence: what we never heard, and what ended unheard.

Once a minute, by one worker at a time. An Alertmanager that does not answer has said nothing: nothing changes then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.core import names
from parapet.core.guard import guarded
from parapet.core.types import ALERTMANAGER, PARAPET, IncidentId
from parapet.incidents.absence import compare, stale
from parapet.incidents.listing import Listed
from parapet.incidents.payload import LISTED
from parapet.ops.alertmanager import Alertmanager, Answers
from parapet.ops.context import Context
from parapet.ops.ingest import Inbox
from parapet.ops.taking import SIGNS, WATCHDOG
from parapet.store.store import Transaction

log = logging.getLogger("parapet.reconcile")

SOURCE = "alertmanager"
TURN = "reconcile"
PEER_PREFIX = "alertmanager/"
MOST_ALERTS = 500
"""In one body that is taken in for what was never heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one look did."""

    answered: int
    """Peers that answered; 0: nothing was changed."""
    silent: int
    heard_of: int = 0
    """Alerts that we had not heard of, taken in now."""
    lost: int = 0
    """Alerts that were missed at two looks: their end is unconfirmed."""


class Reconciler:
    """The verbs of reconciliation, bound to one service's evidence."""

    def __init__(self, context: Context, alertmanager: Alertmanager | None, *, receiver: str) -> None:
        self._context = context
        self._alertmanager = alertmanager
        self._receiver = receiver
        self._inbox = Inbox(context)

    def look(self) -> Reconciled | None:
        """Look once, if it is time and nobody else does; None: it is not, or there is no Alertmanager to ask.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        if self._alertmanager is None:
            return None
        context, now = self._context, self._context.clock.now()
        every = timedelta(seconds=context.policy.reconcile_every_seconds)
        if not context.store.transact(lambda tx: tx.heartbeats.turn(TURN, now=now, every=every)):
            return None
        with context.store.read() as tx:
            heard = tx.inbox.newest()
        answers = self._alertmanager.ask()
        for url, why in answers.silent.items():
            log.warning("Nothing follows from Alertmanager at %s: %s", url, why)
        if not answers.answered:
            return Reconciled(answered=0, silent=len(answers.silent))
        self._heard(answers, now)
        lost = self._missed(answers, now)
        mine = (one for one in answers.listed.values() if self._receiver in one.receivers and not _is_sign(one))
        heard_of = self._take_in(mine, heard)
        return Reconciled(answered=len(answers.answered), silent=len(answers.silent), heard_of=heard_of, lost=lost)

    def signal(self) -> int:
        """Say on every open incident that we stopped hearing, or hear again; how many it was new to.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()
        with context.store.read() as tx:
            heard_at = tx.heartbeats.last(WATCHDOG)
            if heard_at is None:
                return 0  # nobody generates one
            silent = (now - heard_at).total_seconds() > context.policy.signal_stale_seconds
            numbers = tx.incidents.with_signal(stale=not silent)
        return sum(self._mark(number, heard_at, now) for number in numbers)

    def _mark(self, number: IncidentId, heard_at: datetime, now: datetime) -> bool:
        def work(tx: Transaction) -> bool:
            incident = tx.incidents.get(number)
            if incident is None:
                return False
            decision = stale(incident, heard_at=heard_at, now=now, policy=self._context.policy)
            if decision is None:
                return False
            self._context.write_down(tx, decision, actor=PARAPET, verb="signal", now=now)
            return True

        with guarded("reconcile.signal"):  # one that cannot be written must not hold up the others
            return self._context.store.transact(work)
        return False

    def _heard(self, answers: Answers, now: datetime) -> None:
        fresh = timedelta(seconds=self._context.policy.signal_stale_seconds)
        dogs = [one.updated_at for one in answers.listed.values() if _is_watchdog(one) and self._mine(one)]
        with self._context.store.begin() as tx:
            for url in answers.answered:
                tx.heartbeats.beat(f"{PEER_PREFIX}{url}", now=now, took_seconds=0.0)
            if dogs and now - max(dogs) < fresh:
                tx.heartbeats.beat(WATCHDOG, now=min(now, max(dogs)), took_seconds=0.0)

    def _mine(self, one: Listed) -> bool:
        return one.report.labels.get(names.SERVICE) == self._context.service

    def _missed(self, answers: Answers, now: datetime) -> int:
        with self._context.store.read() as tx:
            numbers = sorted({one.incident_id for one in tx.episodes.open(SOURCE) if one.incident_id is not None})
        return sum(self._look_at(IncidentId(number), answers, now) for number in numbers)

    def _look_at(self, number: IncidentId, answers: Answers, now: datetime) -> int:
        context = self._context

        def work(tx: Transaction) -> int:
            incident = tx.incidents.get(number)
            open_episodes = [one for one in tx.episodes.of(number) if one.ended_at is None and one.source == SOURCE]
            if incident is None or not open_episodes:
                return 0
            found = compare(
                incident,
                open_episodes,
                answers.listed,
                answers.silences,
                now=now,
                policy=context.policy,
                everybody=not answers.silent,
            )
            tx.episodes.save(found.episodes, {})
            if found.decision is not None:
                context.write_down(tx, found.decision, actor=ALERTMANAGER, verb="reconcile", now=now)
            return sum(one.ended_at is not None for one in found.episodes)

        with guarded("reconcile.look"):
            return context.store.transact(work)
        return 0

    def _take_in(self, listed: Iterable[Listed], heard: int) -> int:
        """Take in what fires and we do not know of; *heard*: the newest number of the inbox when we asked."""
        with self._context.store.read() as tx:
            known = {one.fingerprint for one in tx.episodes.open(SOURCE)}
            missing = [one for one in listed if one.report.fingerprint not in known and one.silenced_by is None]
            ended = tx.episodes.known(SOURCE, {one.report.fingerprint for one in missing}, ())
        meanwhile = {one.fingerprint for one in ended if one.heard_in is not None and one.heard_in > heard}
        missing = [one for one in missing if one.report.fingerprint not in meanwhile]
        for start in range(0, len(missing), MOST_ALERTS):
            self._inbox.receive(_body(missing[start : start + MOST_ALERTS], self._receiver), source=SOURCE)
        return len(missing)


def _is_watchdog(one: Listed) -> bool:
    return one.report.labels.get("alertname") == names.ALERT_WATCHDOG


def _is_sign(one: Listed) -> bool:
    return one.report.labels.get("alertname") in SIGNS


def _body(listed: Iterable[Listed], receiver: str) -> bytes:
    """The delivery that we should have got: kept like any other."""
    alerts = [
        {
            "status": "firing",
            "fingerprint": one.report.fingerprint,
            "startsAt": one.report.started_at.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "labels": dict(one.report.labels),
            "annotations": dict(one.report.annotations),
            "generatorURL": one.report.generator_url or "",
        }
        for one in listed
    ]
    return json.dumps({"version": "4", "receiver": receiver, "groupKey": LISTED, "alerts": alerts}).encode()
