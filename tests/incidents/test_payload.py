"""Bodies: what is taken, what is refused with a reason, and hostile text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parapet.core.clock import EARLIEST, LATEST
from parapet.core.errors import MalformedPayload
from parapet.core.types import Json
from parapet.incidents.payload import MAX_ANNOTATION_CHARACTERS, MAX_LABEL_CHARACTERS, MAX_PAIRS, parse
from parapet.testing import alert, alertmanager_payload

AT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)


def body(**changes: Json) -> bytes:
    """A body with one firing alert, of which some fields are changed."""
    one: dict[str, object] = {**alert({"alertname": "A"}, starts_at=AT), **changes}
    return alertmanager_payload(one)


def test_every_recorded_body_is_taken(sequence: Sequence[tuple[datetime, bytes]]) -> None:
    """What a real Alertmanager sent is read whole."""
    for _, sent in sequence:
        delivery = parse(sent)
        assert len(delivery.reports) == len(json.loads(sent)["alerts"])
        assert delivery.external_url == "http://vm:19093"
        assert all(report.started_at.tzinfo is UTC for report in delivery.reports)
        assert all(report.firing == (report.ended_at is None) for report in delivery.reports)


def test_truncated_alerts_are_counted() -> None:
    """How many alerts the sender left out is kept."""
    assert parse(alertmanager_payload(alert({}, starts_at=AT), truncated=3)).truncated == 3


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-12T02:13:04Z", datetime(2026, 11, 12, 2, 13, 4, tzinfo=UTC)),
        ("2026-11-12T02:13:04.123456789Z", datetime(2026, 11, 12, 2, 13, 4, 123456, tzinfo=UTC)),
        ("2026-11-12T02:13:04.9255Z", datetime(2026, 11, 12, 2, 13, 4, 925500, tzinfo=UTC)),
        ("2026-11-12T03:13:04+01:00", datetime(2026, 11, 12, 2, 13, 4, tzinfo=UTC)),
        ("2026-11-11T22:13:04.5-04:00", datetime(2026, 11, 12, 2, 13, 4, 500000, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc_and_cut_to_microseconds(written: str, meant: datetime) -> None:
    """Go writes up to nine decimals, and any zone."""
    assert parse(body(startsAt=written)).reports[0].started_at == meant


def test_the_zero_time_of_a_resolved_alert_means_unknown() -> None:
    """Some senders resolve without saying when."""
    report = parse(body(status="resolved", endsAt="0001-01-01T00:00:00Z")).reports[0]
    assert not report.firing
    assert report.ended_at is None


def test_a_guessed_end_of_a_firing_alert_is_ignored() -> None:
    """Only a resolved alert has an end."""
    assert parse(body(endsAt="2026-11-12T02:17:00Z")).reports[0].ended_at is None


@pytest.mark.parametrize(
    ("written", "kept"), [("9999-12-31T23:59:59-12:00", LATEST), ("0002-01-01T00:00:00Z", EARLIEST)]
)
def test_a_clock_that_is_centuries_wrong_loses_no_alert(written: str, kept: datetime) -> None:
    """It is told as the nearest time that can be reckoned with."""
    assert parse(body(startsAt=written)).reports[0].started_at == kept


def test_an_end_before_the_start_becomes_the_start() -> None:
    """Clocks of two machines disagree; a negative duration is never kept."""
    report = parse(body(status="resolved", endsAt="2026-11-12T02:12:59Z")).reports[0]
    assert report.ended_at == report.started_at


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "The body is empty"),
        (b"\xff\xfe{}", "The body is not JSON"),
        (b"[" * 200_000, "The body is not JSON"),
        (b"[]", "The body: expected an object, got list"),
        (b"{}", "alerts: expected a list, as an Alertmanager webhook sends it, got nothing."),
        (b'{"alerts": {}}', "alerts: expected a list"),
        (b'{"alerts": [1]}', "alerts[0]: expected an object, got int 1."),
        (b'{"alerts": [], "truncatedAlerts": -1}', "truncatedAlerts: expected a count"),
        (b'{"alerts": [], "receiver": 4}', "receiver: expected text, got int 4."),
        (body(status="pending"), "alerts[0].status: expected 'firing' or 'resolved', got str \"pending\"."),
        (body(fingerprint=""), "alerts[0].fingerprint: expected text of 1 to 64 characters"),
        (body(fingerprint="f" * 65), "alerts[0].fingerprint: expected text of 1 to 64 characters"),
        (body(startsAt=None), "alerts[0].startsAt: expected a time such as 2026-11-12T02:13:04.123Z, got nothing."),
        (body(startsAt="yesterday"), "alerts[0].startsAt: expected a time such as"),
        (body(startsAt="2026-13-12T02:13:04Z"), "alerts[0].startsAt: expected a time that exists"),
        (body(startsAt="0001-01-01T00:00:00Z"), "alerts[0].startsAt: expected when the alert began"),
        (body(labels=["a"]), "alerts[0].labels: expected an object of texts, got list"),
        (body(labels={"a": 1}), "alerts[0].labels.a: expected text, got int 1."),
        (body(annotations={"a": None}), "alerts[0].annotations.a: expected text, got nothing."),
    ],
)
def test_what_is_no_delivery_is_refused_with_a_reason(sent: bytes, reason: str) -> None:
    """The reason names the field, what was expected and what came."""
    with pytest.raises(MalformedPayload) as refused:
        parse(sent)
    assert refused.value.message.startswith(reason)
    assert len(refused.value.message) < 300


def test_hostile_text_is_capped_and_made_storable() -> None:
    """No control characters, no lone surrogates (no database takes them), no endless values or label sets."""
    labels = {f"l{number:04}": "v" for number in range(500)}
    hostile = '\x00\x1b[31m\ud800<script>"'
    delivery = parse(body(labels={**labels, "a": hostile, "b": "x" * 10_000}, annotations={"s": "y" * 100_000}))
    report = delivery.reports[0]
    assert len(report.labels) == MAX_PAIRS
    assert report.labels["a"] == '��[31m�<script>"'
    assert len(report.labels["b"]) == MAX_LABEL_CHARACTERS
    assert len(report.annotations["s"]) == MAX_ANNOTATION_CHARACTERS
    json.dumps([dict(report.labels), dict(report.annotations)]).encode()
    "".join([*report.labels.values(), *report.annotations.values()]).encode()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://a b", 'https://x/"onload=', "ftp://x", ""])
def test_only_web_addresses_are_kept_as_links(url: str) -> None:
    """Anything else could do something when it is clicked."""
    assert parse(body(generatorURL=url)).reports[0].generator_url is None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    document=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["alerts", "status", "labels", "startsAt", "endsAt", "fingerprint", "annotations"]),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_taken_or_refused_and_nothing_else(document: object) -> None:
    """No body makes the parser fail in a way nobody foresaw."""
    with suppress(MalformedPayload):
        parse(json.dumps(document).encode())
