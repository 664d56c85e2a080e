"""PagerDuty by Events API v2: the incident there is triggered, acknowledged and resolved as ours is."""

from __future__ import annotations

import hashlib

from parapet.core.clock import Clock
from parapet.core.errors import ConfigurationError
from parapet.core.transport import Transport
from parapet.core.types import JsonObject
from parapet.notify.channel import Asked, Delivery, Sent, channel_address, channel_name
from parapet.notify.message import Message, shortened
from parapet.notify.posting import Post
from parapet.notify.wording import facts, first_facts, headline

EVENTS = "https://events.pagerduty.com/v2/enqueue"
ACTIONS = {"acknowledged": "acknowledge", "resolved": "resolve"}
"""By announcement; everything else triggers, which is harmless for one that is open."""
NOBODYS_KEY = "parapet:asked"
"""Of an incident that was never triggered: to resolve it does nothing."""
LONGEST_SUMMARY = 1_024
LONGEST_KEY = 255


class PagerDuty:
    """Sends every announcement to a service's integration, with its *routing_key*, which is a secret.

    Raises:
        ConfigurationError: the name is empty or too long, the key missing, or the address not http or https.
    """

    def __init__(
        self,
        *,
        name: str = "pagerduty",
        routing_key: str,
        url: str = EVENTS,
        timeout_seconds: float = 5.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = channel_name(name)
        if not routing_key:
            raise ConfigurationError(f"Channel {name!r} needs the routing key of a PagerDuty integration.")
        self._url = channel_address(name, url)
        self._key = routing_key
        self._post = Post(
            name, secrets=(routing_key,), timeout_seconds=timeout_seconds, transport=transport, clock=clock
        )

    def __repr__(self) -> str:
        return f"PagerDuty({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Send it.

        Raises:
            DeliveryRejected: PagerDuty calls it invalid: the key, most likely.
            DeliveryFailed: no answer, or too many events: it asked to come back later.
        """
        action = ACTIONS.get(message.announcement, "trigger")
        event: JsonObject = {"routing_key": self._key, "event_action": action, "dedup_key": dedup_key(message)}
        if action == "trigger":
            details = {"What happened": message.text, **dict(first_facts(message)), **dict(facts(message))}
            event |= {
                "payload": {
                    "summary": shortened(f"{headline(message)}. {message.impact}".strip(), LONGEST_SUMMARY),
                    "source": message.service,
                    "severity": "critical" if message.severity == "page" else "warning",
                    "timestamp": message.started_at,
                    "component": message.slice or "",
                    "class": message.journey or "",
                    "custom_details": {**details},
                },
                "links": [{"href": message.url, "text": f"{message.ref} in the workbench"}],
                "client": "Parapet",
                "client_url": message.url,
            }
        self._post.json(self._url, event)
        return Sent(words=f"{action} accepted")

    def ask(self) -> Asked:
        """Resolve what was never triggered: PagerDuty looks at the event, and drops it.

        Raises:
            DeliveryRejected: PagerDuty calls it invalid: the key, most likely.
            DeliveryFailed: no answer, or too many events: it asked to come back later.
        """
        event: JsonObject = {"routing_key": self._key, "event_action": "resolve", "dedup_key": NOBODYS_KEY}
        self._post.json(self._url, event)
        return Asked(words="it took an event that does nothing, with this key", proven=True)


def dedup_key(message: Message) -> str:
    """What makes it one incident there: its address, which no other deployment has."""
    key = f"parapet:{message.url}"
    return key if len(key) <= LONGEST_KEY else f"parapet:{hashlib.sha256(key.encode()).hexdigest()}"
