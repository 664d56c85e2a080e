"""Who can be called, who takes turns, and which policy calls them: checked together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from parapet.core.errors import ConfigurationError, UnknownName
from parapet.response.escalation import EscalationPolicy, TargetKind
from parapet.response.rotation import Person, Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """People, rotations and policies of one service.

    Raises:
        UnknownName: a rotation or a policy names somebody who is not there.
        ConfigurationError: a name is used twice.
    """

    people: tuple[Person, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    policies: tuple[EscalationPolicy, ...] = ()
    """The first that matches an incident is its own."""

    def __post_init__(self) -> None:
        people = self._names("person", [one.name for one in self.people])
        rotations = self._names("rotation", [one.name for one in self.rotations])
        self._names("escalation policy", [one.name for one in self.policies])
        for rotation in self.rotations:
            for name in rotation.people:
                _known("person", name, people)
        for target in (each for policy in self.policies for step in policy.steps for each in step.targets):
            if target.kind is TargetKind.PERSON:
                _known("person", target.name, people)
            if target.kind is TargetKind.ROTATION:
                _known("rotation", target.name, rotations)

    def person(self, name: str) -> Person | None:
        """Somebody, by name."""
        return next((one for one in self.people if one.name == name), None)

    def rotation(self, name: str) -> Rotation | None:
        """A rotation, by name."""
        return next((one for one in self.rotations if one.name == name), None)

    def check_channels(self, channels: Collection[str]) -> None:
        """Whether every channel that is named can be told.

        Raises:
            UnknownName: there is none of that name.
        """
        for one in self.people:
            for name in one.reach:
                _known("channel", name, channels)
        for target in (each for policy in self.policies for step in policy.steps for each in step.targets):
            if target.kind is TargetKind.CHANNEL:
                _known("channel", target.name, channels)

    @staticmethod
    def _names(what: str, given: list[str]) -> set[str]:
        for name in given:
            if given.count(name) > 1:
                raise ConfigurationError(f"There are two of the {what} {name!r}. Give one of them another name.")
        return set(given)


def _known(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise UnknownName.of(what, name, known)
