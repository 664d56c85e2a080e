"""What the shop lets people do from the workbench: turn the fault off, seen first, and on again if it was wrong."""

from __future__ import annotations

from parapet import Parapet
from parapet.response.capability import Capability, Done, Effect, Proposal, Situation, Target

from examples.shop.faults import WORDS, Fault, FaultSwitch

NAME = "turn-fault-off"


class Mitigation:
    """The shop's switch as a capability."""

    def __init__(self, faults: FaultSwitch) -> None:
        self._faults = faults
        self._before = Fault.NONE

    def preview(self, situation: Situation) -> Proposal:
        """The fault that is on, if one is. Looking changes nothing."""
        fault = self._faults.now
        if fault is Fault.NONE:
            return Proposal(targets=(), will_do="turn nothing off: nothing is broken on purpose")
        return Proposal(
            targets=(Target(id=fault.value, version="on", label=WORDS[fault]),),
            will_do=f"turn the switch of the back office off: {WORDS[fault]}",
            people_see="checkout and login as before, within a second",
            undo="The same fault can be turned on again for 10 min",
        )

    def execute(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        """Turn it off, if it is still the one that was seen."""
        if [one.id for one in targets] != [self._faults.now.value]:
            return Done(failed={one.id: "Another fault is on now." for one in targets})
        self._before = self._faults.turn(Fault.NONE)
        return Done(note=f"{WORDS[self._before]}: turned off.")

    def undo(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        """Turn it on again."""
        self._faults.turn(self._before)
        return Done()

    def verify(self, situation: Situation, targets: tuple[Target, ...]) -> Effect | None:
        """It helped if no alert of the incident fires any more."""
        return Effect.WORKED if situation.firing == 0 else Effect.NO_EFFECT


def offer(parapet: Parapet, faults: FaultSwitch, *, watch_seconds: float) -> None:
    """Let people turn *faults* off."""
    mitigation = Mitigation(faults)
    parapet.capability(
        Capability(
            name=NAME,
            title="Turn the fault off",
            noun="fault",
            touches="the fault switch of this process",
            preview=mitigation.preview,
            execute=mitigation.execute,
            undo=mitigation.undo,
            verify=mitigation.verify,
            undo_seconds=600.0,
            watch_seconds=watch_seconds,
            max_targets=1,
        )
    )
