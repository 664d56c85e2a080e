"""Customers: they sign in, look around and pay, at chosen rates, from this machine only.

    python -m examples.stage.load --url http://127.0.0.1:8000 --password-file var/demo/secrets/customer-password

Arrivals do not wait for answers: a slow shop gets as many customers as a fast one. Where all customers are busy, an
arrival is counted as turned away, never sent late in a burst.
"""

from __future__ import annotations

import argparse
import http.client
import queue
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import TracebackType
from urllib.parse import urlsplit

from examples.stage.browser import Browser, Page
from examples.stage.machine import ended_by_signals

BUYERS = 12
"""Customers who pay, one thread each; the others only sign in."""
SIGNERS = 8
BROWSERS = 4
WRONG_PASSWORD_EVERY = 50
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Arrivals a second of each kind."""

    logins: float = 4.0
    checkouts: float = 4.0
    browse: float = 4.0


@dataclass(slots=True)
class Tally:
    """How arrivals ended, by kind and outcome. Thread safe."""

    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, outcome: str) -> None:
        """One more of *kind* that ended as *outcome*."""
        with self._lock:
            self._counts[kind, outcome] += 1

    def of(self, kind: str) -> dict[str, int]:
        """Outcome -> how many, for *kind*."""
        with self._lock:
            return {outcome: n for (one, outcome), n in sorted(self._counts.items()) if one == kind}

    def words(self) -> str:
        """All of it in a line."""
        kinds = ("login", "checkout", "browse")
        parts = (", ".join(f"{n} {outcome}" for outcome, n in self.of(kind).items()) for kind in kinds)
        return "; ".join(f"{kind}: {part or 'none'}" for kind, part in zip(kinds, parts, strict=True))


class Load:
    """Traffic for the shop at *url* while the `with` block runs.

    Raises:
        ValueError: the shop is on another machine.
    """

    def __init__(self, url: str, password: str, rates: Rates, *, seed: int = 7) -> None:
        if urlsplit(url).hostname not in LOOPBACK:
            raise ValueError(f"{url} is not on this machine. This load is for the shop beside it only.")
        self.tally = Tally()
        self._url, self._password = url, password
        self._stop = threading.Event()
        self._random = random.Random(seed)
        self._threads: list[threading.Thread] = []
        for kind, rate, people, act in (
            ("login", rates.logins, SIGNERS, self._login),
            ("checkout", rates.checkouts, BUYERS, self._checkout),
            ("browse", rates.browse, BROWSERS, self._look_around),
        ):
            if rate > 0:
                self._staff(kind, rate, people, act)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _staff(self, kind: str, rate: float, people: int, act: Callable[[_Customer], str]) -> None:
        waiting: queue.Queue[int] = queue.Queue(maxsize=people)
        gaps = random.Random(self._random.random())
        self._threads.append(threading.Thread(target=self._arrivals, args=(kind, rate, waiting, gaps)))
        for number in range(people):
            first = 1 if kind == "checkout" else BUYERS + 1
            login = f"customer{first + number:02d}"
            self._threads.append(threading.Thread(target=self._serve, args=(kind, waiting, login, act)))

    def _arrivals(self, kind: str, rate: float, waiting: queue.Queue[int], gaps: random.Random) -> None:
        """Arrivals as they come in life, at random, but none further apart than three usual gaps."""
        number, due = 0, monotonic()
        while True:
            due += min(gaps.expovariate(rate), 3.0 / rate)
            if self._stop.wait(max(0.0, due - monotonic())):
                return
            number += 1
            try:
                waiting.put_nowait(number)
            except queue.Full:
                self.tally.add(kind, "turned away")

    def _serve(self, kind: str, waiting: queue.Queue[int], login: str, act: Callable[[_Customer], str]) -> None:
        with Browser(self._url) as browser:
            while not self._stop.is_set():
                try:
                    number = waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                try:
                    outcome = act(_Customer(browser, login, number))
                except (OSError, http.client.HTTPException):
                    browser.close()
                    outcome = "no answer"
                self.tally.add(kind, outcome)

    def _login(self, customer: _Customer) -> str:
        customer.browser.cookies.clear()
        typed = "mistyped" if customer.number % WRONG_PASSWORD_EVERY == 0 else self._password
        page = customer.browser.post("/login", {"login": customer.login, "password": typed}, follow=False)
        if page.status == 401:
            return "mistyped"
        return "lost" if "problem" in page.location else _outcome(page)

    def _checkout(self, customer: _Customer) -> str:
        browser = customer.browser
        if not browser.cookies:
            browser.post("/login", {"login": customer.login, "password": self._password}, follow=False)
        browser.post("/cart", {"product": str(1 + customer.number % 5)}, follow=False)
        page = browser.post("/checkout", {}, follow=False)
        if page.status >= 400:  # gives up, and begins again another time
            browser.post("/cart/empty", {}, follow=False)
        return _outcome(page)

    def _look_around(self, customer: _Customer) -> str:
        return _outcome(customer.browser.get("/"))


@dataclass(frozen=True, slots=True)
class _Customer:
    browser: Browser
    login: str
    number: int


def _outcome(page: Page) -> str:
    return "ok" if page.status < 400 else f"status {page.status}"


def chosen_rates(given: argparse.Namespace) -> Rates:
    """The rates that the command line names."""
    return Rates(logins=given.logins, checkouts=given.checkouts, browse=given.browse)


def add_rates(parser: argparse.ArgumentParser) -> None:
    """The options that choose rates."""
    for name in ("logins", "checkouts", "browse"):
        parser.add_argument(f"--{name}", type=float, default=4.0, help="arrivals a second (default: %(default)g)")


def main() -> int:
    """Run from the command line, until the time is up or somebody stops it."""
    parser = argparse.ArgumentParser(description="Customers for the shop on this machine.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    add_rates(parser)
    given = parser.parse_args()
    load = Load(given.url, given.password_file.read_text().strip(), chosen_rates(given))
    with suppress(KeyboardInterrupt), ended_by_signals(), load:
        threading.Event().wait(given.seconds)
    print(load.tally.words())
    return 0


if __name__ == "__main__":
    sys.exit(main())
