"""A shop of every kind of promise, half broken, that keeps itself busy: data for every panel of every dashboard.

    python -m tests.dashboards.host

Whoever starts it says in the environment where it lives. Everything is recorded through Parapet's own doors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from http.client import HTTPConnection
from itertools import count
from random import Random
from threading import Event, Thread
from time import perf_counter

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from parapet import BurnPolicy, Parapet, Secrets, Wiring
from parapet.core import names
from parapet.core.errors import ProbeFailed
from parapet.core.types import PARAPET
from parapet.core.vocabulary import (
    ApprovalOutcome,
    DeliveryOutcome,
    EvaluationOutcome,
    FailureClass,
    GuardrailOutcome,
    JobState,
    Outcome,
    ToolOutcome,
)
from parapet.incidents.model import ChangeKind
from parapet.integrations.jobs import BacklogWatch, Jobs, Waiting
from parapet.signals.refs import Sighting
from parapet.slo.burn import DAY
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import counter, native_histogram
from parapet.slo.pack import Pack
from parapet.slo.packs import email_delivery_pack, media_pipeline_pack, probes_pack, web_pack
from parapet.slo.packs.ai import ai_pack
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio, Freshness, JobOutcome, LastSuccess, LatencyRatio, Raw, Sli
from parapet.slo.slice import Slice
from parapet.slo.sources.tasks import celery_exporter_pack
from parapet.web import metrics

HOME = os.environ.get("DASHBOARDS_HOME", ".")
PORT = int(os.environ.get("DASHBOARDS_PORT", "8000"))
EXPORTER_PORT = int(os.environ.get("DASHBOARDS_EXPORTER_PORT", "9808"))
TRACES = "https://example.com/traces"
NATIVE = os.environ.get("DASHBOARDS_NATIVE")
"""Where a service shows a native histogram, if it does."""
RUNBOOK = "https://example.com/runbooks/shop"
EVERY_SECONDS = 0.1
STRICT = 0.9999
"""So that everything that breaks a little raises its alerts within seconds."""

parapet = Parapet(
    service="shop",
    owner="the shop's team",
    evidence=f"sqlite:///{HOME}/evidence.db",
    burn=BurnPolicy().scaled_down(75),
    secrets=Secrets(metrics_tokens=("a token that everybody knows",)),
    wiring=Wiring(
        scrape_targets=(f"127.0.0.1:{PORT}", *filter(None, (NATIVE,))),
        metrics_token_file=f"{HOME}/metrics-token",
        webhook_token_file=f"{HOME}/metrics-token",
        scrape_interval_seconds=1,
        evaluation_interval_seconds=1,
        group_wait_seconds=1,
        group_interval_seconds=1,
        webhook_url=f"http://127.0.0.1:{PORT}/nobody/takes/alerts/here",
        workbench_url=f"http://127.0.0.1:{PORT}/parapet",
    ),
)


def kind(name: str, sli: Sli, *groups: str) -> Slice:
    """A promise of one kind, which is soon broken."""
    return Slice(name=name, title=name.capitalize(), sli=sli, objective=STRICT, group_by=groups, runbook=RUNBOOK)


HTTP = f"{names.HTTP_DURATION}_count"
ALL = f'increase({HTTP}{{job="shop"}}[$window])'
UPLOADS = native_histogram("upload_seconds", {"region": None})
SENT = counter("celery_task_sent_total", {"queue_name": None}, job="celery-exporter")
LOST = counter("celery_task_failed_total", {"queue_name": None}, job="celery-exporter")
login = parapet.journey("login", objective=0.999)
checkout = parapet.journey("checkout", objective=0.999, latency=(0.05, STRICT))
receipts = parapet.delivery("receipts", provider="postmark", channel="email")
texts = parapet.delivery("receipts", provider="twilio", channel="email")
videos = parapet.pipeline(
    "videos", stages=("transcode", "publish"), queue="media", provider="mux", late_after_seconds=30
)
assistant = parapet.ai("assistant", guardrails=("privacy",), tools=("search", "refund"), evaluations=("helpful",))
parapet.adopt(
    web_pack(latency=(0.005, STRICT)).but("web-latency", period_seconds=7 * DAY, links={"Traces": TRACES}),
    celery_exporter_pack(success=STRICT, latency=(0.5, STRICT), name="tasks", runbook=RUNBOOK),
    email_delivery_pack("receipts", delivered=STRICT, webhooks=(300, STRICT), suppressed=None),
    media_pipeline_pack("videos", completed=STRICT, queue=STRICT, answers=STRICT, running=(3600, STRICT)).but(
        "videos-funnel", threshold_ratio=0.05, times_usual=None
    ),
    probes_pack("home", success=STRICT),
    ai_pack("assistant", guardrails=STRICT, tools=STRICT, evaluations=STRICT, approvals=(3600, STRICT)),
    kind("jobs", JobOutcome(), names.QUEUE),
    kind("good", EventRatio(metric=names.HTTP_DURATION, good=(equals(names.STATUS_CLASS, "2xx"),))),
    kind("parts", EventRatio(metric="celery_task_sent_total", source=SENT, bad_source=LOST)),
    kind("fresh", Freshness(metric=names.DELIVERY_WEBHOOK, within_seconds=300), names.PROVIDER),
    kind("latest", LastSuccess(selector=(equals(names.TASK, "mail"),), within_seconds=0.1)),
    kind("uploads", LatencyRatio(metric=UPLOADS.name, source=UPLOADS, threshold_seconds=0.5), "region"),
    kind("raw", Raw(bad=f'sum(increase({HTTP}{{job="shop",status_class="5xx"}}[$window]))', total=f"sum({ALL})")),
    Pack(
        name="what is worth a look",
        diagnostics=(
            Diagnostic(
                name="receipts-suppressed",
                title="Suppressed receipts drift",
                sli=EventRatio(
                    metric=names.DELIVERY_OUTBOUND, bad=(equals(names.OUTCOME, DeliveryOutcome.SUPPRESSED),)
                ),
                threshold_ratio=0.05,
                group_by=(names.PROVIDER,),
            ),
        ),
    ),
)


@parapet.probe("home", every_seconds=1, timeout_seconds=0.5)
def probe_home() -> bool:
    """Finds what it looks for every other time."""
    if next(looked) % 2:
        raise ProbeFailed
    return True


def lose(sightings: Sequence[Sighting]) -> None:
    """A sink that takes nothing."""
    raise ConnectionError("the evidence is away")


looked = count()
parapet.refs.to(lose)


async def shelf(request: Request) -> Response:
    """A page that breaks for some, and is slow for others."""
    number = int(request.path_params["number"])
    if number % 3 == 0:
        raise RuntimeError("broken")
    until = perf_counter() + (0.01 if number % 3 == 1 else 0)
    while perf_counter() < until:  # holds the loop, as a slow page would
        pass
    return PlainTextResponse("a shelf")


app = Starlette(routes=[Route("/shelves/{number}", shelf), Route("/metrics", metrics(parapet))])
app.add_middleware(parapet.middleware)


class Traffic(Thread):
    """Customers, workers and providers, a round every tenth of a second."""

    def __init__(self) -> None:
        super().__init__(name="traffic", daemon=True)
        self.random = Random(1)
        self.jobs = Jobs(parapet)
        self.backlog = BacklogWatch(self.jobs, lambda: ())
        registry = CollectorRegistry()
        labels = ("name", "hostname", "queue_name")
        self.succeeded = Counter("celery_task_succeeded", "as celery-exporter", labels, registry=registry)
        self.sent = Counter("celery_task_sent", "as celery-exporter", labels, registry=registry)
        self.failed = Counter("celery_task_failed", "as celery-exporter", labels, registry=registry)
        self.runtime = Histogram("celery_task_runtime", "as celery-exporter", labels, registry=registry)
        start_http_server(EXPORTER_PORT, "127.0.0.1", registry)

    def run(self) -> None:
        for number in count():
            self.browse(number)
            self.users(number)
            self.workers(number)
            self.providers(number)
            self.models(number)
            if number % 10 == 0:
                kind = tuple(ChangeKind)[number % len(ChangeKind)]
                parapet.changes.mark(kind=kind, actor=PARAPET, version=f"1.{number}")
                parapet.tick()
            Event().wait(EVERY_SECONDS)

    def browse(self, number: int) -> None:
        """A real request."""
        connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
        try:
            connection.request("GET", f"/shelves/{number}")
            connection.getresponse().read()
        except OSError:
            return
        finally:
            connection.close()

    def users(self, number: int) -> None:
        """Attempts that end in every way, some of them slowly."""
        outcomes = [*Outcome, "no such outcome"]
        login.record(outcomes[number % len(outcomes)], self.random.random() / 10)
        checkout.record(outcomes[number % 2], self.random.random() / 10)

    def workers(self, number: int) -> None:
        """Jobs of two queues, a backlog, and stages that fail."""
        queue = ("fast", "slow")[number % 2]
        lane = self.jobs.lane("resize" if number % 2 else "mail", queue)
        lane.waited(self.random.random())
        lane.ended(lane.began(None, perf_counter()), tuple(JobState)[number % len(JobState)], self.random.random())
        if number % 7 == 0:
            lane.lost()
        now = self.jobs.now()
        self.backlog.show([Waiting(queue=one, size=number % 50, oldest=now - 5) for one in ("fast", "slow")])
        with_labels = ("tasks.mail", "worker-1", "celery")
        self.sent.labels(*with_labels).inc()
        (self.failed if number % 3 == 0 else self.succeeded).labels(*with_labels).inc()
        self.runtime.labels(*with_labels).observe(self.random.random())
        for stage in videos.stages:
            attempt = (1, 1, 1, 2, 1, 1, 3, 2)[number % 8]  # some of what begins never gets through
            with videos.run(stage, attempt=attempt, max_attempts=3) as run:
                if number % 4 == 1:
                    run.retry()
                elif number % 4 == 2:
                    run.discard()
            videos.callback(stage, (0.5, 400)[number % 2])
            videos.running(stage, (0.5, 4_000)[number % 2])
        videos.backlog((0, 20, 90)[number % 3])

    def providers(self, number: int) -> None:
        """Messages that are taken, or not, and what is heard of them."""
        for delivery in (receipts, texts):
            with delivery.handover(refs={"message_id": f"m{number}"}) as handed:
                if number % 5 == 1:
                    handed.failed(FailureClass.RATE_LIMITED)
                elif number % 5 == 2:
                    handed.suppressed()
                elif number % 5 == 3:
                    handed.deferred(FailureClass.UNAVAILABLE)
            delivery.provider_feedback(DeliveryOutcome.DELIVERED)
            if number % 3 == 0:
                delivery.provider_feedback(DeliveryOutcome.BOUNCED, FailureClass.INVALID_RECIPIENT)
                delivery.webhook_ingest(DeliveryOutcome.FAILED, 2.0, FailureClass.INVALID_CALLBACK)
            delivery.webhook_ingest(DeliveryOutcome.DELIVERED, (0.2, 20, 1_000, 9_000)[number % 4])

    def models(self, number: int) -> None:
        """What an assistant does, and who waits for a person."""
        assistant.guardrail("privacy", tuple(GuardrailOutcome)[number % len(GuardrailOutcome)])
        assistant.tool("search", tuple(ToolOutcome)[number % len(ToolOutcome)])
        assistant.evaluation("helpful", tuple(EvaluationOutcome)[number % len(EvaluationOutcome)])
        assistant.approval_requested("refund")
        assistant.approval_decided("refund", (ApprovalOutcome.APPROVED, ApprovalOutcome.EXPIRED)[number % 2])
        assistant.approval_backlog((0, 4_000)[number % 2])


if __name__ == "__main__":
    Traffic().start()
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
