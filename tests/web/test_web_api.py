"""The JSON API: every verb, who may, what is refused and how, and the document that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.web.conftest import HOST

from parapet import Secrets
from parapet.core.errors import ConfigurationError
from parapet.web.api.openapi import document
from parapet.web.api.table import OPERATIONS
from parapet.web.routes import Door
from parapet.web.site import ROUTES

if TYPE_CHECKING:
    from tests.web.conftest import Answer, Shop

API = "/parapet/api"
READER = {"Authorization": "Bearer api-token-0123456789"}
RESPONDER = {"Authorization": "Bearer responder-token-0123456789"}
WHY = "I look at the worker"


@pytest.fixture
def api(shop: Shop) -> Api:
    """The API, with a token that may work on incidents, over one open incident."""
    shop.parapet.secrets = Secrets(
        form_key="form-key-0123456789",
        api_tokens=("api-token-0123456789",),
        responder_tokens=(("night-bot", "responder-token-0123456789"), ("night-bot", "the-next-token-of-it")),
    )
    shop.fire()
    return Api(shop)


class Api:
    """Asks and tells as a script."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def get(self, path: str, headers: Mapping[str, str] = READER) -> Any:
        answer = self.shop.browser(None).get(f"{API}{path}", headers=headers)
        assert answer.status == 200, answer.text
        return answer.json

    def tell(self, path: str, headers: Mapping[str, str] = RESPONDER, /, **given: object) -> Answer:
        body = json.dumps(given).encode()
        return self.shop.browser(None).send("POST", f"{API}{path}", headers=headers, body=body)

    def admin(self, path: str, **given: object) -> Answer:
        """Tell as an admin's browser does."""
        ada = self.shop.browser("Ada:admin")
        token = str(ada.get(f"{API}/session").json["token"])
        headers = {"content-type": "application/json", "parapet-token": token, "origin": f"http://{HOST}"}
        return ada.send("POST", f"{API}{path}", headers=headers, body=json.dumps(given).encode())

    def work(self, word: str, number: int = 1, /, **given: object) -> Any:
        """Do one verb on the version there is now."""
        version = self.get(f"/incidents/{number}")["version"]
        answer = self.tell(f"/incidents/{number}/{word}", version=version, **given)
        assert answer.status in {200, 201}, answer.text
        return answer.json


def test_an_incident_is_worked_on_from_beginning_to_end(api: Api) -> None:
    """Taken, noted, handed over, given up, judged, resolved, reopened; the chronology names the script."""
    assert api.work("acknowledge", reason=WHY)["owner"] == "night-bot"
    api.work("notes", text="The provider confirms it")
    assert api.work("hand-over", to="Ben", reason="end of shift")["owner"] == "Ben"
    assert api.work("release", reason="nobody is free")["owner"] is None
    assert api.work("severity", severity="ticket", reason="it can wait")["severity"] == "ticket"
    assert api.work("resolve", reason="rolled back")["state"] == "resolved"
    assert api.get("/incidents/1/retrospective")["incident_id"] == 1
    assert api.work("reopen", reason="it is back")["state"] != "resolved"
    entries = api.get("/incidents/1/chronology?limit=3")
    kinds = [one["kind"] for one in entries["entries"]]
    while entries["next"]:
        entries = api.get(f"/incidents/1/chronology?limit=3&after={entries['next']}")
        kinds += [one["kind"] for one in entries["entries"]]
    assert kinds == [one["kind"] for one in api.get("/incidents/1")["chronology"]]
    assert {(one["actor"]["kind"], one["actor"]["name"]) for one in entries["entries"]} == {("external", "night-bot")}
    assert api.get("/audit?target=INC-1&limit=2")["rows"][0]["verb"] == "reopen"
    assert api.get("/audit/verify")["whole"] is True


