"""In which zone times are shown: a person's choice, what the host knows, the host's own; hovering says UTC."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from tests.web.conftest import Browser, who_is_it

from parapet.core.errors import ConfigurationError
from parapet.web import Principal, Request, text, workbench, zones
from parapet.web.render import timed
from parapet.web.views.drawing import Axis

if TYPE_CHECKING:
    from tests.web.conftest import Shop

NOW = datetime(2026, 11, 12, 2, 13, 16, tzinfo=UTC)


def test_a_time_is_told_by_the_clock_beside_it() -> None:
    """Another date, another weekday, summer and winter; what has no letters is told by its distance."""
    berlin, kathmandu = zones.here(NOW, "Europe/Berlin"), zones.here(NOW, "Asia/Kathmandu")
    assert text.clock(NOW, berlin, seconds=True) == "03:13:16"
    assert text.clock(NOW - timedelta(hours=3), berlin) == "00:13"
    assert text.clock(NOW - timedelta(hours=3), NOW) == "Wed 23:13"
    assert text.stamp(NOW, NOW) == "02:13 UTC"
    assert text.stamp(NOW, berlin).rstrip(text.MARK) == "03:13 CET"
    assert text.stamp(NOW - timedelta(days=60), berlin).rstrip(text.MARK) == "13 Sep 04:13 CEST"
    assert text.stamp(NOW, kathmandu).rstrip(text.MARK) == "07:58 UTC+5:45"
    assert text.machine(berlin) == "2026-11-12T02:13:16Z"


def test_only_our_own_times_say_what_they_are_in_utc() -> None:
    """Words of somebody that look like a time stay words."""
    berlin, zone = zones.here(NOW, "Europe/Berlin"), zones.zone(NOW, "Europe/Berlin")
    said = f"<b> at {text.stamp(NOW, berlin, seconds=True)}, not 05:00 CET"
    assert timed(said, zone) == '&lt;b&gt; at <time title="02:13:16 UTC">03:13:16 CET</time>, not 05:00 CET'
    assert text.MARK not in text.capped(f"05:00 CET{text.MARK}")
    summer = text.stamp(NOW - timedelta(days=60), berlin)
    assert '<time title="02:13 UTC">' in timed(summer, zone)


def test_a_person_chooses_a_zone_without_script(shop: Shop) -> None:
    """The form, the cookie, the times everywhere; and back to the host's."""
    number = shop.fire()
    browser = shop.browser("Vic:viewer")
    page = browser.get("/parapet/zone")
    assert "Times are shown in UTC" in page.text
    fields = page.fields("zone")
    answer = browser.post("/parapet/zone", {**fields, "zone": "Europe/Berlin"})
    assert answer.status == 303
    assert answer.headers["set-cookie"].startswith("parapet-zone=Europe/Berlin; ")
    cookies = {"cookie": "who=Vic:viewer; parapet-zone=Europe/Berlin"}
    shown = browser.get(f"/parapet/incidents/{number}", headers=cookies).text
    assert 'since <time title="02:13 UTC">03:13 CET</time>' in shown
    assert "All times Europe/Berlin" in shown
    assert 'title="2026-11-12 02:13:04 UTC">03:13:04</time>' in shown
    assert text.MARK not in shown.partition("<main")[2]
    again = browser.get("/parapet/zone", headers=cookies).text
    assert '<option value="Europe/Berlin" selected>' in again
    assert "Max-Age=0" in browser.post("/parapet/zone", {**fields, "zone": ""}).headers["set-cookie"]
    assert browser.post("/parapet/zone", {**fields, "zone": "Moon/Crater"}).status == 404
    unknown = {"cookie": "who=Vic:viewer; parapet-zone=Moon/Crater"}
    assert "All times UTC" in browser.get("/parapet/", headers=unknown).text


