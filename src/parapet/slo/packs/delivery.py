"""The slices of what somebody else delivers. Accepted is not delivered, so they are two promises."""

from __future__ import annotations

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import DelayBucket, DeliveryOutcome, FaultPlane
from parapet.slo.slice import EventRatio, Slice, equals, one_of

LATE = (DelayBucket.UNDER_1H.value, DelayBucket.OVER_1H.value)
"""Callbacks later than five minutes."""


def delivery_slices(
    name: str,
    *,
    handover: float | None = None,
    delivered: float | None = None,
    callbacks: float | None = None,
    title: str | None = None,
    runbook: str | None = None,
    owner: str = "",
) -> tuple[Slice, ...]:
    """The slices of the integration *name*; each only if its objective, a ratio, is given.

    Args:
        handover: `<name>-handover`: of what we tried to hand over for good, this share the provider accepted.
        delivered: `<name>-delivered`: of what the provider told an end of, this share reached the recipient. What it
            merely accepted is in neither number, nor is what was suppressed or complained about.
        callbacks: `<name>-callbacks`: this share of the provider's callbacks came within five minutes.
        runbook: a runbook's name or an http(s) address; by default `delivery-<name>`.

    Raises:
        ConfigurationError: an objective is no ratio, or none is given.
    """
    shown = title or name.replace("_", " ").replace("-", " ").capitalize()
    guidance = runbook or f"delivery-{name}"
    mine = equals(names.INTEGRATION, name)
    slices: list[Slice] = []
    if handover is not None:
        ends = (DeliveryOutcome.ACCEPTED.value, DeliveryOutcome.FAILED.value)
        slices.append(
            Slice(
                name=f"{name}-handover",
                title=f"{shown}: the provider takes them",
                sli=EventRatio(
                    metric=names.DELIVERY_OUTBOUND,
                    total=(mine, one_of(names.OUTCOME, *ends)),
                    bad=(equals(names.OUTCOME, DeliveryOutcome.FAILED.value),),
                ),
                objective=handover,
                owner=owner,
                runbook=guidance,
                fault_plane=FaultPlane.PROVIDER.value,
                description="Good: accepted by the provider, which is not yet delivered. Deferred is no end yet.",
            )
        )
    if delivered is not None:
        lost = (DeliveryOutcome.FAILED.value, DeliveryOutcome.BOUNCED.value)
        slices.append(
            Slice(
                name=f"{name}-delivered",
                title=f"{shown}: they arrive",
                sli=EventRatio(
                    metric=names.DELIVERY_FEEDBACK,
                    total=(mine, one_of(names.OUTCOME, DeliveryOutcome.DELIVERED.value, *lost)),
                    bad=(one_of(names.OUTCOME, *lost),),
                ),
                objective=delivered,
                owner=owner,
                runbook=guidance,
                fault_plane=FaultPlane.PROVIDER.value,
                description="Good: the provider says that it reached the recipient. Bad: it bounced or failed.",
            )
        )
    if callbacks is not None:
        slices.append(
            Slice(
                name=f"{name}-callbacks",
                title=f"{shown}: we hear back in time",
                sli=EventRatio(
                    metric=names.DELIVERY_WEBHOOK,
                    total=(mine,),
                    bad=(one_of(names.DELAY_BUCKET, *LATE),),
                ),
                objective=callbacks,
                owner=owner,
                runbook=guidance,
                fault_plane=FaultPlane.WEBHOOK.value,
                description="Good: callbacks within five minutes of what they tell of. Our own queues are not in it.",
            )
        )
    if not slices:
        raise ConfigurationError(f"No objective is given for the deliveries {name!r}. Give handover= or delivered=.")
    return tuple(slices)
