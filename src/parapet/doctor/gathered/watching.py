"""What a Prometheus says of itself: its targets, the rules it evaluates, the Alertmanagers it tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from parapet.artifacts.base import base_rules
from parapet.artifacts.cost import selectors
from parapet.artifacts.groups import groups_of
from parapet.artifacts.promql import selector_text
from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.core.errors import OutgoingError
from parapet.core.settings import Wiring
from parapet.doctor.gathered.http import Api
from parapet.slo.catalog import Catalog
from parapet.slo.durations import seconds_of

_OUTSIDE_TEXTS = re.compile(r'("(?:[^"\\]|\\.)*")|\s+|#[^\n]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target of our job."""

    url: str
    up: bool
    error: str
    interval_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """One look at a Prometheus."""

    url: str
    problem: str | None = None
    skew_seconds: float | None = None
    targets: tuple[Target, ...] = ()
    missing_groups: tuple[str, ...] = ()
    """Groups of ours that it does not evaluate at all."""
    wanted_groups: int = 0
    differing: tuple[str, ...] = ()
    """Rules that are evaluated otherwise than they are defined, a sentence each."""
    failing: tuple[str, ...] = ()
    """Rules that it cannot evaluate, and why."""
    alertmanagers: int = 0
    resend_seconds: float | None = None
    """How long it waits until it tells of an alert again."""
    beat: float = 0.0
    """The newest sign of life of a worker that it has read, in epoch seconds; 0: none."""
    absent: tuple[tuple[str, str], ...] = ()
    """(slice, series): what is read by a promise and is not there."""


def watched(api: Api, catalog: Catalog, wiring: Wiring) -> Watching:
    """What the Prometheus at *api* makes of *catalog*."""
    try:
        rules = api.ask("/api/v1/rules")
        targets = api.ask("/api/v1/targets?state=active").document["data"]["activeTargets"]
        told = api.ask("/api/v1/alertmanagers").document["data"]["activeAlertmanagers"]
        flags = api.ask("/api/v1/status/flags").document["data"]
        loaded = {group["name"]: group for group in rules.document["data"]["groups"]}
        ours = groups_of(catalog, wiring).all if catalog.judged else ()
        present = [group for group in ours if group.name in loaded]
        return Watching(
            url=api.url,
            skew_seconds=rules.skew_seconds,
            targets=tuple(_target(one) for one in targets if one["labels"].get("job") == catalog.service),
            missing_groups=tuple(group.name for group in ours if group.name not in loaded),
            wanted_groups=len(ours),
            differing=tuple(line for group in present for line in _differences(api, group, loaded[group.name])),
            failing=tuple(line for group in present for line in _failing(loaded[group.name])),
            alertmanagers=len(told),
            resend_seconds=_seconds(str(flags.get("rules.alert.resend-delay", ""))),
            beat=_beat(api, catalog.service),
            absent=tuple(_absent(api, catalog, wiring)),
        )
    except (OutgoingError, KeyError, TypeError, AttributeError) as error:
        said = error.message if isinstance(error, OutgoingError) else f"{api.url} answers not as a Prometheus does."
        return Watching(url=api.url, problem=said)


def _target(one: Mapping[str, Any]) -> Target:
    return Target(
        url=one["scrapeUrl"],
        up=one["health"] != "down",
        error=one.get("lastError", ""),
        interval_seconds=_seconds(one.get("scrapeInterval", "")) or 0.0,
    )


def _differences(api: Api, group: Group, loaded: Mapping[str, Any]) -> Iterator[str]:
    if abs(float(loaded["interval"]) - group.interval_seconds) > 1e-3:
        yield f"{group.name} is evaluated each {loaded['interval']:g} s, defined {group.interval_seconds:g} s"
    if len(loaded["rules"]) != len(group.rules):
        yield f"{group.name} has {len(loaded['rules'])} rules, defined {len(group.rules)}"
        return
    for rule, theirs in zip(group.rules, loaded["rules"], strict=True):
        name = rule.record or rule.alert or ""
        differs = [part for part, differing in _parts(api, rule, theirs) if differing]
        if differs:
            yield f"{name} of {group.name}: {' and '.join(differs)}"


def _parts(api: Api, rule: Rule, theirs: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    yield "its name", theirs["name"] != (rule.record or rule.alert)
    yield "its expression", not same(api, rule.expr, theirs["query"])
    yield "its labels", dict(theirs.get("labels") or {}) != dict(rule.labels)
    if rule.alert is not None:
        yield "its texts", dict(theirs.get("annotations") or {}) != dict(rule.annotations)
        yield "how long it waits", abs(float(theirs.get("duration", 0)) - (rule.for_seconds or 0.0)) > 1e-3


def same(api: Api, ours: str, theirs: str) -> bool:
    """Whether two expressions mean the same; where they are only written otherwise, the server writes both anew."""
    if _squeezed(ours) == _squeezed(theirs):
        return True
    return _formatted(api, ours) == _formatted(api, theirs)


def _squeezed(expression: str) -> str:
    return _OUTSIDE_TEXTS.sub(lambda found: found[1] or "", expression)


def _formatted(api: Api, expression: str) -> str:
    try:
        return _squeezed(str(api.ask(f"/api/v1/format_query?{urlencode({'query': expression})}").document["data"]))
    except OutgoingError:
        return _squeezed(expression)  # too long for an address, or a server that formats nothing


def _failing(loaded: Mapping[str, Any]) -> Iterator[str]:
    for rule in loaded["rules"]:
        if rule.get("health") == "err":
            yield f"{rule['name']} of {loaded['name']}: {rule.get('lastError', 'no reason given')}"


def _absent(api: Api, catalog: Catalog, wiring: Wiring) -> Iterator[tuple[str, str]]:
    known: dict[str, bool] = {}
    for one in catalog.judged:
        rules = base_rules(one, catalog.burn.base_window_seconds, wiring.scrape_interval_seconds)
        recorded = {rule.record for rule in rules}
        read = {name for rule in rules for name, _ in selectors(rule.expr)} - recorded
        for name in sorted(read):
            if name not in known:
                query = urlencode({"query": f'count({{__name__="{name}"}})'})
                known[name] = bool(api.ask(f"/api/v1/query?{query}").document["data"]["result"])
            if not known[name]:
                yield one.name, name


def _beat(api: Api, service: str) -> float:
    query = urlencode({"query": f"max({names.WORKER_BEAT}{selector_text(service, ())})"})
    result = api.ask(f"/api/v1/query?{query}").document["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0


def _seconds(duration: str) -> float | None:
    return seconds_of(duration) if re.fullmatch(r"(\d+(ms|[smhdwy]))+", duration) else None
