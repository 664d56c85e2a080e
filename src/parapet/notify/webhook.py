"""A generic webhook: JSON, signed, so that the receiver knows who sent it and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError
from parapet.core.settings import SHORTEST_SECRET
from parapet.core.signing import TOLERANCE_SECONDS, holds, lately, sign
from parapet.core.transport import Transport
from parapet.notify.channel import Asked, Delivery, Sent, channel_address, channel_name
from parapet.notify.message import Message
from parapet.notify.posting import Post

WRONG = frozenset({401, 403, 410})
"""Statuses that say of any method that a message would be refused."""


class WebhookChannel:
    """Posts every announcement to *url* as JSON.

    Headers: `Parapet-Timestamp` (unix seconds), `Parapet-Signature` (hexadecimal HMAC-SHA256 with *secret* over the
    timestamp, a dot and the body), `Parapet-Delivery` (the same for every attempt at one announcement).

    Raises:
        ConfigurationError: the name is empty or too long, the secret too short, or the address not http or https.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        secret: str,
        timeout_seconds: float = 5.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = channel_name(name)
        self._url = channel_address(name, url)
        if len(secret) < SHORTEST_SECRET:
            raise ConfigurationError(f"The secret of channel {name!r} is too short; use {SHORTEST_SECRET} or more.")
        self._secret = secret
        self._clock: Clock = clock or SystemClock()
        self._post = Post(
            name, secrets=(url, secret), timeout_seconds=timeout_seconds, transport=transport, clock=clock
        )

    def __repr__(self) -> str:
        return f"WebhookChannel({self.name!r})"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Post the message.

        Raises:
            DeliveryRejected: the receiver answered with a status that will not change.
            DeliveryFailed: no answer, a server error, or it asked to come back later.
        """
        body = json.dumps(message.document() | {"to": delivery.to}, sort_keys=True).encode()
        headers = {"Content-Type": "application/json", names.DELIVERY_HEADER: delivery.id, **self._signed(body)}
        answer = self._post.body(self._url, body, headers)
        return Sent(words=f"posted; answered {answer.status}")

    def ask(self) -> Asked:
        """Ask for the headers of the address, signed as a message without a body would be: nothing is posted.

        Raises:
            DeliveryRejected: it knows neither the signature nor us, or says that it is gone.
            DeliveryFailed: no answer, a server error, or it asked to come back later.
        """
        answer = self._post.asked("HEAD", self._url, self._signed(b""))
        if answer.status in WRONG:
            raise self._post.refusal(answer)
        if 200 <= answer.status < 300:
            return Asked(words=f"it answers, and does not mind the signature ({answer.status})", proven=True)
        return Asked(words=f"it answers HEAD with {answer.status}; whether it takes messages, one tells", proven=False)

    def _signed(self, body: bytes) -> dict[str, str]:
        """The headers that say who sent *body*, and when."""
        timestamp = str(int(self._clock.now().timestamp()))
        signature = sign(body, timestamp=timestamp, secret=self._secret)
        return {names.TIMESTAMP_HEADER: timestamp, names.SIGNATURE_HEADER: signature}


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str,
    now: datetime,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> bool:
    """For receivers: whether *body* was signed with *secret*, lately. Header names in any case."""
    found = {name.lower(): value for name, value in headers.items()}
    timestamp = found.get(names.TIMESTAMP_HEADER.lower(), "")
    signature = found.get(names.SIGNATURE_HEADER.lower(), "")
    return lately(timestamp, now, tolerance_seconds) and holds(body, signature, timestamp=timestamp, secrets=(secret,))
