"""A ready-made capability over action items: their exact objects are its targets, and what was done closes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol, TypeAlias

from parapet.core.errors import Refused
from parapet.core.guard import guarded
from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass
from parapet.incidents.items import ActionItem, ItemState
from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target

CHANGED = "Its action item is not as it was seen: closed, or told again."
MOST_SEEN = 1_000
PAGE = 100

Act: TypeAlias = Callable[[Situation, str], None]
"""Does it to one object, which its own system calls so; raises if it did not."""


class ItemPage(Protocol):
    """A page of action items."""

    @property
    def items(self) -> Sequence[ActionItem]: ...
    @property
    def next(self) -> Place | None: ...


class Items(Protocol):
    """The action items of the service: `parapet.action_items`."""

    def page(self, state: str, *, kinds: Collection[str], limit: int, before: Place | None) -> ItemPage: ...
    def get(self, number: int, /) -> ActionItem: ...
    def resolve(self, number: int, /, *, actor: Actor, reason: str, version: int) -> ActionItem: ...


def act_on_items(
    items: Items,
    kind: str,
    act: Act,
    *,
    name: str,
    will_do: str,
    title: str = "",
    noun: str = "object",
    touches: str = "",
    max_targets: int = 50,
    cooldown_seconds: float = 60.0,
) -> Capability:
    """Do *act* to the objects of open action items of *kind* that belong to the incident or its slice, once each.

    An item whose object was done is resolved by the run; the others stay open, with the reason in the run. The page of
    an item offers it for that one object.

    Args:
        will_do: in words, without a count: `send them again`.
    """

    def preview(situation: Situation) -> Proposal:
        limit = max(1, int(situation.inputs["limit"]))
        only = situation.inputs.get("only", "")
        every = _open(items, kind, situation)
        found = {one.object_id: one for one in every if not only or one.object_id == only}
        targets = [Target(id=one.object_id, version=_version(one), label=one.title) for one in found.values()]
        more = (
            LeftOut(id=one.id, because=f"More than the {limit} asked for.", instead="The next run")
            for one in targets[limit:]
        )
        return Proposal(targets=tuple(targets[:limit]), left_out=tuple(more), will_do=will_do)

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        by = Actor(kind=ActorClass.SYSTEM, name=f"system:{name}")
        failed: dict[str, str] = {}
        for place, one in enumerate(targets):
            situation.progress(place - len(failed), failed=len(failed))
            number = int(one.version.partition("/")[0])
            item = items.get(number)
            if item.state is not ItemState.OPEN or _version(item) != one.version:
                failed[one.id] = CHANGED
                continue
            with guarded(f"capability.{name}.item", words=False) as attempt:
                act(situation, one.id)
            if attempt.error is not None:
                failed[one.id] = f"It ended with {type(attempt.error).__name__}. Look whether it was done."
                continue
            try:
                items.resolve(number, actor=by, reason=f"Done by {situation.run}", version=item.version)
            except Refused as refusal:
                failed[one.id] = f"It was done; its action item is still open: {refusal.message}"
        return Done(failed=failed)

    return Capability(
        name=name,
        title=title,
        noun=noun,
        touches=touches,
        preview=preview,
        execute=execute,
        max_targets=max_targets,
        cooldown_seconds=cooldown_seconds,
        inputs={"limit": "20", "only": ""},
        acts_on=kind,
        will_do=will_do,
    )


def _open(items: Items, kind: str, situation: Situation) -> Iterator[ActionItem]:
    """The open items that are about the incident or its slice, latest first."""
    before: Place | None = None
    seen = 0
    while seen < MOST_SEEN:
        page = items.page(ItemState.OPEN, kinds=(kind,), limit=PAGE, before=before)
        for one in page.items:
            here = one.incident_id is not None and int(one.incident_id) == situation.incident_id
            if here or (one.incident_id is None and one.slice is not None and one.slice == situation.slice):
                yield one
        before, seen = page.next, seen + PAGE
        if before is None:
            return


def _version(item: ActionItem) -> str:
    return f"{item.id}/{item.version}"
