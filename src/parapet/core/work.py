"""What a worker does, as metrics call it."""

from __future__ import annotations

from enum import StrEnum


class Work(StrEnum):
    """What a worker does."""

    PROBE = "probe"  # starts probes
    BODY = "body"  # takes in bodies of alerts that wait
    RECONCILIATION = "reconciliation"  # asks Alertmanager
    SIGNAL = "signal"  # says on incidents and as signals what is heard and what changed
    INCIDENT = "incident"  # closes quiet incidents
    ACTION = "action"  # automatic steps, watches over runs, the ledger's mirrors
    CALL = "call"  # decides whom escalations call
    NOTIFICATION = "notification"  # tells channels
    MEASUREMENT = "measurement"  # keeps the burn around incidents


class WorkOutcome(StrEnum):
    """What became of something that a worker took in hand."""

    DONE = "done"
    FAILED = "failed"  # tried again later
    GIVEN_UP = "given_up"
    CALLED_OFF = "called_off"  # not needed any more


class WorkState(StrEnum):
    """Where something stands that a worker has to do."""

    DUE = "due"  # nobody has it yet
    CLAIMED = "claimed"  # somebody has it in hand
