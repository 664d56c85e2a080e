"""One rich night of a shop, made by the verbs themselves: every page of the workbench has something to show.

For the pictures of the pages and for tests that look at all of them. The clock stands still, so two runs look alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette

from parapet import Parapet, Secrets, Wiring
from parapet.core.errors import DeliveryFailed, DeliveryRejected
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.model import ChangeKind, Severity
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.response.capability import Capability, Done, Effect, LeftOut, Proposal, Situation, Target
from parapet.response.escalation import EscalationPolicy, Step, channel, person, rotation
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation
from parapet.response.runbook import Runbook
from parapet.response.runbook import Step as BookStep
from parapet.slo.maintenance import Once
from parapet.store import migrate
from parapet.store.store import Store
from parapet.testing import ManualClock, SequentialIds, alert, alertmanager_payload
from parapet.web import Link, Principal, Request, Role, workbench

NIGHT = datetime(2026, 11, 12, tzinfo=UTC)
ANA, TOM = (Actor(kind=ActorClass.OPERATOR, name=name) for name in ("Ana", "Tom"))
CI = Actor(kind=ActorClass.EXTERNAL, name="ci")
FIRST_DAY = (
    "",
    "incidents",
    "incidents?scope=mine",
    "incidents?scope=resolved",
    "changes",
    "action-items",
    "calls",
    "capabilities",
    "approvals",
    "inbox",
    "about",
    "declare",
    "maintenance",
)
"""Pages that have a state of their own where nothing happened yet."""
GOOD, BAD = "ParapetBudgetBurnTicket", "ParapetBudgetBurnPage"


def at(clock: str) -> datetime:
    """A time of that night, UTC; -3:00 is three hours before midnight."""
    hours, minutes, *seconds = (int(part) for part in clock.lstrip("-").split(":"))
    after = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return NIGHT - after if clock.startswith("-") else NIGHT + after


@dataclass(frozen=True, kw_only=True)
class Fare:
    """How one promise fares, as Prometheus would say it."""

    total: float = 12_480.0
    failed: float = 3.0
    burn: float = 0.2
    left: float = 0.86
    firing: str = ""
    age_seconds: float = 15.0


FARES = {
    "checkout": Fare(total=412, failed=176, burn=427.2, left=0.31, firing="page"),
    "checkout-latency": Fare(total=236, failed=4, burn=1.7, left=0.71),
    "login": Fare(total=3_204, failed=2, burn=0.1, left=0.94),
    "search": Fare(total=48_211, failed=301, burn=6.2, left=0.44, firing="ticket"),
    "receipts": Fare(total=4, failed=0, burn=0.0, left=0.99),
    "refunds": Fare(total=18, failed=0, burn=0.0, left=0.97, age_seconds=1_260),
    "reports": Fare(total=0, failed=0, burn=0.0, left=0.9),
}
_SLICE = re.compile(r'slice="([^"]+)"')


class Weather(BaseHTTPRequestHandler):
    """Answers as Prometheus does: the same every time it is asked the same."""

    clock: ManualClock
    fares: dict[str, Fare]

    def do_GET(self) -> None:
        """One question."""
        self._say({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

    def do_POST(self) -> None:
        """A long one."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self._say({name: values[0] for name, values in parse_qs(body).items()})

    def _say(self, asked: dict[str, str]) -> None:
        ranged = "query_range" in self.path
        result = self._range(asked) if ranged else self._now(asked["query"])
        kind = "matrix" if ranged else "vector"
        body = json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _now(self, query: str) -> list[object]:
        now = self.clock.now().timestamp()

        def each(value: str) -> list[object]:
            return [
                {"metric": {"slice": name, "service": "shop"}, "value": [now, str(eval_fare(fare, value, now))]}
                for name, fare in self.fares.items()
            ]

        if query.startswith("max(up"):
            return [{"metric": {}, "value": [now, "1"]}]
        if "ALERTS" in query:
            return [
                {"metric": {"slice": name, "severity": fare.firing}, "value": [now, "1"]}
                for name, fare in self.fares.items()
                if fare.firing
            ]
        for sign, value in (
            ("timestamp(", "age_seconds"),
            ("slo_error_ratio", "good"),
            ("slo_bad_events", "failed"),
            ("slo_events", "total"),
            ("slo_burn:current", "burn"),
            ("budget_remaining", "left"),
        ):
            if sign in query:
                return each(value)
        return []

    def _range(self, asked: dict[str, str]) -> list[object]:
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        found = _SLICE.search(asked["query"])
        names = [found[1]] if found else list(self.fares)
        answered: list[object] = []
        for name in names:
            fare = self.fares.get(name, Fare())
            times = [start + step * n for n in range(int((end - start) / step) + 1)]
            falling = "budget_remaining" in asked["query"]
            values = [budget_at(fare, end - when, end - start) if falling else burn_at(fare, when) for when in times]
            pairs = [[when, str(value)] for when, value in zip(times, values, strict=True)]
            answered.append({"metric": {"slice": name, "service": "shop"}, "values": pairs})
        return answered

    def log_message(self, *words: object) -> None:
        """Says nothing."""


