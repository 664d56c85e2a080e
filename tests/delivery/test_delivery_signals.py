"""What becomes of a message that somebody else delivers: three families that never speak for each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import pytest

from parapet import Parapet
from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import DeliveryOutcome, FailureClass, FaultPlane
from parapet.signals.delays import bucket_of
from parapet.signals.delivery import PLANES, USUAL, Delivery

Counted: TypeAlias = Callable[[str], dict[tuple[str, ...], float]]
Shown: TypeAlias = Callable[[str], set[tuple[str, ...]]]
Rejected: TypeAlias = Callable[[], dict[tuple[str, ...], float]]

MINE = ("receipts", "postmark", "email")


@pytest.fixture
def receipts(shop: Parapet) -> Delivery:
    """Receipts by e-mail through Postmark."""
    return shop.delivery("receipts", provider="postmark", channel="email")


def test_accepted_is_not_delivered(receipts: Delivery, counted: Counted) -> None:
    """What the provider accepted is in the outbound family only; what it delivered, in its feedback only."""
    receipts.outbound("attempted")
    receipts.outbound("provider_accepted")
    assert counted(names.DELIVERY_OUTBOUND) == {
        (*MINE, "attempted", "none", "none"): 1,
        (*MINE, "provider_accepted", "none", "none"): 1,
    }
    assert counted(names.DELIVERY_FEEDBACK) == {}
    receipts.provider_feedback("delivered")
    assert counted(names.DELIVERY_FEEDBACK) == {(*MINE, "delivered", "none", "none"): 1}


def test_nobody_can_claim_delivery_while_handing_over(receipts: Delivery, counted: Counted, rejected: Rejected) -> None:
    """The outbound family has no such outcome: it is counted, as other, and as rejected."""
    receipts.outbound("delivered")
    assert counted(names.DELIVERY_OUTBOUND) == {(*MINE, "other", "none", "none"): 1}
    assert rejected() == {("delivery.outbound", "outcome"): 1}


def test_a_failure_names_its_plane(receipts: Delivery, counted: Counted) -> None:
    """The reason tells where the fault lies, unless the host knows better."""
    receipts.outbound("failed", "timeout")
    receipts.outbound("failed", "authentication")
    receipts.outbound("suppressed")
    receipts.provider_feedback("bounced", "invalid_recipient", fault_plane="provider")
    assert counted(names.DELIVERY_OUTBOUND) == {
        (*MINE, "failed", "timeout", "provider"): 1,
        (*MINE, "failed", "authentication", "application"): 1,
        (*MINE, "suppressed", "suppressed", "suppression"): 1,
    }
    assert counted(names.DELIVERY_FEEDBACK) == {(*MINE, "bounced", "invalid_recipient", "provider"): 1}


def test_every_reason_has_a_plane() -> None:
    """A reason that is added without one would silently be the provider's fault."""
    assert set(PLANES) == set(FailureClass)


def test_what_went_well_has_no_failure(receipts: Delivery, counted: Counted, rejected: Rejected) -> None:
    """A contradiction is counted as what happened, and as rejected."""
    receipts.provider_feedback("delivered", "timeout")
    assert counted(names.DELIVERY_FEEDBACK) == {(*MINE, "delivered", "none", "none"): 1}
    assert rejected() == {("delivery.provider_feedback", "failure_class"): 1}


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (-3.0, "subsecond"),
        (0, "subsecond"),
        (0.999, "subsecond"),
        (1.0, "under_30s"),
        (29.9, "under_30s"),
        (30.0, "under_5m"),
        (300.0, "under_1h"),
        (3_600.0, "over_1h"),
        (1e12, "over_1h"),
        (float("nan"), "other"),
        (float("inf"), "other"),
        ("soon", "other"),
        (None, "other"),
    ],
)
def test_a_delay_becomes_one_of_five_buckets(seconds: object, bucket: str) -> None:
    """Seconds never become a label; machines' clocks differ, so a negative delay is none."""
    assert bucket_of(seconds) == bucket


def test_a_late_callback_is_the_webhooks_fault(receipts: Delivery, counted: Counted) -> None:
    """And says nothing about a backlog of ours."""
    receipts.webhook_ingest("delivered", 4.2)
    receipts.webhook_ingest("delivered", 4_000.0)
    receipts.webhook_ingest("bounced", 4_000.0, "content")
    assert counted(names.DELIVERY_WEBHOOK) == {
        (*MINE, "delivered", "none", "none", "under_30s"): 1,
        (*MINE, "delivered", "none", "webhook", "over_1h"): 1,
        (*MINE, "bounced", "content", "application", "over_1h"): 1,
    }
    assert counted(names.ASYNC_BACKLOG) == {}


def test_the_first_error_is_a_step_from_zero(receipts: Delivery, shown: Shown) -> None:
    """Every outcome, with the reasons that usually go with it, is shown before anything happened."""
    before = shown(names.DELIVERY_OUTBOUND)
    for outcome, reasons in USUAL[names.DELIVERY_OUTBOUND].items():
        for why in reasons:
            receipts.outbound(outcome, why)
    with pytest.raises(ValueError, match="unheard of"), receipts.handover():
        raise ValueError("unheard of")
    assert shown(names.DELIVERY_OUTBOUND) == before


