"""Does what is due: closes quiet incidents, takes in what waits, delivers, probes. The database is the queue.

Running it twice, or on ten nodes, is harmless: every piece of work is taken by compare-and-set or by lease.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

from parapet.core.errors import ConfigurationError, EvidenceError
from parapet.core.guard import guarded
from parapet.core.types import PARAPET, IncidentId
from parapet.incidents.transitions import settle
from parapet.ops.aftermath import Aftermath
from parapet.ops.context import Context
from parapet.ops.deliver import Deliverer
from parapet.ops.escalate import Escalations
from parapet.ops.ingest import Inbox
from parapet.ops.mark import ChangeMarks
from parapet.ops.measure import Measurer
from parapet.ops.nodes import WORKERS, describe
from parapet.ops.probe import ProbeRunner
from parapet.ops.reconcile import Reconciler
from parapet.ops.sightings import FORGET_EVERY_SECONDS, forget
from parapet.signals.spanning import Spanning
from parapet.store.outbox import OutboxState
from parapet.store.store import Transaction

log = logging.getLogger("parapet.worker")

BATCH = 50
HEARTBEAT_PREFIX = WORKERS
INBOX_TURN = "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one round did."""

    settled: int
    """Incidents closed because they stayed quiet."""
    taken_in: int
    """Waiting bodies taken in."""
    stuck: int
    """Bodies that could not be taken in and incidents that could not be closed; tried again later."""
    delivered: int
    failed: int
    """Deliveries that failed and will be tried again."""
    dead: int
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
        settings: digest of what this process was started with.
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
        settings: str = "",
    ) -> None:
        self._context = context
        self._settings = settings
        self._probes = probes
        self._marks = marks
        self._journeys = journeys
        self._measurer = measurer
        self._aftermath = aftermath
        self._inbox = Inbox(context)
        self._reconciler = reconciler or Reconciler(context, None, receiver="")
        self.name = f"{HEARTBEAT_PREFIX}{context.ids.new()}"
        self._deliverer = Deliverer(context, self.name)
        self._escalations = Escalations(context)
        self._last_round = perf_counter()

    def unwell(self, within_seconds: float) -> str | None:
        """Why this worker does not do what is due: its last whole round is longer ago; None: it does."""
        since = perf_counter() - self._last_round
        return None if since <= within_seconds else f"no round was finished for {since:.0f} s"

    def tick(self) -> Tick:
        """Do everything that is due now, once; probes that are started have ended when it returns.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        try:
            return self._round()
        finally:
            if self._probes is not None:
                self._probes.wait()

    def _round(self) -> Tick:
        started = perf_counter()
        swept = (
            self._journeys.sweep() if self._journeys is not None else 0
        )  # before the database is asked: it may be away
        probed = 0
        with guarded("worker.probes"):
            probed = self._probes.start_due() if self._probes is not None else 0
        taken_in, stuck = self._inbox.replay()
        with guarded("worker.reconcile"):
            self._reconciler.look()
        with guarded("worker.signal"):
            self._reconciler.signal()
        with guarded("worker.changes"):
            if self._marks is not None:
                self._marks.show()
        settled, unsettled = self._settle()
        acted = 0
        with guarded("worker.actions"):
            acted = self._aftermath.look() if self._aftermath is not None else 0
        escalated = undecided = 0
        with guarded("worker.escalate"):
            escalated, undecided = self._escalations.run_due()
        outcomes = self._deliverer.deliver()
        measured = 0
        with guarded("worker.measure"):
            measured = self._measurer.measure_due() if self._measurer is not None else 0
        self._context.store.transact(lambda tx: self._end_round(tx, started))
        self._last_round = perf_counter()
        return Tick(
            settled=settled,
            taken_in=taken_in,
            stuck=stuck + unsettled + undecided,
            delivered=outcomes.count(OutboxState.DELIVERED),
            failed=outcomes.count(OutboxState.WAITING),
            dead=outcomes.count(OutboxState.DEAD),
            probed=probed,
            swept=swept,
            measured=measured,
            acted=acted,
            escalated=escalated,
            withheld=outcomes.count(OutboxState.WITHHELD),
        )

    def run(self, stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
        """Tick until *stop* is set, with *interval_seconds* between rounds.

        A database that does not answer is waited for, and said once.

        Raises:
            ConfigurationError: the interval is not positive.
        """
        if interval_seconds <= 0:
            raise ConfigurationError(f"interval_seconds is {interval_seconds}; it must be more than 0.")
        silent = False
        while not stop.is_set():
            with guarded("worker.tick") as attempt:
                done = self._round()  # a slow probe holds up nothing else
                if not done.idle:
                    log.info("%s", done)
            waits = isinstance(attempt.error, EvidenceError)
            if waits and not silent:
                log.warning("The worker waits for the evidence database: %s", attempt.error)
            silent = waits
            stop.wait(interval_seconds)
        if self._probes is not None:
            self._probes.wait()

    def _end_round(self, tx: Transaction, started: float) -> None:
        now = self._context.clock.now()
        forget(self._context, tx, now=now)
        if tx.heartbeats.turn(INBOX_TURN, now=now, every=timedelta(seconds=FORGET_EVERY_SECONDS)):
            tx.inbox.forget(now - timedelta(seconds=self._context.policy.inbox_kept_seconds))
        tx.routes.forget(now - timedelta(seconds=self._context.policy.reopen_window_seconds))
        about = describe(tx, now=now, settings=self._settings)
        tx.heartbeats.beat(self.name, now=now, took_seconds=perf_counter() - started, about=about)

    def _settle(self) -> tuple[int, int]:
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
        return done, stuck

    def _settle_one(self, number: IncidentId, now: datetime) -> bool:
        context = self._context

        def work(tx: Transaction) -> bool:
            incident = tx.incidents.get(number)
            decision = None if incident is None else settle(incident, now=now, policy=context.policy)
            if decision is None:
                return False  # it fired again, or another worker closed it
            kept = context.write_down(tx, decision, actor=PARAPET, verb="settle", now=now)
            context.compose_retrospective(tx, kept, now=now)
            return True

        return context.store.transact(work)
