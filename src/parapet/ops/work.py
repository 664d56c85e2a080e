"""Does what is due: closes quiet incidents, takes in what waits, delivers, probes. The database is the queue.

Running it twice, or on ten nodes, is harmless: every piece of work is taken by compare-and-set or by lease.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from parapet.core.errors import ConfigurationError, EvidenceError, EvidenceUnavailable, SchemaOutdated
from parapet.core.guard import guarded
from parapet.core.types import PARAPET, IncidentId
from parapet.core.work import Work
from parapet.incidents.transitions import settle
from parapet.ops.aftermath import Aftermath
from parapet.ops.context import Context
from parapet.ops.deliver import Deliverer
from parapet.ops.escalate import Escalations
from parapet.ops.forgetting import Forgetting
from parapet.ops.ingest import Inbox
from parapet.ops.kinds import Counts, Kind
from parapet.ops.mark import ChangeMarks
from parapet.ops.measure import Measurer
from parapet.ops.nodes import WORKERS, describe
from parapet.ops.probe import ProbeRunner
from parapet.ops.reconcile import Reconciler
from parapet.ops.resting import Rests
from parapet.ops.standing import Standing
from parapet.ops.stint import STINT_SECONDS, Stint
from parapet.signals.spanning import Spanning
from parapet.store.outbox import OutboxState
from parapet.store.store import Transaction

log = logging.getLogger("parapet.worker")

BATCH = 50
GRACE_SECONDS = 30.0
"""How long the end of a worker waits for what it has under way."""
HEARTBEAT_PREFIX = WORKERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one round did."""

    settled: int = 0
    """Incidents closed because they stayed quiet."""
    taken_in: int = 0
    """Waiting bodies taken in."""
    stuck: int = 0
    """Bodies not taken in, incidents not closed, escalations not decided that were due, turns that broke off; tried
    again later."""
    delivered: int = 0
    failed: int = 0
    """Deliveries that failed and will be tried again."""
    dead: int = 0
    """Deliveries given up."""
    probed: int = 0
    """Probes started."""
    swept: int = 0
    """Attempts at journeys that nobody finished in time."""
    measured: int = 0
    """Series of burn that were kept."""
    acted: int = 0
    """Runs of capabilities that something was due for."""
    escalated: int = 0
    """Escalations that were decided."""
    withheld: int = 0
    """Calls that were not made: somebody has it by now."""

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        done = self.settled or self.taken_in or self.stuck or self.delivered or self.failed or self.dead
        busy = self.probed or self.swept or self.measured or self.acted or self.escalated or self.withheld
        return not (done or busy)


