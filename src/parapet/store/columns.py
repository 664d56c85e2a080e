"""Column types that mean the same on SQLite and on Postgres."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from parapet.core.types import Json
from parapet.incidents.payload import clean

LONGEST_WORDS = 16_384
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept to the microsecond. SQLite has no such type, so there it is text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Text on SQLite, timestamptz on Postgres."""
        if dialect.name == "sqlite":
            return cast("TypeEngine[datetime]", dialect.type_descriptor(String(27)))
        return cast("TypeEngine[datetime]", dialect.type_descriptor(DateTime(timezone=True)))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """An aware datetime, as the database keeps it.

        Raises:
            ValueError: it has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return utc
        return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"  # strftime would cut early years

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """What the database kept, as an aware datetime in UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value if value.tzinfo is UTC else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that both databases can hold, at most *characters* long: Postgres refuses NUL, both refuse half characters.

    What is longer is cut, so that an alert or a person's words never make a row that cannot be written.
    """

    impl = Text
    cache_ok = True

    def __init__(self, characters: int | None = None) -> None:
        super().__init__()
        self.characters = characters

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Text, or text of bounded length."""
        return Text() if self.characters is None else String(self.characters)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text, as it can be kept."""
        return None if value is None else clean(value, self.characters or LONGEST_WORDS)


def canonical(value: Json) -> str:
    """*value* as JSON text: the same text for the same value, in ASCII. Hashes are taken over this."""
    return _ENCODER.encode(value)


class CanonicalJson(TypeDecorator[Json]):
    """JSON kept as canonical text, so that a hash taken before writing still holds after reading."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str:
        """JSON, as text."""
        return canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:
        """Text, as JSON."""
        return None if value is None else cast("Json", json.loads(value))
