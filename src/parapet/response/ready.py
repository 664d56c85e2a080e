"""Ready-made capabilities that need no library: revert flags, close a label, ask a provider to look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target

MOVED = "It is not as it was seen."


class Labels(Protocol):
    """Says which values labels may have, in every process of the service: `parapet.labels`."""

    def admitted(self, label: str) -> frozenset[str]: ...
    def close(self, label: str) -> None: ...
    def reopen(self, label: str) -> None: ...
    def closed(self, label: str) -> bool: ...
    def follow(self, label: str, capability: str, *, closes: bool) -> None: ...


def revert_flags(
    safe: Mapping[str, str],
    *,
    read: Callable[[str], str],
    write: Callable[[str, str], None],
    name: str = "revert-flags",
    undo_seconds: float = 3_600.0,
) -> Capability:
    """Set feature flags back to what is safe, and forth again if it was not them.

    Args:
        safe: flag -> its safe value. *read* tells what it is now, *write* sets it; both are the host's flag system.
    """

    def preview(situation: Situation) -> Proposal:
        now = {flag: read(flag) for flag in safe}
        return Proposal(
            targets=tuple(
                Target(id=flag, version=value, label=f"{value} to {safe[flag]}")
                for flag, value in now.items()
                if value != safe[flag]
            ),
            left_out=tuple(
                LeftOut(id=flag, because="It is at its safe value.")
                for flag, value in now.items()
                if value == safe[flag]
            ),
            will_do="set them to their safe values",
            undo="They can be set to what they were",
        )

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        failed: dict[str, str] = {}
        for one in targets:
            if read(one.id) != one.version:
                failed[one.id] = MOVED
            else:
                write(one.id, safe[one.id])
        return Done(failed=failed)

    def undo(situation: Situation, targets: tuple[Target, ...]) -> Done:
        failed: dict[str, str] = {}
        for one in targets:  # the preview froze what each was
            if read(one.id) != safe[one.id]:
                failed[one.id] = MOVED
            else:
                write(one.id, one.version)
        return Done(failed=failed)

    return Capability(
        name=name,
        title="Revert flags",
        noun="flag",
        touches="feature flags",
        preview=preview,
        execute=execute,
        undo=undo,
        undo_seconds=undo_seconds,
        max_targets=max(1, len(safe)),
    )


def close_label(labels: Labels, label: str, *, name: str = "", undo_seconds: float = 86_400.0) -> Capability:
    """Admit no further value of a metric label: what is new counts as `other`, nothing is lost.

    It holds in every process that defines this capability, also in those that start later, until it is undone or
    `open_label` ran.
    """

    def preview(situation: Situation) -> Proposal:
        if labels.closed(label):
            return Proposal(targets=(), left_out=(LeftOut(id=label, because="It is closed."),), will_do="close it")
        count = len(labels.admitted(label))
        return Proposal(
            targets=(Target(id=label, version="open"),),
            will_do="admit no further value: what is new counts as other",
            undo="It can be opened again",
            warnings=(f"The {count} values that it has here stay. Other processes follow within a scrape or two.",),
        )

    return _of_label(labels, label, name or f"close-label-{_dashed(label)}", preview, undo_seconds)


def open_label(labels: Labels, label: str, *, name: str = "") -> Capability:
    """Admit further values of a metric label again, after `close_label`, once nobody can undo that any more."""

    def preview(situation: Situation) -> Proposal:
        if not labels.closed(label):
            return Proposal(targets=(), left_out=(LeftOut(id=label, because="It is open."),), will_do="open it")
        return Proposal(
            targets=(Target(id=label, version="closed"),), will_do="admit further values again, up to its ceiling"
        )

    return _of_label(labels, label, name or f"open-label-{_dashed(label)}", preview, None)


def _of_label(
    labels: Labels, label: str, name: str, preview: Callable[[Situation], Proposal], undo_seconds: float | None
) -> Capability:
    """*undo_seconds*: it closes, and that can be undone for so long; None: it opens."""
    closes = undo_seconds is not None
    labels.follow(label, name, closes=closes)

    def turn(closed: bool) -> Done:
        (labels.close if closed else labels.reopen)(label)
        return Done()

    return Capability(
        name=name,
        title=f"{'Close' if closes else 'Open'} the label {label}",
        noun="label",
        touches=f"the label {label} of every process",
        preview=preview,
        execute=lambda situation, targets: turn(closes),
        undo=(lambda situation, targets: turn(False)) if closes else None,
        undo_seconds=undo_seconds or 0.0,
        max_targets=1,
    )


def _dashed(label: str) -> str:
    return label.replace("_", "-")


def request_provider_check(
    provider: str, *, ask: Callable[[Situation], str], name: str = "", cooldown_seconds: float = 1_800.0
) -> Capability:
    """Ask a provider's people to look, once in a while: opens a ticket, sends a mail; nothing of ours changes.

    Args:
        ask: does it, with `situation.run` as its idempotency key; what it answers, such as a ticket, is kept as a note.
    """

    def preview(situation: Situation) -> Proposal:
        return Proposal(
            targets=(Target(id=provider, version=situation.ref),),
            will_do=f"ask {provider} to look, because of {situation.ref}",
            undo="None. They were asked.",
        )

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        return Done(note=f"Asked: {ask(situation)}")

    return Capability(
        name=name or f"ask-{provider}",
        title=f"Ask {provider} to look",
        noun="provider",
        touches="nothing of ours",
        preview=preview,
        execute=execute,
        max_targets=1,
        cooldown_seconds=cooldown_seconds,
    )