def test_the_host_knows_people_and_has_a_zone_of_its_own(shop: Shop) -> None:
    """The principal's zone goes before the mount's, a choice before both; the API speaks UTC."""

    def from_tokyo(request: Request) -> Principal | None:
        known = who_is_it(request)
        return known and replace(known, zone="Asia/Tokyo" if known.name == "Tom" else None)

    host = Starlette()
    host.mount("/parapet", workbench(shop.parapet, authenticate=from_tokyo, zone="Europe/Berlin"))
    shop.fire()
    assert "All times Europe/Berlin" in Browser(host).get("/parapet/").text
    tokyo = Browser(host, "Tom:responder").get("/parapet/")
    assert "11:13:16 JST" in tokyo.text
    chosen = {"cookie": "who=Tom:responder; parapet-zone=UTC"}
    assert "All times UTC" in Browser(host).get("/parapet/", headers=chosen).text
    assert '"2026-11-12T02:13:04Z"' in Browser(host).get("/parapet/api/incidents/1").text
    with pytest.raises(ConfigurationError, match="no time zone 'Moon'"):
        workbench(shop.parapet, authenticate=who_is_it, zone="Moon")


def test_over_a_change_of_the_clocks_no_hour_is_lost_or_out_of_order() -> None:
    """In Berlin, 25 October has the hour from 02:00 twice: lengths, order and labels are of the moments."""
    midnight = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    shown = [zones.here(midnight + timedelta(minutes=30 * step), "Europe/Berlin") for step in range(8)]
    assert [f"{one:%H:%M %Z}" for one in shown] == [
        "00:30 CEST",
        "01:00 CEST",
        "01:30 CEST",
        "02:00 CEST",
        "02:30 CEST",
        "02:00 CET",
        "02:30 CET",
        "03:00 CET",
    ]
    assert sorted(shown, reverse=True) == shown[::-1]
    assert text.between(shown[0], shown[-1]) == text.between(midnight, midnight + timedelta(minutes=210))
    later = shown[0] + timedelta(hours=3)
    assert later == midnight + timedelta(hours=3)
    assert text.stamp(later, shown[0]).rstrip(text.MARK) == "02:30 CET"
    assert text.stamp(midnight, shown[-1]).rstrip(text.MARK) == "00:30 CEST"
    assert pickle.loads(pickle.dumps(shown[0])) == shown[0]
    hours = Axis(start=shown[0], end=shown[-1]).ticks()
    assert [one.text for one in hours] == ["01:00", "02:00", "02:00", "03:00"]
    days = Axis(start=shown[0] - timedelta(days=3), end=shown[0] + timedelta(days=3)).ticks()
    assert [one.text for one in days] == ["24 Oct", "26 Oct"]


def test_what_is_typed_is_by_the_clock_that_is_shown(shop: Shop) -> None:
    """Also in the other season, in an hour that comes twice, and in one that never comes."""
    browser = shop.browser("Ana:responder")
    berlin = {"cookie": "who=Ana:responder; parapet-zone=Europe/Berlin"}

    def plan(what: str, start: str) -> str:
        shop.clock.set(datetime.fromisoformat(f"{start}Z") - timedelta(days=1))
        page = browser.get("/parapet/maintenance", headers=berlin)
        assert "From when (Europe/Berlin)" in page.text
        asked = {**page.fields("/maintenance"), "what": what, "start": start, "minutes": "120", "reason": "a new disk"}
        answer = browser.post("/parapet/maintenance", asked, headers=berlin)
        return "planned" if answer.status == 303 else answer.text

    assert "there is no 02:30 on that day" in plan("login", "2027-03-28T02:30")
    assert plan("login", "2027-03-28T01:30") == "planned"
    assert plan("checkout", "2027-10-31T02:30") == "planned"
    assert sorted((one.start, one.end) for one in shop.parapet.maintenances.page(limit=9)) == [
        (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 2, 30, tzinfo=UTC)),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 2, 30, tzinfo=UTC)),
    ]
    shown = re.sub(r"<[^>]+>", "", browser.get("/parapet/maintenance", headers=berlin).text).replace(text.MARK, "")
    assert "28 Mar 01:30 CET to 04:30 CEST, 2\u00a0h" in shown


def test_no_page_spells_a_zone_itself() -> None:
    """`text.stamp` says the zone that the reader has; a view that writes UTC behind a time of theirs would lie."""
    web = Path(text.__file__).parent
    known = {"zone.py", "zone.html", "entries.py", "_parts.html"}
    """What shows UTC beside the reader's zone, or tells of what was kept in UTC."""
    spelled = [
        path.name
        for path in [*web.glob("views/*.py"), *web.glob("templates/*.html")]
        if path.name not in known and re.search(r"(?<![.\w])UTC\b(?!,? datetime)", path.read_text())
    ]
    assert spelled == []
