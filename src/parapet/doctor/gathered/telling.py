"""What an Alertmanager says of itself: its routes and receivers; and a test alert that goes all the way and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import yaml

from parapet.app import Parapet
from parapet.artifacts.alertmanager import alerts_labels
from parapet.artifacts.groups import groups_of
from parapet.core import names
from parapet.core.errors import OutgoingError, ParapetError
from parapet.doctor.gathered.http import Api
from parapet.ops.taking import TEST_PREFIX
from parapet.slo.durations import seconds_of

_MATCHER = re.compile(r'\s*"?(?P<label>[\w.]+)"?\s*(?P<sign>=~|!~|!=|=)\s*"?(?P<value>.*?)"?\s*')
TIMES = {"group_wait": 30.0, "group_interval": 300.0, "repeat_interval": 14_400.0}
"""What Alertmanager does where nothing is said, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver that leads to us."""

    name: str
    send_resolved: bool
    max_alerts: int
    authorized: bool
    """Whether it shows something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One look at an Alertmanager. Times are seconds."""

    url: str
    problem: str | None = None
    skew_seconds: float | None = None
    peers: int = 1
    receivers: tuple[Receiver, ...] = ()
    astray: tuple[str, ...] = ()
    """Alerts of ours that do not reach us."""
    times: Mapping[str, float] | None = None
    """Of the route that a page takes to us."""


def told(api: Api, app: Parapet) -> Telling:
    """What the Alertmanager at *api* would do with our alerts."""
    try:
        status = api.ask("/api/v2/status")
        configuration = yaml.safe_load(status.document["config"]["original"])
        cluster = status.document.get("cluster") or {}
        receivers = tuple(_receivers(configuration, app))
        ours = {one.name for one in receivers}
        astray, times = [], None
        defined = (app.catalog, app.wiring)
        alerts = alerts_labels(*defined, groups_of(*defined)) if app.catalog.judged else ()
        for labels in alerts:
            found = [(name, given) for name, given in _routed(configuration["route"], labels) if name in ours]
            if not found:
                astray.append(" ".join(filter(None, [labels["alertname"], labels.get(names.SLICE)])))
            elif labels.get(names.SEVERITY) == "page" and times is None:
                times = found[0][1]
    except (OutgoingError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        said = error.message if isinstance(error, OutgoingError) else f"{api.url} answers not as an Alertmanager does."
        return Telling(url=api.url, problem=said)
    return Telling(
        url=api.url,
        skew_seconds=status.skew_seconds,
        peers=max(1, len(cluster.get("peers") or ())),
        receivers=receivers,
        astray=tuple(astray),
        times=times,
    )


def sent_and_returned(api: Api, app: Parapet, wait_seconds: float) -> str | None:
    """Why a test alert, sent to the Alertmanager at *api*, did not reach our evidence; None: it did.

    It opens no incident and tells nobody, and is ended at once.

    Args:
        wait_seconds: how long it may take.
    """
    key = app.ids.new()
    # A slice of its own: Alertmanager groups by it, and would keep the next one of a group for its interval.
    labels = {"alertname": names.ALERT_TEST, names.SERVICE: app.service, names.SLICE: key, names.TEST_KEY: key}
    begun = app.clock.now()
    try:
        api.post("/api/v2/alerts", [_alert(labels, begun, begun + timedelta(minutes=5))])
        heard = _waited(lambda: _heard(app, key), wait_seconds)
        api.post("/api/v2/alerts", [_alert(labels, begun, app.clock.now())])
    except ParapetError as error:
        return error.message
    return None if heard else f"It was taken by {api.url}, and was not here {wait_seconds:g} s later."


def _alert(labels: Mapping[str, str], start: datetime, end: datetime) -> dict[str, object]:
    said = {names.SUMMARY: "The doctor tries whether alerts arrive. Nothing is wrong."}
    return {"labels": dict(labels), "annotations": said, "startsAt": start.isoformat(), "endsAt": end.isoformat()}


def _heard(app: Parapet, key: str) -> bool:
    with app.store.read() as tx:
        return tx.heartbeats.last(f"{TEST_PREFIX}{key}") is not None


def _waited(look: Callable[[], bool], seconds: float) -> bool:
    until, pause = monotonic() + seconds, Event()
    while not look():
        if monotonic() > until:
            return False
        pause.wait(0.2)
    return True


def _receivers(configuration: Mapping[str, Any], app: Parapet) -> Iterator[Receiver]:
    """Those that post to our webhook. A newer Alertmanager hides addresses; ours is then known by its name."""
    path = urlsplit(app.wiring.webhook_url).path
    mine = app.wiring.alertmanager_receiver or f"{names.RECEIVER_PREFIX}{app.service}"
    for receiver in configuration.get("receivers") or ():
        for hook in receiver.get("webhook_configs") or ():
            url = str(hook.get("url", ""))
            if urlsplit(url).path == path or (url == "<secret>" and receiver["name"] == mine):
                http = hook.get("http_config") or {}
                yield Receiver(
                    name=receiver["name"],
                    send_resolved=bool(hook.get("send_resolved", True)),
                    max_alerts=int(hook.get("max_alerts", 0)),
                    authorized=any(http.get(one) for one in ("authorization", "bearer_token", "bearer_token_file")),
                )


def _routed(
    route: Mapping[str, Any], labels: Mapping[str, str], outer: Mapping[str, float] = TIMES
) -> list[tuple[str, Mapping[str, float]]]:
    """The receivers that an alert with *labels* reaches below *route*, which it matches, with their times."""
    times = {name: seconds_of(str(route[name])) if name in route else outer[name] for name in TIMES}
    found: list[tuple[str, Mapping[str, float]]] = []
    for child in route.get("routes") or ():
        child = {"receiver": route.get("receiver"), **child}
        if _matches(child, labels):
            found += _routed(child, labels, times)
            if not child.get("continue", False):
                return found
    return found or [(str(route.get("receiver")), times)]


def _matches(route: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    matchers = [(label, "=", str(value)) for label, value in (route.get("match") or {}).items()]
    matchers += [(label, "=~", str(value)) for label, value in (route.get("match_re") or {}).items()]
    for text in route.get("matchers") or ():
        if (found := _MATCHER.fullmatch(str(text))) is None:
            return False
        matchers.append((found["label"], found["sign"], found["value"].replace('\\"', '"').replace("\\\\", "\\")))
    return all(_holds(labels.get(label, ""), sign, value) for label, sign, value in matchers)


def _holds(given: str, sign: str, value: str) -> bool:
    equal = given == value if sign in {"=", "!="} else re.fullmatch(value, given) is not None
    return equal == (sign in {"=", "=~"})
