"""Small values that every package shares: ids, JSON, and who acted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, TypeAlias

IncidentId = NewType("IncidentId", int)
"""The number people say aloud: incident 12 is shown as INC-12."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


class ActorClass(StrEnum):
    """Who caused an entry, told apart for ever."""

    SYSTEM = "system"  # Parapet itself
    OPERATOR = "operator"  # a person
    AI = "ai"  # a model, through a person's consent
    EXTERNAL = "external"  # another system: Alertmanager, CI
    EVIDENCE = "evidence"  # a measured fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One actor: its class and the name it is known by."""

    kind: ActorClass
    name: str


PARAPET = Actor(kind=ActorClass.SYSTEM, name="parapet")
ALERTMANAGER = Actor(kind=ActorClass.EXTERNAL, name="alertmanager")