def test_the_first_late_callback_is_a_step_from_zero(receipts: Delivery, shown: Shown) -> None:
    """Whatever it tells."""
    before = shown(names.DELIVERY_WEBHOOK)
    for outcome, reasons in USUAL[names.DELIVERY_FEEDBACK].items():
        for why in reasons:
            receipts.webhook_ingest(outcome, 4_000.0, why)
    assert shown(names.DELIVERY_WEBHOOK) == before


def test_a_handover_is_an_attempt_and_its_end(receipts: Delivery, counted: Counted) -> None:
    """Accepted if nothing was raised, else failed, with the reason as far as the exception tells; it goes through."""
    with receipts.handover():
        pass
    for error in (TimeoutError(), ConnectionResetError(), ValueError()):
        with pytest.raises(type(error)), receipts.handover():
            raise error
    with receipts.handover() as call:
        call.deferred("rate_limited")
    with receipts.handover() as call:
        call.suppressed()

    async def later() -> None:
        async with receipts.handover() as call:
            call.failed(FailureClass.CONTENT)

    asyncio.run(later())
    assert counted(names.DELIVERY_OUTBOUND) == {
        (*MINE, "attempted", "none", "none"): 7,
        (*MINE, "provider_accepted", "none", "none"): 1,
        (*MINE, "failed", "timeout", "provider"): 1,
        (*MINE, "failed", "network", "dependency"): 1,
        (*MINE, "failed", "other", "provider"): 1,
        (*MINE, "failed", "content", "application"): 1,
        (*MINE, "deferred", "rate_limited", "provider"): 1,
        (*MINE, "suppressed", "suppressed", "suppression"): 1,
    }


def test_an_interruption_is_an_unknown_outcome(shop: Parapet, receipts: Delivery, counted: Counted) -> None:
    """Whether the provider took it, nobody knows: it is neither accepted nor failed."""
    with pytest.raises(asyncio.CancelledError), receipts.handover():
        raise asyncio.CancelledError
    assert counted(names.DELIVERY_OUTBOUND) == {
        (*MINE, "attempted", "none", "none"): 1,
        (*MINE, "other", "other", "application"): 1,
    }


class Unspeakable:
    """A value of which every question fails."""

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("on purpose")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("on purpose")

    def __float__(self) -> float:
        raise RuntimeError("on purpose")


def test_nothing_that_is_told_can_break_the_host(receipts: Delivery, counted: Counted) -> None:
    """Values of a wrong kind become other, and the event is counted all the same."""
    bad = Unspeakable()
    receipts.outbound(bad)  # type: ignore[arg-type]
    receipts.outbound("failed", bad)  # type: ignore[arg-type]
    receipts.outbound("failed", "timeout", fault_plane=["x"])  # type: ignore[arg-type]
    receipts.webhook_ingest("delivered", bad)  # type: ignore[arg-type]
    receipts.provider_feedback("exploded", "gremlins", fault_plane="moon")
    assert sum(counted(names.DELIVERY_OUTBOUND).values()) == 3
    assert sum(counted(names.DELIVERY_WEBHOOK).values()) == 1
    feedback = counted(names.DELIVERY_FEEDBACK)
    assert feedback == {(*MINE, "other", "other", "other"): 1}


def test_exact_identifiers_never_become_labels(shop: Parapet, receipts: Delivery) -> None:
    """A thousand messages make no series."""
    before = shop.recorder.render()
    for number in range(1_000):
        receipts.outbound("provider_accepted", refs={"message_id": f"m-{number}"})
    after = shop.recorder.render()
    assert after.count(b"\n") == before.count(b"\n")
    assert b"m-999" not in after


def test_a_definition_that_cannot_hold_is_refused(shop: Parapet) -> None:
    """Unlike recording, defining is loud."""
    with pytest.raises(UnknownName, match="email"):
        shop.delivery("receipts", provider="postmark", channel="e-mail")
    with pytest.raises(ConfigurationError):
        shop.delivery("", provider="postmark", channel="email")
    for number in range(20):
        shop.delivery("receipts", provider=f"provider-{number}", channel="email")
    with pytest.raises(ConfigurationError, match="more than 20"):
        shop.delivery("receipts", provider="one-too-many", channel="email")


def test_the_vocabularies_are_what_the_families_carry() -> None:
    """The outcomes and planes that the families share are one list each."""
    for metric in (names.DELIVERY_FEEDBACK, names.DELIVERY_WEBHOOK):
        outcomes = set(vocabulary.LABELS[metric][names.OUTCOME] or ())
        assert outcomes == {*(o.value for o in DeliveryOutcome), "other"} - {"attempted"}
    assert FaultPlane.WEBHOOK not in (vocabulary.LABELS[names.ASYNC_BACKLOG][names.FAULT_PLANE] or ())
    assert FaultPlane.BACKLOG not in (vocabulary.LABELS[names.ASYNC_CALLBACK][names.FAULT_PLANE] or ())