def test_two_become_one_and_two_again(api: Api) -> None:
    """Declared, merged, split: each answer is the incident that is worked on next."""
    opened = api.tell("/incidents", title="Nobody can pay", severity="page", reason="three calls")
    assert (opened.status, opened.json["declared_by"]) == (201, "night-bot")
    assert api.work("merge", 2, into=1, reason="the same")["id"] == 1
    api.shop.fire(labels={"alertname": "Other", "service": "shop", "slice": "checkout", "zone": "b"})
    assert api.work("merge", 3, into=1, reason="the same")["firing"] == 2
    leaving = api.get("/incidents/1")["alerts"][0]["fingerprint"]
    assert api.work("split", alerts=[leaving], title="Cards", reason="another bank")["title"] == "Cards"
    assert api.get("/incidents?scope=resolved&limit=1")["next"]
    assert next(one["id"] for one in api.get("/incidents?q=Cards")["incidents"]) == 4


def test_a_request_that_names_itself_is_done_once(api: Api) -> None:
    """Sent again it answers with the incident it made; another request of that name is a mistake."""
    named = RESPONDER | {"Idempotency-Key": "run-7"}
    given = {"title": "Nobody can pay", "severity": "page", "reason": "three calls"}
    answers = [api.tell("/incidents", named, **given) for _ in range(3)]
    assert [(one.status, one.json["id"]) for one in answers] == [(201, 2)] * 3
    other = api.tell("/incidents", named, **given | {"severity": "ticket"})
    assert (other.status, other.json["code"]) == (422, "key_reused")
    noted = [api.tell("/incidents/2/notes", named | {"Idempotency-Key": "n"}, version=1, text="x") for _ in range(2)]
    assert [one.status for one in noted] == [200, 200]
    assert api.tell("/incidents/2/notes", version=1, text="x").json["code"] == "stale_version"
    assert api.tell("/incidents", named | {"Idempotency-Key": "k" * 129}, **given).status == 422


@pytest.mark.parametrize(
    ("path", "given", "status", "code"),
    [
        ("/incidents/99/notes", {"version": 1, "text": "x"}, 404, "not_found"),
        ("/incidents/zz/notes", {"version": 1, "text": "x"}, 404, "not_found"),
        ("/incidents/1/notes", {"version": 7, "text": "x"}, 409, "stale_version"),
        ("/incidents/1/reopen", {"version": 1, "reason": "x"}, 409, "illegal_transition"),
        ("/incidents/1/notes", {"version": 1, "text": " "}, 422, "malformed_payload"),
        ("/incidents/1/notes", {"version": "1", "text": "x"}, 422, "malformed_payload"),
        ("/incidents/1/notes", {"version": True, "text": "x"}, 422, "malformed_payload"),
        ("/incidents/1/notes", {"text": "x"}, 422, "malformed_payload"),
        ("/incidents/1/notes", {"version": 1, "txt": "x"}, 422, "malformed_payload"),
        ("/incidents", {"title": "x", "severity": "page", "reason": "x", "slice": "chekout"}, 422, "unknown_name"),
        ("/incidents/1/nothing", {}, 404, "not_found"),
        ("/inbox/99/replay", {}, 404, "not_found"),
        ("/inbox/1/replay", {}, 409, "illegal_transition"),
    ],
)
def test_what_is_refused_is_said_for_people_and_programs(
    api: Api, path: str, given: dict[str, object], status: int, code: str
) -> None:
    """A problem with a status, a code and a sentence; nothing changes."""
    before = api.get("/incidents/1")
    answer = api.tell(path, **given)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json["status"], answer.json["code"], bool(answer.json["detail"])) == (status, code, True)
    assert answer.status == status
    assert api.get("/incidents/1") == before


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/incidents?scop=mine", "unknown field 'scop'. Did you mean 'scope'?"),
        ("GET", "/incidents?scope=open&limit=1&scope=mine", "'scope' stands there more than once"),
        ("GET", "/incidents?q=", "The query.q: expected text of 1 to 200 characters, got ''"),
        ("GET", "/incidents?scope=resolvd", "Did you mean 'resolved'?"),
        ("GET", "/incidents?owner=Ana", "goes with scope=mine"),
        ("GET", "/incidents?" + "&".join(f"f{number}=1" for number in range(65)), "more than 64 fields"),
        ("GET", "/audit?before=9&after=3", "give one place, not two"),
        ("GET", "/on-call?now", "None is taken here"),
        ("POST", "/incidents/1/notes?version=1", "unknown field 'version'"),
        ("POST", "/incidents/1/notes", "'version' stands there more than once"),
    ],
)
def test_nothing_that_is_asked_is_left_out_in_silence(api: Api, method: str, path: str, said: str) -> None:
    """A filter that is unknown, empty, said twice or one of too many is refused by its name, and so is a field."""
    body = b'{"version": 1, "text": "x", "version": 2}' if method == "POST" else b""
    answer = api.shop.browser(None).send(method, f"{API}{path}", headers=RESPONDER, body=body)
    assert (answer.status, answer.json["code"]) == (422, "malformed_payload")
    assert said in str(answer.json["detail"])


