"""Actions in the workbench and in the API: seen first, run once, refused in words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from tests.web.conftest import who_is_it

from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target
from parapet.web import Principal, workbench
from parapet.web.principal import Action

if TYPE_CHECKING:
    from tests.web.conftest import Answer, Browser, Shop

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


class Jobs:
    """Two dead jobs of the host."""

    def __init__(self) -> None:
        self.dead = ["<b>81177</b>", "81179"]
        self.ran: list[str] = []
        self.breaks = False

    def preview(self, situation: Situation) -> Proposal:
        limit = int(situation.inputs["limit"])
        return Proposal(
            targets=tuple(Target(id=one, version="v2", label="€ 103.95") for one in self.dead[:limit]),
            left_out=(LeftOut(id="81198", because="Refunded by support.", instead="Refund form"),),
            will_do="put them back on the queue checkout, once each",
            people_see="order confirmations within 2 min",
            warnings=("The queue is long.",),
        )

    def execute(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        if self.breaks:
            raise ConnectionError("redis://:planted-secret@broker")
        self.ran += [one.id for one in targets]
        self.dead = []
        return Done(note="Queued.")


@pytest.fixture
def jobs(shop: Shop) -> Jobs:
    """The shop can retry them."""
    made = Jobs()
    shop.parapet.capability(
        Capability(
            name="retry-jobs",
            title="Retry dead jobs",
            noun="job",
            touches="the queue checkout",
            preview=made.preview,
            execute=made.execute,
            inputs={"limit": "20"},
        )
    )
    return made


def previewed(browser: Browser, number: int, **inputs: str) -> Answer:
    """From the incident's page to the page that asks to confirm."""
    page = browser.get(f"/parapet/incidents/{number}")
    sent = page.fields("/preview") | {f"input-{name}": value for name, value in inputs.items()}
    answer = browser.post(f"/parapet/incidents/{number}/preview", sent)
    return browser.follow(answer)


def test_seen_confirmed_and_read_without_script(shop: Shop, jobs: Jobs) -> None:
    """Exactly what was seen runs; pressing twice runs nothing more; hostile ids stay words."""
    number = shop.fire()
    browser = shop.browser()
    seen = previewed(browser, number)
    assert "2 jobs" in seen.text
    assert "&lt;b&gt;81177&lt;/b&gt;" in seen.text
    assert "Refunded by support." in seen.text
    assert "Nothing has run yet." in seen.text
    assert jobs.ran == []
    fields = seen.fields("/confirm")
    confirm = seen.url + "/confirm"
    wordless = browser.post(confirm, {**fields, "reason": " "})
    assert (wordless.status, jobs.ran) == (422, [])
    done = browser.follow(browser.post(confirm, {**fields, "reason": "1.8.3 reads them"}))
    assert "2 of 2 are done." in done.text
    assert "1.8.3 reads them" in done.text
    assert len(jobs.ran) == 2
    twice = browser.post(confirm, {**fields, "reason": "again"})
    assert twice.status == 409
    assert "Ana confirmed it before: RUN-1" in twice.text
    assert 'href="../../runs/1"' in twice.text
    assert len(jobs.ran) == 2
    story = browser.get(f"/parapet/incidents/{number}?entries=all").text
    assert "About to run RUN-1" in story
    assert "runs/1" in story


def test_refusals_are_pages_with_a_next_step(shop: Shop, jobs: Jobs) -> None:
    """Drift shows the difference, an old preview is made anew with one press."""
    browser = shop.browser()
    number = shop.fire()
    seen = previewed(browser, number, limit="1")
    jobs.dead = ["81179"]
    drifted = browser.post(seen.url + "/confirm", {**seen.fields("/confirm"), "reason": "go"})
    assert drifted.status == 409
    assert "1 more (81179); 1 fewer" in drifted.text
    shop.clock.advance(301)
    old = browser.get(seen.url)
    assert "The preview expired" in old.text
    assert "Preview it again" in old.text
    assert jobs.ran == []


def test_previewed_again_it_is_the_same_question_and_the_words_stay(shop: Shop, jobs: Jobs) -> None:
    """The same inputs, the reason that was typed, a new digest; what cannot run any more has no button that runs it."""
    browser = shop.browser()
    seen = previewed(browser, shop.fire(), limit="1")
    jobs.dead = ["81179", "81180"]
    words = {**seen.fields("/confirm"), "reason": "1.8.3 reads <them>"}
    drifted = browser.post(seen.url + "/confirm", words)
    assert "Run it on" not in drifted.text
    again = browser.post(seen.url, {**drifted.fields(seen.url.rpartition("/")[2]), "reason": words["reason"]})
    assert again.status == 200
    assert "81179" in again.text
    assert "81180" not in again.text
    assert ">1.8.3 reads &lt;them&gt;</textarea>" in again.text
    assert again.fields("/confirm")["digest"] != words["digest"]
    assert jobs.ran == []
    confirm = re.findall(r'action="([^"]+/confirm)"', again.text)[0]
    run = browser.post(urljoin(again.url, confirm), {**again.fields("/confirm"), "reason": words["reason"]})
    assert browser.follow(run).status == 200
    assert jobs.ran == ["81179"]
    shop.parapet.operator.resolve(IncidentId(1), actor=ANA, reason="over", version=2)
    over = browser.post(seen.url, {**words})
    assert (over.status, "INC-1 is resolved" in over.text) == (409, True)


