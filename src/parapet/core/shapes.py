"""What a JSON document must look like, said once: it is read by this, and documented from this as JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol, TypeVar

from parapet.core.clock import instant
from parapet.core.errors import MalformedPayload
from parapet.core.types import Json, JsonObject

Kind = TypeVar("Kind")

LONGEST_QUOTE = 60
LARGEST_QUOTE = 10**18
_LINK = re.compile(r"https?://[^\s<>\"'\\\x00-\x1f\x7f]+")
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Shape(Protocol):
    """Reads one value, and says what it may be."""

    def read(self, value: Json, where: str) -> object:
        """*value*, as it is worked with; *where* it stands, for errors.

        Raises:
            MalformedPayload: it has another shape; says what was expected and what came.
        """

    def schema(self) -> JsonObject:
        """The same as JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text with something in it. Control characters and half characters are replaced."""

    most: int = 300
    example: str = ""

    def read(self, value: Json, where: str) -> str:
        """The text."""
        if not isinstance(value, str) or not value.strip() or len(value) > self.most:
            raise wrong(where, f"text of 1 to {self.most} characters", value)
        return _UNWANTED.sub("�", value)

    def schema(self) -> JsonObject:
        """A string that is not blank."""
        shown: JsonObject = {"type": "string", "minLength": 1, "maxLength": self.most, "pattern": "\\S"}
        return shown | ({"examples": [self.example]} if self.example else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    def read(self, value: Json, where: str) -> str:
        """The word."""
        if not isinstance(value, str) or value not in self.values:
            near = get_close_matches(value, self.values, n=1) if isinstance(value, str) else []
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise wrong(where, f"one of {', '.join(self.values)}", value, hint)
        return value

    def schema(self) -> JsonObject:
        """An enumeration."""
        return {"type": "string", "enum": list(self.values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number."""

    least: int = 0
    most: int = 2**31 - 1

    def read(self, value: Json, where: str) -> int:
        """The number."""
        if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise wrong(where, f"a whole number from {self.least} to {self.most}", value)
        return value

    def schema(self) -> JsonObject:
        """An integer within its bounds."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A time with its zone; read as UTC."""

    def read(self, value: Json, where: str) -> datetime:
        """The time."""
        expected = "an ISO 8601 time with its zone, such as 2026-11-12T02:13:04Z"
        if not isinstance(value, str):
            raise wrong(where, expected, value)
        try:
            return instant(value)
        except ValueError as error:
            raise wrong(where, expected, value) from error

    def schema(self) -> JsonObject:
        """A date-time."""
        return {"type": "string", "format": "date-time", "examples": ["2026-11-12T02:13:04Z"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address in the web."""

    most: int = 2_000

    def read(self, value: Json, where: str) -> str:
        """The address."""
        if not isinstance(value, str) or len(value) > self.most or _LINK.fullmatch(value) is None:
            raise wrong(where, f"an http or https address of at most {self.most} characters", value)
        return value

    def schema(self) -> JsonObject:
        """A string that begins like an address."""
        pattern = "^https?://[^\\s<>\"'\\\\\\x00-\\x1f\\x7f]+$"
        return {"type": "string", "maxLength": self.most, "pattern": pattern, "examples": ["https://ci.example/runs/7"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Names and texts."""

    most: int = 64
    longest_name: int = 128
    longest: int = 1_024

    def read(self, value: Json, where: str) -> Mapping[str, str]:
        """The pairs."""
        if not isinstance(value, dict) or len(value) > self.most:
            raise wrong(where, f"an object of at most {self.most} texts", value)
        for name, text in value.items():
            if not 0 < len(name) <= self.longest_name:
                raise wrong(where, f"names of 1 to {self.longest_name} characters", name)
            if not isinstance(text, str) or len(text) > self.longest:
                raise wrong(f"{where}.{quoted(name)}", f"text of at most {self.longest} characters", text)
        return {_UNWANTED.sub("�", name): _UNWANTED.sub("�", f"{text}") for name, text in value.items()}

    def schema(self) -> JsonObject:
        """An object whose values are strings."""
        return {
            "type": "object",
            "maxProperties": self.most,
            "propertyNames": {"minLength": 1, "maxLength": self.longest_name},
            "additionalProperties": {"type": "string", "maxLength": self.longest},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list."""

    of: Shape
    least: int = 1
    most: int = 100

    def read(self, value: Json, where: str) -> Sequence[object]:
        """Every one of them."""
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise wrong(where, f"a list of {self.least} to {self.most}", value)
        return tuple(self.of.read(one, f"{where}[{place}]") for place, one in enumerate(value))

    def schema(self) -> JsonObject:
        """An array."""
        return {"type": "array", "items": self.of.schema(), "minItems": self.least, "maxItems": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an object."""

    shape: Shape
    says: str
    """What it is, for people."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An object that was read: its fields, by name. What was left out, or null, is not there."""

    values: Mapping[str, object]

    def need(self, name: str, kind: type[Kind]) -> Kind:
        """The field *name*, which its shape requires.

        Raises:
            LookupError: the shape does not require it, or it is of another kind: a mistake of ours.
        """
        value = self.get(name, kind)
        if value is None:
            raise LookupError(f"{name} is not required by its shape.")
        return value

    def get(self, name: str, kind: type[Kind]) -> Kind | None:
        """The field *name*, if it was given.

        Raises:
            LookupError: it is of another kind: a mistake of ours.
        """
        value = self.values.get(name)
        if value is None or isinstance(value, kind):
            return value
        raise LookupError(f"{name} is a {type(value).__name__}.")

    def many(self, name: str, kind: type[Kind]) -> tuple[Kind, ...]:
        """The list *name*; empty if it was not given."""
        found = self.get(name, tuple) or ()
        return tuple(one for one in found if isinstance(one, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """An object with known fields, and no others."""

    name: str
    """What documents of this shape are called."""
    fields: Mapping[str, Field]
    says: str = ""

    def read(self, value: Json, where: str) -> Given:
        """Its fields; null is the same as left out."""
        if not isinstance(value, dict):
            raise wrong(where, "an object", value)
        if unknown := sorted(set(value) - set(self.fields)):
            near = get_close_matches(unknown[0], self.fields, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = f"Known: {', '.join(self.fields)}." if self.fields else "None is taken here."
            raise MalformedPayload(f"{where}: unknown field {quoted(unknown[0])}.{hint} {known}")
        found: dict[str, object] = {}
        for name, field in self.fields.items():
            if value.get(name) is not None:
                found[name] = field.shape.read(value[name], f"{where}.{name}")
            elif field.required:
                raise MalformedPayload(f"{where}.{name} is missing: {field.says[:1].lower()}{field.says[1:]}")
        return Given(found)

    def schema(self) -> JsonObject:
        """An object that takes nothing else."""
        properties: JsonObject = {}
        for name, field in self.fields.items():
            shown = field.shape.schema()
            if not field.required:  # null is the same as left out
                shown = {"anyOf": [shown, {"type": "null"}]}
            properties[name] = shown | {"description": field.says}
        made: JsonObject = {"type": "object", "properties": properties, "additionalProperties": False}
        made["required"] = [name for name, field in self.fields.items() if field.required]
        return made | ({"description": self.says} if self.says else {})


def quoted(text: str) -> str:
    """*text* in quotation marks, short."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}...")


def wrong(where: str, expected: str, got: Json, hint: str = "") -> MalformedPayload:
    """An error that says what was expected, and in short what came."""
    if isinstance(got, str):
        came = quoted(got)
    elif isinstance(got, list | dict):
        came = f"{'a list' if isinstance(got, list) else 'an object'} of {len(got)}"
    else:
        came = "nothing" if got is None else _number(got)
    return MalformedPayload(f"{where}: expected {expected}, got {came}.{hint}")


def _number(got: float) -> str:
    if isinstance(got, bool):
        return "true" if got else "false"
    return "a huge number" if abs(got) > LARGEST_QUOTE else f"{got}"
