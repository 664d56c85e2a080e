"""The tables of those who are told and called. Part of the one schema: `schema.metadata` holds them too."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, text

from parapet.core.names import TABLE_PREFIX
from parapet.store.columns import CanonicalJson, UtcDateTime, Words
from parapet.store.schema import Number, metadata

threads = Table(
    f"{TABLE_PREFIX}threads",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("channel", Words(64), primary_key=True),
    Column("recipient", Words(255), primary_key=True),
    Column("kept", CanonicalJson, nullable=False),
)
"""What channels keep of an incident, so that it has one post in each."""

escalations = Table(
    f"{TABLE_PREFIX}escalations",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("policy", CanonicalJson, nullable=False),  # as it was when the incident began
    Column("state", Words(16), nullable=False),  # running, acknowledged, suppressed, exhausted, ended
    Column("step", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("started_at", UtcDateTime, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("suppressed_until", UtcDateTime),
    Column("suppressed_by", Words(128)),
    Column("lapsed_ack_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index(
        f"ix_{TABLE_PREFIX}escalations_due",
        "due_at",
        "incident_id",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

overrides = Table(
    f"{TABLE_PREFIX}overrides",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("rotation", Words(128), nullable=False),
    Column("person", Words(128), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("reason", Words(), nullable=False),
    Column("by", Words(128), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index(f"ix_{TABLE_PREFIX}overrides_end", "end_at"),
)
"""Who stands in for whom, for a while."""

maintenances = Table(
    f"{TABLE_PREFIX}maintenances",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("service", Words(128), nullable=False),
    Column("what", Words(128), nullable=False),
    Column("slices", CanonicalJson, nullable=False),  # names; none: all of the service
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("reason", Words(), nullable=False),
    Column("by", Words(128), nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("ended_by", Words(128)),
    Column("ended_because", Words(), nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("over", Boolean, nullable=False),
    Index(f"ix_{TABLE_PREFIX}maintenances_end", "service", "end_at"),
    Index(f"ix_{TABLE_PREFIX}maintenances_untold", "service", "over", "id"),
)
"""What rests by the word of a person, from when until when."""

looks = Table(
    f"{TABLE_PREFIX}looks",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("who", Words(128), primary_key=True),
    Column("day", Words(10), primary_key=True),  # 2026-11-12, in UTC
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False),
    Index(f"ix_{TABLE_PREFIX}looks_last", "last_at"),
)
"""Who opened the page of which incident, by day; empty unless the host wants it kept."""
