"""Posts to a channel over HTTP, and tells what may work later from what never will."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import DeliveryFailed, DeliveryRejected
from parapet.core.transport import Request, Response, Transport, UrllibTransport
from parapet.core.types import JsonObject
from parapet.notify.channel import quoted

TRY_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 that may change."""
SHORTEST_PART = 8
"""Characters of a part of an address that may be a secret; shorter ones are words such as `services`."""
LONGEST_WAIT_SECONDS = 3_600.0
"""However long a receiver asks to be left alone: people must hear within the hour, or that they could not."""


class Post:
    """Posts for the channel *name*; *secrets* are in no error. Of one that is an address, neither is a part of it."""

    def __init__(
        self,
        name: str,
        *,
        secrets: Sequence[str],
        timeout_seconds: float,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._secrets = tuple(part for one in secrets for part in parts_of(one))
        self._transport = transport or UrllibTransport(timeout_seconds)
        self._clock: Clock = clock or SystemClock()

    def json(self, url: str, document: JsonObject, headers: Mapping[str, str] | None = None) -> Response:
        """Post *document*. The answer, which is one of success."""
        given = {"Content-Type": "application/json; charset=utf-8"} | dict(headers or {})
        return self.body(url, json.dumps(document).encode(), given)

    def body(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Post *body*. The answer, which is one of success.

        Raises:
            DeliveryRejected: a status that will not change.
            DeliveryFailed: no answer, a server error, or it asked to come back later.
        """
        answer = self.asked("POST", url, headers, body)
        if 200 <= answer.status < 300:
            return answer
        raise self.refusal(answer)

    def asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Its answer, unless it is that something is in trouble, or that it has too much to do.

        Raises:
            DeliveryFailed: no answer, a server error, or it asked to come back later.
        """
        try:
            answer = self._transport.send(
                Request(method=method, url=url, headers={"User-Agent": "parapet"} | dict(headers), body=body)
            )
        except DeliveryFailed as error:
            raise DeliveryFailed(quoted(error.message, without=self._secrets)) from None  # its cause names the address
        if answer.status >= 500 or answer.status in TRY_AGAIN:
            raise DeliveryFailed(
                f"{self._name} answered with status {answer.status}{self.words_of(answer)}.",
                retry_after_seconds=self.wait_of(answer),
            )
        return answer

    def refusal(self, answer: Response) -> DeliveryRejected:
        """That *answer* is a refusal, in what it said."""
        return DeliveryRejected(f"{self._name} refused with status {answer.status}{self.words_of(answer)}.")

    def words_of(self, answer: Response) -> str:
        """What it said, to be put behind what it did."""
        words = quoted(answer.body.decode("utf-8", "replace"), without=self._secrets)
        return f": {words.rstrip('.')}" if words else ""

    def wait_of(self, answer: Response) -> float | None:
        """How long it asked to be left alone, in seconds, as Retry-After says: a number, or a date."""
        written = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), None)
        return None if written is None else retry_after(written, self._clock.now())


def parts_of(secret: str) -> tuple[str, ...]:
    """*secret*; of an address also what may be one in it, the longest first: a receiver may repeat the path alone."""
    if not secret.startswith(("https://", "http://")):
        return (secret,)
    address = urlsplit(secret)
    words = [address.path, *address.path.split("/"), *re.split("[&=;]", address.query), address.password or ""]
    return tuple(sorted({secret, *(one for one in words if len(one) >= SHORTEST_PART)}, key=len, reverse=True))


def retry_after(written: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, at most LONGEST_WAIT_SECONDS; None if it says nothing."""
    text = written.strip()
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        seconds = float(text[:12])
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT_SECONDS)