def test_beside_the_form_stands_what_it_did_before(shop: Shop, jobs: Jobs) -> None:
    """How often it was run, how that ended, and the way to the latest runs."""
    browser = shop.browser()
    first = previewed(browser, shop.fire())
    assert "Never run" in first.text
    browser.post(first.url + "/confirm", {**first.fields("/confirm"), "reason": "go"})
    jobs.dead, jobs.breaks = ["7"], True
    second = previewed(browser, 1)
    assert "1 of 1 done" in second.text
    assert '<a href="../runs/1">RUN-1</a> 02:13 UTC, INC-1: done' in second.text
    browser.post(second.url + "/confirm", {**second.fields("/confirm"), "reason": "go"})
    assert "1 of 2 done, 0 failed, 1 unknown" in previewed(browser, 1).text


def test_breaking_the_glass_is_a_permission_of_its_own(shop: Shop, jobs: Jobs) -> None:
    """Who lacks it sees why, and is refused by page and API; who has it goes past the breaker."""

    def authorize(person: Principal, action: str) -> bool:
        return action != Action.BREAK_GLASS or person.name == "Cleo"

    shop.host.mount("/strict", workbench(shop.parapet, authenticate=who_is_it, authorize=authorize))
    number = shop.fire()
    for _ in range(3):
        jobs.dead = ["7"]
        made = shop.parapet.actions.preview("retry-jobs", IncidentId(number), actor=ANA)
        shop.parapet.actions.confirm(made.id, digest=made.digest, actor=ANA, reason="go")
    jobs.dead = ["8"]
    made = shop.parapet.actions.preview("retry-jobs", IncidentId(number), actor=ANA)
    page, broken = f"/strict/previews/{made.id}", {"reason": "no other way", "break_glass": "yes"}
    ana, cleo = shop.browser(), shop.browser("Cleo:responder")
    seen = ana.get(page)
    assert "You lack the permission action.break_glass." in seen.text
    assert "It ran 3 times within an hour" in seen.text
    refused = ana.post(page + "/confirm", {**seen.fields(made.id), **broken})
    assert (refused.status, jobs.ran) == (409, ["7", "7", "7"])
    assert "You lack the permission action.break_glass. Nothing ran." in refused.text
    allowed = cleo.get(page)
    assert "Break the glass" in allowed.text
    assert cleo.post(page + "/confirm", {**allowed.fields("/confirm"), **broken}).status == 303
    assert jobs.ran[-1] == "8"


def test_viewers_and_strangers_run_nothing(shop: Shop, jobs: Jobs) -> None:
    """They read why."""
    number = shop.fire()
    seen = previewed(shop.browser(), number)
    viewer = shop.browser("Vic:viewer")
    shown = viewer.get(seen.url).text
    assert "You are a viewer" in shown
    assert "Run it on" not in shown
    assert viewer.post(seen.url + "/confirm", {**seen.fields("/confirm"), "reason": "x"}).status == 403
    assert shop.browser(None).get(seen.url).status == 401
    assert jobs.ran == []


def test_an_unknown_outcome_is_verified_on_its_page(shop: Shop, jobs: Jobs) -> None:
    """It says what to verify; what the host raised is nowhere."""
    jobs.breaks = True
    browser = shop.browser()
    seen = previewed(browser, shop.fire())
    ran = browser.follow(browser.post(seen.url + "/confirm", {**seen.fields("/confirm"), "reason": "go"}))
    assert "It may have run. Do not run it again; verify first." in ran.text
    assert "planted-secret" not in ran.text
    settled = browser.post(
        "/parapet/runs/1/settle", {**ran.fields("/settle"), "reason": "none moved", "outcome": "failed"}
    )
    assert "0 of 2 are done; 2 are not." in browser.follow(settled).text
    assert "Verified by" in browser.follow(settled).text


def test_the_api_says_the_same(shop: Shop, jobs: Jobs) -> None:
    """Codes and next steps for programs; a request that names itself is done once."""
    number = shop.fire()
    browser = shop.browser()
    token = browser.get("/parapet/api/session").json["token"]
    assert isinstance(token, str)
    headers = {
        "content-type": "application/json",
        "origin": "http://shop.test",
        "sec-fetch-site": "same-origin",
        "parapet-token": token,
    }

    def post(path: str, body: dict[str, object], **more: str) -> Answer:
        sent = json.dumps(body).encode()
        return browser.send("POST", f"/parapet/api/{path}", headers={**headers, **more}, body=sent)

    listed = browser.get("/parapet/api/capabilities").json["capabilities"]
    assert isinstance(listed, list)
    assert listed[0]["name"] == "retry-jobs"
    made = post(f"incidents/{number}/previews", {"capability": "retry-jobs", "inputs": {"limit": "1"}})
    assert made.status == 201
    assert made.json["count"] == 1
    address = f"previews/{made.json['id']}"
    wrong = post(f"{address}/confirm", {"digest": "0" * 64, "reason": "go"})
    assert (wrong.status, wrong.json["code"]) == (409, "wrong_digest")
    assert wrong.json["next_step"] == "Confirm with the whole digest that the preview shows."
    body: dict[str, object] = {"digest": made.json["digest"], "reason": "go"}
    first = post(f"{address}/confirm", body, **{"idempotency-key": "k1"})
    again = post(f"{address}/confirm", body, **{"idempotency-key": "k1"})
    assert (first.status, first.json["state"], again.json["id"]) == (200, "done", first.json["id"])
    assert len(jobs.ran) == 1
    used = post(f"{address}/confirm", body)
    assert (used.json["code"], used.json["next_step"]) == ("preview_used", "Look at RUN-1.")
    assert browser.get(f"/parapet/api/{address}").json["run_id"] == 1
    assert browser.get("/parapet/api/runs/RUN-1").json["ledger"]
    runs = browser.get("/parapet/api/runs?limit=1").json
    assert (runs["next"], runs["previous"]) == (None, None)
    unknown = post(f"incidents/{number}/previews", {"capability": "retry-job"})
    assert (unknown.status, unknown.json["code"]) == (422, "unknown_name")
