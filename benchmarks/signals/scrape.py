"""What a scrape costs: 10,000 histogram series in one process and over eight, beside prometheus_client's own modes.

Run as `python benchmarks/signals/scrape.py [--short]`. Every number changes between two scrapes, so nothing is won by
remembering text. Times are CPU time of the scraping thread in milliseconds, because a scrape holds the interpreter and
other work on the machine is not its cost; the median of the rounds is printed, with the lowest. Both sides keep the
same label sets with the same twelve buckets, and both totals are checked.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where `http.py` would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import argparse
import gc
import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import thread_time
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from parapet.core.vocabulary import HTTP_BUCKETS_SECONDS
from parapet.signals.recorder import Recorder
from parapet.signals.text import Format

LABEL_SETS = 667
SERIES = LABEL_SETS * (len(HTTP_BUCKETS_SECONDS) + 3)  # the buckets, the infinite one, a sum and a count each
PROCESSES = 8
RECYCLED = 100
BARS_MS = {1: 5.0, PROCESSES: 30.0}
ROUTES = [f"/shop/{index}/orders/{{order}}" for index in range(LABEL_SETS)]
NAME, HELP = "stock_http_request_duration_seconds", "Time from a request to the last part of its answer, by route."


Times: TypeAlias = tuple[float, float]
"""The median and the lowest, in milliseconds."""


class Ours:
    """A recorder with every label set in use."""

    def __init__(self, directory: str | None = None) -> None:
        self.recorder = Recorder(max_routes=LABEL_SETS, max_series=LABEL_SETS, multiprocess_dir=directory)

    def change(self) -> None:
        """Count one more in every series."""
        for route in ROUTES:
            cells = self.recorder.http.cells(("GET", route, "2xx"))
            for at in range(len(HTTP_BUCKETS_SECONDS) + 1):
                cells[at] += 1
            cells[-1] += 0.7

    def total(self) -> float:
        """How many were counted, as a scrape reads it."""
        return sum(sum(cells[:-1]) for cells in self.recorder.http.totals().values())


class Stock:
    """prometheus_client's histogram with the same label sets; in its multiprocess mode where its environment is."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        histogram = Histogram(
            NAME, HELP, ("method", "route", "status_class"), buckets=HTTP_BUCKETS_SECONDS, registry=self.registry
        )
        self._children = [histogram.labels("GET", route, "2xx") for route in ROUTES]

    def change(self) -> None:
        """Count one more in every series."""
        for child in self._children:
            for bound in (*HTTP_BUCKETS_SECONDS, 60.0):
                child.observe(bound)


def measured(scrape: Callable[[], object], change: Callable[[], object], rounds: int) -> Times:
    """Milliseconds of a scrape after everything changed: the median and the lowest."""
    scrape()
    took = []
    for _ in range(rounds):
        change()
        gc.collect()
        start = thread_time()
        scrape()
        took.append((thread_time() - start) * 1e3)
    return median(took), min(took)


@contextmanager
def workers(command: str, directory: str, processes: int) -> Iterator[Callable[[], None]]:
    """Processes that count into *directory*; what is yielded makes all of them change every series."""
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": directory}
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", command, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
        )
        for _ in range(processes)
    ]

    def change() -> None:
        for one in running:
            assert one.stdin is not None
            one.stdin.write(b"\n")
            one.stdin.flush()
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()

    try:
        yield change
    finally:
        for one in running:
            one.communicate()


def worker(command: str, directory: str) -> None:
    """One of them: a change for every line it reads."""
    counting = Ours(directory) if command == "ours" else Stock()
    for _ in sys.stdin:
        counting.change()
        print(flush=True)


def row(title: str, ours: Times, stock: Times | None = None, bar: float | None = None) -> None:
    """One line of the table."""
    line = f"{title:<48}{ours[0]:>9.1f}{ours[1]:>9.1f}"
    if stock is not None:
        line += f"{stock[0]:>11.1f}{stock[0] / ours[0]:>9.0f}"
    if bar is not None:
        line += f"{'' if stock is not None else ' ' * 20}   bar {bar:g}: {'within' if ours[0] <= bar else 'ABOVE'}"
    print(line)


