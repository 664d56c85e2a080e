"""What Alembic runs: on a connection that the caller opened, or as text."""

from __future__ import annotations

from alembic import context

from parapet.core.names import VERSION_TABLE
from parapet.store.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(
        dialect_name=context.config.attributes["dialect"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        literal_binds=True,
        as_sql=True,
        output_buffer=context.config.attributes["out"],
    )
else:
    context.configure(connection=connection, target_metadata=metadata, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
