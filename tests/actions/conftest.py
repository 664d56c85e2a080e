"""A host with dead-lettered jobs in a database of its own, and the verbs over them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parapet.core.types import IncidentId
from parapet.ops.act import Actions
from parapet.ops.acting import Bench
from parapet.ops.aftermath import Aftermath
from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target
from parapet.response.preview import FrozenPreview

if TYPE_CHECKING:
    from tests.conftest import Desk

from tests.conftest import ANA

ONE = IncidentId(1)


@dataclass
class Host:
    """Jobs in a file: dead ones are retried, each once."""

    path: Path

    def __post_init__(self) -> None:
        with self.open() as database:
            database.execute("CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, version INTEGER, state TEXT)")
            database.execute("CREATE TABLE IF NOT EXISTS done (run TEXT, id TEXT)")
            database.executemany(
                "INSERT OR IGNORE INTO jobs VALUES (?, 1, ?)",
                [("job-1", "dead"), ("job-2", "dead"), ("job-3", "dead"), ("job-4", "refunded")],
            )

    def open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.path, isolation_level=None))

    def preview(self, situation: Situation) -> Proposal:
        with self.open() as database:
            rows = database.execute("SELECT id, version, state FROM jobs ORDER BY id").fetchall()
        return Proposal(
            targets=tuple(Target(id=i, version=f"v{v}") for i, v, state in rows if state == "dead"),
            left_out=tuple(LeftOut(id=i, because="It was refunded.") for i, _, state in rows if state == "refunded"),
            will_do="put them back on the queue checkout, once each",
            warnings=("The queue is long.",),
        )

    def execute(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        with self.open() as database:
            for one in targets:
                database.execute("INSERT INTO done VALUES (?, ?)", (situation.run, one.id))
                database.execute("UPDATE jobs SET state = 'queued', version = version + 1 WHERE id = ?", (one.id,))
        return Done(note="Queued.")

    @property
    def done(self) -> list[tuple[str, str]]:
        """What was executed: run and job."""
        with self.open() as database:
            return database.execute("SELECT run, id FROM done ORDER BY rowid").fetchall()

    def set(self, job: str, state: str) -> None:
        """A job moves."""
        with self.open() as database:
            database.execute("UPDATE jobs SET state = ?, version = version + 1 WHERE id = ?", (state, job))


@dataclass
class Floor:
    """One incident, a host, and what may be done."""

    desk: Desk
    host: Host
    capability: Capability

    @property
    def actions(self) -> Actions:
        return Actions(Bench(context=self.desk.context, capabilities={self.capability.name: self.capability}))

    @property
    def aftermath(self) -> Aftermath:
        return Aftermath(self.actions)

    def having(self, **changes: object) -> Floor:
        """The same with other settings of the capability."""
        return replace(self, capability=replace(self.capability, **changes))  # type: ignore[arg-type]

    def preview(self) -> FrozenPreview:
        return self.actions.preview("retry-jobs", ONE, actor=ANA)


def capability_of(host: Host) -> Capability:
    """Retries what is dead."""
    return Capability(
        name="retry-jobs", title="Retry dead-lettered jobs", noun="job", preview=host.preview, execute=host.execute
    )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Three dead jobs, and one that was refunded."""
    return Host(tmp_path / "host.db")


@pytest.fixture
def floor(desk: Desk, host: Host) -> Floor:
    """An incident is open."""
    desk.fire("02:13")
    return Floor(desk=desk, host=host, capability=capability_of(host))


Change = Callable[[Floor, FrozenPreview], Floor]