def one_process(rounds: int) -> None:
    """The rows of a single process."""
    ours, stock = Ours(), Stock()
    changes = [ours.change, stock.change]
    for change in changes:
        change()
    plain = measured(ours.recorder.render, ours.change, rounds)
    theirs = measured(lambda: generate_latest(stock.registry), stock.change, max(3, rounds // 3))
    row("one process, text", plain, theirs, BARS_MS[1])
    row("one process, OpenMetrics", measured(lambda: ours.recorder.render(Format.OPENMETRICS), ours.change, rounds))
    body = ours.recorder.render()
    packed = measured(lambda: gzip.compress(body, 1, mtime=0), lambda: None, rounds)
    row(f"  and packing {len(body) // 1024} KiB, outside the interpreter", packed)
    row("  by our collector and generate_latest", measured(_collected(ours), ours.change, max(3, rounds // 3)))


def _collected(ours: Ours) -> Callable[[], object]:
    registry = CollectorRegistry()
    registry.register(ours.recorder.collector())
    return lambda: generate_latest(registry)


def many_processes(rounds: int, processes: int) -> None:
    """The rows of several processes that live."""
    ours_in, stock_in = tempfile.mkdtemp(), tempfile.mkdtemp()
    try:
        reader = Ours(ours_in)
        with workers("ours", ours_in, processes) as change:
            change()
            start = thread_time()
            reader.recorder.render()
            first = (thread_time() - start) * 1e3
            ours = measured(reader.recorder.render, change, rounds)
            expected = processes * (rounds + 1) * LABEL_SETS * (len(HTTP_BUCKETS_SECONDS) + 1)
            if reader.total() != expected:
                raise SystemExit(f"Parapet read {reader.total():g} of {expected} observations.")
            openmetrics = measured(lambda: reader.recorder.render(Format.OPENMETRICS), change, rounds)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, stock_in)  # type: ignore[no-untyped-call]
        with workers("stock", stock_in, processes) as change:
            change()
            stock = measured(lambda: generate_latest(registry), change, 3)
        row(f"{processes} processes, text", ours, stock, BARS_MS.get(processes))
        row(f"{processes} processes, OpenMetrics", openmetrics)
        row("  first scrape of a process, which looks around", (first, first))
    finally:
        shutil.rmtree(ours_in)
        shutil.rmtree(stock_in)


def recycled(workers_gone: int) -> None:
    """The rows of a service whose workers were replaced again and again."""
    ours_in, stock_in = tempfile.mkdtemp(), tempfile.mkdtemp()
    try:
        for command, directory in (("ours", ours_in), ("stock", stock_in)):
            for _ in range(workers_gone):
                with workers(command, directory, 1) as change:
                    change()
        reader = Ours(ours_in)
        ours = measured(reader.recorder.render, lambda: None, 5)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, stock_in)  # type: ignore[no-untyped-call]
        stock = measured(lambda: generate_latest(registry), lambda: None, 1)
        row(f"after {workers_gone} workers one after the other", ours, stock)
        for title, directory in (("Parapet", ours_in), ("prometheus_client", stock_in)):
            files = list(Path(directory).glob("*.db"))
            print(f"  {title}: {len(files)} files, {sum(path.stat().st_size for path in files) // 1024} KiB")
        expected = workers_gone * LABEL_SETS * (len(HTTP_BUCKETS_SECONDS) + 1)
        if reader.total() != expected:
            raise SystemExit(f"Parapet read {reader.total():g} of {expected} observations.")
    finally:
        shutil.rmtree(ours_in)
        shutil.rmtree(stock_in)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer rounds and processes")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(*options.worker)
        return
    print(f"{LABEL_SETS} label sets, {SERIES} series, all changed before each scrape")
    print(f"{'milliseconds':<48}{'median':>9}{'lowest':>9}{'stock':>11}{'x':>9}")
    one_process(7 if options.short else 31)
    many_processes(5 if options.short else 15, PROCESSES)
    recycled(10 if options.short else RECYCLED)


if __name__ == "__main__":
    main()
