"""The shop alone, served by uvicorn on loopback: no Prometheus, no Alertmanager."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.request import Request, urlopen

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the examples are no part of what is installed

from examples.shop.settings import REPOSITORY, Settings, make_secrets
from examples.stage.browser import Browser, Page
from examples.stage.machine import choose_ports, end
from examples.stage.probes import answers

from parapet import Parapet
from parapet.ops.look import Look

READY_SECONDS = 60.0


@dataclass(kw_only=True)
class Shop:
    """One running shop."""

    settings: Settings
    address: str
    look: Look

    def browser(self) -> Browser:
        """A visitor nobody knows yet."""
        return Browser(self.address)

    def customer(self, number: int = 1) -> Browser:
        """A customer who is signed in."""
        return self._signed_in(f"customer{number:02d}", self.settings.secret("customer-password") or "")

    def staff(self, login: str = "ana") -> Browser:
        """Somebody who works here."""
        return self._signed_in(login, self.settings.staff_passwords()[login])

    def _signed_in(self, login: str, password: str) -> Browser:
        browser = self.browser()
        page = browser.post("/login", {"login": login, "password": password})
        assert page.status == 200, page.words
        return browser

    def turn(self, fault: str) -> Page:
        """Turn the fault switch as staff."""
        with self.staff() as ana:
            return ana.post("/admin/fault", {"fault": fault})

    def counted(self, journey: str, outcome: str) -> int:
        """Attempts that /metrics counts."""
        token = self.settings.secret("metrics-token")
        request = Request(f"{self.address}/metrics", headers={"Authorization": f"Bearer {token}"})
        with urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        series = f'parapet_journey_duration_seconds_count{{journey="{journey}",outcome="{outcome}"}} '
        return int(next(line for line in text.splitlines() if line.startswith(series)).removeprefix(series))


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own for the module."""
    home = tmp_path_factory.mktemp("shop")
    port = choose_ports(None).shop
    make_secrets(home / "secrets")
    address = f"http://127.0.0.1:{port}"
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "PARAPET_"))}
    environ = {**outer, "SHOP_HOME": str(home), "SHOP_ADDRESS": address}
    parapet = [sys.executable, "-m", "parapet", "db", "upgrade", "--app", "examples.shop.reliability:parapet"]
    subprocess.run(parapet, env=environ, cwd=REPOSITORY, check=True, capture_output=True)
    serve = ["uvicorn", "--factory", "examples.shop.app:create_app", "--port", str(port), "--no-access-log"]
    with (home / "shop.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", *serve], env=environ, cwd=REPOSITORY, stdout=log, stderr=log)
    settings = Settings.read(environ)
    reader = Parapet(service="shop", evidence=settings.evidence)
    try:
        wait_until(lambda: answers(f"{address}/health"), READY_SECONDS)
        yield Shop(settings=settings, address=address, look=reader.look)
    finally:
        end(process)
        reader.store.close()


@pytest.fixture
def shop(running_shop: Shop) -> Iterator[Shop]:
    """The shop, with nothing broken before and after."""
    yield running_shop
    running_shop.turn("none")


@pytest.fixture
def until() -> Callable[[Callable[[], object], float], None]:
    """Waits for a condition."""
    return wait_until


def wait_until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Look until *holds* is true, for so many *seconds* at most."""
    last, pause = monotonic() + seconds, threading.Event()
    while not holds():
        assert monotonic() < last, f"not within {seconds:g} s"
        pause.wait(0.05)