def eval_fare(fare: Fare, value: str, now: float) -> float:
    """One value of *fare*, as a query for it is answered."""
    if value == "age_seconds":
        return now - fare.age_seconds
    if value == "good":
        return 1 - fare.failed / fare.total if fare.total else float("nan")
    return float(getattr(fare, value))


def burn_at(fare: Fare, when: float) -> float:
    """The burn at a time: calm with small waves, and what it is now since 02:13."""
    calm = 0.25 + 0.2 * ((when // 600) % 7) / 7 + (0.5 if (when // 7_200) % 5 == 0 else 0)
    if fare.burn < 1:
        return calm * max(fare.burn, 0.05)
    since = when - at("2:13").timestamp()
    return calm if since < 0 else fare.burn * min(1.0, 0.35 + since / 1_800)


def budget_at(fare: Fare, before_end: float, whole: float) -> float:
    """The budget left some seconds before the end of a period: it falls in steps."""
    share = 1 - before_end / whole
    stairs = sum(weight for place, weight in ((0.2, 0.15), (0.55, 0.25), (0.8, 0.1)) if share > place)
    return 1 - (1 - fare.left) * (stairs + 0.5 * share)


@dataclass
class Post:
    """A channel: it keeps what it was told, and fails where it was told to."""

    name: str
    fails: str = ""
    told: list[str] = field(default_factory=list)

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Tell it."""
        if self.fails == "rejected":
            raise DeliveryRejected("mail.example answered 550: no such mailbox reliability@shop.example.")
        if self.fails == "away":
            raise DeliveryFailed("hooks.example did not answer within 10 s.", retry_after_seconds=60)
        self.told.append(message.text)
        return Sent(words=f"posted to #{self.name}")


@dataclass
class Jobs:
    """Dead jobs of the shop."""

    dead: list[str] = field(default_factory=lambda: [str(number) for number in range(81_177, 81_219)])
    breaks: bool = False

    def preview(self, situation: Situation) -> Proposal:
        """Every dead one, up to the limit."""
        limit = int(situation.inputs.get("limit", "20"))
        return Proposal(
            targets=tuple(
                Target(id=f"job-{one}", version="v2", label=f"€ {17 + int(one) % 90}.95") for one in self.dead[:limit]
            ),
            left_out=(
                LeftOut(id="job-81301", because="It was refunded by support at 02:31.", instead="Refund form"),
                LeftOut(id="job-81302", because="Its order was cancelled."),
            ),
            will_do="put them back on the queue checkout, once each",
            people_see="order confirmations within 2 min",
            warnings=("The queue is long: they wait about 4 min.",),
        )

    def execute(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        """Queue them; the last one fails."""
        if self.breaks:
            raise ConnectionError("the broker went away")
        failed = {targets[-1].id: "It is locked by another worker."} if len(targets) > 2 else {}
        return Done(note="Queued on checkout.", failed=failed)

    def judge(self, situation: Situation, targets: tuple[Target, ...]) -> Effect:
        """They arrived."""
        return Effect.WORKED


BOOK = Runbook(
    name="checkout-fails",
    title="Checkout fails after payment",
    owner="payments",
    journeys=("checkout",),
    url="https://runbooks.example/checkout",
    warnings=("Never retry a payment: only what comes after it.",),
    steps=(
        BookStep(title="Look at the provider", text="Its status page first; then our error log of the last hour."),
        BookStep(title="Retry dead jobs", text="Only jobs whose payment is booked.", capability="retry-jobs"),
        BookStep(
            title="Shed the recommendations", text="It halves the load on search.", capability="shed", automatic=True
        ),
    ),
)
ROSTER = Roster(
    people=(
        Person(name="Ana", reach={"ops": "U1", "mail": "ana@shop.example"}),
        Person(name="Ben", reach={"ops": "U2"}),
        Person(name="Cem", reach={"ops": "U3"}),
    ),
    rotations=(
        Rotation(
            name="primary",
            people=("Ana", "Ben"),
            begins=date(2026, 11, 2),
            hand_over="Monday 09:00",
            zone="Europe/Berlin",
        ),
    ),
    policies=(
        EscalationPolicy(
            name="shop",
            steps=(
                Step(targets=(rotation("primary"),)),
                Step(targets=(rotation("primary"), person("Cem")), after_seconds=900),
                Step(targets=(channel("ops"),), after_seconds=1_800),
            ),
            repeat=1,
            repeat_after_seconds=1_800,
            ack_timeout_seconds=3_600,
        ),
    ),
)


def who_is_it(request: Request) -> Principal | None:
    """A cookie or an address that says name:role; without one, Ana."""
    name, _, role = request.query.get("as", request.cookies.get("who", "Ana:responder")).partition(":")
    return Principal(id=name.lower(), name=name, role=Role(role))


class Night:
    """The shop, and what happened to it until 02:45."""

    def __init__(self, path: Path, prometheus_url: str | None, clock: ManualClock) -> None:
        self.clock = clock
        self.parapet = Parapet(
            service="shop",
            environment="production",
            evidence=f"sqlite:///{path}",
            owner="reliability",
            wiring=Wiring(workbench_url="http://127.0.0.1/parapet", prometheus_url=prometheus_url),
            secrets=Secrets(
                form_key="form-key-0123456789",
                webhook_tokens=("webhook-token-0123456789",),
                api_tokens=("api-token-0123456789",),
            ),
            channels=(Post("ops"), Post("mail", "rejected"), Post("pager", "away")),
            on_call=ROSTER,
            clock=clock,
            ids=SequentialIds(),
        )
        parapet = self.parapet
        parapet.journey("checkout", objective=0.999, title="Checkout", latency=(0.5, 0.99))
        parapet.journey("login", objective=0.995, title="Login")
        parapet.journey("search", objective=0.99, title="Search")
        parapet.journey("receipts", objective=0.99, title="Receipt e-mails")
        parapet.journey("refunds", objective=0.99, title="Refunds")
        parapet.journey("reports", objective=0.95, title="Reports")
        parapet.maintenance("warehouse", Once(start=at("2:00"), end=at("4:00")), slices=("reports",), reason="upgrade")
        self.jobs = Jobs()
        parapet.capability(
            Capability(
                name="retry-jobs",
                title="Retry dead jobs",
                noun="job",
                touches="the queue checkout",
                preview=self.jobs.preview,
                execute=self.jobs.execute,
                verify=self.jobs.judge,
                undo=lambda situation, targets: Done(note="Taken off the queue."),
                inputs={"limit": "3"},
                typed_from=40,
                second_person_from=20,
                breaker_limit=9,
            )
        )
        parapet.capability(
            Capability(
                name="shed",
                title="Shed the recommendations",
                touches="the flag recommendations",
                preview=lambda situation: Proposal(targets=(Target(id="recommendations", version="on"),)),
                execute=lambda situation, targets: None,
            )
        )
        parapet.runbook(BOOK)
        self.host = Starlette()
        links = (
            Link(title="Logs of this time", url="https://logs.example/?slice={slice}&from={from_ms}", note="errors"),
            Link(title="Traces", url="https://traces.example/?slice={slice}", note="slowest first"),
        )
        self.host.mount("/parapet", workbench(parapet, authenticate=who_is_it, links=links))

    @property
    def places(self) -> dict[str, str]:
        """Name of a page -> where it is, below the mount."""
        n = {
            name: int(getattr(self, name))
            for name in ("checkout", "search", "disk", "odd", "login", "declared", "quiet")
        }
        return {
            "home": "",
            "journey": "journeys/checkout",
            "journey-resting": "journeys/reports",
            "queue": "incidents",
            "queue-mine": "incidents?scope=mine",
            "queue-unowned": "incidents?scope=unowned",
            "queue-resolved": "incidents?scope=resolved",
            "queue-nothing": "incidents?q=nothing+of+this+kind",
            "incident": f"incidents/{n['checkout']}",
            "incident-all": f"incidents/{n['checkout']}?entries=all",
            "incident-ticket": f"incidents/{n['search']}",
            "incident-foreign": f"incidents/{n['disk']}",
            "incident-hostile": f"incidents/{n['odd']}",
            "incident-suppressed": f"incidents/{n['login']}",
            "incident-declared": f"incidents/{n['declared']}",
            "incident-quiet": f"incidents/{n['quiet']}",
            "incident-resolved": "incidents/1",
            "retrospective": "incidents/2/retrospective",
            "work": f"incidents/{n['checkout']}/work",
            "redact": f"incidents/{n['checkout']}/redact?entry=2",
            "redact-admin": f"incidents/{n['checkout']}/redact?entry=2&as=Ada:admin",
            "declare": "declare",
            "confirm": f"previews/{self.small}",
            "confirm-blocked": f"previews/{self.blocked}",
            "confirm-approval": f"previews/{self.wide}",
            "run-partly": f"runs/{self.runs['partly']}",
            "run-undone": f"runs/{self.runs['undone']}",
            "run-unknown": f"runs/{self.runs['unknown']}",
            "approvals": "approvals",
            "capabilities": "capabilities",
            "calls": "calls",
            "calls-dead": "calls?state=dead",
            "items": "action-items",
            "items-resolved": "action-items?state=resolved",
            "item": "action-items/1",
            "item-closed": "action-items/5",
            "changes": "changes",
            "inbox": "inbox",
            "inbox-done": "inbox?shelf=done",
            "body": "inbox/1",
            "maintenance": "maintenance",
            "about": "about",
            "zone": "zone",
            "missing": "nowhere",
        }

    def fire(
        self, name: str, title: str, started: str, *, severity: str = "page", ended: str = "", **labels: str
    ) -> IncidentId:
        """One alert of a promise, at the time the clock shows."""
        all_labels = {"alertname": labels.pop("alertname", BAD if severity == "page" else GOOD), "service": "shop"}
        all_labels |= {"severity": severity, **({"slice": name} if name else {}), **labels}
        one = alert(
            all_labels,
            starts_at=at(started),
            ends_at=at(ended) if ended else None,
            annotations={"title": title, "summary": f"{title}: the budget burns" if name else title},
        )
        receipt = self.parapet.inbox.receive(alertmanager_payload(one))
        return next(iter(receipt.incident_ids))

    def version(self, number: IncidentId) -> int:
        """As it is now."""
        return self.parapet.look.incident(number).incident.version

    def tick(self, clock: str) -> None:
        """The worker's round at a time."""
        self.clock.set(at(clock))
        self.parapet.tick()

    def happen(self) -> None:
        """Everything until 02:45."""
        self._yesterday()
        self._checkout()
        self._others()
        self._rests()
        self._actions()
        self.tick("2:44:30")
        self.clock.set(at("2:45"))

    def _yesterday(self) -> None:
        p, clock = self.parapet, self.clock
        clock.set(at("-5:00"))
        p.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.0", actor=CI, url="https://ci.example/1800")
        clock.set(at("-4:00"))
        rests = p.maintenances.plan(
            "search", start=None, end=at("-3:30"), actor=TOM, reason="A bigger machine takes over"
        )
        clock.set(at("-3:48"))
        p.maintenances.end(rests.number, actor=TOM, reason="It went faster than planned")
        clock.set(at("-3:00"))
        self.fire("checkout", "Checkout fails after payment", "-3:01")
        number = self.fire("login", "Logins are refused", "-3:01")
        p.operator.acknowledge(number, actor=TOM, reason="The identity provider is slow", version=self.version(number))
        clock.set(at("-2:40"))
        for name, title in (("checkout", "Checkout fails after payment"), ("login", "Logins are refused")):
            self.fire(name, title, "-3:01", ended="-2:41")
        self.tick("-2:10")
        clock.set(at("0:20"))
        p.changes.mark(kind=ChangeKind.FLAG, title="new-search on for 50 %", actor=TOM)
        p.changes.mark(
            kind=ChangeKind.PROVIDER, title="Payments provider: elevated errors", occurred_at=at("0:05"), actor=CI
        )
        by_hand = p.operator.declare(
            title="Invoices show yesterday's rate", severity=Severity.TICKET, actor=TOM, reason="Support called"
        )
        assert by_hand.id is not None
        clock.advance(600)
        p.operator.resolve(by_hand.id, actor=TOM, reason="The job was late; it ran", version=by_hand.version)

    def _checkout(self) -> None:
        p, clock = self.parapet, self.clock
        clock.set(at("2:09"))
        p.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=CI, url="https://ci.example/1802")
        clock.set(at("2:13:10"))
        number = self.fire("checkout", "Checkout fails after payment", "2:13:04")
        self.checkout = number
        clock.set(at("2:13:20"))
        self.fire("checkout", "Checkout fails after payment", "2:13:05", severity="ticket")
        p.tick()
        for place in range(9):
            p._journeys["checkout"].record("failure", refs={"order": 9_100 + place, "payment": f"pi_{place:024d}"})
        assert p.refs.drain(10)
        self.tick("2:14")
        clock.set(at("2:19"))
        self.fire("checkout", "Checkout fails after payment", "2:13:04", ended="2:18")
        self.fire("checkout", "Checkout fails after payment", "2:13:05", severity="ticket", ended="2:18")
        clock.set(at("2:22"))
        self.fire("checkout", "Checkout fails after payment", "2:21:40")
        self.tick("2:22:10")
        clock.set(at("2:24"))
        reason = "Orders are charged and not written; looking at the worker"
        p.operator.acknowledge(number, actor=ANA, reason=reason, version=self.version(number))
        clock.set(at("2:26"))
        words = "The log says: 1.8.2 asks for a tax rate that no region has.\nThe provider is fine."
        p.operator.note(number, actor=ANA, text=words, version=self.version(number))
        for place in range(3):
            p.action_items.open(
                "suppressed_delivery", f"msg-{881 + place}", title="Receipt was not sent", slice_name="checkout", by=ANA
            )
        self.tick("2:26:30")

    def _others(self) -> None:
        p, clock = self.parapet, self.clock
        clock.set(at("2:28"))
        self.search = self.fire("search", "Search is slow for some", "2:27:10", severity="ticket")
        clock.set(at("2:29"))
        self.disk = self.fire(
            "", "Disk of db-2 is full in 4 hours", "2:28", severity="ticket", alertname="DiskFillsUp", instance="db-2"
        )
        clock.set(at("2:30"))
        hostile = "<script>alert(1)</script> Averylongwordwithoutanyspacewhichneverends" * 2
        self.odd = self.fire("", hostile, "2:29", alertname="Odd", severity="page")
        clock.set(at("2:31"))
        self.login = self.fire("login", "Logins are refused", "2:30:30")
        p.tick()
        clock.set(at("2:33"))
        p.escalations.suppress(self.login, actor=TOM, reason="The provider works on it", seconds=4 * 3_600)
        declared = p.operator.declare(
            title="Two customers see each other's basket", severity=Severity.PAGE, actor=TOM, reason="Support called"
        )
        assert declared.id is not None
        self.declared = declared.id
        self.quiet = self.fire("refunds", "Refunds wait for the bank", "2:33", severity="ticket")
        p.inbox.store((("alertmanager", b'{"version": "3", "what": "is this"}'),))
        charged, hangs = "Order 9104 was charged, not written", "Export of October hangs"
        p.action_items.open("dead_job", "job-81190", title=charged, slice_name="search", by="worker")
        done = p.action_items.open("stale_export", "exp-12", title=hangs, slice_name="reports", by="worker")
        p.action_items.resolve(int(done.id or 0), actor=TOM, reason="Started again by hand", version=done.version)
        self.tick("2:34")

    def _rests(self) -> None:
        p, clock = self.parapet, self.clock
        clock.set(at("2:35"))
        for what, start, minutes, reason in (
            ("reports", "", 145, "The warehouse upgrade takes longer"),
            ("everything", "21:00", 120, "The rack gets a second switch"),
            ("login", "51:00", 60, "The identity provider moves"),
            ("search", "27:00", 30, "The index is built anew"),
        ):
            start_at = at(start) if start else None
            end = (start_at or clock.now()) + timedelta(minutes=minutes)
            last = p.maintenances.plan(what, start=start_at, end=end, actor=TOM, reason=reason)
        p.maintenances.end(last.number, actor=ANA, reason="It can be built beside the old one")

    def _actions(self) -> None:
        p, clock = self.parapet, self.clock
        clock.set(at("2:35"))
        self.runs: dict[str, int] = {}
        for name, limit, breaks in (("partly", "3", False), ("undone", "1", False), ("unknown", "2", True)):
            self.jobs.breaks = breaks
            seen = p.actions.preview("retry-jobs", self.checkout, actor=ANA, inputs={"limit": limit})
            reason = "1.8.1 is out again, and reads them"
            run = p.actions.confirm(seen.id, digest=seen.digest, actor=ANA, reason=reason)
            self.runs[name] = int(run.id or 0)
            if name == "undone":
                p.undoing.undo(self.runs[name], actor=ANA, reason="The wrong one", version=run.version)
            clock.advance(60)
        self.jobs.breaks = False
        clock.set(at("2:42"))
        self.small = p.actions.preview("retry-jobs", self.search, actor=ANA, inputs={"limit": "6"}).id
        self.blocked = p.actions.preview("retry-jobs", self.checkout, actor=ANA).id
        clock.set(at("2:41"))
        self.fire("refunds", "Refunds wait for the bank", "2:33", severity="ticket", ended="2:40")
        clock.set(at("2:43"))
        self.wide = p.actions.preview("retry-jobs", self.search, actor=TOM, inputs={"limit": "42"}).id
        p.approvals.ask(self.wide, actor=TOM, reason="All that died since 02:13; the fix is out")


def evidence(path: Path) -> Path:
    """An evidence database at *path*, with its tables and nothing in them."""
    store = Store(f"sqlite:///{path}")
    migrate.upgrade(store.engine)
    store.close()
    return path


@contextmanager
def weather(clock: ManualClock, fares: dict[str, Fare]) -> Iterator[str]:
    """A Prometheus of that night on loopback; it says what *fares* hold at that moment."""
    handler = type("Tonight", (Weather,), {"clock": clock, "fares": fares})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(15)
