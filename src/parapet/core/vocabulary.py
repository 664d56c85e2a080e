"""The closed vocabularies: every value a bounded label may take, and which labels each metric carries.

Signals emit only these, objectives are checked against these: an objective over a value that is never emitted
is refused when the catalog is built, not discovered during an outage.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from parapet.core import names


class Outcome(StrEnum):
    """How a user's attempt at a journey ended."""

    SUCCESS = "success"
    FAILURE = "failure"  # ours: burns budget
    USER_ERROR = "user_error"  # wrong password, declined card: does not
    ABANDONED = "abandoned"  # the user left: does not


class Severity(StrEnum):
    """How loud trouble is; the values of the `severity` label. PAGE is worse than TICKET."""

    PAGE = "page"  # somebody is woken
    TICKET = "ticket"  # somebody looks during the day

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return 0 if self is Severity.PAGE else 1


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
"""HTTP methods kept as they are; a client may send any other word, which becomes OTHER."""

OTHER = "other"
"""What a value outside its vocabulary, or beyond its ceiling, becomes."""

UNMATCHED = "unmatched"
"""The route of a request that no route matched."""

STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "disconnected")
"""Answers by class; disconnected: the client left before we answered."""

HTTP_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
JOURNEY_BUCKETS_SECONDS = HTTP_BUCKETS_SECONDS

LABELS: Mapping[str, Mapping[str, tuple[str, ...] | None]] = MappingProxyType(
    {
        names.HTTP_DURATION: MappingProxyType(
            {names.METHOD: (*METHODS, OTHER), names.ROUTE: None, names.STATUS_CLASS: STATUS_CLASSES}
        ),
        names.JOURNEY_DURATION: MappingProxyType(
            # other: an outcome we do not know; counted as an event, neither good nor bad
            {names.JOURNEY: None, names.OUTCOME: (*(outcome.value for outcome in Outcome), OTHER)}
        ),
    }
)
"""Metric family -> label -> the closed set of values, or None where the host decides (bounded at run time)."""

BUCKETS_SECONDS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {names.HTTP_DURATION: HTTP_BUCKETS_SECONDS, names.JOURNEY_DURATION: JOURNEY_BUCKETS_SECONDS}
)
"""Histogram family -> its default upper bounds in seconds, without infinity."""
