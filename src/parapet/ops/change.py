"""Records changes to the system: once each, at the time they happened."""

from __future__ import annotations

from datetime import datetime

from parapet.core.errors import ConfigurationError
from parapet.core.types import Actor, JsonObject
from parapet.incidents.model import Change, ChangeKind
from parapet.ops.context import Context
from parapet.store.store import Transaction

MAX_TITLE_CHARACTERS = 300
TITLES = {
    ChangeKind.DEPLOY: "Deploy",
    ChangeKind.ROLLBACK: "Rollback",
    ChangeKind.FLAG: "Flag",
    ChangeKind.CONFIG: "Configuration",
    ChangeKind.MIGRATION: "Migration",
    ChangeKind.AI_MODEL: "Model",
    ChangeKind.PROVIDER: "Provider",
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
    ) -> Change:
        """Record that something changed. Told again with the same kind, version and time, it stays one change.

        Args:
            title: in words; without it, the kind and the version.
            occurred_at: when it took effect, time zone aware; without it, now.

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
        if url is not None and not url.startswith(("https://", "http://")):
            raise ConfigurationError(f"{url!r} is no http or https address.")
        change = Change(
            id=self._context.ids.new(),
            kind=kind,
            service=self._context.service,
            title=(title or f"{TITLES[kind]} {version}").strip()[:MAX_TITLE_CHARACTERS],
            occurred_at=occurred_at or now,
            recorded_at=now,
            actor=actor,
            version=version[:128] if version else None,
            url=url,
            details=details or {},
        )
        # Without a time of its own each telling is a change; with one, a pipeline may tell it twice.
        key = change.id if occurred_at is None else f"{kind.value}/{change.title}/{version}/{occurred_at.isoformat()}"
        dedupe_key = f"{change.service}/{key}"[:512]

        def work(tx: Transaction) -> Change:
            known = tx.changes.told_before(dedupe_key)
            if known is not None:
                return known
            tx.changes.add(change, dedupe_key)
            tx.audit.add(actor=actor, verb="change", target=change.title[:128], outcome="done", now=now)
            return change

        return self._context.store.transact(work)

    def recent(self, limit: int = 50) -> tuple[Change, ...]:
        """The latest changes of the service, newest first.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.changes.newest(self._context.service, limit)
