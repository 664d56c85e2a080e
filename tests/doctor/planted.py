"""One fault for every check: what is broken in a healthy host so that the doctor must say this code."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from tests.conftest import PAGE, WORDS, at
from tests.doctor.host import SECRETS, Case, git

from parapet import IncidentPolicy, Parapet, Runbook
from parapet.core import names
from parapet.doctor.facts import Facts
from parapet.doctor.gathered.host import NoHost
from parapet.notify.webhook import WebhookChannel
from parapet.response.capability import Capability, Proposal, Situation
from parapet.response.escalation import EscalationPolicy, person, rotation
from parapet.response.escalation import Step as Step_
from parapet.response.hours import hours
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation
from parapet.response.runbook import Step
from parapet.slo.burn import HOUR, BurnPolicy, Severity, pair
from parapet.slo.maintenance import once, weekly
from parapet.slo.packs import web_pack
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio, LatencyRatio
from parapet.slo.slice import Slice
from parapet.testing import ManualClock, alert, alertmanager_payload
from parapet.web import Principal, Role
from parapet.web.request import Request

Plant: TypeAlias = Callable[[Case], Facts]
GUIDE = (Step(title="Look", text="Look at it."),)


def defined(define: Callable[[Parapet], object], **settings: Any) -> Plant:
    """A host that also defines something."""
    return lambda case: case.facts(case.parapet(define=define, **settings))


def wired(**wiring: Any) -> Plant:
    """A host with another wiring."""
    return lambda case: case.facts(case.parapet(wiring=wiring))


def secret(**secrets: Any) -> Plant:
    """A host with other secrets."""
    return lambda case: case.facts(case.parapet(secrets=secrets), known=NoHost(why="not asked"))


def written(name: str, text: str, **settings: Any) -> Plant:
    """A host with one more file, or another one."""
    return lambda case: case.write(name, text).facts(case.parapet(**settings))


def patient(**policy: Any) -> Plant:
    """A host with another policy of incidents."""
    return lambda case: case.facts(case.parapet(incidents=IncidentPolicy(**policy)))


def promise(name: str, **more: Any) -> Slice:
    """A promise about all requests."""
    values = {"title": name.title(), "sli": sli(), "objective": 0.99, "runbook": "till", **more}
    return Slice(name=name, **values)


def sli() -> EventRatio:
    """All requests, those that failed being bad."""
    return next(one.sli for one in web_pack().slices if isinstance(one.sli, EventRatio))


def at_route(template: str) -> EventRatio:
    """The same of the requests at one route."""
    return replace(sli(), total=(equals(names.ROUTE, template),))


def book(name: str, *slices: str, **more: Any) -> Runbook:
    """A runbook."""
    values = {"title": name.title(), "owner": "the shop's team", "steps": GUIDE, **more}
    return Runbook(name=name, slices=slices, **values)


def executed(statement: str) -> Plant:
    """A host in whose evidence something happened."""

    def plant(case: Case) -> Facts:
        with sqlite3.connect(case.evidence.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
        return case.facts()

    return plant


def handed_in(state: str, *, attempts: int, error: str | None = None) -> Plant:
    """A host whose inbox holds such a body."""
    said, then = "NULL" if error is None else f"'{error}'", "2026-01-01T00:00:00.000000Z"
    return executed(
        "INSERT INTO parapet_inbox (source, received_at, body, size_bytes, state, attempts, due_at, error) VALUES "
        f"('alertmanager', '{then}', x'7b7d', 2, '{state}', {attempts}, '{then}', {said})"
    )


def in_shared_memory(case: Case) -> Facts:
    """A host of /srv whose evidence is in memory."""
    facts = case.facts(case.parapet(environment="production", evidence="sqlite:////dev/shm/evidence.db"))
    facts.folder = Path("/srv/shop")
    return facts


def nothing(situation: Situation) -> Proposal:
    """There is nothing to do."""
    return Proposal(targets=())


def ran(situation: Situation, targets: object) -> None:
    """It was done."""


def acts(name: str, *, automatic: bool = False) -> Step:
    """A step that a capability does."""
    return Step(title="Do it", text="Once, and look.", capability=name, automatic=automatic)


def acts_by_itself(parapet: Parapet) -> None:
    """A capability that runs by itself, and cannot tell whether it helped."""
    parapet.capability(Capability(name="refund", preview=nothing, execute=ran))
    parapet.runbook(book("act", "checkout", steps=(acts("refund", automatic=True),)))


FIRST = (Step_(targets=(rotation("primary"), person("Ana"))),)


def called(policy: EscalationPolicy, people: tuple[Person, ...] | None = None) -> Plant:
    """A host whose people are called by one policy."""
    known = people or (Person(name="Ana", reach={"ops": "ana"}), Person(name="Ben", reach={"ops": "ben"}))
    turns = Rotation(
        name="primary", people=("Ana", "Ben"), begins=date(2026, 11, 2), hand_over="Monday 09:00", zone="UTC"
    )
    roster = Roster(people=known, rotations=(turns,), policies=(policy,))
    return lambda case: case.facts(case.parapet(channels=(mail("ops"),), on_call=roster))


def token_file(case: Case, text: str, mode: int) -> Facts:
    path = case.folder.parent / "token"
    path.write_text(text)
    path.chmod(mode)
    return case.facts(case.parapet(wiring={"metrics_token_file": str(path)}))


def anybody(request: Request) -> Principal | None:
    return Principal(id="1", name="Anybody", role=Role.ADMIN)


def with_routes(*paths: str) -> Plant:
    """A host that serves these, too."""

    def plant(case: Case) -> Facts:
        parapet = case.parapet()
        app = case.application(parapet)
        for path in paths:
            app.get(path)(lambda: None)
        return case.facts(parapet, app)

    return plant


def layered(wrap: Callable[[FastAPI], None]) -> Plant:
    """A host with one more middleware."""

    def plant(case: Case) -> Facts:
        parapet = case.parapet()
        app = case.application(parapet)
        wrap(app)
        return case.facts(parapet, app)

    return plant


def bearer(app: Any) -> Any:
    """A middleware that shows the token of everybody."""

    async def shown(scope: Any, receive: Any, send: Any) -> None:
        token = f"Bearer {SECRETS['webhook_tokens'][0]}".encode()
        await app({**scope, "headers": [*scope.get("headers", ()), (b"authorization", token)]}, receive, send)

    return shown


def sign_in(app: Any) -> Callable[..., Awaitable[None]]:
    """A middleware that sends strangers to a login."""

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        await RedirectResponse("/login")(scope, receive, send)

    return asked


def open_metrics(case: Case) -> Facts:
    parapet = case.parapet()
    app = case.application(parapet, measured=False)
    app.routes.append(Route("/metrics", lambda request: PlainTextResponse("up 1\n")))
    return case.facts(parapet, app)


def two_parapets(case: Case) -> Facts:
    return case.facts(case.parapet(), case.application(case.parapet()))


def served(case: Case, **how: Any) -> Facts:
    parapet = case.parapet()
    return case.facts(parapet, case.application(parapet, **how))


def broken(app: Any) -> Callable[..., Awaitable[None]]:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("It was never started.")

    return breaks


def full_label(parapet: Parapet) -> None:
    for number in range(2_000):
        parapet.recorder.add("parapet_job_lost_total", (f"task-{number}", "default"))


def many_series(parapet: Parapet) -> None:
    for number in range(2_000):
        parapet.recorder.observe(
            "parapet_job_duration_seconds", (f"task-{number % 99}", f"q-{number % 47}", "success"), 1
        )


def latest(case: Case) -> Facts:
    parapet = case.parapet(
        define=lambda one: one.adopt(
            promise(
                "slow",
                sli=LatencyRatio(
                    metric="parapet_http_request_duration_seconds",
                    threshold_seconds=one.recorder.http.bounds_seconds[-1],
                ),
            )
        )
    )
    return case.facts(parapet)


def mail(name: str) -> WebhookChannel:
    return WebhookChannel(name=name, url="http://127.0.0.1:9", secret="k3Jq8ZtB7xLrPq2VnYd0")


def database_in_git(case: Case) -> Facts:
    path = case.folder / "evidence.db"
    path.write_bytes(Path(case.evidence.removeprefix("sqlite:///")).read_bytes())
    case.write("evidence.db", "")
    return case.facts(case.parapet(evidence=f"sqlite:///{path}"))


def counted_in_git(case: Case) -> Facts:
    case.write("counted/seat-1", "x")
    return case.facts(case.parapet(multiprocess_dir=case.folder / "counted"))


def no_zones(case: Case) -> Facts:
    facts = case.facts()
    facts.__dict__["zones"] = False  # what a machine without zones says
    return facts


def nothing_promised(case: Case) -> Facts:
    parapet = Parapet(service="shop")
    return case.facts(parapet, known=NoHost(why="not asked"))


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
PLANTED: Mapping[str, Plant] = {
    "PD101": defined(lambda one: one.adopt(promise("lost", runbook="nowhere"))),
    "PD102": defined(
        lambda one: one.adopt(promise("never", severities=(Severity.PAGE,))),
        burn=BurnPolicy(pairs=(pair(Severity.TICKET, 24 * HOUR, 0.1),)),
    ),
    "PD103": defined(
        lambda one: one.adopt(promise("late", objective=0.5)),
        burn=BurnPolicy(pairs=(pair(Severity.PAGE, 24 * HOUR, 0.1), pair(Severity.TICKET, 72 * HOUR, 0.1))),
    ),
    "PD104": nothing_promised,
    "PD105": defined(lambda one: one.adopt(promise("strict", objective=0.99999))),
    "PD106": defined(lambda one: one.journey("login")),
    "PD107": lambda case: _without_pack(case),
    "PD108": defined(lambda one: one.delivery("receipts", provider="ses", channel="email")),
    "PD109": defined(lambda one: one.adopt(promise("again", title="Checkout"))),
    "PD110": defined(lambda one: one.maintenance("old", once(YESTERDAY - timedelta(hours=1), YESTERDAY))),
    "PD111": defined(
        lambda one: one.maintenance(
            "long", *(weekly(f"{day} 08:00-20:00 UTC") for day in ("Monday", "Tuesday", "Wednesday", "Thursday"))
        )
    ),
    "PD112": defined(lambda one: one.journey("login", objective=0.99, routes=("POST /logn",))),
    "PD113": latest,
    "PD114": defined(lambda one: one.adopt(promise("checkouts", sli=at_route("/chekout")))),
    "PD201": defined(lambda one: one.adopt(promise("bare", runbook=None, severities=(Severity.TICKET,)))),
    "PD202": defined(lambda one: one.runbook(book("lost", "nothing"))),
    "PD203": defined(lambda one: one.runbook(book("half", "checkout", "nothing"))),
    "PD204": defined(lambda one: one.adopt(promise("other", runbook="till"))),
    "PD205": lambda case: case.facts(case.parapet(owner="")),
    "PD206": defined(lambda one: one.runbook(book("orphan", "checkout", owner=""))),
    "PD207": defined(lambda one: one.runbook(book("plain", "checkout", url="http://wiki.example.com/till"))),
    "PD208": defined(lambda one: one.runbook(book("empty", "checkout", steps=(Step(title="Look", text="TODO"),)))),
    "PD209": defined(
        lambda one: one.runbook(book("gone", "checkout", steps=(Step(title="Run", text="It.", capability="none"),)))
    ),
    "PD301": secret(webhook_tokens=()),
    "PD302": secret(metrics_tokens=()),
    "PD303": secret(form_key=None),
    "PD304": secret(api_tokens=("changeme-changeme",)),
    "PD305": secret(api_tokens=SECRETS["webhook_tokens"]),
    "PD306": secret(webhook_tokens=tuple(f"hW3kq9ZtB7xLrPq2VnY{number}" for number in range(3))),
    "PD307": written("settings.py", 'Secrets(form_key=os.environ.get("KEY", "f0KjR8sZqLw3XnVb5MtH"))\n'),
    "PD308": written(".env", f"PARAPET_FORM_KEY={SECRETS['form_key']}\n"),
    "PD309": written("notes.md", "post to https://hooks.slack.com/" + "services/T0000001/B0000001/abcdefghijklmnop\n"),
    "PD310": written("settings.py", 'Parapet(evidence="postgresql://shop:' + 'hunter2@db/shop")\n'),
    "PD311": lambda case: token_file(case, SECRETS["metrics_tokens"][0], 0o644),
    "PD312": lambda case: token_file(case, "another-token-altogether", 0o600),
    "PD313": wired(metrics_token_file="/etc/parapet/one", webhook_token_file="/etc/parapet/one"),
    "PD401": wired(workbench_url="http://shop.example.com/parapet"),
    "PD402": wired(workbench_url="shop.example.com/parapet"),
    "PD403": wired(prometheus_url="https://shop:hunter2@prometheus.example.com"),
    "PD404": lambda case: case.facts(case.parapet(environment="production", channels=(mail("ops"),))),
    "PD405": wired(workbench_url="https://shop.example.com/parapet/"),
    "PD406": wired(scrape_targets=("http://shop:8000",)),
    "PD407": wired(scrape_targets=("shop:8000", "shop:8000")),
    "PD408": wired(group_wait_seconds=120.0),
    "PD409": wired(group_interval_seconds=600.0),
    "PD410": wired(repeat_interval_seconds=7 * 86_400.0),
    "PD411": wired(scrape_interval_seconds=75.0),
    "PD412": wired(webhook_url="https://shop.example.com/hooks/alertmanager"),
    "PD413": wired(metrics_path="/metrix"),
    "PD414": lambda case: case.facts(case.parapet(channels=(mail("ops"), mail("ops")))),
    "PD415": patient(quiet_period_seconds=30.0),
    "PD416": patient(signal_stale_seconds=30.0),
    "PD417": patient(reopen_window_seconds=0.0),
    "PD418": patient(sightings_kept_seconds=400 * 86_400.0),
    "PD501": lambda case: case.facts(case.parapet(evidence=f"sqlite:///{case.folder.parent / 'none.db'}")),
    "PD502": executed("UPDATE parapet_schema_version SET version_num = '9999'"),
    "PD503": lambda case: case.facts(case.parapet(evidence="postgresql://nobody@127.0.0.1:9/none")),
    "PD504": wired(scrape_targets=("one:8000", "two:8000")),
    "PD505": lambda case: case.facts(case.parapet(evidence="sqlite:///evidence.db")),
    "PD506": in_shared_memory,
    "PD507": written("fly.toml", 'app = "shop"\n'),
    "PD508": database_in_git,
    "PD509": written("Procfile", "web: uvicorn app:app\n"),
    "PD510": handed_in("waiting", attempts=3, error="It broke."),
    "PD511": handed_in("rejected", attempts=1, error="No alert."),
    "PD512": handed_in("waiting", attempts=0),
    "PD513": lambda case: _given_up(case),
    "PD514": written(
        "migrations/env.py", "target_metadata = Base.metadata\n", evidence="postgresql://nobody@127.0.0.1:9/none"
    ),
    "PDE01": called(EscalationPolicy(name="others", steps=FIRST, slices=("home-probe",))),
    "PDE02": called(EscalationPolicy(name="office", steps=FIRST, within=hours("Monday-Friday 09:00-18:00 UTC"))),
    "PDE03": called(EscalationPolicy(name="pages", steps=FIRST, slices=("checkout", "till"))),
    "PDE04": called(EscalationPolicy(name="pages", steps=FIRST), people=(Person(name="Ana"), Person(name="Ben"))),
    "PDE05": called(EscalationPolicy(name="pages", steps=(Step_(targets=(person("Ana"),)),))),
    "PDF01": defined(lambda one: one.runbook(book("act", "checkout", steps=(acts("refund"),)))),
    "PDF02": defined(acts_by_itself),
    "PD600": lambda case: case.facts(known=NoHost(why="app:app could not be loaded: ImportError", known=True)),
    "PD601": lambda case: served(case, counted=0),
    "PD602": layered(lambda app: app.add_middleware(CORSMiddleware)),
    "PD603": lambda case: served(case, counted=2),
    "PD604": two_parapets,
    "PD605": open_metrics,
    "PD606": lambda case: served(case, authenticate=anybody),
    "PD607": layered(lambda app: app.add_middleware(bearer)),
    "PD608": layered(lambda app: app.add_middleware(sign_in)),
    "PD609": lambda case: served(case, mounted=False),
    "PD610": lambda case: served(case, measured=False),
    "PD611": lambda case: served(case, networks=("0.0.0.0/0",)),
    "PD612": layered(lambda app: app.add_middleware(broken)),
    "PD701": written("Procfile", "web: gunicorn app:app --workers 4\nworker: parapet worker\n"),
    "PD702": lambda case: _relative_directory(case),
    "PD703": counted_in_git,
    "PD704": no_zones,
    "PD705": written(".github/workflows/ci.yml", "jobs: {check: {steps: [{run: parapet doctor --ci}]}}\n"),
    "PD706": written("Procfile", "web: uvicorn app:app\nworker: parapet worker\n"),
    "PD801": defined(full_label),
    "PD802": with_routes(*(f"/page/{number}/it" for number in range(170))),
    "PD803": defined(many_series),
    "PD804": with_routes("/orders/184467440737"),
    "PD901": defined(lambda one: one.adopt(promise("more"))),
    "PD902": lambda case: case.facts(out="elsewhere"),
    "PD903": wired(scrape_interval_seconds=299.0),
    "PD904": lambda case: _untracked(case),
    "PD905": written(".github/workflows/ci.yml", "jobs: {test: {steps: [{run: pytest}]}}\n"),
    "PD906": written("prometheus.yml", "alerting: {alertmanagers: []}\nscrape_configs: []\n"),
    "PD907": written("prometheus.yml", "rule_files: [recording.yml, alerts.yml]\nscrape_configs: []\n"),
    "PD908": written("alertmanager.yml", "receivers: [{name: mail}]\n"),
    "PD909": written("looks/templates/home.html", "{# made from parapet 0.0.1 000000000000: yours now #}\n"),
}
"""Code -> the fault."""


def _without_pack(case: Case) -> Facts:
    parapet = Parapet(service="shop")
    parapet.journey("checkout", objective=0.999)
    parapet.probe("home", lambda: None)
    return case.facts(parapet, known=NoHost(why="not asked"))


def _given_up(case: Case) -> Facts:
    parapet = case.parapet(channels=(mail("ops"),), clock=ManualClock(at("02:13")))
    parapet.inbox.receive(alertmanager_payload(alert(PAGE, starts_at=at("02:13"), annotations=WORDS)))
    return executed("UPDATE parapet_outbox SET state = 'dead'")(case)


def _relative_directory(case: Case) -> Facts:
    parapet = case.parapet()
    parapet.multiprocess_dir = Path("counted")
    return case.facts(parapet)


def _untracked(case: Case) -> Facts:
    git(case.folder, "rm", "-rq", "--cached", "ops")
    return case.facts()
