"""Jobs that fail as long as their cause is there, for the workers of four libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import celery
    import procrastinate
    from dramatiq.brokers.redis import RedisBroker


def work(number: int) -> None:
    """Written down is what was done, not what was tried."""
    folder = Path(os.environ["FOLDER"])
    if (folder / "broken").exists():
        raise RuntimeError("on purpose")
    with (folder / "ran").open("a") as ran:
        ran.write(f"{number}\n")


def celery_app(url: str) -> celery.Celery:
    """Over Redis, with results that say what they are the results of."""
    import celery

    app = celery.Celery("shop", broker=url, backend=url, set_as_current=False)
    app.conf.update(result_extended=True, task_default_queue="mail", broker_connection_retry_on_startup=True)
    app.task(work, name="work")
    return app


def dramatiq_broker(url: str) -> RedisBroker:
    """Over Redis; what fails is a dead letter at once."""
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=url)
    for queue in ("mail", "spare"):
        broker.declare_queue(queue)
    dramatiq.actor(broker=broker, queue_name="mail", max_retries=0, actor_name="work")(work)
    return broker


def procrastinate_app(conninfo: str) -> procrastinate.App:
    """In a database of its own; the connector of a worker is an asynchronous one."""
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))
    app.task(queue="mail", name="work")(work)
    return app


def _made() -> Any:
    makers = {"celery": celery_app, "dramatiq": dramatiq_broker, "procrastinate": procrastinate_app}
    library = os.environ.get("LIBRARY")
    return makers[library](os.environ["BROKER"]) if library else None


made = _made()
"""What a worker's command line names."""
