"""Incidents are found by the words of their titles, notes and references.

Where the statements are printed for somebody to run, incidents that are there already are found by their number, and on
Postgres by their title, until something new is written about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from parapet.incidents.words import MOST_WORDS, words
from parapet.store.dialect import full_text_statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BATCH = 1_000
SAID = ("text", "reason", "title", "from", "to", "comment")
TITLES = """
INSERT INTO parapet_words (incident_id, body)
SELECT id, trim('inc ' || id || ' ' || trim(regexp_replace(lower(title), '[^[:alnum:]]+', ' ', 'g')))
FROM parapet_incidents WHERE id NOT IN (SELECT incident_id FROM parapet_words)
"""
NUMBERS = """
INSERT INTO parapet_words (incident_id, body) SELECT id, 'inc ' || id FROM parapet_incidents
WHERE id NOT IN (SELECT incident_id FROM parapet_words)
"""


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_words",
        sa.Column(
            "incident_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("parapet_incidents.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("body", sa.Text, nullable=False),
        if_not_exists=True,
    )
    context = op.get_context()
    for statement in full_text_statements(context.dialect.name):
        op.execute(sa.text(statement.replace(":", "\\:")))
    if context.as_sql:
        op.execute(sa.text((NUMBERS if context.dialect.name == "sqlite" else TITLES).replace(":", "\\:")))
    else:
        _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    keep = sa.text("INSERT INTO parapet_words (incident_id, body) VALUES (:incident_id, :body)")
    for rows in _batches(connection):
        connection.execute(keep, rows)


def _batches(connection: sa.Connection) -> Iterator[list[dict[str, object]]]:
    """The incidents that have no words yet, with what they are found by."""
    missing = sa.text(
        "SELECT id, title, service, slice, labels FROM parapet_incidents WHERE id > :last "
        "AND id NOT IN (SELECT incident_id FROM parapet_words) ORDER BY id LIMIT :batch"
    )
    written = sa.text(
        "SELECT incident_id, payload FROM parapet_entries WHERE incident_id BETWEEN :first AND :last "
        "AND kind NOT IN ('measured', 'notified') ORDER BY incident_id, seq"
    )
    last = 0
    while found := connection.execute(missing, {"last": last, "batch": BATCH}).all():
        texts = {
            row.id: [f"INC-{row.id}", row.title, row.service, row.slice or "", *_values(row.labels)] for row in found
        }
        first, last = found[0].id, found[-1].id
        for row in connection.execute(written, {"first": first, "last": last}):
            payload = json.loads(row.payload)
            if row.incident_id in texts:
                texts[row.incident_id] += [value for name in SAID if isinstance(value := payload.get(name), str)]
        yield [{"incident_id": number, "body": " ".join(words(*said)[:MOST_WORDS])} for number, said in texts.items()]


def _values(labels: str) -> list[str]:
    return [str(value) for value in json.loads(labels).values()]


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop parapet_words by hand if you mean it.")
