"""`parapet worker`: does what is due, until it is told to stop."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict
from types import FrameType

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.signals.port import serve_metrics

HEALTHY_SECONDS = 60.0
"""A round is given so long: a database may be slow, a channel may hang until its time limit."""
HEARING_SECONDS = 0.5
"""How often the main thread looks whether it was told to end."""


@click.command()
@app_option
@click.option("--once", is_flag=True, help="Do what is due now, print it, and end; for cron.")
@click.option(
    "--interval",
    "interval_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Pause between rounds.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Serve /metrics there, so that Prometheus hears how probes end, and /health; 0 takes a free one.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address of that port.")
@json_option
def worker(
    app_spec: str | None,
    once: bool,
    interval_seconds: float,
    metrics_port: int | None,
    metrics_host: str,
    as_json: bool,
) -> None:
    """Close quiet incidents, take in what waits, call and tell people, run probes.

    Run one or many: every piece of work is taken once. SIGTERM and Ctrl-C end it after the round it is in.

    What probes find is counted in this process. Give it a port of its own that Prometheus scrapes under the service's
    job, or let it share the web processes' directory (Parapet(multiprocess_dir=...)) on the same machine. A port
    beyond this machine is opened by the app's metrics tokens only.

    \b
    Examples:
      parapet worker --app shop.reliability:parapet
      parapet worker --app shop.reliability:parapet --once
      parapet worker --app shop.reliability:parapet --metrics-port 9101
    """
    app = load_app(required_app(app_spec))
    if once:
        done = asdict(app.tick())
        click.echo(json.dumps(done) if as_json else _said(done))
        return
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with ExitStack() as open_until_the_end:
        # A handler runs on the main thread, between any two of its steps. Rounds go on beside it: a thread that is
        # interrupted while it holds the lock of the event would wait for itself. A signal that another thread takes,
        # or that comes just before the main thread waits, does not wake it: it never waits for long.
        rounds = open_until_the_end.enter_context(ThreadPoolExecutor(1, thread_name_prefix="parapet-worker"))
        if metrics_port is not None:
            port = open_until_the_end.enter_context(
                serve_metrics(
                    app.recorder,
                    metrics_port,
                    host=metrics_host,
                    tokens=app.secrets.metrics_tokens,
                    health=lambda: app.worker.unwell(HEALTHY_SECONDS + 2 * interval_seconds),
                )
            )
            click.echo(f"Metrics at http://{metrics_host}:{port.port}/metrics", err=True)
        click.echo(f"Worker for {app.service}, every {interval_seconds:g} s. Ctrl-C ends it.", err=True)
        running = rounds.submit(app.worker.run, stop, interval_seconds=interval_seconds)
        while not wait((running,), HEARING_SECONDS).done:
            pass
        running.result()
    click.echo("Worker ended.", err=True)


def _said(done: Mapping[str, int]) -> str:
    """What one round did, without what it did not."""
    did = [f"{name.replace('_', ' ')} {count}" for name, count in done.items() if count]
    return ", ".join(did) or "Nothing was due."
