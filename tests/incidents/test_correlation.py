"""Which alerts are the same trouble."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parapet.core import names
from parapet.incidents.correlation import MAX_KEY_CHARACTERS, correlate, severity_of
from parapet.incidents.model import Severity

OURS = {"alertname": names.ALERT_PAGE, "service": "shop", "slice": "checkout", "severity": "page"}
texts = st.text(max_size=12)


def test_ours_are_known_by_service_slice_and_group() -> None:
    """Severity, alert name, pod and window never tell two incidents apart; a group label does."""
    page = correlate({**OURS, "pod": "a", "region": "eu"}, service="other")
    ticket = correlate(
        {**OURS, "alertname": names.ALERT_TICKET, "severity": "ticket", "tier": "slow", "region": "eu"}, service="x"
    )
    assert page == ticket
    assert page.key == "shop/checkout{region=eu}"
    assert (page.service, page.slice, page.labels) == ("shop", "checkout", {"region": "eu"})


def test_foreign_alerts_are_known_by_name_and_stable_labels() -> None:
    """An alert that Parapet did not generate keeps its name in the key."""
    foreign = correlate({"alertname": "DiskFull", "instance": "a:9100", "disk": "sda"}, service="shop")
    assert foreign.key == "shop!DiskFull{disk=sda}"
    assert foreign.slice is None
    assert foreign.labels == {"alertname": "DiskFull", "disk": "sda"}
    assert foreign == correlate({"alertname": "DiskFull", "instance": "b:9100", "disk": "sda"}, service="shop")


def test_a_foreign_alert_is_never_one_of_ours() -> None:
    """Not even with a name chosen to look like it."""
    trick = correlate({"alertname": "checkout"}, service="shop")
    assert trick.key != correlate(OURS, service="shop").key


def test_an_empty_label_is_no_label() -> None:
    """Prometheus says so, and a key says so too."""
    assert correlate({**OURS, "region": ""}, service="s") == correlate(OURS, service="s")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(one=st.dictionaries(texts, texts, max_size=4), two=st.dictionaries(texts, texts, max_size=4))
def test_two_meanings_never_share_a_key(one: dict[str, str], two: dict[str, str]) -> None:
    """Whatever characters labels hold, equal keys mean equal service, slice and labels."""
    first, second = correlate({**OURS, **one}, service="s"), correlate({**OURS, **two}, service="s")
    assert (first.key == second.key) == (
        (first.service, first.slice, first.labels) == (second.service, second.slice, second.labels)
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(value=st.text(min_size=150, max_size=2_000))
def test_long_keys_stay_short_and_apart(value: str) -> None:
    """The key has a cap, and two long meanings still differ."""
    one = correlate({**OURS, "group": value + "a"}, service="s")
    two = correlate({**OURS, "group": value + "b"}, service="s")
    assert max(len(one.key), len(two.key)) <= MAX_KEY_CHARACTERS
    assert one.key != two.key
    assert one.key.startswith("shop/checkout{group=")


@pytest.mark.parametrize(
    ("severity", "meant"),
    [
        ("page", Severity.PAGE),
        ("critical", Severity.PAGE),
        ("Critical", Severity.PAGE),
        ("ticket", Severity.TICKET),
        ("warning", Severity.TICKET),
        ("", Severity.TICKET),
        ("nonsense", Severity.TICKET),
    ],
)
def test_only_what_says_so_is_a_page(severity: str, meant: Severity) -> None:
    """Page, critical and their kin; everything else is a ticket."""
    assert severity_of({"severity": severity}) is meant


def test_no_severity_is_a_ticket() -> None:
    """Nobody is woken by an alert that does not say it is urgent."""
    assert severity_of({}) is Severity.TICKET


def test_who_hears_of_it_is_no_part_of_what_it_is() -> None:
    """A page for one team and a ticket for another are one trouble."""
    page, ticket = {**OURS, "team": "payments"}, {**OURS, "team": "web"}
    assert correlate(page, service="s", routing={"team"}) == correlate(ticket, service="s", routing={"team"})
    assert correlate(page, service="s").key != correlate(ticket, service="s").key
