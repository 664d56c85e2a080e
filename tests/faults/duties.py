"""What else may be interrupted: what falls due around incidents, and what people ask for beside them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.conftest import ANA, PAGE, WORDS, at
from tests.faults.acts import FIRING, LOGIN, ON_CALL, ONE, WHY, Act, Step, fire, item, nonsense, storm, suppressed, tick
from tests.faults.risks import actions

from parapet import Parapet
from parapet.core.vocabulary import Severity
from parapet.ops.act import Actions
from parapet.ops.aftermath import Aftermath
from parapet.ops.alertmanager import Alertmanager
from parapet.ops.items import ActionItems
from parapet.ops.maintain import Maintenances, Scope
from parapet.ops.measure import Measurer
from parapet.ops.probe import ProbeRunner
from parapet.ops.prometheus import Prometheus
from parapet.ops.reconcile import Reconciler
from parapet.ops.resting import Rests
from parapet.response.capability import Effect
from parapet.response.rotation import Rotation
from parapet.signals.probes import Probe
from parapet.signals.recorder import Recorder
from parapet.testing import alert

if TYPE_CHECKING:
    from tests.conftest import Desk

RECEIVER = "parapet-shop"
TAKING_TURNS = replace(ON_CALL, rotations=(Rotation(name="week", people=("Ana", "Ben"), begins=date(2026, 11, 2)),))


@contextmanager
def answering(answers: Mapping[str, object]) -> Iterator[str]:
    """The address of a server that gives the answer whose path the question begins with."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = next(one for one in answers if self.path.startswith(one))
            said = json.dumps(answers[path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listing(*labels: Mapping[str, str], clocks: tuple[str, ...]) -> Step:
    """At those times the worker asks an Alertmanager that has those alerts."""
    kept = {"receivers": [{"name": RECEIVER}], "status": {"silencedBy": []}, "updatedAt": at("02:14").isoformat()}
    listed = [
        {**alert(one, starts_at=at("02:12"), annotations=WORDS), "endsAt": at("04:00").isoformat(), **kept}
        for one in labels
    ]
    answers = {"/api/v2/alerts": listed, "/api/v2/silences": []}

    def run(desk: Desk) -> None:
        with answering(answers) as url:
            for clock in clocks:
                desk.clock.set(at(clock))
                Reconciler(desk.context, Alertmanager((url,)), receiver=RECEIVER).look()

    return run


def signalled(desk: Desk) -> None:
    """The heartbeat of Prometheus stayed away."""
    desk.clock.set(at("02:30"))
    Reconciler(desk.context, None, receiver=RECEIVER).signal()


def heard(desk: Desk) -> None:
    """The heartbeat of Prometheus came once."""
    desk.clock.set(at("02:10"))
    with desk.store.begin() as tx:
        tx.heartbeats.beat("watchdog", now=at("02:10"), took_seconds=0.0)


def measured(desk: Desk) -> None:
    """The worker asks for the burn until it has it."""
    points = [[(at("02:13") + timedelta(minutes=minute)).timestamp(), "30"] for minute in range(-30, 1)]
    found = {"resultType": "matrix", "result": [{"metric": {"slice": "checkout"}, "values": points}]}
    shop = Parapet(service="shop")
    shop.journey("checkout", objective=0.999)
    with answering({"/api/v1/": {"status": "success", "data": found}}) as url:
        for clock in ("02:14", "02:16"):
            desk.clock.set(at(clock))
            Measurer(desk.context, shop.catalog, Prometheus(url)).measure_due()


def probed(desk: Desk) -> None:
    """Two rounds of a probe."""
    probe = Probe(name="home", check=lambda: True, every_seconds=60.0, timeout_seconds=5.0, jitter_ratio=0.0)
    for clock in ("02:14", "02:16"):
        desk.clock.set(at(clock))
        runner = ProbeRunner(desk.context, (probe,), Recorder())
        runner.start_due()
        runner.wait()


def maintenances(desk: Desk) -> Maintenances:
    """The verbs of maintenance."""
    return Maintenances(desk.context, Scope(slices=("checkout",), journeys={}))


def planned(start: str | None) -> Step:
    """Ana lets the checkout rest until 03:00."""

    def run(desk: Desk) -> None:
        desk.clock.set(at("02:14"))
        begins = None if start is None else at(start)
        maintenances(desk).plan("checkout", start=begins, end=at("03:00"), actor=ANA, reason="a new disk")

    return run


def rest_ended(desk: Desk) -> None:
    """Ana is done sooner."""
    desk.clock.set(at("02:30"))
    maintenances(desk).end(1, actor=ANA, reason="done sooner")


def rests_told(desk: Desk) -> None:
    """The worker looks when it has begun, and when it is over."""
    for clock in ("02:21", "03:01"):
        desk.clock.set(at(clock))
        Rests(desk.context, Recorder(), ("checkout",)).look()


def stood_in(desk: Desk) -> object:
    """Ben takes the night."""
    return desk.escalations.stand_in("week", "Ben", start=at("02:00"), end=at("09:00"), actor=ANA, reason="ill")


def stood_down(desk: Desk) -> None:
    """Ana is well again."""
    desk.escalations.end_stand_in(1, actor=ANA, reason="well again")


def noted_once(desk: Desk) -> object:
    """A script that names its request writes a note."""
    return desk.operator.once("run-17", "digest").note(ONE, actor=ANA, text="restarted by the script", version=1)


def declared_once(desk: Desk) -> object:
    """A script that names its request declares what no slice is about: another one would be another trouble."""
    verbs = desk.operator.once("run-18", "digest")
    return verbs.declare(title="Refunds are late", severity=Severity.TICKET, actor=ANA, reason="support says so")


def watching(desk: Desk) -> Actions:
    """The verbs over a host that says that it helped."""
    return actions(desk, verify=lambda situation, targets: Effect.WORKED)


def confirmed(desk: Desk) -> None:
    """Something ran, and is watched."""
    preview = watching(desk).preview("retry-jobs", ONE, actor=ANA)
    watching(desk).confirm(preview.id, digest=preview.digest, actor=ANA, reason="the provider is back")


def watched(desk: Desk) -> None:
    """The worker looks whether a run helped, until its watch is over."""
    for _ in range(3):
        desk.clock.advance(1_800)
        Aftermath(watching(desk)).look()


def a_month_later(desk: Desk) -> None:
    """What is kept for a while is forgotten."""
    desk.clock.set(at("02:50") + timedelta(days=40))
    desk.worker.tick()


DUTIES: dict[str, Act] = {
    "hearing of what never came": Act(run=listing(PAGE, LOGIN, clocks=("02:15", "02:17", "02:19"))),
    "missing what ended unheard": Act(
        before=(FIRING, fire("02:13", labels=LOGIN), listing(clocks=("02:15",))),
        run=listing(clocks=("02:17", "02:19", "02:21")),
    ),
    "hearing nothing any more": Act(before=(heard, FIRING, fire("02:13", labels=LOGIN)), run=signalled),
    "measuring": Act(before=(FIRING,), run=measured, measures=True),
    "probing": Act(run=probed),
    "telling people in a digest": Act(before=(storm,), run=tick("02:14"), digests=True),
    "resuming": Act(
        before=(FIRING, suppressed),
        run=lambda desk: desk.escalations.resume(ONE, actor=ANA, reason=WHY),
        roster=ON_CALL,
    ),
    "the end of a suppression": Act(before=(FIRING, tick("02:13"), suppressed), run=tick("02:20"), roster=ON_CALL),
    "beginning maintenance": Act(before=(FIRING,), run=planned(None), roster=ON_CALL),
    "planning maintenance": Act(before=(FIRING,), run=planned("02:20")),
    "ending maintenance": Act(before=(FIRING, planned(None)), run=rest_ended, roster=ON_CALL),
    "telling of maintenance": Act(before=(FIRING, planned("02:20")), run=rests_told, roster=ON_CALL),
    "standing in": Act(run=stood_in, roster=TAKING_TURNS),
    "standing in no more": Act(before=(stood_in,), run=stood_down, roster=TAKING_TURNS),
    "dismiss an item": Act(
        before=(FIRING, item),
        run=lambda desk: ActionItems(desk.context).dismiss(1, actor=ANA, reason="a test order", version=1),
    ),
    "a request that names itself": Act(before=(FIRING,), run=noted_once),
    "a declaration that names itself": Act(run=declared_once),
    "judging a run": Act(before=(FIRING, confirmed), run=watched),
    "forgetting": Act(before=(nonsense, FIRING, fire("02:13", "02:21"), tick("02:50")), run=a_month_later),
}
