"""What the tests of databases share: instrumented engines on real databases, and what was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, make_url

from parapet.signals.recorder import Recorder

Made: TypeAlias = Callable[..., Engine]


@dataclass
class Service:
    """As much of a Parapet as a database integration needs."""

    recorder: Recorder = field(default_factory=Recorder)

    def values(self, metric: str, **labels: str) -> dict[tuple[str, ...], float]:
        """The samples of *metric* that have these labels, by their other labels, without zeros."""
        found = {}
        for family in text_string_to_metric_families(self.recorder.render().decode()):
            for name, has, value in ((one.name, one.labels, one.value) for one in family.samples):
                if name == metric and labels.items() <= has.items() and value:
                    found[tuple(value for key, value in has.items() if key not in labels)] = value
        return found

    def statements(self, engine: str = "primary") -> dict[tuple[str, ...], int]:
        """How many statements were counted, by (operation, outcome), without zeros."""
        found = self.values("parapet_db_query_duration_seconds_count", engine=engine)
        return {labels: int(value) for labels, value in found.items()}

    def waits(self, engine: str = "primary") -> dict[str, int]:
        """How many waits for a connection were counted, by outcome, without zeros."""
        found = self.values("parapet_db_pool_wait_seconds_count", engine=engine)
        return {outcome: int(value) for (outcome,), value in found.items()}

    def shown(self, metric: str) -> set[tuple[str, ...]]:
        """The label sets of *metric* that are shown, at zero or not."""
        families = text_string_to_metric_families(self.recorder.render().decode())
        return {tuple(one.labels.values()) for family in families for one in family.samples if one.name == metric}


@pytest.fixture
def service() -> Service:
    """A service that has counted nothing."""
    return Service()


@pytest.fixture
def url(empty_url: str) -> str:
    """The URL of a database with an empty table `item (id, name)`, for psycopg or for SQLite."""
    address = make_url(empty_url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(address)
    tables = MetaData()
    Table(
        "item", tables, Column("id", Integer, primary_key=True), Column("name", String(20), nullable=False, unique=True)
    )
    tables.create_all(engine)
    engine.dispose()
    return address.render_as_string(hide_password=False)


@pytest.fixture
def make() -> Iterator[Made]:
    """Makes engines that are disposed of at the end."""
    made: list[Engine] = []

    def one(url: str, **options: object) -> Engine:
        made.append(create_engine(url, **options))
        return made[-1]

    yield one
    for engine in made:
        engine.dispose()
