"""The schema's own migrations, in their own version table: upgrade, what is pending, and the SQL."""

from __future__ import annotations

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from parapet.core.errors import SchemaOutdated
from parapet.core.names import TABLE_PREFIX, VERSION_TABLE
from parapet.store.dialect import lock_schema, reading
from parapet.store.errors import Boundary

HERE = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> list[str]:
    """Bring the schema up to date; the steps that were taken. Many processes may call it at once.

    Raises:
        EvidenceUnavailable: the database does not answer.
        SchemaOutdated: a newer Parapet has upgraded it.
    """
    config = _config()
    with Boundary(), engine.begin() as connection:
        lock_schema(connection)
        steps = _pending(MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}))
        if steps:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return steps


def pending(engine: Engine) -> list[str]:
    """The steps that the schema still needs, oldest first; none: it is up to date.

    Raises:
        EvidenceUnavailable: the database does not answer.
        SchemaOutdated: a newer Parapet has upgraded it.
    """
    with Boundary(), reading(engine) as connection:
        return _pending(MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}))


def at(engine: Engine) -> str:
    """The newest step that the database has; empty: none.

    Raises:
        EvidenceUnavailable: the database does not answer.
    """
    with Boundary(), reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision() or ""


def sql(dialect: str) -> str:
    """The statements of every step for *dialect* (sqlite or postgresql), for whoever applies them by hand."""
    config = _config()
    out = io.StringIO()
    config.attributes.update(dialect=dialect, out=out)
    command.upgrade(config, "head", sql=True)
    return out.getvalue()


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """For the host's own Alembic: leave Parapet's tables alone. Pass it as `include_name` in the host's `env.py`."""
    return not (kind == "table" and name is not None and name.startswith(TABLE_PREFIX))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    return config


def _pending(context: MigrationContext) -> list[str]:
    scripts = ScriptDirectory.from_config(_config())
    have = context.get_current_revision()
    if have is not None and have not in {step.revision for step in scripts.walk_revisions()}:
        raise SchemaOutdated(
            f"The evidence database is at step {have}, which this Parapet does not know: a newer one upgraded it. "
            "Update this one."
        )
    steps = list(scripts.iterate_revisions("head", have or "base"))
    return [f"{step.revision} {step.doc}" for step in reversed(steps) if step.revision != have]
