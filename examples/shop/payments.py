"""The payment provider, as the shop sees it: one call that charges, or an exception that says why not."""

from __future__ import annotations

import hashlib
import time

from examples.shop.faults import Fault, FaultSwitch

USUAL_SECONDS = 0.02
DECLINED_ABOVE_CENTS = 100_000


class Declined(Exception):
    """The card was declined: the customer's business, not ours."""


class ProviderDown(Exception):
    """The provider did not answer. Nothing was charged."""


def charge(faults: FaultSwitch, *, reference: str, amount_cents: int) -> str:
    """Charge *amount_cents* once for *reference* and return the provider's number of the charge.

    The same reference gives the same charge, so that a repeated call costs nobody twice.

    Raises:
        Declined: the card does not cover it.
        ProviderDown: nobody answers.
    """
    time.sleep(USUAL_SECONDS)  # the way there and back
    if faults.now is Fault.DEPENDENCY_DOWN:
        raise ProviderDown("the payment provider does not answer")
    if amount_cents > DECLINED_ABOVE_CENTS:
        raise Declined("the card does not cover this amount")
    return "ch_" + hashlib.sha256(reference.encode()).hexdigest()[:20]
