"""A storm of alerts, as Alertmanager makes one: every group on a connection of its own, at once, tried again on 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.evidence.host import HOOK

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 2.0
MOST_TRIES = 60
CONNECTIONS = 2_500
"""At once; further groups connect as others are answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How one delivery went."""

    status: int
    seconds: float
    """From when its group was flushed until it was answered for good."""
    tries: int
    body: bytes


def delivery(first: int, alerts: int, *, ended: bool = False) -> bytes:
    """A body of so many alerts, each a group of its own trouble, from number *first* on."""
    many = [
        {
            "status": "resolved" if ended else "firing",
            "fingerprint": f"{number:016x}f",
            "startsAt": "2026-11-12T02:13:00Z",
            "endsAt": "2026-11-12T02:20:00Z" if ended else "0001-01-01T00:00:00Z",
            "labels": {
                "alertname": "ParapetBudgetBurnPage",
                "service": "shop",
                "slice": "checkout",
                "severity": "page",
                "shard": f"{number}",
            },
            "annotations": {"title": f"Checkout fails on shard {number}", "summary": "Burning 15 times too fast"},
            "generatorURL": "http://prometheus.test/graph",
        }
        for number in range(first, first + alerts)
    ]
    return json.dumps({"version": "4", "receiver": "parapet-shop", "groupKey": f"{first}", "alerts": many}).encode()


async def storm(port: int, token: str, bodies: Sequence[bytes]) -> list[Answered]:
    """Send *bodies* all at once, each until it is answered with 2xx; how each went, in order."""
    slots = asyncio.Semaphore(CONNECTIONS)
    flushed = perf_counter()

    async def send(body: bytes) -> Answered:
        pause, tried = FIRST_RETRY_SECONDS, 0
        while True:
            async with slots:
                status, said = await _post(port, token, body)
            tried += 1
            if status < 500 or tried == MOST_TRIES:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RETRY_SECONDS)
        return Answered(status=status, seconds=perf_counter() - flushed, tries=tried, body=said)

    return list(await asyncio.gather(*map(send, bodies)))


async def looked(port: int, path: str, times: int, *, pause_seconds: float = 0.0) -> list[float]:
    """Seconds that each of so many looks at a page took, one after the other."""
    took = []
    for _ in range(times):
        started = perf_counter()
        status, _ = await request(port, "GET", path, {})
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        took.append(perf_counter() - started)
        await asyncio.sleep(pause_seconds)
    return took


async def _post(port: int, token: str, body: bytes) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        return await request(port, "POST", HOOK, headers, body)
    except OSError:
        return 599, b""  # not connected, or cut off: Alertmanager tries again, too


async def request(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, bytes]:
    """One request on a connection of its own.

    Raises:
        OSError: there was no answer.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
    status, _, rest = answer.partition(b"\r\n")
    if not status.startswith(b"HTTP/1.1 "):
        raise ConnectionError("no answer")
    return int(status[9:12]), rest.partition(b"\r\n\r\n")[2]
