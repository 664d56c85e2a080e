"""Flag flips through OpenFeature: `api.add_hooks([FlagChanges(parapet.changed)])`, and what providers announce.

An evaluation that depends on who asks is no flip; one that is the same for everybody (static, default or disabled) is,
when its value differs from the last one seen. Every process sees a flip in its own time: it is one change.
"""

from __future__ import annotations

from threading import RLock

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.types import Json
from parapet.integrations.changes import Tell

try:
    from openfeature import api
    from openfeature.event import EventDetails, ProviderEvent
    from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType, Reason
    from openfeature.hook import Hook, HookContext, HookHints
except ImportError as error:
    raise ConfigurationError("openfeature-sdk is not installed. Install it, or do not instrument it.") from error

MOST_FLAGS = 1_000
"""Flags whose last value is remembered; flags beyond that are left alone."""
FOR_EVERYBODY = frozenset({Reason.STATIC, Reason.DEFAULT, Reason.DISABLED})
LONGEST_VALUE = 80
ECHO_SECONDS = 60.0
"""Every process hears what a provider announces; within this time it is one change."""


class FlagChanges(Hook):
    """A hook that tells when a flag has another value than before. Costs a look into a dictionary."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._seen: dict[str, FlagValueType] = {}
        self._lock = RLock()  # whoever is told may ask for a flag

    def after(self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints) -> None:
        """A flag was resolved."""
        if details.reason not in FOR_EVERYBODY:
            return
        key, value = details.flag_key, details.value
        known = self._seen.get(key, self)
        if known is not self and known == value:
            return
        with guarded("openfeature.hook"), self._lock:
            before = self._seen.get(key, self)
            if before is self and len(self._seen) >= MOST_FLAGS:
                return
            self._seen[key] = value
            if before is self or before == value:
                return
            said: dict[str, Json] = {"flag": key, "from": _short(before), "to": _short(value)}
            if details.variant:
                said["variant"] = str(details.variant)
            title = f"Flag {key}: {_short(before)} to {_short(value)}"
            self._tell("flag", title, by="openfeature", details=said, about=f"flag {key}")


def announcements(tell: Tell) -> None:
    """Tell of the flags that a provider says it changed; many providers do, such as flagd."""

    def changed(event: EventDetails) -> None:
        with guarded("openfeature.event"):
            for key in (event.flags_changed or ())[:MOST_FLAGS]:
                tell(
                    "flag",
                    f"Flag {key} changed",
                    by=event.provider_name or "openfeature",
                    details={"flag": key},
                    about=f"announced {key}",
                    apart_seconds=ECHO_SECONDS,
                )

    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, changed)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
