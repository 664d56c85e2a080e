"""The one boundary at which the database library's exceptions become Parapet's."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import exc

from parapet.core.errors import Conflict, EvidenceError, EvidenceUnavailable, SchemaOutdated

_MISSING = {"UndefinedTable", "UndefinedColumn"}
_MISSING_ON_SQLITE = ("no such table", "no such column", "has no column named")
_LOST = {"DeadlockDetected", "SerializationFailure"}
_BUSY = {"LockNotAvailable", "SQLITE_BUSY"}
_SLOW = {"QueryCanceled"}
_TAKEN = {"UniqueViolation", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_FULL = ("could not extend file", "no space left on device", "database or disk is full")
_DAMAGED = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
_AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


def translate(error: exc.SQLAlchemyError) -> EvidenceError:
    """The error of ours that says what *error* means for the caller."""
    cause = getattr(error, "orig", None)
    names = {type(cause).__name__, str(getattr(cause, "sqlite_errorname", ""))}
    said = f"{cause}".lower()
    if names & _TAKEN:
        return Conflict()
    if names & _LOST:
        return Conflict("The evidence database gave up on a lock that another process holds.")
    if names & _BUSY:  # it was waited for already: whoever tries at once again would only wait again
        return EvidenceUnavailable("The evidence database is busy: another process holds a lock for too long.")
    if names & _SLOW:
        return EvidenceUnavailable("The evidence database is too slow: it gave up on a question.")
    if names & _MISSING or any(words in said for words in _MISSING_ON_SQLITE):
        return SchemaOutdated()
    if isinstance(error, exc.OperationalError) and 'database "' in said and "does not exist" in said:
        return EvidenceUnavailable("The evidence database does not exist. Create it, then run `parapet db upgrade`.")
    if names & _DAMAGED:
        return EvidenceUnavailable("The evidence file is damaged, or is no SQLite database.")
    if any(words in said for words in _FULL):
        return EvidenceUnavailable("The evidence database has no room left on its disk.")
    if isinstance(error, _AWAY) or getattr(error, "connection_invalidated", False):
        return EvidenceUnavailable()
    return EvidenceError(f"The evidence database refused: {type(cause or error).__name__}.")


class Boundary:
    """A context in which every exception of the library leaves as one of ours, with its cause.

    Raises:
        EvidenceError: what happened.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, exc.SQLAlchemyError):
            raise translate(error) from error
