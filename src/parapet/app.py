"""Parapet: the one object a host builds, in a module of its own. It assembles; every decision lives below."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from threading import RLock
from typing import TYPE_CHECKING

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.ids import Ids, TimeOrderedIds
from parapet.core.settings import Secrets, Wiring
from parapet.definitions import Definitions
from parapet.incidents.policy import IncidentPolicy
from parapet.response.pace import Pace
from parapet.response.roster import Roster
from parapet.signals import wsgi
from parapet.signals.asgi import ASGIApp, instrument
from parapet.signals.wsgi import Environ, WSGIApp
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog

if TYPE_CHECKING:  # what needs the evidence database is loaded when first used
    from parapet.incidents.items import ActionItem
    from parapet.notify.channel import Channel
    from parapet.notify.sinks import Sink
    from parapet.ops.act import Actions
    from parapet.ops.approve import Approvals
    from parapet.ops.audit import Audit
    from parapet.ops.bodies import Bodies
    from parapet.ops.change import Changes
    from parapet.ops.context import Context
    from parapet.ops.escalate import Escalations
    from parapet.ops.ingest import Inbox
    from parapet.ops.items import ActionItems
    from parapet.ops.labels import Labels
    from parapet.ops.look import Look
    from parapet.ops.looking import Looks
    from parapet.ops.maintain import Maintenances
    from parapet.ops.notices import Notices
    from parapet.ops.observe import Observatory
    from parapet.ops.operate import Operator
    from parapet.ops.records import Records
    from parapet.ops.scraped import NodeMark
    from parapet.ops.sightings import SightingKeeper
    from parapet.ops.undoing import Undoing
    from parapet.ops.work import Tick, Worker
    from parapet.signals.refs import Sighting
    from parapet.store.store import Store

_OPENING = RLock()
"""Held while the store is loaded and opened, by any thread. No fork happens meanwhile: the child would have half a
library, and wait for a lock that nobody gives back."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_OPENING.acquire, after_in_parent=_OPENING.release, after_in_child=_OPENING.release)


