"""Who hands alerts in, and how what they send is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from parapet.incidents import events, grafana, payload
from parapet.incidents.payload import Delivery


class Source(StrEnum):
    """A kind of sender."""

    ALERTMANAGER = "alertmanager"  # its webhook
    GRAFANA = "grafana"  # the webhook contact point of Grafana's alerting
    EVENTS = "events"  # our own JSON, from anybody


_READ: Mapping[str, Callable[[bytes], Delivery]] = MappingProxyType(
    {Source.ALERTMANAGER: payload.parse, Source.GRAFANA: grafana.parse, Source.EVENTS: events.parse}
)


def read(source: str, body: bytes) -> Delivery:
    """What *body*, sent by *source*, says. Bodies of a source that is not known are read as Alertmanager's.

    Raises:
        MalformedPayload: it is not what that source sends; says which field, what was expected and what came.
    """
    return _READ.get(source, payload.parse)(body)


def name_of(source: str, delivery: Delivery) -> str:
    """What tells the alerts of this delivery from those of other senders: `alertmanager`, `events/status-page`."""
    return f"{source}/{delivery.sender}" if delivery.sender else source
