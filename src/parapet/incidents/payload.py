"""What Alertmanager sends, as values. Shape only: what it means is decided in `episodes` and `intake`.

The text in it is hostile: names and values are capped, and characters no database or terminal wants are replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from parapet.core.clock import EARLIEST, LATEST
from parapet.core.errors import MalformedPayload
from parapet.core.types import Json, JsonObject

GZIP = b"\x1f\x8b"
"""How a compressed body begins, whatever its headers say."""
MAX_DEPTH = 32
MAX_PAIRS = 64
MAX_NAME_CHARACTERS = 128
MAX_LABEL_CHARACTERS = 1_024
MAX_ANNOTATION_CHARACTERS = 4_096
MAX_FINGERPRINT_CHARACTERS = 64

LISTED = "listed"
"""The group key of what Alertmanager lists when it is asked. Its own group keys are matchers."""

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReport:
    """What one body says about one alert. Times are UTC, cut to microseconds."""

    fingerprint: str
    firing: bool
    started_at: datetime
    ended_at: datetime | None
    """When it ended, by event time; None while it fires, or when the sender did not say."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One body. Its top-level status is left out on purpose: it is computed after truncation and lies."""

    reports: tuple[AlertReport, ...]
    receiver: str
    group_key: str
    external_url: str | None
    truncated: int
    """Alerts that the sender left out of the body."""
    sender: str = ""
    """Who reports, where several do under one source; fingerprints of two senders are never the same alert."""

    @property
    def listed(self) -> bool:
        """It was asked for: it says what fires now, and is no copy of what was said before."""
        return self.group_key == LISTED


def parse(body: bytes) -> Delivery:
    """The delivery that *body* holds.

    Raises:
        MalformedPayload: it is not an Alertmanager webhook body; says which field, what was expected and what came.
    """
    return delivery_of(document_of(body))


def document_of(body: bytes, *, strict: bool = False) -> JsonObject:
    """The JSON object that *body* is.

    Raises:
        MalformedPayload: it is none, or nested absurdly deep; *strict*: or says a name of one object twice.
    """
    if body.startswith(GZIP):
        raise MalformedPayload("The body is compressed (gzip). Send it as it is: plain JSON.")
    if not body.strip():
        raise MalformedPayload("The body is empty: expected a JSON object.")
    try:
        document: Json = json.loads(body, object_pairs_hook=_once if strict else None)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload(f"The body is not JSON: {_short(str(error))}.") from error
    if not isinstance(document, dict):
        raise _wrong("The body", "an object", document)
    if _deeper_than(document, MAX_DEPTH):
        raise MalformedPayload(f"The body is nested more than {MAX_DEPTH} levels deep; no alert is.")
    return document