class Worker:
    """The verbs of the worker, bound to one service's evidence.

    Args:
        probes: what else is due; None: nothing.
        reconciler: asks Alertmanager; None: there is none to ask.
        marks: shows changes as signals; None: nobody reads them.
        measurer: keeps the burn around incidents; None: there is no Prometheus to ask.
        aftermath: looks after runs of capabilities; None: there are none.
        rests: tells of maintenance by hand; None: nobody reads of it.
        settings: digest of what this process was started with.
        standing: shows how the work stands, as signals; None: nobody reads them.
        stint_seconds: after so long it is the turn of the next kind of work.
    """

    def __init__(
        self,
        context: Context,
        probes: ProbeRunner | None = None,
        reconciler: Reconciler | None = None,
        marks: ChangeMarks | None = None,
        journeys: Spanning | None = None,
        measurer: Measurer | None = None,
        aftermath: Aftermath | None = None,
        rests: Rests | None = None,
        settings: str = "",
        standing: Standing | None = None,
        *,
        stint_seconds: float = STINT_SECONDS,
    ) -> None:
        self._context = context
        self._settings = settings
        self._probes = probes
        self._marks = marks
        self._journeys = journeys
        self._measurer = measurer
        self._aftermath = aftermath
        self._rests = rests
        self._inbox = Inbox(context)
        self._reconciler = reconciler or Reconciler(context, None, receiver="")
        self.name = f"{HEARTBEAT_PREFIX}{context.ids.new()}"
        self._deliverer = Deliverer(context, self.name)
        self._escalations = Escalations(context)
        self._forgetting = Forgetting(context)
        self._standing = standing
        self._stint_seconds = stint_seconds
        self._kinds = (
            Kind(work=Work.PROBE, do=self._probe),
            Kind(work=Work.BODY, do=self._take_in),
            Kind(work=Work.RECONCILIATION, do=self._reconcile, aside=True),
            Kind(work=Work.SIGNAL, do=self._signal),
            Kind(work=Work.INCIDENT, do=self._settle),
            Kind(work=Work.ACTION, do=self._act, aside=True),
            Kind(work=Work.CALL, do=self._escalate),
            Kind(work=Work.NOTIFICATION, do=self._deliver, aside=True),
            Kind(work=Work.MEASUREMENT, do=self._measure, aside=True),
        )
        self._last_round = perf_counter()

    def unwell(self, within_seconds: float) -> str | None:
        """Why this worker does not do what is due; None: it does.

        Its last whole round is longer ago than that, or people have been being told for longer.
        """
        since = perf_counter() - self._last_round
        if since > within_seconds:
            return f"no round was finished for {since:.0f} s"
        telling = next(kind.busy_seconds for kind in self._kinds if kind.work is Work.NOTIFICATION)
        return f"a channel has not answered for {telling:.0f} s" if telling > within_seconds else None

    def tick(self) -> Tick:
        """Do everything that is due now, once; probes that are started have ended when it returns.

        Raises:
            EvidenceUnavailable: the database does not answer.
            SchemaOutdated: migrations are missing.
        """
        try:
            return self._round(aside=False)
        finally:
            if self._probes is not None:
                self._probes.wait()

    def _round(self, *, aside: bool) -> Tick:
        """A turn for every kind of work; what waits for others, on threads of their own if *aside*."""
        started, done = perf_counter(), Counter[str]()
        if self._journeys is not None:
            done["swept"] = self._journeys.sweep()  # before the database is asked: it may be away
        for kind in self._kinds:
            if aside and kind.aside:
                kind.begin(self._told)
                continue
            counts, error = kind.turn(self._told)
            done.update(counts)
            if isinstance(error, EvidenceUnavailable | SchemaOutdated):
                raise error
        self._context.store.transact(lambda tx: self._end_round(tx, started))
        self._last_round = perf_counter()
        return Tick(**done)

    def run(self, stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
        """Go round until *stop* is set, with *interval_seconds* between rounds.

        A database that does not answer is waited for, and said once. What is under way at the end is finished, unless
        it takes longer than GRACE_SECONDS: its lease lets somebody else have it.

        Raises:
            ConfigurationError: the interval is not positive.
        """
        if interval_seconds <= 0:
            raise ConfigurationError(f"interval_seconds is {interval_seconds}; it must be more than 0.")
        silent = False
        while not stop.is_set():
            with guarded("worker.tick") as attempt:
                self._round(aside=True)
            waits = isinstance(attempt.error, EvidenceError)
            if waits and not silent:
                log.warning("The worker waits for the evidence database: %s", attempt.error)
            silent = waits
            stop.wait(interval_seconds)
        ends = perf_counter() + GRACE_SECONDS
        for kind in self._kinds:
            if not kind.wait(max(0.0, ends - perf_counter())):
                log.warning("%s still hangs after %g s; it is left to its lease.", kind.work.value, GRACE_SECONDS)
        if self._probes is not None:
            self._probes.wait()

    def _told(self, work: Work, took_seconds: float, counts: Counts) -> None:
        if self._standing is not None:
            self._standing.told(work, took_seconds, counts)
        if any(counts.values()):
            log.info("%s: %s", work.value, ", ".join(f"{name} {count}" for name, count in counts.items() if count))

    def _probe(self) -> Counts:
        return {"probed": self._probes.start_due() if self._probes is not None else 0}

    def _take_in(self) -> Counts:
        taken_in, stuck = self._inbox.replay(stint=Stint(self._stint_seconds))
        return {"taken_in": taken_in, "stuck": stuck}

    def _signal(self) -> Counts:
        self._reconciler.signal()
        if self._rests is not None:
            self._rests.look()  # before people are called
        if self._marks is not None:
            self._marks.show()
        return {}

    def _reconcile(self) -> Counts:
        self._reconciler.look()
        return {}

    def _act(self) -> Counts:
        return {"acted": self._aftermath.look() if self._aftermath is not None else 0}

    def _escalate(self) -> Counts:
        escalated, stuck = self._escalations.run_due(Stint(self._stint_seconds))
        return {"escalated": escalated, "stuck": stuck}

    def _deliver(self) -> Counts:
        outcomes = self._deliverer.deliver(Stint(self._stint_seconds))
        names = {
            OutboxState.DELIVERED: "delivered",
            OutboxState.WAITING: "failed",
            OutboxState.DEAD: "dead",
            OutboxState.WITHHELD: "withheld",
        }
        return {name: outcomes.count(state) for state, name in names.items()}

    def _measure(self) -> Counts:
        return {"measured": self._measurer.measure_due() if self._measurer is not None else 0}

    def _end_round(self, tx: Transaction, started: float) -> None:
        now = self._context.clock.now()
        self._forgetting.step(tx, now)
        about = describe(tx, now=now, settings=self._settings)
        tx.heartbeats.beat(self.name, now=now, took_seconds=perf_counter() - started, about=about)
        if self._standing is not None:
            self._standing.show(tx, now)

    def _settle(self) -> Counts:
        context, now = self._context, self._context.clock.now()
        policy = context.policy
        with context.store.read() as tx:
            due = tx.incidents.quiet(
                now - timedelta(seconds=policy.quiet_period_seconds),
                BATCH,
                flapping_after=policy.flapping_after,
                flapping_before=now - timedelta(seconds=policy.quiet_needed_seconds(policy.flapping_after)),
            )
        done = stuck = 0
        for number in due:
            with guarded("worker.settle") as attempt:  # one that cannot be closed must not hold up the others
                done += self._settle_one(number, now)
            stuck += attempt.error is not None
        return {"settled": done, "stuck": stuck}

    def _settle_one(self, number: IncidentId, now: datetime) -> bool:
        context = self._context

        def work(tx: Transaction) -> bool:
            incident = tx.incidents.get(number)
            if incident is None:
                return False
            rested = context.rested(tx, incident)
            decision = settle(incident, now=now, policy=context.policy, rested=rested)
            if decision is None:
                return False  # it fired again, or another worker closed it
            kept = context.write_down(tx, decision, actor=PARAPET, verb="settle", now=now)
            context.compose_retrospective(tx, kept, now=now)
            return True

        return context.store.transact(work)
