"""Between values and rows: a value's fields are the columns of its table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from enum import Enum
from functools import lru_cache
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
_PLAIN = (str, int, bool, datetime, dict)


def row_of(value: DataclassInstance, *, without: tuple[str, ...] = ()) -> Row:
    """The columns of *value*: enums as their values, an actor as two columns."""
    row: Row = {}
    for name in _names(type(value), without):
        content = getattr(value, name)
        if content is None or type(content) in _PLAIN:  # bodies bring ten thousand values: most need no question
            row[name] = content
        elif isinstance(content, Actor):
            row |= actor_columns(content)
        elif isinstance(content, Enum):
            row[name] = content.value
        else:
            row[name] = dict(content) if isinstance(content, Mapping) else content
    return row


@lru_cache(maxsize=64)
def _names(of: type[DataclassInstance], without: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of) if field.name not in without)


def actor_columns(actor: Actor) -> Row:
    """An actor as the columns it has everywhere."""
    return {"actor_kind": actor.kind.value, "actor_name": as_kept(actor).name}


def as_kept(actor: Actor) -> Actor:
    """*actor* with its name as the database holds it."""
    name = clean(actor.name, MAX_ACTOR_CHARACTERS)
    return actor if name == actor.name else replace(actor, name=name)


def actor_of(row: RowMapping) -> Actor:
    """The actor that *row* names."""
    return Actor(kind=ActorClass(row["actor_kind"]), name=row["actor_name"])


def batches(values: Collection[str]) -> Iterable[list[str]]:
    """*values* in portions: SQLite bounds the number of parameters of one statement."""
    ordered = sorted(values)
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))
