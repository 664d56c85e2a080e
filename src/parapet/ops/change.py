"""Records changes to the system: once each, at the time they happened."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from math import inf

from parapet.core.errors import ConfigurationError
from parapet.core.types import Actor, JsonObject
from parapet.incidents.model import Change, ChangeKind
from parapet.incidents.payload import clean, http_url
from parapet.ops.context import Context
from parapet.store.changes import ABOUT
from parapet.store.rows import as_kept
from parapet.store.store import Transaction

MAX_TITLE_CHARACTERS = 300
MAX_VERSION_CHARACTERS = 128
ANYBODY = "*"
"""Whose a provider's trouble is: every service that shares the evidence may tell of it, and all see it."""
TITLES = {
    ChangeKind.DEPLOY: "Deploy",
    ChangeKind.ROLLBACK: "Rollback",
    ChangeKind.FLAG: "Flag",
    ChangeKind.CONFIG: "Configuration",
    ChangeKind.MIGRATION: "Migration",
    ChangeKind.AI_MODEL: "Model",
    ChangeKind.PROVIDER: "Provider",
    ChangeKind.MAINTENANCE: "Maintenance",
}


class Changes:
    """The verbs of changes, bound to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def mark(
        self,
        *,
        kind: ChangeKind,
        actor: Actor,
        title: str | None = None,
        version: str | None = None,
        occurred_at: datetime | None = None,
        url: str | None = None,
        details: JsonObject | None = None,
        change_id: str | None = None,
        about: str | None = None,
        apart_seconds: float = inf,
    ) -> Change:
        """Record that something changed. Told again with the same kind, version and time, it stays one change.

        Args:
            title: in words; without it, the kind and the version.
            occurred_at: when it took effect, time zone aware; without it, now.
            change_id: what the teller calls it, such as the number of a pipeline's run; told again, it is the same.
            about: what is in another state now, such as one flag: many processes may see that, each in its own time.
                While nothing else was told about it, the same title tells of the same change.
            apart_seconds: told so much later about it, it is another one.

        Raises:
            ConfigurationError: there is neither a title nor a version, the time has no zone, or the address is no
                http(s) address.
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        if not (title or version):
            raise ConfigurationError("A change needs a title or a version, so that people know what changed.")
        if occurred_at is not None and occurred_at.tzinfo is None:
            raise ConfigurationError(f"The time {occurred_at.isoformat()} has no zone. Write 2026-11-12T02:31:00Z.")
        if url is not None and (http_url(url) is None or not url.isprintable()):
            raise ConfigurationError(f"{url!r} is no http or https address.")
        change = Change(
            id=self._context.ids.new(),
            kind=kind,
            service=self._context.service,
            title=clean(" ".join((title or f"{TITLES[kind]} {version}").split()), MAX_TITLE_CHARACTERS),
            occurred_at=(occurred_at or now).astimezone(UTC),
            recorded_at=now,
            actor=as_kept(actor),
            version=clean(version.strip(), MAX_VERSION_CHARACTERS) if version else None,
            url=url,
            details=(details or {}) | ({} if about is None else {ABOUT: about}),
        )
        whose = ANYBODY if kind is ChangeKind.PROVIDER else change.service

        def work(tx: Transaction) -> Change:
            latest = None if about is None else tx.changes.about(change.service, kind, about, change.occurred_at)
            if latest is not None and _echoes(change, latest, apart_seconds):
                return latest
            same = (
                _sameness(change, change_id, timed=occurred_at is not None) if about is None else _after(latest, change)
            )
            dedupe_key = f"{whose}/{same}"
            known = tx.changes.told_before(dedupe_key)
            if known is not None:
                return known
            tx.changes.add(change, dedupe_key)
            tx.audit.add(actor=actor, verb="change", target=change.title[:128], outcome="done", now=now)
            return change

        return self._context.store.transact(work)

    def recent(self, limit: int = 50, *, since: datetime | None = None) -> tuple[Change, ...]:
        """The latest changes of the service and of providers, newest first; with *since*, none older.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.changes.newest(self._context.service, limit, since=since).rows


def _echoes(change: Change, latest: Change, apart_seconds: float) -> bool:
    """Whether *change* says of the same thing what *latest* said already."""
    apart = (change.occurred_at - latest.occurred_at).total_seconds()
    return change.title == latest.title and apart <= apart_seconds


def _after(latest: Change | None, change: Change) -> str:
    """The same for everybody who tells of *change* at once: what it follows, and what it says."""
    said = f"{change.details[ABOUT]}\n{change.title}"
    return f"after/{latest.id if latest is not None else ''}/{change.kind.value}/{sha256(said.encode()).hexdigest()}"


def _sameness(change: Change, change_id: str | None, *, timed: bool) -> str:
    """What two tellings of one change have in common."""
    if change_id:
        return f"id/{change_id}"
    if not timed:
        return change.id  # without a time of its own, each telling is a change
    return f"{change.kind.value}/{change.version or change.title}/{change.occurred_at.isoformat()}"
