"""Questions to other systems, with the time they say it is. Sends nothing but what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from parapet.core.errors import DeliveryFailed, DeliveryRejected, ParapetError
from parapet.core.settings import Tls
from parapet.core.transport import Request, Response, UrllibTransport
from parapet.ops.prometheus import authorization

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer in JSON. *skew_seconds*: how far its clock is ahead of ours; None: it does not say."""

    document: Any
    skew_seconds: float | None


class Api:
    """The HTTP API at *url*; *credentials* are a bearer token or `user:password`. *now* tells our time."""

    def __init__(
        self, url: str, now: Callable[[], datetime], *, credentials: str | None = None, tls: Tls | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._now = now
        self._headers = {"Authorization": authorization(credentials)} if credentials else {}
        self._transport = UrllibTransport(TIMEOUT_SECONDS, tls=tls)

    def ask(self, path: str) -> Heard:
        """The answer at *path*.

        Raises:
            DeliveryFailed: there is none, or it is no JSON.
            DeliveryRejected: it wants other credentials, or refuses.
        """
        before = self._now()
        return self._heard(self._get(path), before)

    def look(self, path: str) -> tuple[int, Any]:
        """The status at *path*, whatever it is, and what the answer says in JSON; None if that is none.

        Raises:
            DeliveryFailed: there is no answer.
        """
        answer = self._get(path)
        try:
            return answer.status, json.loads(answer.body)
        except ValueError:
            return answer.status, None

    def post(self, path: str, document: object) -> None:
        """Send *document* to *path*.

        Raises:
            DeliveryFailed: there is no answer.
            DeliveryRejected: it refuses.
        """
        headers = {**self._headers, "Content-Type": "application/json"}
        body = json.dumps(document).encode()
        answer = self._transport.send(Request(method="POST", url=f"{self.url}{path}", headers=headers, body=body))
        if not 200 <= answer.status < 300:
            said = answer.body[:200].decode("utf-8", "replace")
            raise DeliveryRejected(f"{self.url}{path} answered {answer.status}: {said}")

    def _get(self, path: str) -> Response:
        return self._transport.send(Request(method="GET", url=f"{self.url}{path}", headers=self._headers))

    def _heard(self, answer: Response, before: datetime) -> Heard:
        if answer.status in {401, 403}:
            raise DeliveryRejected(f"{self.url} answered {answer.status}: it wants other credentials.")
        if answer.status != 200:
            raise DeliveryRejected(f"{self.url} answered {answer.status}.")
        try:
            document = json.loads(answer.body)
        except ValueError as error:
            raise DeliveryFailed(f"{self.url} answered with something else than JSON.") from error
        return Heard(document=document, skew_seconds=_skew(answer, before, self._now()))


def status_of(method: str, url: str) -> int | str:
    """The status that a stranger gets at *url*, or why there is none."""
    try:
        body = b"" if method == "POST" else None
        return UrllibTransport(TIMEOUT_SECONDS).send(Request(method=method, url=url, body=body)).status
    except ParapetError as error:
        return error.message


def _skew(answer: Response, before: datetime, after: datetime) -> float | None:
    """Theirs minus ours. Their header has whole seconds, cut off, and was written between *before* and *after*."""
    said = next((value for name, value in answer.headers.items() if name.lower() == "date"), None)
    if said is None:
        return None
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return None
    early, late = (theirs - after).total_seconds(), (theirs - before).total_seconds() + 1
    return 0.0 if early <= 0 <= late else min(early, late, key=abs)
