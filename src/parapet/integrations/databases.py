"""What the database integrations share: what a statement does, how it ended, and the series of one engine.

Imports no database library. A statement's text is looked at and never kept as a label.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeAlias

from parapet.core import names, vocabulary
from parapet.signals.recorder import Recorder

SELECT, INSERT, UPDATE, DELETE, _ = vocabulary.DB_OPERATIONS
SUCCESS, REFUSED, FAILURE, _ = vocabulary.DB_OUTCOMES
POOL_SUCCESS, POOL_TIMEOUT, POOL_FAILURE, _ = vocabulary.DB_POOL_OUTCOMES
IDLE, IN_USE, _ = vocabulary.DB_POOL_STATES

HEAD = 6
"""So many characters tell the four operations apart, for a look-up that costs next to nothing."""

_VERBS = {"select": SELECT, "insert": INSERT, "replace": INSERT, "update": UPDATE, "delete": DELETE}
_LONGEST_CHARACTERS = 4_000
_TOKENS = re.compile(
    r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|([()])|([a-z_][a-z0-9_$]*)", re.I | re.S
)

TROUBLE = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What the quick way may raise where something is unusual or broken; the guarded, slower way comes after it."""

Errors: TypeAlias = tuple[type[BaseException], ...]


class Host(Protocol):
    """What a database integration needs of a Parapet."""

    @property
    def recorder(self) -> Recorder:
        """Where signals are counted."""
        ...


class Statements:
    """The series of the statements of one engine, looked up once.

    Args:
        refused: what the driver raises where the database is well and says no: a constraint, a value out of range.
            It often is how a program asks ("insert, or find what is there"), so it is not counted as a failure.
    """

    def __init__(self, recorder: Recorder, engine: str, refused: Errors = ()) -> None:
        self._recorder = recorder
        self._engine = engine
        self._refused = refused
        self._succeeded: dict[str, Callable[[float], None]] = {}
        for operation in vocabulary.DB_OPERATIONS:
            recorder.declare(names.DB_DURATION, (operation, engine, FAILURE))
            series = recorder.bind(names.DB_DURATION, (operation, engine, SUCCESS))
            self._succeeded[operation] = series.observe
        verbs = (SELECT, INSERT, UPDATE, DELETE)
        self.fast = {word: self._succeeded[verb] for verb in verbs for word in (verb, verb.upper())}
        """The beginning of a statement -> counts a success of so many seconds. Most statements are found here."""

    def ended(self, operation: str, seconds: float, error: BaseException | None) -> None:
        """Count a statement that ended after *seconds*, well or with *error*.

        Who cancels a statement says nothing about the database, so that is neither success nor failure.
        """
        if error is None:
            self._succeeded[operation](seconds)
            return
        outcome = FAILURE if isinstance(error, Exception) else vocabulary.OTHER
        if isinstance(error, self._refused):
            outcome = REFUSED
        self._recorder.observe(names.DB_DURATION, (operation, self._engine, outcome), seconds)


class PoolWaits:
    """The series of the time that a program waits until it has a connection of one engine's pool."""

    def __init__(self, recorder: Recorder, engine: str) -> None:
        self.succeeded, self._timed_out, self._failed = (
            recorder.bind(names.DB_POOL_WAIT, (engine, outcome)).observe
            for outcome in (POOL_SUCCESS, POOL_TIMEOUT, POOL_FAILURE)
        )

    def failed(self, seconds: float, error: BaseException | None, timeouts: Errors) -> None:
        """Count a wait of *seconds* that ended without a connection; *timeouts* mean that none was free in time."""
        if isinstance(error, timeouts):
            self._timed_out(seconds)
        else:
            self._failed(seconds)


def operation_of(statement: object) -> str:
    """What a statement does. For `WITH ...`, what follows its definitions."""
    if isinstance(statement, bytes):
        statement = statement.decode("utf-8", "replace")
    elif not isinstance(statement, str):
        compose = getattr(statement, "as_string", None)  # as psycopg's composed statements have it
        statement = compose(None) if callable(compose) else str(statement)
    return _operation_of(str(statement)[:_LONGEST_CHARACTERS])


@lru_cache(maxsize=512)
def _operation_of(statement: str) -> str:
    depth = level = 0
    defining = False
    for token in _TOKENS.finditer(statement):
        bracket, word = token.groups()
        if bracket:
            depth += 1 if bracket == "(" else -1
        elif word and not defining:
            if word.lower() != "with":
                return _VERBS.get(word.lower(), vocabulary.OTHER)
            defining, level = True, depth
        elif word and depth == level and word.lower() in _VERBS:
            return _VERBS[word.lower()]
    return vocabulary.OTHER
