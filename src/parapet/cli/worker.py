"""`parapet worker`: does what is due, until it is told to stop."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from types import FrameType

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app


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
@json_option
def worker(app_spec: str | None, once: bool, interval_seconds: float, as_json: bool) -> None:
    """Close quiet incidents, take in what waits, deliver announcements, run probes.

    Run one or many: every piece of work is taken once. SIGTERM and Ctrl-C end it after the round it is in.

    \b
    Examples:
      parapet worker --app shop.reliability:parapet
      parapet worker --app shop.reliability:parapet --once
    """
    app = load_app(required_app(app_spec))
    if once:
        done = asdict(app.tick())
        click.echo(json.dumps(done) if as_json else ", ".join(f"{name} {count}" for name, count in done.items()))
        return
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    click.echo(f"Worker for {app.service}, every {interval_seconds:g} s. Ctrl-C ends it.", err=True)
    app.worker.run(stop, interval_seconds=interval_seconds)
    click.echo("Worker ended.", err=True)
