"""A shop that adopts every pack, and does on request what burns nothing, what is good, and what is bad.

    python -m tests.packs.host

Whoever starts it says its port in PACKS_PORT. Until it is asked for something, nothing has happened in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

import uvicorn
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from parapet import BurnPolicy, Parapet, Secrets, Wiring
from parapet.core.errors import ProbeFailed
from parapet.core.vocabulary import JobState
from parapet.integrations.jobs import BacklogWatch, Jobs, Waiting
from parapet.integrations.sqlalchemy import instrument
from parapet.slo.packs import (
    Pack,
    ai_pack,
    billing_pack,
    bundle,
    database_pack,
    email_delivery_pack,
    jobs_pack,
    media_pipeline_pack,
    notifications_pack,
    probes_pack,
    web_pack,
)
from parapet.web import metrics

PORT = int(os.environ.get("PACKS_PORT", "8000"))
TOKEN = "a token that everybody knows"
OFTEN = 5
"""What is done, is done so often."""
LONG_AGO_SECONDS = 4_000.0
SLOW_SECONDS = 20.0

parapet = Parapet(
    service="shop",
    owner="the shop's team",
    burn=BurnPolicy().scaled_down(10),  # a base window of half a minute
    secrets=Secrets(metrics_tokens=(TOKEN,)),
    wiring=Wiring(
        scrape_targets=(f"127.0.0.1:{PORT}",),
        metrics_token_file=os.environ.get("PACKS_TOKEN_FILE", "metrics-token"),
        scrape_interval_seconds=2,
        evaluation_interval_seconds=5,
    ),
)
checkout = parapet.journey("checkout")
receipts = parapet.delivery("receipts", provider="postmark", channel="email")
codes = parapet.delivery("codes", provider="twilio", channel="sms")
payments = parapet.delivery("payments", provider="stripe", channel="webhook")
videos = parapet.pipeline("videos", stages=("upload", "encode", "publish"), queue="media", provider="mux")
assistant = parapet.ai("assistant", guardrails=("privacy",), tools=("search",), evaluations=("helpful",))
engine = create_engine("sqlite://", poolclass=QueuePool, connect_args={"check_same_thread": False})
instrument(engine, parapet)
jobs = Jobs(parapet)
jobs.declare("nightly", "mail")
backlog = BacklogWatch(jobs, list)
parapet.probe("home", lambda: None)
parapet.probe("login", lambda: None)
PACKS: dict[str, Pack] = {
    "web": web_pack(latency=(10.0, 0.99)),  # whoever tests may have a busy machine
    "jobs": jobs_pack(fresh={"nightly": 3_600.0}),
    "database": database_pack(),
    "email_delivery": email_delivery_pack("receipts"),
    "notifications": notifications_pack("codes"),
    "media_pipeline": media_pipeline_pack("videos"),
    "billing": billing_pack(),
    "ai": ai_pack("assistant"),
    "probes": bundle(probes_pack(), probes_pack("home")),
}
parapet.adopt(*PACKS.values())


def harmless() -> None:
    """What users got wrong or left, what is tried again, what a list or a person kept from happening."""
    checkout.record("user_error")
    checkout.record("abandoned")
    for one in (receipts, codes):
        one.outbound("attempted")
        one.outbound("deferred", "rate_limited")
        one.outbound("suppressed")
        one.provider_feedback("provider_accepted")
        one.provider_feedback("deferred", "mailbox_unavailable")
        one.provider_feedback("complained")
        one.provider_feedback("suppressed")
    videos.stage("encode", "retryable_failed", attempt=1, max_attempts=3)
    videos.stage("encode", "delayed")
    for state in (JobState.RETRIED, JobState.REVOKED):
        jobs.lane("nightly", "mail").told(state, 0.1)
    assistant.guardrail("privacy", "refused", "injection")
    assistant.tool("search", "user_error")
    assistant.tool("search", "denied")
    assistant.tool("search", "abandoned")
    assistant.evaluation("helpful", "inconclusive")
    with engine.connect() as connection, suppress(SQLAlchemyError):
        connection.execute(text("INSERT INTO things VALUES (1), (1)"))  # refused: the database is well


def good() -> None:
    """Everything as it should be."""
    checkout.record("success", 0.1)
    for one in (receipts, codes, payments):
        one.outbound("provider_accepted")
        one.provider_feedback("delivered")
        one.webhook_ingest("delivered", 2.0)
    for stage in videos.stages:
        with videos.run(stage):
            pass
    videos.running("encode", 0)
    videos.backlog(0)
    videos.callback("encode", 2.0)
    lane = jobs.lane("nightly", "mail")
    lane.ended(lane.began(jobs.now() - 0.5, perf_counter()), JobState.SUCCEEDED, 0.1)
    backlog.show([Waiting(queue="mail", size=0, oldest=None)])
    assistant.guardrail("privacy", "passed")
    assistant.guardrail("privacy", "corrected", "private")
    with assistant.call("search"):
        pass
    assistant.evaluation("helpful", "passed")
    assistant.approval_backlog(10.0)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    for probe in parapet.probes:
        parapet.recorder.observe("parapet_probe_duration_seconds", (probe.name, "success"), 0.1)


def bad() -> None:
    """Everything as it should not be."""
    checkout.record("failure")
    checkout.record("success", SLOW_SECONDS)
    for one in (receipts, codes, payments):
        with suppress(TimeoutError), one.handover():
            raise TimeoutError
        one.provider_feedback("bounced", "invalid_recipient")
        one.webhook_ingest("bounced", LONG_AGO_SECONDS, "invalid_recipient")
    videos.stage("encode", "discarded", attempt=3, max_attempts=3)
    videos.running("encode", LONG_AGO_SECONDS)
    videos.backlog(LONG_AGO_SECONDS)
    videos.callback("encode", LONG_AGO_SECONDS)
    lane = jobs.lane("nightly", "mail")
    lane.waited(LONG_AGO_SECONDS)
    lane.told(JobState.FAILED, 0.1)
    lane.lost()
    backlog.show([Waiting(queue="mail", size=9, oldest=jobs.now() - LONG_AGO_SECONDS)])
    assistant.guardrail("privacy", "crashed")
    assistant.guardrail("privacy", "blocked", "private")
    with suppress(ValueError), assistant.call("search"):
        raise ValueError
    assistant.evaluation("helpful", "failed", "off_topic")
    assistant.approval_backlog(LONG_AGO_SECONDS)
    with engine.connect() as connection, suppress(SQLAlchemyError):
        connection.execute(text("SELECT * FROM nowhere"))
    recorder = parapet.recorder
    recorder.observe("parapet_db_query_duration_seconds", ("select", "primary", "success"), SLOW_SECONDS)
    recorder.observe("parapet_db_pool_wait_seconds", ("primary", "timeout"), SLOW_SECONDS)
    recorder.http.observe(("GET", "/fine", "2xx"), SLOW_SECONDS)
    for probe in parapet.probes:
        recorder.observe("parapet_probe_duration_seconds", (probe.name, "crashed"), 0.1)


DOINGS: dict[str, Callable[[], None]] = {"harmless": harmless, "good": good, "bad": bad}


def do(request: Request) -> Response:
    """Do it, and say so; what is wrong with the request is the client's."""
    what = DOINGS.get(request.path_params["what"])
    if what is None:
        raise HTTPException(404)
    for _ in range(OFTEN):
        what()
    return PlainTextResponse("done")


def fine(request: Request) -> Response:
    """Works."""
    return PlainTextResponse("fine")


def broken(request: Request) -> Response:
    """Does not."""
    raise ProbeFailed("on purpose")


app = Starlette(routes=[Route("/do/{what}", do), Route("/fine", fine), Route("/broken", broken)])
app.add_middleware(parapet.middleware)
app.routes.append(Route("/metrics", metrics(parapet)))

if __name__ == "__main__":
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (number INTEGER PRIMARY KEY)"))
    backlog.show([Waiting(queue="mail", size=0, oldest=None)])  # a worker looks as soon as it starts
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
