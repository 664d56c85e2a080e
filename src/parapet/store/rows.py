"""Between values and rows: a value's fields are the columns of its table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import RowMapping

from parapet.core.types import Actor, ActorClass
from parapet.incidents.payload import clean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row: TypeAlias = dict[str, object]

MAX_ACTOR_CHARACTERS = 128
LARGEST_NUMBER = 2**63 - 1
_BATCH = 10_000


def row_of(value: DataclassInstance, *, without: tuple[str, ...] = ()) -> Row:
    """The columns of *value*: enums as their values, an actor as two columns."""
    row: Row = {}
    for field in fields(value):
        if field.name in without:
            continue
        content = getattr(value, field.name)
        if isinstance(content, Actor):
            row |= actor_columns(content)
        elif isinstance(content, Enum):
            row[field.name] = content.value
        else:
            row[field.name] = dict(content) if isinstance(content, Mapping) else content
    return row


def actor_columns(actor: Actor) -> Row:
    """An actor as the columns it has everywhere."""
    return {"actor_kind": actor.kind.value, "actor_name": as_kept(actor).name}


def as_kept(actor: Actor) -> Actor:
    """*actor* with its name as the database holds it."""
    return replace(actor, name=clean(actor.name, MAX_ACTOR_CHARACTERS))


def actor_of(row: RowMapping) -> Actor:
    """The actor that *row* names."""
    return Actor(kind=ActorClass(row["actor_kind"]), name=row["actor_name"])


def batches(values: Collection[str]) -> Iterable[list[str]]:
    """*values* in portions: SQLite bounds the number of parameters of one statement."""
    ordered = sorted(values)
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))
