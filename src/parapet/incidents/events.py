"""Trouble as anybody may report it: our own small JSON, for what is neither Alertmanager nor Grafana."""

from __future__ import annotations

import re
from datetime import datetime

from parapet.core import names
from parapet.core.errors import MalformedPayload
from parapet.core.shapes import Choice, Field, Fields, Given, Instant, Link, Many, Pairs, Words
from parapet.core.types import Json, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents.payload import (
    MAX_ANNOTATION_CHARACTERS,
    MAX_FINGERPRINT_CHARACTERS,
    AlertReport,
    Delivery,
    document_of,
)

MOST_EVENTS = 10_000
LONGEST_SENDER = 32
FIRING = "firing"
RESOLVED = "resolved"
EVENT_LABEL = "event"
_SENDER = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Sender:
    """A short name: it becomes a part of keys."""

    def read(self, value: Json, where: str) -> str:
        """The name.

        Raises:
            MalformedPayload: it is none.
        """
        if not isinstance(value, str) or _SENDER.fullmatch(value) is None:
            raise MalformedPayload(f"{where}: expected a name such as status-page: a-z, 0-9 and -, at most 32.")
        return value

    def schema(self) -> JsonObject:
        """A string of few characters."""
        return {"type": "string", "pattern": f"^{_SENDER.pattern}$", "examples": ["status-page"]}


EVENT = Fields(
    name="Event",
    says="One trouble, as it stands.",
    fields={
        "id": Field(
            shape=Words(most=MAX_FINGERPRINT_CHARACTERS, example="payments-eu"),
            says="What the sender calls this trouble. The same id is the same trouble, however often it is sent.",
            required=True,
        ),
        "status": Field(
            shape=Choice(values=(FIRING, RESOLVED)), says="Whether it goes on. Only `resolved` ends it.", required=True
        ),
        "title": Field(shape=Words(most=200, example="Payments in Europe fail"), says="In words.", required=True),
        "started_at": Field(
            shape=Instant(),
            says="When it began: the same in every report of one trouble; a later time is a new occurrence.",
            required=True,
        ),
        "ended_at": Field(shape=Instant(), says="When it ended, if it did and that is known."),
        "severity": Field(
            shape=Choice(values=tuple(each.value for each in Severity)),
            says="page: somebody is woken; ticket (without it): somebody looks during the day.",
        ),
        "summary": Field(shape=Words(most=MAX_ANNOTATION_CHARACTERS), says="What happens, and to whom."),
        "service": Field(shape=Words(most=128), says="Which service it is about; without it, the one that is told."),
        "slice": Field(
            shape=Words(most=128), says="Which promise it is about: it joins the incident of that promise's alerts."
        ),
        "labels": Field(
            shape=Pairs(),
            says="What tells it from other trouble: equal labels, one incident. Without slice and labels, the id does.",
        ),
        "url": Field(shape=Link(), says="Where to read more."),
    },
)
EVENTS = Fields(
    name="Events",
    says="Trouble that began, goes on or ended, as one sender reports it. What is absent is not touched.",
    fields={
        "sender": Field(shape=Sender(), says="Who reports. Ids of two senders are never the same.", required=True),
        "events": Field(shape=Many(of=EVENT, most=MOST_EVENTS), says="In any order.", required=True),
    },
)


def parse(body: bytes) -> Delivery:
    """The delivery that *body* holds.

    Raises:
        MalformedPayload: it is no such report; says which field, what was expected and what came.
    """
    given = EVENTS.read(document_of(body), "The body")
    sender = given.need("sender", str)
    return Delivery(
        reports=tuple(_report(one, sender) for one in given.many("events", Given)),
        receiver="",
        group_key="",
        external_url=None,
        truncated=0,
        sender=sender,
    )


def _report(event: Given, sender: str) -> AlertReport:
    firing = event.need("status", str) == FIRING
    started_at, ended_at = event.need("started_at", datetime), event.get("ended_at", datetime)
    given = event.get("labels", dict) or {}
    told = {names.SERVICE: "service", names.SLICE: "slice"}
    labels = {f"{name}": f"{value}" for name, value in given.items()}
    labels |= {name: text for name, field in told.items() if (text := event.get(field, str)) is not None}
    if not given and names.SLICE not in labels:
        labels[EVENT_LABEL] = event.need("id", str)
    labels[names.SEVERITY] = event.get("severity", str) or Severity.TICKET.value
    labels.setdefault("alertname", sender)
    annotations = {names.TITLE: event.need("title", str)}
    summary = event.get("summary", str)
    if summary is not None:
        annotations[names.SUMMARY] = summary
    return AlertReport(
        fingerprint=event.need("id", str),
        firing=firing,
        started_at=started_at,
        ended_at=None if firing or ended_at is None else max(started_at, ended_at),
        labels=dict(sorted(labels.items())),
        annotations=annotations,
        generator_url=event.get("url", str),
    )
