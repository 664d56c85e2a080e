"""How many values a label may have whose values a host decides: so many, no more; the rest shares one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parapet.core import contract, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.signals.locks import OneLock

LONGEST_VALUE = 200


class Ceilings:
    """The values admitted so far, by label: one `queue` is the same queue in every family.

    Args:
        limits: label -> how many values, where it differs from `contract.CEILINGS`.
        lock: the recorder's.

    Raises:
        ConfigurationError: a limit is no number of values.
    """

    def __init__(self, limits: Mapping[str, int], lock: OneLock) -> None:
        for label, most in limits.items():
            if most < 1:
                raise ConfigurationError(f"The ceiling of {label!r} is {most}; expected 1 or more.")
        self._limits = {**contract.CEILINGS, **limits}
        self._admitted: dict[str, set[str]] = {}
        self._closed: set[str] = set()
        self._lock = lock

    def limit(self, label: str) -> int:
        """How many values *label* may have."""
        return self._limits.get(label, contract.DEFAULT_CEILING)

    def admitted(self, label: str) -> frozenset[str]:
        """The values that *label* has so far."""
        with self._lock:
            return frozenset(self._admitted.get(label, ()))

    def admits(self, label: str, value: str) -> bool:
        """Whether *value* may be a value of *label*; the first ones may, up to the ceiling."""
        known = self._admitted.get(label, ())
        if value in known or value == vocabulary.OTHER:
            return True
        with self._lock:
            values = self._admitted.setdefault(label, set())
            if label in self._closed or len(values) >= self.limit(label):
                return False
            values.add(value)
            return True

    def close(self, label: str) -> None:
        """Admit no further value of *label* in this process: what is new is OTHER. Its series stay as they are."""
        with self._lock:
            self._closed.add(label)

    def reopen(self, label: str) -> None:
        """Admit further values of *label* again, up to its ceiling."""
        with self._lock:
            self._closed.discard(label)

    def closed(self, label: str) -> bool:
        """Whether no further value of *label* is admitted."""
        with self._lock:
            return label in self._closed

    def register(self, label: str, values: Iterable[str]) -> None:
        """Admit *values* now, before others take their places.

        Raises:
            ConfigurationError: a value cannot be one, or there are more than the ceiling allows.
        """
        for value in values:
            if not is_value(value):
                raise ConfigurationError(
                    f"{value!r} is no value of {label!r}. Use a text of 1 to {LONGEST_VALUE} characters."
                )
            if not self.admits(label, value):
                most = self.limit(label)
                raise ConfigurationError(
                    f"{label!r} would have more than {most} values. Register fewer, or raise the ceiling: "
                    f"Recorder(ceilings={{{label!r}: {most * 2}}})."
                )


def is_value(value: object) -> bool:
    """Whether *value* can be the value of a label that a host decides."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE
