"""A capability: a named action of the host that Parapet may preview, run once, watch and undo. Values and protocols."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Required, TypeAlias, TypedDict, TypeVar

from parapet.core.errors import ConfigurationError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
LONGEST_ID = 200


class Effect(StrEnum):
    """Whether it helped, as far as the host can tell."""

    WORKED = "worked"
    NO_EFFECT = "no_effect"
    WORSE = "worse"
    UNCLEAR = "unclear"  # nobody could tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One exact object, at one version."""

    id: str
    """What its own system calls it."""
    version: str = ""
    """Changes whenever the object does: a row version, a time of change, a hash of its state."""
    label: str = ""
    """For people, beside the id: an amount, a name that is no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An object that looks like a target and is none."""

    id: str
    because: str
    instead: str = ""
    """What a person may do about it; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the host says would happen: exactly these targets, and nothing else."""

    targets: tuple[Target, ...]
    left_out: tuple[LeftOut, ...] = ()
    will_do: str = ""
    """In words, without a count: `put them back on the queue checkout, once each`."""
    people_see: str = ""
    """What customers notice."""
    undo: str = ""
    """How it could be undone, in words; empty: as the capability says."""
    warnings: tuple[str, ...] = ()


class Progress(Protocol):
    """Says how far a run is: of its targets, how many are done, and how many are not."""

    def __call__(self, done: int, failed: int = 0) -> None: ...


def unheard(done: int, failed: int = 0) -> None:
    """Progress that nobody follows: of a preview, an undo, a watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the host's functions are told: the incident, and what was asked for."""

    service: str
    incident_id: int
    ref: str
    slice: str | None
    title: str
    severity: str
    firing: int
    """Alerts of it that fire now."""
    started_at: datetime
    now: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """What the person who previewed it gave, such as `{"limit": "20"}`."""
    run: str = ""
    """What this run is called, unique for ever: pass it on as an idempotency key. Empty in a preview."""
    actor: str = ""
    progress: Progress = unheard
    """While it runs: `situation.progress(12, failed=1)` is shown as `12 of 40 done, 1 failed`. Call it as often as you
    like; it is written down at most once a second, and raises nothing."""
    database: Any = None
    """In a preview: a connection of the host's database that cannot write, where the capability `reads` one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of the targets, as the host reports it. Ids that it names in neither are taken as done."""

    failed: Mapping[str, str] = field(default_factory=dict)
    """Target id -> why, in words without secrets."""
    note: str = ""


Maybe: TypeAlias = "Proposal | Awaitable[Proposal]"
Preview: TypeAlias = Callable[[Situation], Maybe]
Execute: TypeAlias = "Callable[[Situation, tuple[Target, ...]], Done | Awaitable[Done | None] | None]"
Verify: TypeAlias = "Callable[[Situation, tuple[Target, ...]], Effect | Awaitable[Effect | None] | None]"
Reads: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Opens a connection of the host's database that cannot write: `integrations.read_only.read_only(engine)`."""

Loop: TypeAlias = "Callable[[], AbstractEventLoop]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One action of the host. Its functions may be sync or async.

    Raises:
        ConfigurationError: the name cannot be used, or a limit cannot hold.
    """

    name: str
    title: str = ""
    """What the button says, without the count: `Retry dead-lettered jobs`. Without it, the name in words."""
    preview: Preview
    """Says exactly what would happen. It must change nothing."""
    execute: Execute
    """Does it, once, to these targets at these versions; it skips what changed since. It is never called again for a
    run whose end is not known."""
    verify: Verify | None = None
    """Whether it helped. Asked during the watch; None as an answer: too early to tell."""
    undo: Execute | None = None
    touches: str = ""
    """What it may change, in words."""
    noun: str = "target"
    """What one target is called: `job`."""
    permission: str = ""
    """What `authorize` is asked for; without it, `capability.` and the name."""
    max_targets: int = 100
    cooldown_seconds: float = 0.0
    """How long after a run on the same slice the next one may begin."""
    breaker_limit: int = 3
    """Runs on one slice within an hour; the next is refused, for people and for automatic steps."""
    typed_from: int | None = None
    """From so many targets on, the person types what they are about to do."""
    second_person_from: int | None = None
    """From so many targets on, somebody else must approve; 1: always."""
    watch_seconds: float = 600.0
    """How long it is watched whether it helped, where there is a `verify`."""
    undo_seconds: float = 3_600.0
    """How long it can be undone, where there is an `undo`."""
    most_seconds: float = 300.0
    """A run that has not ended by then has an unknown outcome."""
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What may be asked for, with the value that is taken without: `{"limit": "20"}`."""
    acts_on: str = ""
    """The kind of action item whose objects are its targets: the page of such an item offers it. With an input `only`,
    for the one object."""
    will_do: str = ""
    """What it does to its targets, in words, as the page of an item says before a preview: `send them again`."""
    reads: Reads | None = None
    loop: Loop | None = None
    """On which event loop async functions run: `loop=lambda: app.state.loop`. Without it, on one of Parapet's own in a
    thread of its own. It lasts as long as the process, so an async engine that only they use stays whole; an engine
    that the application uses too belongs to the application's loop."""

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ConfigurationError(
                f"{self.name!r} cannot name a capability: a-z, 0-9, - and _, at most 64 characters."
            )
        if not self.title:
            object.__setattr__(self, "title", self.name.replace("-", " ").replace("_", " ").capitalize())
        for name in ("max_targets", "breaker_limit", "typed_from", "second_person_from"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigurationError(f"{name} of {self.name!r} is {value}; it must be 1 or more.")
        for name in ("cooldown_seconds", "watch_seconds", "undo_seconds", "most_seconds"):
            if getattr(self, name) < 0 or (name == "most_seconds" and not self.most_seconds):
                raise ConfigurationError(f"{name} of {self.name!r} is {getattr(self, name)}; it cannot hold.")

    @property
    def permitted_as(self) -> str:
        """The permission that a person needs."""
        return self.permission or f"capability.{self.name}"

    def count_words(self, count: int) -> str:
        """So many of its targets, in words: `42 jobs`."""
        return f"{count:,} {self.noun}{'' if count == 1 else 's'}"


class Settings(TypedDict, total=False):
    """What `parapet.capability("name", ...)` takes beside its name and what it executes: see `Capability`."""

    title: str
    preview: Required[Preview]
    verify: Verify | None
    undo: Execute | None
    touches: str
    noun: str
    permission: str
    max_targets: int
    cooldown_seconds: float
    breaker_limit: int
    typed_from: int | None
    second_person_from: int | None
    watch_seconds: float
    undo_seconds: float
    most_seconds: float
    inputs: Mapping[str, str]
    acts_on: str
    will_do: str
    reads: Reads | None
    loop: Loop | None


E = TypeVar("E", bound=Callable[..., Any])


def named(name: str, execute: Execute, settings: Settings) -> Capability:
    """The capability *name* that runs *execute*.

    Raises:
        ConfigurationError: it has no preview, the name cannot be used, or a limit cannot hold.
    """
    if "preview" not in settings:
        raise ConfigurationError(f"Capability {name!r} has no preview. Give preview=: what says what would happen.")
    return Capability(name=name, execute=execute, **settings)
