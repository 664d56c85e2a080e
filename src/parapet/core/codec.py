"""Frozen values as JSON and back, so that a store or a file can keep them. Strict: what does not fit is refused."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import TypeVar, get_args, get_origin, get_type_hints

from parapet.core.errors import MalformedPayload
from parapet.core.types import Json, JsonObject

Value = TypeVar("Value")


def encode(value: object) -> Json:
    """*value* as JSON: dataclasses as objects, tuples as lists, times as ISO 8601 with their zone.

    Raises:
        TypeError: a value of a kind that has no JSON form.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form here.")


def decode(kind: type[Value], document: JsonObject) -> Value:
    """The dataclass *kind* that *document* holds; names it does not know are ignored.

    Raises:
        MalformedPayload: a field is missing or of another type; says which.
    """
    made = _object(kind, document, kind.__name__)
    if not isinstance(made, kind):
        raise MalformedPayload(f"{kind.__name__} was expected.")
    return made


def _object(kind: type, document: Json, where: str) -> object:
    if not isinstance(document, dict):
        raise MalformedPayload(f"{where}: expected an object, got {type(document).__name__}.")
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for field in fields(kind):
        if field.name not in document:
            raise MalformedPayload(f"{where}.{field.name} is missing.")
        values[field.name] = _value(hints[field.name], document[field.name], f"{where}.{field.name}")
    return kind(**values)


def _value(kind: object, document: Json, where: str) -> object:
    if isinstance(kind, UnionType):
        if document is None:
            return None
        (kind,) = (option for option in get_args(kind) if option is not type(None))
    if get_origin(kind) is tuple:
        if not isinstance(document, list):
            raise MalformedPayload(f"{where}: expected a list, got {type(document).__name__}.")
        return tuple(_value(get_args(kind)[0], item, f"{where}[{place}]") for place, item in enumerate(document))
    if not isinstance(kind, type):
        raise TypeError(f"{where} is declared as {kind}, which has no JSON form here.")
    if is_dataclass(kind):
        return _object(kind, document, where)
    return _plain(kind, document, where)


def _plain(kind: type, document: Json, where: str) -> object:
    try:
        if issubclass(kind, datetime) and isinstance(document, str):
            return kind.fromisoformat(document)
        if issubclass(kind, StrEnum) and isinstance(document, str):
            return kind(document)
    except ValueError as error:
        raise MalformedPayload(f"{where}: {error}.") from error
    if kind is float and isinstance(document, int | float) and not isinstance(document, bool):
        return float(document)
    if type(document) is kind:
        return document
    raise MalformedPayload(f"{where}: expected {kind.__name__}, got {type(document).__name__}.")
