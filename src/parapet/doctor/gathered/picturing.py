"""What a Grafana says of itself: its health, its data sources, and its dashboards beside those that were generated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from parapet.core import names
from parapet.core.errors import DeliveryRejected, OutgoingError
from parapet.doctor.gathered.http import Api
from parapet.slo.series import STATE

OF_GRAFANA = frozenset({"id", "version", "schemaVersion"})
"""Parts of a dashboard that Grafana sets itself."""
FOLDER = "grafana/dashboards/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One data source of the kind that dashboards read."""

    name: str
    problem: str | None
    """Why nothing of ours can be read by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picturing:
    """One look at a Grafana."""

    url: str
    problem: str | None = None
    unseen: str | None = None
    """Why its data sources cannot be looked at."""
    sources: tuple[Source, ...] = ()
    differing: tuple[str, ...] = ()
    """Dashboards that are shown otherwise than they were generated, or not at all, a sentence each."""


def pictured(api: Api, service: str, texts: Mapping[str, str]) -> Picturing:
    """What the Grafana at *api* shows of *service*, beside the generated *texts*, by relative path."""
    try:
        status, health = api.look("/api/health")
        if status in {200, 503} and isinstance(health, dict) and "database" in health:
            if health["database"] != "ok":
                return Picturing(url=api.url, problem=f"The database of {api.url} is not well: {health['database']}.")
            unseen, sources = _sources(api, service)
            return Picturing(url=api.url, unseen=unseen, sources=sources, differing=tuple(_differing(api, texts)))
        return Picturing(url=api.url, problem=f"{api.url} answers {status}, and not as a Grafana does.")
    except OutgoingError as error:
        return Picturing(url=api.url, problem=error.message)
    except (KeyError, TypeError, AttributeError):
        return Picturing(url=api.url, problem=f"{api.url} answers not as a Grafana does.")


def _sources(api: Api, service: str) -> tuple[str | None, tuple[Source, ...]]:
    status, listed = api.look("/api/datasources")
    if status == 401:
        raise _wants_others(api, status)
    if status != 200:
        return f"{api.url} does not let us list its data sources ({status}): give the account datasources:read.", ()
    found = (one for one in listed if one["type"] == "prometheus")
    return None, tuple(Source(name=one["name"], problem=_source_problem(api, one["uid"], service)) for one in found)


def _source_problem(api: Api, uid: str, service: str) -> str | None:
    status, said = api.look(f"/api/datasources/uid/{quote(uid)}/health")
    if status != 200 or said.get("status") != "OK":
        return f"Grafana does not reach it ({status}): {_words(said)}"
    query = urlencode({"query": f'count({STATE}{{{names.SERVICE}="{service}"}})'})
    status, said = api.look(f"/api/datasources/proxy/uid/{quote(uid)}/api/v1/query?{query}")
    if status != 200:
        return f"it cannot be read through Grafana ({status}): {_words(said)}"
    return None if said["data"]["result"] else f"it knows no promise of {service}: its rules are not loaded there"


def _differing(api: Api, texts: Mapping[str, str]) -> Iterator[str]:
    for name, text in sorted(texts.items()):
        if not (name.startswith(FOLDER) and name.endswith(".json")):
            continue
        ours = json.loads(text)
        status, found = api.look(f"/api/dashboards/uid/{quote(ours['uid'])}")
        if status in {401, 403}:
            raise _wants_others(api, status)
        if status != 200:
            yield f"{ours['title']!r} ({ours['uid']}) is not there."
        elif (where := difference(ours, found["dashboard"])) is not None:
            yield f"{ours['title']!r} ({ours['uid']}) is another one: it differs at {where}."


def difference(ours: Any, theirs: Any, where: str = "") -> str | None:
    """Where *theirs* says something else than *ours*; None: nowhere. What it says beside that is Grafana's own."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if where or name not in OF_GRAFANA:
                found = difference(value, theirs.get(name), f"{where}.{name}" if where else name)
                if found is not None:
                    return found
        return None
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            found = difference(one, other, f"{where}[{number}]")
            if found is not None:
                return found
        return None
    return None if ours == theirs or (not ours and theirs is None) else where


def _words(said: object) -> str:
    message = said.get("message") or said.get("error") if isinstance(said, dict) else None
    return " ".join(str(message or "no reason given").split())[:200]


def _wants_others(api: Api, status: int) -> DeliveryRejected:
    return DeliveryRejected(f"{api.url} answered {status}: it wants other credentials.")