def _once(pairs: list[tuple[str, Json]]) -> JsonObject:
    """An object of *pairs*, of which JSON would keep the last of each name.

    Raises:
        MalformedPayload: a name is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedPayload(f"The body: {_short(repr(twice))} stands there more than once. Give it once.")
    return found


def delivery_of(document: JsonObject) -> Delivery:
    """The delivery that a webhook body of Alertmanager's shape holds.

    Raises:
        MalformedPayload: it has another shape; says which field, what was expected and what came.
    """
    alerts = document.get("alerts")
    if not isinstance(alerts, list):
        raise _wrong("alerts", "a list, as an Alertmanager webhook sends it", alerts)
    truncated = document.get("truncatedAlerts") or 0
    if not isinstance(truncated, int) or truncated < 0:
        raise _wrong("truncatedAlerts", "a count", truncated)
    return Delivery(
        reports=tuple(report_of(alert, f"alerts[{index}]") for index, alert in enumerate(alerts)),
        receiver=_optional(document.get("receiver"), "receiver"),
        group_key=_optional(document.get("groupKey"), "groupKey"),
        external_url=http_url(_optional(document.get("externalURL"), "externalURL")),
        truncated=int(truncated),
    )


def _deeper_than(document: JsonObject, levels: int) -> bool:
    level: list[Json] = [document]
    for _ in range(levels):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [value for values in inside for value in values if isinstance(value, dict | list)]
        if not level:
            return False
    return True


def clean(text: str, characters: int) -> str:
    """*text* without control characters or lone surrogates, at most *characters* long."""
    replaced = text if text.isprintable() else _UNWANTED.sub("�", text)  # nearly all of it is
    return replaced if len(replaced) <= characters else replaced[: characters - 1] + "…"


def http_url(text: str) -> str | None:
    """*text* if it is an http or https address without spaces, else None."""
    return text if re.fullmatch(r"https?://[^\s<>\"'\\]+", text) else None


def report_of(value: Json, where: str) -> AlertReport:
    """One alert of a webhook body; *where* it stands, for errors.

    Raises:
        MalformedPayload: it is no such alert.
    """
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    status = value.get("status")
    if status not in ("firing", "resolved"):
        raise _wrong(f"{where}.status", "'firing' or 'resolved'", status)
    fingerprint = value.get("fingerprint")
    if not isinstance(fingerprint, str) or not 0 < len(fingerprint) <= MAX_FINGERPRINT_CHARACTERS:
        raise _wrong(f"{where}.fingerprint", f"text of 1 to {MAX_FINGERPRINT_CHARACTERS} characters", fingerprint)
    started_at = instant_of(value.get("startsAt"), f"{where}.startsAt")
    if started_at is None:
        raise _wrong(f"{where}.startsAt", "when the alert began", value.get("startsAt"))
    firing = status == "firing"
    # Senders leave endsAt at the zero time, or at a guess in the future, while an alert fires.
    ended_at = None if firing or not value.get("endsAt") else instant_of(value.get("endsAt"), f"{where}.endsAt")
    return AlertReport(
        fingerprint=clean(fingerprint, MAX_FINGERPRINT_CHARACTERS),
        firing=firing,
        started_at=started_at,
        ended_at=ended_at if ended_at is None else max(ended_at, started_at),
        labels=_pairs(value.get("labels"), f"{where}.labels", MAX_LABEL_CHARACTERS),
        annotations=_pairs(value.get("annotations"), f"{where}.annotations", MAX_ANNOTATION_CHARACTERS),
        generator_url=http_url(_optional(value.get("generatorURL"), f"{where}.generatorURL")),
    )


def _pairs(value: Json, where: str, characters: int) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(where, "an object of texts", value)
    pairs: dict[str, str] = {}
    for name in sorted(value)[:MAX_PAIRS]:
        text = value[name]
        if not isinstance(text, str):
            raise _wrong(f"{where}.{_short(name)}", "text", text)
        pairs[clean(name, MAX_NAME_CHARACTERS)] = clean(text, characters)
    return pairs


def _optional(value: Json, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(where, "text", value)
    return clean(value, MAX_ANNOTATION_CHARACTERS)


def instant_of(value: Json, where: str) -> datetime | None:
    """RFC 3339 with up to nine decimals, in UTC; None for the zero time of Go, year 1.

    A clock may be centuries wrong, and the alert true: such a time is the nearest one that can be reckoned with.

    Raises:
        MalformedPayload: it is no such time.
    """
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong(where, "a time such as 2026-11-12T02:13:04.123Z", value)
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    if year <= 1:
        return None
    microsecond = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
        zone = timezone(-offset if match[9] == "-" else offset)
        when = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
    except ValueError as error:
        raise _wrong(where, "a time that exists", value) from error
    return min(max(when, EARLIEST), LATEST).astimezone(UTC)


def _wrong(where: str, expected: str, got: Json) -> MalformedPayload:
    what = "nothing" if got is None else f"{type(got).__name__} {_short(json.dumps(got))}"
    return MalformedPayload(f"{where}: expected {expected}, got {what}.")


def _short(text: str) -> str:
    return clean(text, 80)
