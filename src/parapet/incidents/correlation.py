"""Which incident an alert belongs to, by what it means: service, slice and group; never by its whole label set."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from parapet.core import names
from parapet.incidents.model import Severity

MAX_KEY_CHARACTERS = 200
_DIGEST_CHARACTERS = 16
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\/!{}=,~"})
_APART = frozenset({*names.UNSTABLE_LABELS, names.SERVICE, names.SLICE})
_LOUD = frozenset({"page", "critical", "fatal", "emergency"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """What tells this trouble from any other."""

    key: str
    """Readable, the same for ever, at most 200 characters."""
    service: str
    slice: str | None
    """None for an alert that Parapet did not generate."""
    labels: Mapping[str, str]
    """What else is in the key: the group labels; for a foreign alert its name and stable labels."""


def correlate(labels: Mapping[str, str], *, service: str, routing: Collection[str] = ()) -> Correlation:
    """The correlation of an alert with *labels*; *service* stands in where the alert names none.

    An alert with a slice label is one of ours: service, slice and group labels. Any other is foreign: alertname and
    labels. Both leave out what never tells two incidents apart (`names.UNSTABLE_LABELS`), what only *routes* it, and
    empty labels.
    """
    named_service = labels.get(names.SERVICE) or service
    slice_name = labels.get(names.SLICE) or None
    inside = {
        name: value for name, value in sorted(labels.items()) if value and name not in _APART and name not in routing
    }
    shown = "".join(f"{{{', '.join(f'{_plain(n)}={_plain(v)}' for n, v in inside.items())}}}") if inside else ""
    if slice_name is not None:
        key = f"{_plain(named_service)}/{_plain(slice_name)}{shown}"
    else:
        alert_name = labels.get("alertname", "")
        key = f"{_plain(named_service)}!{_plain(alert_name)}{shown}"
        inside = {"alertname": alert_name, **inside} if alert_name else inside
    return Correlation(key=_capped(key), service=named_service, slice=slice_name, labels=inside)


def severity_of(labels: Mapping[str, str]) -> Severity:
    """How loud an alert with *labels* is: page, or critical and its kin; everything else is a ticket."""
    return Severity.PAGE if labels.get(names.SEVERITY, "").lower() in _LOUD else Severity.TICKET


def _plain(text: str) -> str:
    """*text* with the characters that structure a key escaped, so that two meanings never share a key."""
    return text if text.isalnum() else text.translate(_ESCAPED)


def _capped(key: str) -> str:
    if len(key) <= MAX_KEY_CHARACTERS:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{key[: MAX_KEY_CHARACTERS - _DIGEST_CHARACTERS - 1]}~{digest}"
