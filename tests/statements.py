"""Statements that were compiled once are not compiled again for the engine of the next test: there are thousands.

As in an application, whose one engine lives long, a statement meets what was compiled for an earlier one like it.
"""

from __future__ import annotations

from collections import UserDict
from typing import Any

from sqlalchemy import Connection, Engine, event


class _Compiled(UserDict[tuple[object, ...], Any]):
    """By statement and by what kind of database compiled it, whichever engine that was."""

    def __getitem__(self, key: tuple[object, ...]) -> Any:
        return super().__getitem__(_of_any_engine(key))

    def __setitem__(self, key: tuple[object, ...], value: object) -> None:
        super().__setitem__(_of_any_engine(key), value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and super().__contains__(_of_any_engine(key))


_compiled = _Compiled()


def keep_what_is_compiled() -> None:
    """From now on, for every engine of the evidence in this process."""

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        if connection.engine.hide_parameters:  # ours, which are all made alike
            connection.execution_options(compiled_cache=_compiled)


def _of_any_engine(key: tuple[object, ...]) -> tuple[object, ...]:
    dialect: Any = key[0]
    return dialect.name, dialect.server_version_info, *key[1:]
