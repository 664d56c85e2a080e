"""When a page shows something: `python -m benchmarks.evidence.paint [--incidents 100000] [--only sqlite]`.

A really running server over years of incidents, and Chromium, which has the assets in its cache, as whoever opens a
second page has. Measured is the first paint of each page, from the moment that it was asked for.
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from benchmarks.environments import interpreter
from benchmarks.evidence.filling import fill
from benchmarks.evidence.load import databases
from benchmarks.evidence.serving import serving
from benchmarks.evidence.visible import QUIET
from playwright.sync_api import Page, sync_playwright

from parapet.store.store import Store

ENTRIES_EACH = 10
PAINTED = """() => new Promise(done => new PerformanceObserver(seen => done(seen.getEntries()[0].startTime))
  .observe({type: "paint", buffered: true}))"""
BAR_MS = 300.0


def addresses(incidents: int) -> Mapping[str, Callable[[], str]]:
    """The pages with much behind them, each as somebody would ask for it next."""
    dice = random.Random(3)
    return {
        "home": lambda: "",
        "queue": lambda: "incidents",
        "resolved incidents": lambda: "incidents?scope=resolved",
        "search among resolved": lambda: f"incidents?scope=resolved&q=ticket-{dice.randrange(100_000)}",
        "incident": lambda: f"incidents/{dice.randrange(1, incidents)}",
        "action items": lambda: "action-items",
        "changes": lambda: "changes",
        "calls": lambda: "calls",
        "capabilities": lambda: "capabilities",
        "inbox": lambda: "inbox",
    }


def painted(page: Page, address: str) -> float:
    """Milliseconds until *address* showed something.

    Raises:
        RuntimeError: it did not answer with a page.
    """
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        raise RuntimeError(f"{address} answered {answer.status if answer else 'nothing'}")
    took: float = page.evaluate(PAINTED)
    return took


def paint(url: str, python: str, chromium: str, *, incidents: int, looks: int) -> Iterator[tuple[str, list[float]]]:
    """Each page over the database at *url*, and milliseconds until it showed something, of so many looks."""
    with serving(url, python) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        root = f"http://127.0.0.1:{served.port}/parapet"
        for what, address in addresses(incidents).items():
            painted(page, f"{root}/{address()}")
            yield what, [painted(page, f"{root}/{address()}") for _ in range(looks)]
        browser.close()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=100_000, help="how many there are (default: %(default)s)")
    parser.add_argument("--looks", type=int, default=20, help="at each page (default: %(default)s)")
    parser.add_argument("--only", choices=("sqlite", "postgres"), help="one database; without it, both")
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("chromium is not installed")
    python = interpreter("load")
    with databases([given.only] if given.only else ["postgres", "sqlite"]) as urls:
        for name, url in urls.items():
            store = Store(url)
            fill(store, incidents=given.incidents, entries_each=ENTRIES_EACH)
            store.close()
            print(f"{name}, {given.incidents:,} incidents: first paint, ms    median   most    bar {BAR_MS:g}")
            for what, took in paint(url, python, chromium, incidents=given.incidents, looks=given.looks):
                held = "held" if max(took) <= BAR_MS else "MISSED"
                print(f"  {what:<44}{median(took):8.0f}{max(took):7.0f}    {held}", flush=True)


if __name__ == "__main__":
    main()
