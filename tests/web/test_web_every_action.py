"""Every action that a form of the workbench offers, over a real server: done once, refused in words, nothing lost."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urljoin

import pytest
from tests.web.conftest import Server, serving
from tests.web.deeds import DEEDS, REASON, TOM, Deed, Forms, Place, World, previewed

from parapet.core.types import Actor, ActorClass
from parapet.web.site import ROUTES

STILL = {"declare", "mark", "preview"}
"""Of nothing, and of what is there when it is pressed: neither can be untrue."""
FORGED = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}


@dataclass(frozen=True, kw_only=True)
class Came:
    """What a browser got."""

    status: int
    text: str
    location: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a browser without script."""

    server: Server
    who: str

    def get(self, path: str) -> Came:
        """Read a page."""
        return self._send("GET", path, None, {})

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Came:
        """Send a form."""
        ours = {"origin": f"http://127.0.0.1:{self.server.port}", "sec-fetch-site": "same-origin"}
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, urlencode(form).encode(), {**kind, **ours, **headers})

    def forms(self, place: Place) -> Forms:
        """The forms of a page."""
        return Forms(self.get(f"/parapet/{place.page}").text)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Came:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, {**headers, "cookie": f"who={self.who}"})
            answer = connection.getresponse()
            location = urljoin(path, answer.getheader("location") or "").partition("#")[0]
            return Came(status=answer.status, text=answer.read().decode(), location=location)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def world(empty_evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all of them."""
    path = tmp_path_factory.mktemp("deeds") / "evidence.db"
    path.write_bytes(empty_evidence.read_bytes())
    world = World(f"sqlite:///{path}")
    yield world
    world.parapet.store.close()


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Server]:
    """The shop, served."""
    with serving(world.host) as server:
        yield server


def filled(deed: Deed, place: Place, person: Person) -> tuple[str, dict[str, str]]:
    """The address of the form and all that is sent by it."""
    forms = person.forms(place)
    fields = forms.of(place.action)
    assert fields is not None, f"{place.page} has no form {place.action}"
    address = next(one for one, _ in forms.forms if one.endswith(place.action))
    said = {deed.words: REASON} if deed.words else {}
    return urljoin(f"/parapet/{place.page}", address), {**fields, **place.typed, **said}


@pytest.mark.parametrize("deed", [pytest.param(one, id=one.name) for one in DEEDS])
def test_an_action_is_done_once_and_says_so(world: World, served: Server, deed: Deed) -> None:
    """Pressed twice at the same moment and once more: one line in the audit, each press hears that it is done."""
    ana = Person(server=served, who=deed.who)
    path, form = filled(deed, deed.arrange(world), ana)
    before, came = world.done(deed.verb), list[Came]()
    together = threading.Barrier(2)

    def press() -> None:
        together.wait(30)
        came.append(ana.post(path, form, {}))

    presses = [threading.Thread(target=press) for _ in range(2)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join(60)
    came.append(ana.post(path, form, {}))
    assert [one.status for one in came] == [303] * 3, [one.text for one in came if one.status != 303]
    if deed.words:
        assert world.done(deed.verb) == before + deed.rows
    told = [ana.get(one.location).text for one in came]
    heard = [said for page in told for said in (deed.says, "That was saved before. Nothing ran twice.") if said in page]
    assert deed.says in heard
    assert len(heard) >= len(told), "each press hears that it is done"


@pytest.mark.parametrize("deed", [pytest.param(one, id=one.name) for one in DEEDS if one.words])
def test_an_action_needs_its_reason_and_keeps_what_was_said(world: World, served: Server, deed: Deed) -> None:
    """Without one: nothing, in words; and whatever was chosen or typed beside it is on the page that says so."""
    ana = Person(server=served, who=deed.who)
    place = deed.arrange(world)
    path, form = filled(deed, place, ana)
    before = world.done(deed.verb)
    refused = ana.post(path, {**form, deed.words: "  "}, {})
    assert refused.status in {409, 422}
    assert "Nothing" in refused.text or "Nobody was asked" in refused.text
    for words in place.typed.values():
        assert escape(words) in refused.text
    assert Forms(refused.text).of(place.action) is not None, "it can be said again from there"
    assert world.done(deed.verb) == before


@pytest.mark.parametrize("deed", [pytest.param(one, id=one.name) for one in DEEDS if one.name not in STILL])
def test_an_action_on_what_moved_is_refused_and_keeps_the_words(world: World, served: Server, deed: Deed) -> None:
    """Somebody else was faster: nothing is done on the quiet, the page says so, and no word is lost."""
    ana = Person(server=served, who=deed.who)
    place = deed.arrange(world)
    path, form = filled(deed, place, ana)
    assert place.meanwhile is not None
    place.meanwhile()
    before = world.done(deed.verb)
    refused = ana.post(path, form, {})
    assert refused.status in {409, 422}, refused.text
    assert "Nothing" in refused.text or "Nobody was asked" in refused.text
    if deed.words:
        assert escape(REASON) in refused.text
    assert world.done(deed.verb) == before


@pytest.mark.parametrize("deed", [pytest.param(one, id=one.name) for one in DEEDS])
def test_an_action_is_refused_to_whoever_may_not(world: World, served: Server, deed: Deed) -> None:
    """A viewer has no button and is told why; a form of another site, of nobody or of somebody else does nothing."""
    ana, place = Person(server=served, who=deed.who), deed.arrange(world)
    path, form = filled(deed, place, ana)
    before = world.done(deed.verb)
    viewer = Person(server=served, who="Vic:viewer")
    page = viewer.get(f"/parapet/{place.page}")
    assert Forms(page.text).of(place.action) is None or deed.name == "preview"
    assert "You are a viewer" in page.text
    for person, headers, sent in (
        (viewer, {}, form),
        (ana, FORGED, form),
        (ana, {}, {**form, "token": ""}),
        (Person(server=served, who="Eve:admin"), {}, form),
    ):
        refused = person.post(path, sent, headers)
        assert refused.status == 403, refused.text
        assert "Nothing" in refused.text
    if deed.who.endswith("admin"):
        tom = Person(server=served, who="Tom:responder")
        assert tom.post(path, form, {}).status == 403
    assert world.done(deed.verb) == before


def test_every_form_of_the_workbench_is_walked_here() -> None:
    """A new one must be added to the table; choosing a time zone, or to preview again, does nothing to anybody."""
    forms = {one.pattern.rsplit("}", 1)[-1] or one.pattern for one in ROUTES if one.form}
    walked = {one.action for one in DEEDS}
    assert forms - walked == {"/zone", "/previews/{preview}"}


def test_who_waits_for_a_second_person_is_seen_on_the_incident(world: World, served: Server) -> None:
    """At its top, and where it is decided; once it is, nobody is asked any more."""
    number, seen = previewed(world, "retry-many")
    asked = world.parapet.approvals.ask(seen, actor=TOM, reason="must be")
    ana = Person(server=served, who="Ana:responder")
    page = ana.get(f"/parapet/incidents/{number}").text
    assert "A second person is asked for: look at what it is, and decide." in page
    assert f'href="../previews/{seen}"' in page
    cem = Actor(kind=ActorClass.OPERATOR, name="Cem")
    world.parapet.approvals.decide(asked.id or 0, approve=False, actor=cem, reason="no", version=asked.version)
    assert "A second person is asked for" not in ana.get(f"/parapet/incidents/{number}").text
    assert "Cem denied it. Preview it again" in ana.get(f"/parapet/previews/{seen}").text
