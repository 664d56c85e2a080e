"""What somebody else delivers: e-mail, notifications. Accepted is not delivered, so they are two promises."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import Channel, DeliveryOutcome, FaultPlane, Severity
from parapet.slo.burn import HOUR
from parapet.slo.durations import spoken
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import QUIET, Subject, ended, kept, seconds_and_ratio, title_of
from parapet.slo.selector import Selector, equals, one_of
from parapet.slo.sli import Freshness
from parapet.slo.slice import Slice

TAKEN, FAILED = DeliveryOutcome.ACCEPTED.value, DeliveryOutcome.FAILED.value
"""How handing over ends for good."""
EMAIL = (Channel.EMAIL.value,)
NOTIFICATIONS = tuple(channel.value for channel in Channel if channel is not Channel.EMAIL)


def email_delivery_pack(
    integration: str,
    *,
    submitted: float | None = 0.999,
    delivered: float | None = 0.98,
    webhooks: tuple[float, float] | None = (300.0, 0.95),
    suppressed: tuple[float, float] | None = (0.05, 2.0),
    name: str | None = None,
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """E-mails leave us, arrive, and we hear of it: for what `parapet.delivery(integration, channel="email")` counts.

    What is suppressed is not failed, and what is deferred has no end yet: neither is in any number.

    Args:
        submitted: `<name>-submitted`: of what we tried to hand over for good, this share the provider accepts.
            99.9 % = 43.2 minutes in 30 days, or 1 in 1,000.
        delivered: `<name>-delivered`: of what the provider told an end of, this share reached the recipient.
            98 % = 14.4 hours in 30 days, or 1 in 50.
        webhooks: `<name>-webhooks`: (seconds, ratio): this share of the provider's webhooks comes within that time
            of what they tell: 1, 30, 300 or 3600. A ticket, never a page. 95 % = 36 hours in 30 days, or 1 in 20.
        suppressed: `<name>-suppressed`, a diagnostic: (share, times): a ticket while more than that share is
            suppressed, and that many times more than over the last seven days: a list grew. More than 5 %, and 2 times
            the usual.
        name: what the slices are called after; by default, the integration.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, or all are None.
    """
    called, shown = name or integration, title or title_of(integration)
    guidance = runbook or f"email-delivery-{called}"
    subject = Subject(name=called, title=shown, owner=owner, runbook=guidance)
    mine = (equals(names.INTEGRATION, integration), one_of(names.CHANNEL, *EMAIL))
    return Pack(
        name=f"email_delivery_pack({integration!r})",
        slices=kept(
            _handed_over(subject, "submitted", submitted, mine),
            _arrived(subject, "delivered", delivered, mine),
            heard_of(subject, "webhooks", webhooks, mine),
        ),
        diagnostics=kept(
            subject.drift(
                "suppressed",
                suppressed,
                ended(names.DELIVERY_OUTBOUND, mine, good=(TAKEN, FAILED), bad=(DeliveryOutcome.SUPPRESSED.value,)),
                badly="more are suppressed than usual",
                plane=FaultPlane.SUPPRESSION,
                bad="what a list kept from being sent, of all that was to be sent. It has not failed.",
                window_seconds=12 * HOUR,
            )
        ),
        guides=(Guide(name=f"email-delivery-{called}", playbook="email-delivery", title=shown),),
    )


def notifications_pack(
    integration: str,
    *,
    accepted: float | None = 0.999,
    confirmed: float | None = 0.95,
    callbacks: tuple[float, float] | None = (300.0, 0.95),
    name: str | None = None,
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Text messages, pushes and chat messages are taken, and confirmed: for what `parapet.delivery(integration, ...)`
    counts through every channel but e-mail.

    Args:
        accepted: `<name>-accepted`: of what we tried to hand over for good, this share the provider accepts.
            99.9 % = 43.2 minutes in 30 days, or 1 in 1,000.
        confirmed: `<name>-confirmed`: of what the provider told an end of, this share it confirms as received.
            95 % = 36 hours in 30 days, or 1 in 20.
        callbacks: `<name>-callbacks`: (seconds, ratio): this share of the provider's callbacks comes within that time
            of what they tell: 1, 30, 300 or 3600. A ticket, never a page. 95 % = 36 hours in 30 days, or 1 in 20.
        name: what the slices are called after; by default, the integration.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, or all are None.
    """
    called, shown = name or integration, title or title_of(integration)
    guidance = runbook or f"notifications-{called}"
    subject = Subject(name=called, title=shown, owner=owner, runbook=guidance)
    mine = (equals(names.INTEGRATION, integration), one_of(names.CHANNEL, *NOTIFICATIONS))
    return Pack(
        name=f"notifications_pack({integration!r})",
        slices=kept(
            _handed_over(subject, "accepted", accepted, mine),
            _arrived(subject, "confirmed", confirmed, mine),
            heard_of(subject, "callbacks", callbacks, mine),
        ),
        guides=(Guide(name=f"notifications-{called}", playbook="notifications", title=shown),),
    )


def _handed_over(subject: Subject, suffix: str, objective: float | None, mine: Selector) -> Slice | None:
    return subject.promise(
        suffix,
        objective,
        ended(names.DELIVERY_OUTBOUND, mine, good=(TAKEN,), bad=(FAILED,)),
        well="the provider takes them",
        badly="the provider does not take them",
        plane=FaultPlane.PROVIDER,
        good="accepted by the provider, which is not yet delivered. Deferred is no end yet.",
    )


def _arrived(subject: Subject, suffix: str, objective: float | None, mine: Selector) -> Slice | None:
    lost = (FAILED, DeliveryOutcome.BOUNCED.value)
    return subject.promise(
        suffix,
        objective,
        ended(names.DELIVERY_FEEDBACK, mine, good=(DeliveryOutcome.DELIVERED.value,), bad=lost),
        well="they arrive",
        badly="they do not arrive",
        plane=FaultPlane.PROVIDER,
        good="the provider says that it reached the recipient. Bad: it bounced or failed.",
    )


def heard_of(
    subject: Subject,
    suffix: str,
    within: tuple[float, float] | None,
    mine: Selector,
    severities: tuple[Severity, ...] = QUIET,
) -> Slice | None:
    """That the provider's callbacks come in time; *within*: seconds and ratio.

    Raises:
        ConfigurationError: no delay bucket ends there, or the objective is no ratio.
    """
    if within is None:
        return None
    seconds, ratio = seconds_and_ratio(f"{subject.name}-{suffix}", within)
    return subject.promise(
        suffix,
        ratio,
        Freshness(metric=names.DELIVERY_WEBHOOK, selector=mine, within_seconds=seconds),
        well="we hear back in time",
        badly="we hear back late",
        plane=FaultPlane.WEBHOOK,
        good=f"callbacks within {spoken(seconds)} of what they tell of. Our own queues are not in it.",
        severities=severities,
    )
