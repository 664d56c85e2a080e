"""A whole story with planted secrets, in which everything fails once and quotes them: none is kept, logged or told."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from tests.conftest import ANA, PAGE, WORDS, at
from tests.notify.servers import Answer, Asked, Mail, Pager, Service, SlackApi, slack_webhook, teams
from tests.web.conftest import Browser, who_is_it

from parapet import Parapet, Secrets, Wiring
from parapet.core.errors import EvidenceError, Refused
from parapet.core.ids import TimeOrderedIds
from parapet.core.types import IncidentId
from parapet.notify.apprise import AppriseChannel
from parapet.notify.channel import Channel
from parapet.notify.pagerduty import PagerDuty
from parapet.notify.sinks import HttpSink
from parapet.notify.slack import SlackWebhook
from parapet.notify.slack_bot import SlackBot
from parapet.notify.smtp import SmtpChannel
from parapet.notify.teams import TeamsWorkflow
from parapet.notify.webhook import WebhookChannel
from parapet.response.capability import Capability, Done, Effect, Proposal, Situation, Target
from parapet.response.escalation import EscalationPolicy, Step, person
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation
from parapet.store.schema import metadata
from parapet.testing import alert, alertmanager_payload
from parapet.web import metrics, workbench

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Desk

ONE = IncidentId(1)
NOWHERE = "http://127.0.0.1:9"


class Planted:
    """Secrets, each by what it opens."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.values.setdefault(name, f"planted-{name}-0123456789abcdef")

    def found_in(self, text: str, *, but: tuple[str, ...] = ()) -> list[str]:
        """The names of those that stand in *text*."""
        return [name for name, value in self.values.items() if value in text and name not in but]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A receiver, and which secret it has to be shown in a body."""

    service: Service
    may_hear: tuple[str, ...] = ()


class Host:
    """An action of the host: whatever it is asked first fails with the address of its database."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._asked: set[str] = set()

    def capability(self, name: str) -> Capability:
        """One of its actions, watched for a minute."""
        functions = {"preview": self.preview, "execute": self.execute, "verify": self.verify}
        return Capability(name=name, title=name, noun="job", watch_seconds=60, **functions)  # type: ignore[arg-type]

    def _fails_once(self, what: str) -> None:
        if what not in self._asked:
            self._asked.add(what)
            raise RuntimeError(f"postgresql://host:{self._secret}@db/{what} does not answer")

    def preview(self, situation: Situation) -> Proposal:
        self._fails_once("preview")
        return Proposal(targets=(Target(id="job-1", version="v1"),), will_do="put it back")

    def execute(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        self._fails_once("execute")
        return Done(note="Queued.")

    def verify(self, situation: Situation, targets: tuple[Target, ...]) -> Effect:
        self._fails_once("verify")
        return Effect.WORKED


def quoting(answer: Callable[[Asked], Answer], *secrets: str) -> Callable[[Asked], Answer]:
    """As *answer* does, but for the first two times: an error that repeats what it was shown."""
    times = iter(range(1_000_000))

    def answered(asked: Asked) -> Answer:
        said = f"no: {' '.join(secrets)} {asked.path} {asked.headers}"
        return Answer(500, said) if next(times) < 2 else answer(asked)

    return answered


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Whatever was started is stopped."""
    with ExitStack() as started:
        yield started


def test_no_secret_is_kept_logged_or_told(
    desk: Desk, stack: ExitStack, tmp_path: Path, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In any table or byte of the database, log line, message, page, answer, metric, error or repr."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="parapet")
    planted, heard = Planted(), dict[str, Heard]()

    def serve(name: str, answer: Callable[[Asked], Answer], *secrets: str, may_hear: tuple[str, ...] = ()) -> str:
        service = Service(quoting(answer, *secrets))
        stack.callback(service.stop)
        heard[name] = Heard(service=service, may_hear=may_hear)
        return service.url

    def plain(asked: Asked) -> Answer:
        return Answer(200, "ok")

    mail = Mail(tmp_path, password=planted["mail"])
    stack.callback(mail.stop)
    mail.at_mail = f"451 try again, parapet {planted['mail']}"
    bot = serve("bot", SlackApi(planted["bot"], channels=("C1",)), planted["bot"])
    teams_url = serve("teams", teams, planted["teams"])
    slack_url = serve("slack", slack_webhook, planted["slack"])
    hook_url = serve("hook", plain, planted["hook-key"], planted["hook-path"])
    pager_url = serve("pager", Pager(planted["pager"]), planted["pager"], may_hear=("pager",))
    ntfy_url = serve("apprise", plain, planted["apprise"]).removeprefix("http://")
    sink_url = serve("sink", plain, planted["sink-key"], planted["sink-path"])
    channels: tuple[Channel, ...] = (
        SlackBot(name="bot", token=planted["bot"], channel="C1", api=bot, clock=desk.clock),
        SlackWebhook(name="slack", url=f"{slack_url}/services/{planted['slack']}", clock=desk.clock),
        TeamsWorkflow(name="teams", url=f"{teams_url}/workflows/x?sig={planted['teams']}", clock=desk.clock),
        WebhookChannel(
            name="hook", url=f"{hook_url}/{planted['hook-path']}", secret=planted["hook-key"], clock=desk.clock
        ),
        PagerDuty(name="pager", routing_key=planted["pager"], url=pager_url, clock=desk.clock),
        AppriseChannel(f"json://parapet:{planted['apprise']}@{ntfy_url}/", name="apprise"),
        SmtpChannel(
            name="mail",
            host="127.0.0.1",
            port=mail.port,
            sender="parapet@shop.test",
            to=("ana@shop.test",),
            username="parapet",
            password=planted["mail"],
            trust=mail.trust,
        ),
    )
    reach = {"bot": "U1", "slack": "U1", "hook": "ana", "pager": "ana", "mail": "ana@shop.test"}
    parapet = Parapet(
        service="shop",
        evidence=desk.url,
        clock=desk.clock,
        ids=TimeOrderedIds(),
        channels=channels,
        on_call=Roster(
            people=(Person(name="Ana", reach=reach),),
            rotations=(Rotation(name="first", people=("Ana",), begins=date(2026, 11, 2), hand_over="Monday 09:00"),),
            policies=(EscalationPolicy(name="shop", steps=(Step(targets=(person("Ana"),)),)),),
        ),
        wiring=Wiring(workbench_url="http://shop.test/parapet", prometheus_url=NOWHERE, alertmanager_urls=(NOWHERE,)),
        secrets=Secrets(
            form_key=planted["form"],
            webhook_tokens=(planted["webhook"],),
            signing_keys=(planted["signing"],),
            metrics_tokens=(planted["metrics"],),
            api_tokens=(planted["api"],),
            responder_tokens=(("script", planted["responder"]),),
            alertmanager_credentials=f"parapet:{planted['alertmanager']}",
            prometheus_credentials=planted["prometheus"],
        ),
        sinks=(HttpSink(f"{sink_url}/{planted['sink-path']}", secret=planted["sink-key"], clock=desk.clock),),
    )
    stack.callback(parapet.store.close)
    host = Host(planted["host-database"])
    for name in ("retry", "drain"):
        parapet.capability(host.capability(name))
    application = Starlette()
    application.mount("/parapet", workbench(parapet, authenticate=who_is_it))
    application.mount("/metrics", metrics(parapet))
    browser, machine = Browser(application, "Ana:admin"), Browser(application, None)
    said: list[str] = []

    def rounds(count: int, seconds: float) -> None:
        for _ in range(count):
            desk.clock.advance(seconds)
            parapet.tick()

    def act() -> None:
        for name in ("retry", "retry", "drain"):  # a preview that fails, an unknown outcome, and one that is done
            try:
                shown = parapet.actions.preview(name, ONE, actor=ANA)
                parapet.actions.confirm(shown.id, digest=shown.digest, actor=ANA, reason="try")
            except Refused as refusal:
                said.append(refusal.message)

    desk.clock.set(at("02:13"))
    fires = alertmanager_payload(alert(PAGE, starts_at=at("02:13"), annotations=WORDS))
    bearer = {"authorization": f"Bearer {planted['webhook']}", "content-type": "application/json"}
    taken = machine.send("POST", "/parapet/hooks/alertmanager", headers=bearer, body=fires)
    assert taken.status == 200, taken.text
    rounds(1, 5)
    mail.at_mail = ""
    rounds(6, 60)
    act()
    rounds(3, 60)
    ends = alertmanager_payload(alert(PAGE, starts_at=at("02:13"), ends_at=desk.clock.now(), annotations=WORDS))
    assert machine.send("POST", "/parapet/hooks/alertmanager", headers=bearer, body=ends).status == 200
    rounds(12, 600)
    away = f"postgresql+psycopg://parapet:{planted['evidence']}@127.0.0.1:9/none"
    broken = Parapet(service="shop", evidence=away)
    with suppress(EvidenceError):
        try:
            broken.tick()
        except EvidenceError as error:
            said += [str(error), repr(error)]
            raise
    broken.store.close()

    kinds = desk.kinds()
    assert {"opened", "notified", "escalated", "action_ended", "action_judged", "resolved"} <= set(kinds), kinds
    assert desk.count("outbox", "state in ('waiting', 'dead')") == 0, "everything was told in the end"
    assert all(len(one.service.asked) > 2 for one in heard.values())
    assert desk.count("outbox", "attempts > 1") > 0
    assert desk.count("runs") > 0
    with parapet.store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            kept = str([tuple(row) for row in connection.execute(select(table))])
            assert planted.found_in(kept) == [], f"in the table {table.name}"
    if database == "sqlite":
        folder = Path(desk.url.removeprefix("sqlite:///")).parent
        for file in (one for one in folder.iterdir() if one.is_file() and one.suffix != ".pem"):
            assert planted.found_in(file.read_bytes().decode("latin-1")) == [], f"in {file.name}"
    assert planted.found_in(caplog.text) == [], "in a log"
    for name, one in heard.items():
        for asked in one.service.asked:
            assert planted.found_in(asked.body.decode(), but=one.may_hear) == [], f"in a message to {name}"
    for envelope in mail.received:
        assert planted.found_in(str(envelope.content)) == [], "in a mail"
    pages = ["incidents/1", "calls", "about", "api/incidents/1", "api/notifications", "api/ledger", "incidents", ""]
    for page in pages:
        got = browser.get(f"/parapet/{page}")
        assert got.status == 200, page
        assert planted.found_in(got.text) == [], f"on {page}"
    scraped = machine.get("/metrics/", headers={"authorization": f"Bearer {planted['metrics']}"})
    assert scraped.status == 200
    assert planted.found_in(scraped.text) == [], "in a metric"
    assert said, "something was refused"
    shown = repr(
        [parapet, parapet.secrets, parapet.wiring, parapet._context, channels, parapet.sinks, broken, json.dumps(said)]
    )
    assert planted.found_in(shown) == [], "in an error or a repr"
