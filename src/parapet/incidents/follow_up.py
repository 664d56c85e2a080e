"""Which events leave an exact object that somebody must look after: given up, refused, not sent on purpose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from parapet.core import names
from parapet.core.contract import SIGNALS
from parapet.core.vocabulary import AsyncOutcome, DeliveryOutcome
from parapet.incidents.items import Reported
from parapet.incidents.promise import Promise
from parapet.incidents.sightings import Sighted

KINDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (SIGNALS[names.DELIVERY_OUTBOUND], DeliveryOutcome.SUPPRESSED.value): "suppressed_delivery",
        (SIGNALS[names.DELIVERY_OUTBOUND], DeliveryOutcome.FAILED.value): "failed_delivery",
        (SIGNALS[names.DELIVERY_FEEDBACK], DeliveryOutcome.FAILED.value): "failed_delivery",
        (SIGNALS[names.DELIVERY_FEEDBACK], DeliveryOutcome.BOUNCED.value): "bounced_delivery",
        (SIGNALS[names.ASYNC_STAGE], AsyncOutcome.DISCARDED.value): "discarded_work",
        (SIGNALS[names.ASYNC_CALLBACK], AsyncOutcome.DISCARDED.value): "orphaned_callback",
    }
)
"""Signal and outcome -> the kind of action item. What is tried again, or only late, needs nobody yet."""


def follow_up(one: Sighted, promises: Mapping[str, Promise]) -> Reported | None:
    """What to open an action item with; None: nobody needs to, or no promise is about it.

    The first of its identifiers is what the object is called; the others go along.
    """
    kind = KINDS.get((one.signal, one.fields.get(names.OUTCOME, "")))
    if kind is None or not one.refs:
        return None
    mine = (name for name, promise in sorted(promises.items()) if _is_about(promise, one))
    slice_name = next(mine, None)
    if slice_name is None:
        return None
    label, object_id = next(iter(one.refs.items()))
    title = f"{kind.replace('_', ' ').capitalize()} of {one.subject}: {label} {object_id}"
    return Reported(kind=kind, object_id=object_id, title=title, slice=slice_name, details={**one.fields, **one.refs})


def _is_about(promise: Promise, one: Sighted) -> bool:
    return one.subject in promise.concern.subjects and promise.concern.covers(one)
