"""The switch on the wall of the back office: what is broken on purpose, so that a team can practise. In memory."""

from __future__ import annotations

import threading
import time
from enum import StrEnum


class Fault(StrEnum):
    """What may be broken. One at a time."""

    NONE = "none"
    CHECKOUT_DOWN = "checkout_down"  # every checkout raises
    LOGIN_4_PERCENT = "login_4_percent"  # every 25th callback of the sign-in is lost
    SLOW = "slow"  # every checkout takes 2 s longer
    DEPENDENCY_DOWN = "dependency_down"  # the payment provider does not answer


WORDS = {
    Fault.NONE: "Nothing is broken",
    Fault.CHECKOUT_DOWN: "Checkout is down",
    Fault.LOGIN_4_PERCENT: "One login in 25 is lost",
    Fault.SLOW: "Checkout is 2 s slower",
    Fault.DEPENDENCY_DOWN: "The payment provider is down",
}
DEEDS = {
    Fault.CHECKOUT_DOWN: "Break checkout",
    Fault.LOGIN_4_PERCENT: "Lose one login in 25",
    Fault.SLOW: "Slow checkout down",
    Fault.DEPENDENCY_DOWN: "Take the payment provider down",
    Fault.NONE: "Repair",
}
"""What the buttons say."""
SLOWER_SECONDS = 2.0
LOST_LOGIN = 25


class BrokenRelease(RuntimeError):
    """What a bad release raises: a customer sees status 500."""


class FaultSwitch:
    """Which fault is on in this process. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault = Fault.NONE
        self._logins = 0

    @property
    def now(self) -> Fault:
        """The fault that is on."""
        return self._fault

    def turn(self, fault: Fault) -> Fault:
        """Turn to *fault* and return the one before it."""
        with self._lock:
            before, self._fault = self._fault, fault
            return before

    def loses_this_login(self) -> bool:
        """True for every 25th customer while the callback of the sign-in is broken."""
        if self._fault is not Fault.LOGIN_4_PERCENT:
            return False
        with self._lock:
            self._logins += 1
            return self._logins % LOST_LOGIN == 0

    def before_checkout(self) -> None:
        """What a checkout meets first.

        Raises:
            BrokenRelease: checkout is down.
        """
        if self._fault is Fault.CHECKOUT_DOWN:
            raise BrokenRelease("release 1.8.2 asks for a tax rate that no region has")
        if self._fault is Fault.SLOW:
            time.sleep(SLOWER_SECONDS)
