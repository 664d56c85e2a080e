"""Keeps journeys that span processes in Redis, for as long as they are pending."""

from __future__ import annotations

import json
from collections.abc import Sequence

from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Outcome
from parapet.signals.spanning import MOST_PENDING, Kept, Pending

try:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise ConfigurationError("redis is not installed. Install it, or keep pending journeys elsewhere.") from error

TIMEOUT_SECONDS = 0.25

# Each script is one atomic step. KEYS: what is pending by its key, and the same keys by deadline.
_ADD = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'already' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 'kept'
"""
_TAKE = """
local found = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return found
"""
_TAKE_OVERDUE = """
local taken = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
    local found = redis.call('HGET', KEYS[1], key)
    if found then table.insert(taken, found) end
    redis.call('HDEL', KEYS[1], key)
    redis.call('ZREM', KEYS[2], key)
end
return taken
"""


class RedisJourneys:
    """Keeps what is pending in two keys of a Redis, on one node of a cluster.

    Args:
        client: synchronous. Its socket timeouts are how long a request may wait for a Redis that is gone: see `at`.
        prefix: what the keys begin with; one per service.
        most: how many attempts may be pending at once.
    """

    def __init__(self, client: Redis, *, prefix: str = "parapet", most: int = MOST_PENDING) -> None:
        self._client = client
        self._most = most
        self._keys = [f"{{{prefix}:journeys}}:pending", f"{{{prefix}:journeys}}:deadlines"]
        self._add, self._take, self._take_overdue = map(client.register_script, (_ADD, _TAKE, _TAKE_OVERDUE))

    @classmethod
    def at(cls, url: str, *, prefix: str = "parapet", timeout_seconds: float = TIMEOUT_SECONDS) -> RedisJourneys:
        """A client of its own for the Redis at *url*, that gives up after *timeout_seconds* and does not try again."""
        client = Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(client, prefix=prefix)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def add(self, pending: Pending) -> Kept:
        """Keep *pending*, unless one of its journey and reference is there already."""
        written = json.dumps([pending.journey, pending.ref, pending.started, pending.deadline, pending.otherwise.value])
        key = _key(pending.journey, pending.ref)
        return Kept(_text(self._add(keys=self._keys, args=[key, written, pending.deadline, self._most])))

    def take(self, journey: str, ref: str) -> Pending | None:
        """Remove one and return it, to one caller only."""
        found = self._take(keys=self._keys, args=[_key(journey, ref)])
        return None if found is None else _read(found)

    def take_overdue(self, now: float, at_most: int) -> Sequence[Pending]:
        """Remove some whose time is up, and return each to one caller only."""
        return [_read(one) for one in self._take_overdue(keys=self._keys, args=[now, at_most])]


def _key(journey: str, ref: str) -> str:
    return json.dumps([journey, ref])


def _text(answer: object) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)


def _read(written: object) -> Pending:
    journey, ref, started, deadline, otherwise = json.loads(_text(written))
    return Pending(journey=journey, ref=ref, started=started, deadline=deadline, otherwise=Outcome(otherwise))
