"""The one boundary at which the database library's exceptions become Parapet's."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import exc

from parapet.core.errors import Conflict, EvidenceError, EvidenceUnavailable, SchemaOutdated

_MISSING = ("no such table", "no such column", "undefinedtable", "undefinedcolumn", "does not exist")
_CONFLICTS = ("deadlock", "could not serialize", "lock timeout", "locknotavailable")


def translate(error: exc.SQLAlchemyError) -> EvidenceError:
    """The error of ours that says what *error* means for the caller."""
    if isinstance(error, exc.IntegrityError):
        return Conflict()
    said = f"{type(getattr(error, 'orig', None)).__name__} {error}".lower()
    if isinstance(error, exc.OperationalError | exc.ProgrammingError) and any(word in said for word in _MISSING):
        if "database" in said and "does not exist" in said and "relation" not in said and "column" not in said:
            return EvidenceUnavailable(
                "The evidence database does not exist. Create it; then run `parapet db upgrade`."[:200]
            )
        return SchemaOutdated()
    if isinstance(error, exc.OperationalError) and any(word in said for word in _CONFLICTS):
        return Conflict("The evidence database gave up on a lock that another process holds.")
    if isinstance(error, exc.DBAPIError | exc.TimeoutError):
        return EvidenceUnavailable()
    return EvidenceError(f"The evidence store failed: {type(error).__name__}.")


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
