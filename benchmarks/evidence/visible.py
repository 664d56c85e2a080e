"""From an alert to an open page that says so: `python -m benchmarks.evidence.visible [--alerts 10]`.

Two really running servers on one database, as workers behind a proxy: Chromium has the list of incidents open at one of
them, and alerts are handed in at the other, as Alertmanager does. Measured is the time from sending the request until
the page shows how many are new, without anybody touching it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.evidence.host import TOKEN
from benchmarks.evidence.serving import serving
from benchmarks.evidence.storm import delivery, storm
from playwright.sync_api import sync_playwright

from parapet.store import migrate
from parapet.store.store import Store

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_SECONDS = 30.0


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10, help="how many, one after the other (default: %(default)s)")
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("chromium is not installed")
    with tempfile.TemporaryDirectory(prefix="parapet-visible-") as folder:
        url = f"sqlite:///{Path(folder) / 'evidence.db'}"
        store = Store(url)
        migrate.upgrade(store.engine)
        store.close()
        with serving(url) as shown, serving(url) as stormed, sync_playwright() as play, ThreadPoolExecutor(1) as sender:
            browser = play.chromium.launch(executable_path=chromium, args=QUIET)
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{shown.port}/parapet/incidents")
            page.locator(".live[data-tone=good]").wait_for()
            took = []
            for number in range(given.alerts):
                began = perf_counter()
                sender.submit(asyncio.run, storm(stormed.port, TOKEN, [delivery(number, 1)])).result()
                page.get_by_text(f"{number + 1} new").wait_for(timeout=MOST_SECONDS * 1_000)
                took.append(perf_counter() - began)
            browser.close()
    print(f"{given.alerts} alerts, seconds until an open page says so: median {median(took):.2f}, most {max(took):.2f}")


if __name__ == "__main__":
    main()
