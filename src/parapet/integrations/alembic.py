"""Migrations through Alembic: the host's env.py gives `on_version_apply=migrations(parapet.changed)` to configure()."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.integrations.changes import Tell

try:
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import event
except ImportError as error:
    raise ConfigurationError("alembic is not installed. Install it, or do not instrument it.") from error


def migrations(tell: Tell) -> Callable[..., None]:
    """A callback that tells of each step once it is committed; of what is rolled back, and of printed SQL, never."""

    def applied(
        *, ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: dict[str, Any]
    ) -> None:
        with guarded("alembic.step"):
            if ctx.as_sql or ctx.connection is None:
                return
            undone = f"Migration undone, back to {', '.join(sorted(step.down_revision_ids)) or 'nothing'}"
            about = getattr(step.up_revision, "doc", "") if step.is_upgrade else ""  # what its author called it
            title = f"Migration {step.up_revision_id}{about and f': {about}'}" if step.is_upgrade else undone
            version = step.up_revision_id if step.is_upgrade else None

            def committed(connection: object) -> None:
                with guarded("alembic.commit"):
                    tell("migration", title, version=version, by="alembic", details={"upgrade": step.is_upgrade})

            event.listen(ctx.connection, "commit", committed, once=True)

    return applied