def test_who_may_what(api: Api) -> None:
    """Strangers nothing; a reader's token reads; viewers read; the read-only switch beats every token."""
    for one in OPERATIONS:
        path = re.sub(r"{\w+}", "1", one.path).removeprefix("/api")
        stranger = api.shop.browser(None).send(one.method, f"{API}{path}", headers={})
        assert stranger.status == 401, one.name
        wrong = api.shop.browser(None).send(one.method, f"{API}{path}", headers={"Authorization": "Bearer wrong"})
        assert wrong.status == 401, one.name
        if one.method == "POST" and one.door is Door.API:
            assert api.tell(path, READER, version=1, reason=WHY).status == 403, one.name
    assert api.get("/session")["may_write"] is False
    assert api.get("/session", RESPONDER) == api.get("/session", {"Authorization": "Bearer the-next-token-of-it"})


def test_a_browser_needs_more_than_its_session(api: Api) -> None:
    """JSON, our own origin and the token of the session: otherwise nothing is changed."""
    ana = api.shop.browser("Ana:responder")
    token = str(ana.get(f"{API}/session").json["token"])
    good = {
        "content-type": "application/json",
        "origin": "http://shop.test",
        "sec-fetch-site": "same-origin",
        "parapet-token": token,
    }
    body = json.dumps({"version": 1, "text": "seen"}).encode()
    for changed in (
        {"content-type": "text/plain"},
        {"origin": "http://evil.test"},
        {"sec-fetch-site": "cross-site"},
        {"parapet-token": ""},
        {"parapet-token": str(api.shop.browser("Eve:admin").get(f"{API}/session").json["token"])},
    ):
        refused = ana.send("POST", f"{API}/incidents/1/notes", headers=good | changed, body=body)
        assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")
    viewer = api.shop.browser("Vic:viewer")
    assert viewer.send("POST", f"{API}/incidents/1/notes", headers=good, body=body).status == 403
    assert ana.send("POST", f"{API}/incidents/1/notes", headers=good, body=body).status == 200


def test_words_are_taken_out_for_good(api: Api) -> None:
    """By an admin, with a reason, on the version that was read; the chain holds, and only their seal is left."""
    api.work("notes", text="card 4111 1111")
    seq = max(one["seq"] for one in api.get("/incidents/1")["chronology"])
    given = {"version": api.get("/incidents/1")["version"], "reason": "card data"}
    path = f"/incidents/1/chronology/{seq}/redact"
    assert api.tell(path, READER, **given).status == 403
    assert api.tell(path, **given).status == 403
    assert api.admin(path, **given | {"reason": " "}).status == 422
    assert api.admin("/incidents/1/chronology/99/redact", **given).status == 404
    assert api.admin(path, **given).status == 200
    assert api.admin(path, **given).json["code"] == "stale_version"
    assert "4111" not in json.dumps(api.get("/incidents/1")) + json.dumps(api.get("/audit?target=INC-1"))
    assert api.get("/audit/verify")["whole"] is True


