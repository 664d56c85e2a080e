"""Calling people in the workbench, by API and in the terminal: one verb each, the same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.response.conftest import ROSTER, Phone
from tests.web.conftest import HOST

from parapet.core.types import IncidentId
from parapet.response.escalation import EscalationState

if TYPE_CHECKING:
    from tests.web.conftest import Shop


@pytest.fixture
def calling(shop: Shop) -> Shop:
    """A shop whose people can be called."""
    shop.parapet.channels = (Phone("phone"), Phone("ops"))
    shop.parapet.on_call = ROSTER
    return shop


def test_the_page_says_who_is_on_call_and_why_somebody_was_called(calling: Shop) -> None:
    """And on the incident's page, beside the forms."""
    number = calling.fire()
    calling.parapet.tick()
    browser = calling.browser()
    page = browser.get("/parapet/calls").text
    for words in (
        "On call now",
        "primary",
        "Calling",
        "INC-1",
        "policy is defined",
        "shop, step 1 of 3",
        "channels: phone, ops",
    ):
        assert (words in page) is (words != "policy is defined"), words
    assert "Nothing of this kind" in browser.get("/parapet/calls?state=dead").text
    part = browser.get(f"/parapet/incidents/{number}").text
    assert "Calling people" in part
    assert "step 2 of 3 is next" in part
    viewer = calling.browser("Vic:viewer").get(f"/parapet/incidents/{number}").text
    assert "Call them now" not in viewer


def test_a_person_calls_suppresses_and_resumes_by_forms(calling: Shop) -> None:
    """Each needs a reason; a viewer may not."""
    number = calling.fire()
    browser = calling.browser()
    place = f"/parapet/incidents/{number}"
    fields = browser.get(place).fields("/escalation/next")
    assert browser.post(f"{place}/escalation/next", {**fields, "reason": " "}).status >= 400
    done = browser.follow(browser.post(f"{place}/escalation/next", {**fields, "reason": "two more hands"}))
    assert "They are called" in done.text
    assert "two more hands" in done.text
    again = browser.post(f"{place}/escalation/next", {**fields, "reason": "two more hands"})
    assert "Nothing ran twice" in browser.follow(again).text
    other = browser.post(f"{place}/escalation/next", {**fields, "reason": "and you"})
    assert other.status == 409, "that step was taken"
    assert "went on since you read it" in other.text
    fields = browser.get(place).fields("/escalation/suppress")
    browser.post(f"{place}/escalation/suppress", {**fields, "reason": "known", "hours": "4"})
    standing = calling.parapet.escalations.of(IncidentId(number))
    assert standing is not None
    assert standing.state is EscalationState.SUPPRESSED
    fields = browser.get(place).fields("/escalation/resume")
    browser.post(f"{place}/escalation/resume", {**fields, "reason": "worse"})
    assert browser.post(f"{place}/escalation/suppress", {**fields, "reason": "x", "hours": "999"}).status >= 400
    assert calling.browser("Vic:viewer").post(f"{place}/escalation/next", {**fields, "reason": "x"}).status == 403


def test_the_api_says_and_does_the_same(calling: Shop) -> None:
    """How it stands, next, suppress, resume, who is on call, who was told."""
    number = calling.fire()
    calling.parapet.tick()
    browser = calling.browser()

    def ask(path: str) -> dict[str, object]:
        answer = browser.get(f"/parapet/api/{path}")
        assert answer.status == 200, answer.text
        return answer.json

    token = {"parapet-token": str(ask("session")["token"]), "content-type": "application/json"}
    token |= {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}

    def do(word: str, **body: object) -> dict[str, object]:
        path = f"/parapet/api/incidents/{number}/escalation/{word}"
        answer = browser.send("POST", path, headers=token, body=json.dumps(body).encode())
        assert answer.status == 200, answer.text
        return answer.json

    assert ask(f"incidents/{number}/escalation")["next_step"] == 2
    assert do("suppress", seconds=60, reason="known")["state"] == "suppressed"
    assert do("resume", reason="worse")["state"] == "running"
    seen = ask(f"incidents/{number}/escalation")["place"]
    token["idempotency-key"] = "help-1"
    assert do("next", reason="help", place=seen)["next_step"] == 3
    assert do("next", reason="help", place=seen)["next_step"] == 3, "sent again, it is done once"
    del token["idempotency-key"]
    path, stale = f"/parapet/api/incidents/{number}/escalation/next", {"reason": "help", "place": seen}
    refused = browser.send("POST", path, headers=token, body=json.dumps(stale).encode())
    assert (refused.status, "went on since you read it" in refused.text) == (409, True)
    assert "primary" in str(ask("on-call"))
    assert "INC-1" in str(ask("escalations"))
    told = ask(f"notifications?incident={number}&state=delivered")["notifications"]
    assert isinstance(told, list)
    assert "Ben" in str(told) or "Ana" in str(told)
    assert browser.get("/parapet/api/incidents/77/escalation").status == 404
