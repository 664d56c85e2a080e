"""Where the host keeps what was done: a function, a file of JSON lines, an address. In order, each under its id.

A line is told until the sink took it; a sink that looks at the id keeps each exactly once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.core.settings import SHORTEST_SECRET
from parapet.core.signing import sign
from parapet.core.transport import Request, Transport, UrllibTransport
from parapet.core.types import JsonObject

TAIL_BYTES = 64 * 1024


class Sink(Protocol):
    """Somewhere the host keeps what was done."""

    @property
    def name(self) -> str:
        """What it is called; how far it is, is kept under this name."""
        ...

    def tell(self, line: JsonObject) -> None:
        """Keep one line, once: `line["id"]` says whether it was told before.

        Raises:
            Exception: it could not; it is told again, and nothing after it before.
        """
        ...


Told: TypeAlias = Callable[[JsonObject], None]


class CallableSink:
    """Hands each line to a function of the host, which keeps `line["id"]` with what it writes."""

    def __init__(self, function: Told, *, name: str = "callable") -> None:
        self.name = name
        self._function = function

    def tell(self, line: JsonObject) -> None:
        """Call it."""
        self._function(line)


class JsonLinesSink:
    """Appends each line to a file, once: what the file ends with says how far it is."""

    def __init__(self, path: str | os.PathLike[str], *, name: str = "json-lines") -> None:
        self.name = name
        self._path = Path(path)

    def tell(self, line: JsonObject) -> None:
        """Append it, unless it is there.

        Raises:
            DeliveryFailed: the file cannot be written.
        """
        text = json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        number = line.get("id")
        try:
            with self._path.open("a+b") as file:
                whole = self._last_whole(file.tell())
                if whole is not None and isinstance(number, int) and whole >= number:
                    return
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryFailed(f"{self._path.name} cannot be written: {type(error).__name__}.") from error

    def _last_whole(self, size: int) -> int | None:
        """The id of the last whole line; what a crash left of a line behind it is cut off."""
        if not size:
            return None
        with self._path.open("r+b") as file:
            file.seek(max(0, size - TAIL_BYTES))
            tail = file.read()
            if not tail.endswith(b"\n"):
                kept = tail.rfind(b"\n") + 1
                file.truncate(size - len(tail) + kept)
                tail = tail[:kept]
        lines = tail.splitlines()
        if not lines:
            return None
        number = json.loads(lines[-1]).get("id")
        return number if isinstance(number, int) else None


class HttpSink:
    """Posts each line, signed as webhooks are; `Idempotency-Key` is the same for every attempt at one line.

    Raises:
        ConfigurationError: the secret is too short, or the address is not http or https.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        name: str = "http",
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        if len(secret) < SHORTEST_SECRET or not url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"The sink {name!r} needs an http or https address, and a secret of {SHORTEST_SECRET} characters."
            )
        self.name = name
        self._url, self._secret = url, secret
        self._transport: Transport = transport or UrllibTransport(timeout_seconds=5.0)
        self._clock: Clock = clock or SystemClock()

    def __repr__(self) -> str:
        return f"HttpSink({self.name!r})"

    def tell(self, line: JsonObject) -> None:
        """Post it.

        Raises:
            DeliveryFailed: no answer, or none that says it is kept: it is told again.
        """
        body = json.dumps(line, sort_keys=True).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"ledger-{line['id']}",
            names.TIMESTAMP_HEADER: timestamp,
            names.SIGNATURE_HEADER: sign(body, timestamp=timestamp, secret=self._secret),
        }
        answer = self._transport.send(Request(method="POST", url=self._url, headers=headers, body=body))
        if not 200 <= answer.status < 300 and answer.status != 409:
            raise DeliveryFailed(f"The sink {self.name!r} answered {answer.status}.")