class Parapet(Definitions):
    """One service's reliability: its signals, promises and evidence.

    Args:
        service: the name on every series, rule and incident; also the name of its scrape job.
        evidence: SQLAlchemy URL of the evidence database, SQLite or Postgres; None: signals and artifacts only.
        burn: windows and budget shares of the alerts.
        incidents: quiet period, reopen window and the like.
        channels: where announcements go.
        read_only: no capability is previewed or run, by nobody. `sinks`: where the ledger of actions is mirrored.
        environment: such as production or staging; shown on every page.
        owner: who answers for promises and runbooks that name nobody.
        wiring: where everything lives.
        secrets: what opens the doors.
        multiprocess_dir: what all processes of the service on this machine count into; None: each counts for itself.
        clock: tells the time; tests give one that they set. `ids`: makes identifiers.
        on_call: who is called if nobody takes an incident: people, rotations, policies.
        pace: how many messages people bear before they become digests.

    Raises:
        ConfigurationError: a value cannot hold.
    """

    def __init__(
        self,
        *,
        service: str,
        environment: str = "production",
        owner: str = "",
        evidence: str | None = None,
        wiring: Wiring | None = None,
        secrets: Secrets | None = None,
        burn: BurnPolicy | None = None,
        incidents: IncidentPolicy | None = None,
        channels: Sequence[Channel] = (),
        on_call: Roster | None = None,
        pace: Pace | None = None,
        multiprocess_dir: str | PathLike[str] | None = None,
        read_only: bool = False,
        sinks: Sequence[Sink] = (),
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        super().__init__(service=service, owner=owner, burn=burn or BurnPolicy(), multiprocess_dir=multiprocess_dir)
        self.rests_by_hand = evidence is not None
        self.environment = environment
        self.read_only = read_only
        self.sinks = tuple(sinks)
        self.evidence = evidence
        self.wiring = wiring or Wiring()
        self.secrets = secrets or Secrets()
        self.incidents = incidents or IncidentPolicy()
        self.channels = tuple(channels)
        self.on_call = on_call or Roster()
        self.pace = pace or Pace()
        self.clock: Clock = clock or SystemClock()
        self.refs.clock = self.spanning.clock = self.recorder.clock = self.clock
        self.ids: Ids = ids or TimeOrderedIds()
        self._store: Store | None = None
        if evidence is not None:
            self.refs.to(self._keep)
        self.recorder.collect_at_scrape(lambda recorder: self._node.show(recorder))

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """*app* with every request counted: `app.add_middleware(parapet.middleware)`."""
        return instrument(app, self.recorder)

    def wsgi(self, app: WSGIApp, *, route: Callable[[Environ], str | None] | None = None) -> WSGIApp:
        """*app* with every request counted; *route* tells a request's template. Flask and Django bring their own."""
        return wsgi.instrument(app, self.recorder, route=route)

    @property
    def store(self) -> Store:
        """The evidence store: one for every thread.

        Raises:
            ConfigurationError: no evidence URL was given, or it names no database that Parapet speaks.
        """
        with _OPENING:
            from parapet.store.store import Store

            if self._store is None and self.evidence is None:
                raise ConfigurationError("There is no evidence database. Give evidence='sqlite:///evidence.db'.")
            self._store = self._store or Store(self.evidence or "")
            return self._store

    @cached_property
    def inbox(self) -> Inbox:
        """Takes alerts in."""
        from parapet.ops.ingest import Inbox

        return Inbox(self._context)

    @cached_property
    def bodies(self) -> Bodies:
        """What a person may do with bodies that were handed in."""
        from parapet.ops.bodies import Bodies

        return Bodies(self._context, self.inbox)

    @cached_property
    def operator(self) -> Operator:
        """What a person may do to an incident."""
        from parapet.ops.operate import Operator

        return Operator(self._context)

    @cached_property
    def escalations(self) -> Escalations:
        """Calls people, and says who is on call."""
        from parapet.ops.escalate import Escalations

        return Escalations(self._context)

    @cached_property
    def looks(self) -> Looks:
        """Keeps who looked at what, if `IncidentPolicy(looks_kept_seconds=...)` wants it."""
        from parapet.ops.looking import Looks

        return Looks(self._context)

    @cached_property
    def maintenances(self) -> Maintenances:
        """Lets nothing count for a while, by the word of a person."""
        from parapet.ops.maintain import Maintenances
        from parapet.ops.promises import scope_of

        return Maintenances(self._context, scope_of(self.catalog))

    @cached_property
    def notices(self) -> Notices:
        """Who was told what, and whether a channel works."""
        from parapet.ops.notices import Notices

        return Notices(self._context)

    @cached_property
    def audit(self) -> Audit:
        """Proves the evidence, and takes words out of it."""
        from parapet.ops.audit import Audit

        return Audit(self._context)

    @cached_property
    def changes(self) -> Changes:
        """Records changes to the system."""
        from parapet.ops.change import Changes

        return Changes(self._context)

    @cached_property
    def changed(self) -> Callable[..., None]:
        """`parapet.changed("flag", "new-checkout on")`: takes note of a change and returns at once (`ops.telling`)."""
        from parapet.ops.telling import Teller

        return Teller(self.changes, self.clock).changed

    @cached_property
    def action_items(self) -> ActionItems:
        """Exact objects that somebody must look after."""
        from parapet.ops.items import ActionItems

        return ActionItems(self._context)

    @property
    def action_item(self) -> Callable[..., ActionItem]:
        """`parapet.action_item("suppressed_delivery", "msg-1", title=..., slice_name="receipts")`: `ops.items.open`."""
        return self.action_items.open

    @cached_property
    def actions(self) -> Actions:
        """Previews and runs the host's capabilities."""
        from parapet.ops.act import Actions
        from parapet.ops.acting import Bench

        return Actions(Bench(context=self._context, capabilities=self._capabilities, read_only=self.read_only))

    @cached_property
    def labels(self) -> Labels:
        """Labels of metrics that can be closed to new values in every process: `response.ready.close_label`."""
        from parapet.ops.labels import Labels

        return Labels(lambda: self.store, self.service, self.recorder)

    @cached_property
    def undoing(self) -> Undoing:
        """Takes runs back."""
        from parapet.ops.undoing import Undoing

        return Undoing(self.actions.bench)

    @cached_property
    def approvals(self) -> Approvals:
        """Second persons: asked, and heard."""
        from parapet.ops.approve import Approvals

        return Approvals(self.actions.bench)

    @cached_property
    def records(self) -> Records:
        """Reads what was done."""
        from parapet.ops.records import Records

        return Records(self._context)

    @cached_property
    def look(self) -> Look:
        """Reads evidence."""
        from parapet.ops.look import Look

        return Look(self._context)

    @cached_property
    def observe(self) -> Observatory:
        """Asks Prometheus how the promises stand now."""
        from parapet.ops.observe import Observatory
        from parapet.ops.prometheus import Prometheus

        url, credentials = self.wiring.prometheus_url, self.secrets.prometheus_credentials
        server = Prometheus(url, credentials=credentials, tls=self.wiring.tls) if url else None
        planned = None if self.evidence is None else self.maintenances.live
        return Observatory(catalog=self.catalog, prometheus=server, clock=self.clock, planned=planned)

    @cached_property
    def worker(self) -> Worker:
        """Does what is due: `worker.run(...)` in a thread or process, or `tick()` from what the host has."""
        from parapet.ops.aftermath import Aftermath
        from parapet.ops.alertmanager import Alertmanager
        from parapet.ops.mark import ChangeMarks
        from parapet.ops.measure import Measurer
        from parapet.ops.probe import ProbeRunner
        from parapet.ops.prometheus import Prometheus
        from parapet.ops.reconcile import Reconciler
        from parapet.ops.resting import Rests
        from parapet.ops.standing import Standing
        from parapet.ops.work import Worker

        prober = ProbeRunner(self._context, self.probes, self.recorder) if self.probes else None
        urls, credentials = self.wiring.alertmanager_urls, self.secrets.alertmanager_credentials
        peers = Alertmanager(urls, credentials=credentials, tls=self.wiring.tls) if urls else None
        receiver = self.wiring.alertmanager_receiver or f"{names.RECEIVER_PREFIX}{self.service}"
        reconciler = Reconciler(self._context, peers, receiver=receiver)
        url, measurer = self.wiring.prometheus_url, None
        if url:
            prometheus = Prometheus(url, credentials=self.secrets.prometheus_credentials, tls=self.wiring.tls)
            measurer = Measurer(self._context, self._promised, prometheus)
        marks = ChangeMarks(self._context, self.recorder)
        rests = Rests(self._context, self.recorder, [one.name for one in self._promised.judged])
        after = Aftermath(self.actions, self.sinks)
        standing = Standing(self.recorder)
        parts = (prober, reconciler, marks, self.spanning, measurer, after, rests, self._started_with, standing)
        return Worker(self._context, *parts)

    def tick(self) -> Tick:
        """Do everything that is due now, once. Harmless to run twice, or in many processes at once."""
        return self.worker.tick()

    @cached_property
    def _started_with(self) -> str:
        from parapet.ops.scraped import settings_digest
        from parapet.slo.facts import snapshot_of

        return settings_digest((snapshot_of(self._promised), self.wiring, self.incidents, self.environment))

    @cached_property
    def _node(self) -> NodeMark:
        from parapet.ops.scraped import NO_SCHEMA, NodeMark
        from parapet.store.steps import newest

        return NodeMark(self.clock, lambda: self._started_with, NO_SCHEMA if self.evidence is None else newest())

    def _keep(self, batch: Sequence[Sighting]) -> None:
        with _OPENING:
            keeper = self._keeper
        keeper(batch)

    @cached_property
    def _keeper(self) -> SightingKeeper:
        from parapet.ops.follow_up import FollowUp
        from parapet.ops.sightings import SightingKeeper

        with guarded("signals.refs.open"), self.store.read():  # a first connection makes locks of its own
            pass
        follow = FollowUp(lambda: self.incidents.followed_up, lambda: self._context)
        return SightingKeeper(self.store, self.service, self.recorder, follow=follow)

    @cached_property
    def _context(self) -> Context:
        from parapet.ops.context import Context
        from parapet.ops.promises import promises_of, rest_of

        promised = self._promised
        return Context(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            policy=replace(self.incidents, routing_labels=self.incidents.routing_labels | self.routing_labels),
            service=self.service,
            channels={channel.name: channel for channel in self.channels},
            workbench_url=self.wiring.workbench_url,
            promises=promises_of(promised),
            runbooks={book.name: book for book in self.runbooks},
            journeys={one.name: one.journey for one in promised if one.journey is not None},
            measures=bool(self.wiring.prometheus_url),
            roster=self.on_call,
            pace=self.pace,
            resting=rest_of(promised),
        )

    @property
    def _promised(self) -> Catalog:
        """The catalog, or an empty one in place of one that cannot hold: alerts are taken in and told all the same."""
        with guarded("definitions.catalog"):
            return self.catalog
        return Catalog(service=self.service, burn=self.burn)
