"""Bodies of Grafana and of anybody: what they mean. Grafana's are written from its documentation; none was running."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.errors import MalformedPayload
from parapet.core.vocabulary import Severity
from parapet.incidents.correlation import correlate, severity_of
from parapet.incidents.payload import Delivery
from parapet.incidents.sources import Source, name_of, read

ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1", "__alert_rule_uid__": "a1"},
    "annotations": {"summary": "The service is short of memory", "runbook_url": "https://runbooks.example/1234"},
    "startsAt": "2026-11-12T04:13:04.157076+02:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://grafana.example/alerting/1afz29v7z/edit",
    "fingerprint": "c6eadffa33fcdf37",
    "silenceURL": "https://grafana.example/alerting/silence/new?alertmanager=grafana",
    "dashboardURL": "https://grafana.example/d/abc",
    "panelURL": "",
    "values": {"B": 44.23943737541908, "C": 1},
}
GRAFANA: dict[str, Any] = {
    "receiver": "parapet",
    "status": "firing",
    "state": "alerting",
    "orgId": 1,
    "alerts": [ALERT],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1]  (blue)",
    "message": "**Firing**",
}
EVENT: dict[str, Any] = {
    "id": "payments-eu",
    "status": "firing",
    "title": "Payments in Europe fail",
    "started_at": "2026-11-12T02:13:04Z",
}


def grafana(**alert: object) -> Delivery:
    return read(Source.GRAFANA, json.dumps(GRAFANA | {"alerts": [ALERT | alert]}).encode())


def events(*changed: dict[str, Any], **top: object) -> Delivery:
    document = {"sender": "status-page", "events": [EVENT | one for one in changed]} | top
    return read(Source.EVENTS, json.dumps(document).encode())


def test_what_grafana_documents_is_understood() -> None:
    """Values and links are among the annotations, private labels are gone, times are UTC."""
    (report,) = grafana().reports
    assert (report.fingerprint, report.firing) == ("c6eadffa33fcdf37", True)
    assert report.started_at == datetime(2026, 11, 12, 2, 13, 4, 157076, tzinfo=UTC)
    assert report.labels == {"alertname": "High memory usage", "team": "blue", "zone": "us-1"}
    assert report.annotations["values"] == "B = 44.2394, C = 1"
    assert report.annotations["dashboard_url"] == "https://grafana.example/d/abc"
    assert "panel_url" not in report.annotations
    assert report.generator_url == "https://grafana.example/alerting/1afz29v7z/edit"


@pytest.mark.parametrize("values", [None, {}, {"A": None}, {"A": 10**400}, {"A": "x"}])
def test_grafana_may_have_no_numbers(values: object) -> None:
    """An alert for missing data has none; whatever stands there, the alert is taken."""
    assert grafana(values=values).reports[0].firing


def test_grafana_says_when_it_is_over() -> None:
    """By each alert's own status; the state on top is of the whole notification."""
    (report,) = grafana(status="resolved", endsAt="2026-11-12T02:20:00Z").reports
    assert not report.firing
    assert report.ended_at == datetime(2026, 11, 12, 2, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "body", "said"),
    [
        (Source.GRAFANA, b"{}", "alerts: expected a list"),
        (Source.GRAFANA, json.dumps(GRAFANA | {"alerts": [1]}).encode(), r"alerts\[0\]: expected an object"),
        (Source.GRAFANA, json.dumps(GRAFANA | {"alerts": [ALERT | {"values": 3}]}).encode(), r"alerts\[0\].values"),
        (Source.EVENTS, b"[]", "expected an object"),
        (Source.EVENTS, b'{"sender": "A b", "events": []}', "sender: expected a name"),
        (Source.EVENTS, b'{"sender": "a", "events": []}', "a list of 1 to 10000"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [EVENT | {"titel": "x"}]}).encode(), "Did you mean 'tit"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [EVENT | {"status": "fire"}]}).encode(), "mean 'firing'"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [EVENT | {"title": " "}]}).encode(), "title: expected"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [EVENT | {"started_at": "2026-11-12"}]}).encode(), "zone"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [EVENT | {"url": "ftp://x"}]}).encode(), "http"),
        (Source.EVENTS, json.dumps({"sender": "a", "events": [{"id": "x"}]}).encode(), "status is missing"),
        (Source.ALERTMANAGER, b'{"alerts": [], "x": ' + b"[" * 40 + b"]" * 40 + b"}", "32 levels deep"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(source: Source, body: bytes, said: str) -> None:
    """Which field, what was expected, what came; a near miss is named."""
    with pytest.raises(MalformedPayload, match=said):
        read(source, body)


def test_an_event_is_an_alert_of_its_sender() -> None:
    """With its promise it joins that promise's incident; without, its labels or its id tell it apart."""
    delivery = events({"slice": "checkout", "severity": "page", "url": "https://status.example/7"})
    assert name_of(Source.EVENTS, delivery) == "events/status-page"
    (report,) = delivery.reports
    assert severity_of(report.labels) is Severity.PAGE
    assert correlate(report.labels, service="shop").key == "shop/checkout"
    assert report.generator_url == "https://status.example/7"
    one, other, same = (correlate(each.labels, service="shop").key for each in events(
        {}, {"id": "payments-us"}, {"severity": "page"}
    ).reports)  # fmt: skip
    assert one == same != other
    first, second = (correlate(each.labels, service="shop").key for each in events(
        {"labels": {"region": "eu"}}, {"id": "another", "labels": {"region": "eu"}}
    ).reports)  # fmt: skip
    assert first == second


def test_an_event_ends_when_it_says_so() -> None:
    """An end before the beginning is the beginning; a firing one has none."""
    ends = [
        report.ended_at
        for report in events(
            {"status": "resolved", "ended_at": "2026-11-12T02:20:00+00:00"},
            {"status": "resolved", "ended_at": "2026-11-12T01:00:00Z"},
            {"status": "resolved"},
            {"ended_at": "2026-11-12T02:20:00Z"},
        ).reports
    ]
    began = datetime(2026, 11, 12, 2, 13, 4, tzinfo=UTC)
    assert ends == [datetime(2026, 11, 12, 2, 20, tzinfo=UTC), began, None, None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(Source), st.sampled_from(sorted({*ALERT, *EVENT, "labels"})), JSON)
def test_no_field_breaks_the_reader(source: Source, field: str, value: object) -> None:
    """Whatever stands in one field, the body is read or refused in words."""
    document = {**GRAFANA, "alerts": [ALERT | {field: value}]}
    if source is Source.EVENTS:
        document = {"sender": "fuzz", "events": [EVENT | {field: value}]}
    with suppress(MalformedPayload):
        assert read(source, json.dumps(document).encode()).reports


@given(st.sampled_from(Source), JSON)
def test_no_document_breaks_the_reader(source: Source, value: object) -> None:
    """Nor any other document."""
    with suppress(MalformedPayload):
        read(source, json.dumps(value).encode())
