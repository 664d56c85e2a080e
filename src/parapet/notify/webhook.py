"""A generic webhook: JSON, signed, so that the receiver knows who sent it and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from parapet.core.settings import SHORTEST_SECRET
from parapet.core.signing import TOLERANCE_SECONDS, holds, lately, sign
from parapet.core.transport import Request, Transport, UrllibTransport
from parapet.notify.message import LONGEST_CHANNEL_NAME, Message

_TRY_AGAIN = frozenset({408, 425, 429})


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
        if not 0 < len(name) <= LONGEST_CHANNEL_NAME:
            raise ConfigurationError(f"A channel's name has 1 to {LONGEST_CHANNEL_NAME} characters, not {len(name)}.")
        if not url.startswith(("https://", "http://")):  # the address may carry a secret: it is not quoted
            raise ConfigurationError(f"The address of channel {name!r} is no http or https address.")
        if len(secret) < SHORTEST_SECRET:
            raise ConfigurationError(f"The secret of channel {name!r} is too short; use {SHORTEST_SECRET} or more.")
        self.name = name
        self._url = url
        self._secret = secret
        self._transport = transport or UrllibTransport(timeout_seconds)
        self._clock: Clock = clock or SystemClock()

    def __repr__(self) -> str:
        return f"WebhookChannel({self.name!r})"

    def deliver(self, message: Message, *, delivery_id: str) -> None:
        """Post the message.

        Raises:
            DeliveryRejected: the receiver answered with a status that will not change.
            DeliveryFailed: no answer, a server error, or it asked to come back later.
        """
        body = json.dumps(message.document(), sort_keys=True).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "parapet",
            names.DELIVERY_HEADER: delivery_id,
            names.TIMESTAMP_HEADER: timestamp,
            names.SIGNATURE_HEADER: sign(body, timestamp=timestamp, secret=self._secret),
        }
        status = self._transport.send(Request(method="POST", url=self._url, headers=headers, body=body)).status
        if 200 <= status < 300:
            return
        if status >= 500 or status in _TRY_AGAIN:
            raise DeliveryFailed(f"{self.name} answered with status {status}.")
        raise DeliveryRejected(f"{self.name} refused with status {status}.")


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
