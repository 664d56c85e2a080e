"""What the host already runs does what is due: each scheduler for real, over real evidence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.conftest import PAGE, WORDS, at
from tests.response.conftest import Phone

from parapet import Parapet
from parapet.cli.main import main
from parapet.core.errors import ConfigurationError
from parapet.integrations.ticking import TASK, by_apscheduler, by_celery_beat, by_procrastinate
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

PATIENCE_SECONDS = 60.0


class Rings(Phone):
    """Says when it was told."""

    def __init__(self) -> None:
        super().__init__("phone")
        self.rang = threading.Event()

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        self.rang.set()
        return super().deliver(message, delivery)


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """One is enough: what differs is who calls."""
    return str(request.param)


@pytest.fixture
def rings() -> Rings:
    """What rings when somebody did what is due."""
    return Rings()


@pytest.fixture
def waiting(desk: Desk, rings: Rings) -> Parapet:
    """A service with an announcement that waits to be told."""
    parapet = Parapet(service="shop", evidence=desk.url, channels=(rings,))
    body = alertmanager_payload(alert(PAGE, starts_at=at("02:13"), annotations=WORDS))
    parapet.inbox.receive(body)
    return parapet


def test_celery_beat_sends_and_a_worker_does(waiting: Parapet, rings: Rings) -> None:
    """A real beat over a broker in memory, a real worker beside it."""
    from celery import Celery
    from celery.beat import Scheduler
    from celery.contrib.testing.worker import start_worker

    app = Celery("host", broker="memory://", set_as_current=False)
    by_celery_beat(app, waiting, every_seconds=0.01)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=PATIENCE_SECONDS):
        beat, pause = Scheduler(app=app), threading.Event()
        for _ in range(1_000):
            beat.tick()
            if rings.rang.is_set():
                break
            pause.wait(0.02)
    assert rings.rang.is_set()
    waiting.store.close()


def test_procrastinate_runs_it_periodically(waiting: Parapet, rings: Rings) -> None:
    """A real worker of Procrastinate, over its own connector in memory."""
    from procrastinate import App
    from procrastinate.testing import InMemoryConnector

    app = App(connector=InMemoryConnector())
    by_procrastinate(app, waiting, cron="* * * * * *")

    async def until_told() -> None:
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(install_signal_handlers=False, fetch_job_polling_interval=0.05)
            )
            await asyncio.to_thread(rings.rang.wait, PATIENCE_SECONDS)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    asyncio.run(until_told())
    assert rings.rang.is_set()
    waiting.store.close()


def test_apscheduler_does_it_in_its_threads(waiting: Parapet, rings: Rings) -> None:
    """A real scheduler."""
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(timezone="UTC")
    by_apscheduler(scheduler, waiting, every_seconds=0.05)
    scheduler.start()
    told = rings.rang.wait(PATIENCE_SECONDS)
    scheduler.shutdown()
    assert told
    assert [job.id for job in scheduler.get_jobs()] in ([TASK], [])
    waiting.store.close()


def test_cron_does_it_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`parapet worker --once`, as a crontab calls it."""
    (tmp_path / "cron_host.py").write_text(
        "import os\nfrom parapet import Parapet\n"
        "parapet = Parapet(service='shop', evidence=os.environ['HOST_EVIDENCE'])\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST_EVIDENCE", desk.url)
    done = CliRunner().invoke(main, ["worker", "--once", "--app", "cron_host:parapet"])
    assert (done.exit_code, done.output) == (0, "Nothing was due.\n")
    with desk.store.read() as tx:
        assert tx.heartbeats.last("worker/") is not None, "it was seen to be alive"


@pytest.mark.parametrize("make", [by_celery_beat, by_apscheduler])
def test_an_interval_that_is_none_is_refused(make: Callable[..., None]) -> None:
    """As it is given."""
    with pytest.raises(ConfigurationError):
        make(None, None, every_seconds=0)
