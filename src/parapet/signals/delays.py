"""What a host told about a delivery or a pipeline, as values that may be labels: a delay in seconds never is one."""

from __future__ import annotations

from bisect import bisect_right

from parapet.core import vocabulary
from parapet.core.vocabulary import DelayBucket
from parapet.signals.series import finite

BUCKETS = tuple(bucket.value for bucket in DelayBucket)


NO_TEXT = ""
"""In no vocabulary, so it becomes `other` and is counted as rejected."""


def text_of(told: object) -> str:
    """*told*, if it is text; objects of other kinds are not asked anything, because that might raise."""
    return str(told) if isinstance(told, str) else NO_TEXT


def bucket_of(delay_seconds: object) -> str:
    """The bucket of a delay; `other` for what is no number. Clocks differ, so less than nothing is subsecond."""
    seconds = finite(delay_seconds)
    return vocabulary.OTHER if seconds is None else BUCKETS[bisect_right(vocabulary.DELAY_BOUNDS_SECONDS, seconds)]