def test_bodies_are_worked_on(api: Api) -> None:
    """Listed, read, tried again and given up."""
    api.shop.browser(None)
    api.shop.parapet.inbox.take_in(api.shop.parapet.inbox.store([("events", b"{}")]))
    (held,) = api.get("/inbox?shelf=rejected")["bodies"]
    assert api.get(f"/inbox/{held['id']}")["body"] == "{}"
    again = api.tell(f"/inbox/{held['id']}/replay")
    assert (again.status, again.json["state"]) == (200, "rejected")
    assert api.tell(f"/inbox/{held['id']}/drop", reason="a test").status == 403
    assert api.admin(f"/inbox/{held['id']}/drop", reason="a test").json["state"] == "dropped"
    done = api.get("/inbox?shelf=done&limit=1")
    assert (len(done["bodies"]), done["next"], done["previous"]) == (1, None, None)


def test_action_items_are_opened_and_closed(api: Api) -> None:
    """By any token, once for each object; closed by a responder on the version that was read."""
    given = {"kind": "suppressed_delivery", "object_id": "msg-1", "title": "Receipt was not sent", "incident": 1}
    for _ in range(2):
        assert api.tell("/action-items", READER, **given).json["id"] == 1
    assert api.get("/incidents/1")["action_items"][0]["told"] == 2
    assert api.tell("/action-items", READER, **given | {"incident": 99}).status == 404
    item = api.get("/action-items/ACT-1")
    closed = {"version": item["version"], "reason": "sent by hand"}
    assert api.tell("/action-items/1/resolve", READER, **closed).status == 403
    assert api.tell("/action-items/1/resolve", **closed).json["state"] == "resolved"
    assert api.tell("/action-items/1/dismiss", **closed).json["code"] == "stale_version"
    assert api.get("/action-items?state=resolved")["items"][0]["reason"] == "sent by hand"


def test_changes_and_incidents_name_each_other(api: Api) -> None:
    """Both ways, with the distance to onset; page by page; a place that is none is refused."""
    for minute in (9, 12, 14):
        api.tell("/changes", READER, title=f"Timeout {minute} s", kind="config", at=f"2026-11-12T02:{minute:02}:04Z")
    first = api.get("/changes?limit=2")
    assert [one["title"] for one in first["changes"]] == ["Timeout 14 s", "Timeout 12 s"]
    last = api.get(f"/changes?limit=2&before={quote(first['next'])}")
    assert last["next"] is None
    assert api.get(f"/changes?limit=2&after={quote(last['previous'])}") == first
    assert last["changes"][0]["incidents"] == [
        {"id": 1, "ref": "INC-1", "title": "Checkout fails after payment", "seconds_from_onset": -240.0}
    ]
    near = [(one["title"], one["seconds_from_onset"]) for one in api.get("/incidents/1")["changes"]]
    assert near == [("Timeout 9 s", -240.0), ("Timeout 12 s", -60.0), ("Timeout 14 s", 60.0)]
    for place in ("x", "2026-11-12T02:12:04+00:00", "2026-11-12T02:12:04_1", "_", "2026-11-12T02:12:04Z_%00", "%ff"):
        refused = api.shop.browser(None).get(f"{API}/changes?before={place}", headers=READER)
        assert (refused.status, refused.json["code"]) == (422, "malformed_payload"), place


def test_the_document_is_served_and_says_every_address(api: Api) -> None:
    """What is mounted is what is documented; each operation once."""
    served = api.get("/openapi.json")
    assert served == json.loads(json.dumps({**document(), "servers": [{"url": "/parapet"}]}))
    paths = {(route.method, route.pattern) for route in ROUTES if route.door not in {Door.PERSON, Door.PUBLIC}}
    said = {(method.upper(), path) for path, one in served["paths"].items() for method in one}
    assert said == paths
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_a_responder_token_has_a_name() -> None:
    """It stands in the chronology, so it must say who acts; a short token is refused."""
    for one in (("", "a-token-that-is-long-enough"), ("bot", "short")):
        with pytest.raises(ConfigurationError, match="responder_tokens"):
            Secrets(responder_tokens=(one,))
