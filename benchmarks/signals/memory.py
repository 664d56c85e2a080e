"""What recording keeps in memory: per label set, and after a million requests of a hostile client.

Run as `python benchmarks/signals/memory.py [--short]`. A label set is a histogram with twelve buckets. The hostile
client makes up a path, a method and headers for every request, and the application a task for every job; what counts
is whether the second half of them needs anything more than the first.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where `http.py` would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import argparse
import asyncio
import gc
import random
import resource
import shutil
import string
import tempfile
import tracemalloc
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Histogram
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from parapet.core import names
from parapet.core.vocabulary import HTTP_BUCKETS_SECONDS
from parapet.signals.asgi import instrument
from parapet.signals.recorder import Recorder
from parapet.signals.text import Format

LABEL_SETS = 1_000
LABELS = [("GET", f"/shop/{index}/orders/{{order}}", "2xx") for index in range(LABEL_SETS)]


def kept(fill: Callable[[], object]) -> float:
    """Bytes per label set that stay after *fill*, whose result is alive meanwhile."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    alive = fill()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert alive is not None
    return (after - before) / LABEL_SETS


def ours(directory: str | None, *, scraped: bool) -> Callable[[], Recorder]:
    """Fills a recorder with every label set."""

    def fill() -> Recorder:
        recorder = Recorder(max_routes=LABEL_SETS, max_series=LABEL_SETS, multiprocess_dir=directory)
        for labels in LABELS:
            recorder.http.observe(labels, 0.2)
        if scraped:
            recorder.render()
            recorder.render(Format.OPENMETRICS)
        return recorder

    return fill


def stock() -> CollectorRegistry:
    """The same in prometheus_client."""
    registry = CollectorRegistry()
    histogram = Histogram(
        "stock_seconds", "Time.", ("method", "route", "status_class"), buckets=HTTP_BUCKETS_SECONDS, registry=registry
    )
    for labels in LABELS:
        histogram.labels(*labels).observe(0.2)
    return registry


def per_label_set() -> None:
    """The rows of the first table."""
    theirs = kept(stock)
    print(f"{'memory per label set of 15 series':<48}{'bytes':>9}{'x stock':>10}")
    directory = tempfile.mkdtemp()
    try:
        for title, fill in (
            ("Parapet", ours(None, scraped=False)),
            ("Parapet, and the forms of its scrapes", ours(None, scraped=True)),
            ("Parapet, many processes", ours(directory, scraped=False)),
        ):
            value = kept(fill)
            print(f"{title:<48}{value:>9.0f}{value / theirs:>10.2f}")
        used = int.from_bytes(next(Path(directory).glob("histogram_*")).read_bytes()[:4], sys.byteorder)
        print(f"{'  and in its file':<48}{used / LABEL_SETS:>9.0f}")
    finally:
        shutil.rmtree(directory)
    print(f"{'prometheus_client':<48}{theirs:>9.0f}{1:>10.2f}")


def shop(recorder: Recorder) -> Any:
    """An application with routes, parameters and a mount."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok", status_code=int(request.path_params.get("status", 200)))

    routes: list[Any] = [Route(f"/r{index}/{{item}}", page) for index in range(20)]
    routes.append(Mount("/inside/{tenant}", routes=[Route("/{status:int}", page)]))
    return instrument(Starlette(routes=routes), recorder)


def hostile(rng: random.Random, number: int) -> dict[str, Any]:
    """A request that was never made before."""
    word = "".join(rng.choices(string.ascii_letters + string.digits + '/{}%"\\é', k=12))
    path = rng.choice(
        [f"/r{number % 20}/{number}", f"/inside/{number}/{rng.choice([200, 404, 503])}", f"/{word}/{number}"]
    )
    method = rng.choice(["GET", "POST", "PROPFIND", f"X{number}", word])
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": word.encode(),
        "headers": [(b"host", f"{number}.example".encode()), (word.encode(), b"1"), (b"x-forwarded-for", b"192.0.2.1")],
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("192.0.2.1", 1),
    }


async def attack(app: Any, recorder: Recorder, rng: random.Random, numbers: range) -> None:
    """A request and a job for each number."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    for number in numbers:
        await app(hostile(rng, number), receive, send)
        recorder.observe(names.JOB_DURATION, (f"task-{number}", f"queue-{number}", "succeeded"), 0.1)


def under_attack(requests: int, directory: str | None) -> None:
    """The rows of the second table, for one way to count."""
    recorder = Recorder(multiprocess_dir=directory)
    app, rng = shop(recorder), random.Random(7)
    loop = asyncio.new_event_loop()
    half = requests // 2
    sizes = []
    for numbers in (range(half // 10), range(half // 10, half), range(half, requests)):
        loop.run_until_complete(attack(app, recorder, rng, numbers))
        label_sets = len(recorder.http.totals()) + len(recorder.families.histogram(names.JOB_DURATION).totals())
        scrape = len(recorder.render())
        gc.collect()
        sizes.append((sys.getallocatedblocks(), resident_bytes(), label_sets, scrape))
    loop.close()
    counted = sum(sum(cells[:-1]) for cells in recorder.http.totals().values())
    if counted != requests:
        raise SystemExit(f"Parapet counted {counted:g} of {requests} requests.")
    for after, (blocks, resident, label_sets, scrape) in zip((half // 10, half, requests), sizes, strict=True):
        title = f"after {after:,} made-up requests and jobs"
        print(f"{title:<48}{blocks:>10}{resident // 1024:>12}{label_sets:>12}{scrape // 1024:>12}")
    objects, resident = sizes[2][0] - sizes[1][0], sizes[2][1] - sizes[1][1]
    verdict = "no growth" if objects < half // 1_000 else "GROWTH"
    print(f"{'the second half added':<48}{objects:>10}{resident // 1024:>12}   {verdict}")


def resident_bytes() -> int:
    """The process' memory, as the system counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="100,000 requests instead of a million")
    options = parser.parse_args()
    requests = 100_000 if options.short else 1_000_000
    per_label_set()
    directory = tempfile.mkdtemp()
    try:
        for title, where in (("in memory", None), ("many processes", directory)):
            print(f"\n{title:<48}{'objects':>10}{'RSS KiB':>12}{'label sets':>12}{'scrape KiB':>12}")
            under_attack(requests, where)
    finally:
        shutil.rmtree(directory)
    print(f"\npeak of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
