"""The pictures of the README, taken with Chromium from a running stack: `make screenshots`.

Nothing is staged but the outage: the pages show what the stack really did.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from examples.shop.faults import DEEDS, Fault  # noqa: E402
from examples.stage.load import Load, Rates  # noqa: E402
from examples.stage.machine import StackError, ended_by_signals  # noqa: E402
from examples.stage.receiver import Receiver  # noqa: E402
from examples.stage.stack import APP, Stack  # noqa: E402

T = TypeVar("T")

OPERATOR = "ana"
WIDTH, HEIGHT = 1280, 960
HISTORY_SECONDS = 120.0
"""Traffic before the outage, so that the small charts have something to show. Most of the time goes there."""
SCHEMES = ("light", "dark")


class Camera:
    """One signed-in browser per colour scheme."""

    def __init__(self, chromium: Browser, stack: Stack, folder: Path) -> None:
        self._folder = folder
        self._stack = stack
        self._pages = {}
        for scheme in SCHEMES:
            context = chromium.new_context(
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme="dark" if scheme == "dark" else "light",
                base_url=stack.address,
            )
            page = context.new_page()
            page.goto("/login")
            page.fill("#login", OPERATOR)
            page.fill("#password", stack.settings.staff_passwords()[OPERATOR])
            page.click("form.stack button")
            self._pages[scheme] = page

    def shoot(self, name: str, path: str) -> None:
        """One picture of *path* in each colour scheme."""
        for scheme, page in self._pages.items():
            page.goto(f"/parapet/{path}")
            page.locator(".live[data-tone=good]").wait_for()  # the script has begun: what stands there now stays there
            target = self._folder / f"{name}-{scheme}.png"
            page.screenshot(path=target)
            print(f"{target.relative_to(ROOT) if target.is_relative_to(ROOT) else target}: {page.title()}")

    def press(self, button: str) -> None:
        """Press a button on the shop's front page."""
        page = self._pages["light"]
        page.goto("/")
        page.click(f"text={button}")

    def write(self, number: int, form: str, field: str, words: str) -> None:
        """Fill in and send a form of an incident."""
        page = self._pages["light"]
        page.goto(f"/parapet/incidents/{number}")
        page.fill(f"form[action$='/{form}'] [name='{field}']", words)
        page.click(f"form[action$='/{form}'] button")


def take(stack: Stack, camera: Camera) -> None:
    """One outage, photographed."""
    look = stack.evidence

    def wait(what: str, seen: Callable[[], T | None], seconds: float = 60.0) -> T:
        print(f"waiting for {what}, at most {seconds:.0f} s", flush=True)
        return stack.wait(what, seen, seconds=seconds)

    def events_of_minutes() -> bool:
        seen = stack.prometheus.value('count_over_time(parapet:slo_burn:current{slice="checkout"}[10m])')
        return (seen or 0) >= HISTORY_SECONDS

    mark = ("deploy", "mark", "--app", APP, "--by", "pipeline")
    wait(f"{HISTORY_SECONDS:.0f} s of traffic", events_of_minutes, seconds=2 * HISTORY_SECONDS)
    camera.shoot("home-healthy", "")
    stack.command(*mark, "--version", "1.8.2")
    camera.press(DEEDS[Fault.CHECKOUT_DOWN])
    number = wait("an incident", lambda: look.find("shop", "checkout"))

    def told(announcement: str) -> Callable[[], bool]:
        def look_there() -> bool:
            return any(one.announcement.value == announcement for one in look.incident(number).notifications)

        return look_there

    wait("people to be told", told("opened"))
    spent = 'parapet:slo_budget_remaining:ratio{slice="checkout"} < 0.5'
    wait("the budget to be spent", lambda: stack.prometheus.query(spent))
    camera.shoot("home-burning", "")
    camera.shoot("journey", "journeys/checkout")
    camera.shoot("queue", "incidents")
    camera.write(number, "acknowledge", "reason", "Checkout fails for everybody since 1.8.2; rolling back")
    camera.write(number, "note", "text", "The log says: 1.8.2 asks for a tax rate that no region has.")
    wait("people to be told", told("acknowledged"))
    camera.shoot("incident", f"incidents/{number}")
    stack.command(*mark, "--version", "1.8.1", "--rollback")
    camera.press(DEEDS[Fault.NONE])
    wait("the end", lambda: look.incident(number).incident.resolved_at, seconds=150)
    wait("people to be told", told("resolved"))
    camera.shoot("retrospective", f"incidents/{number}/retrospective")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window.

    Raises:
        StackError: there is none.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise StackError("There is no Chromium. On Debian or Ubuntu: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description="The README's pictures, from a running stack.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="folder (default: %(default)s)")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    home = ROOT / "var" / "screenshots"
    try:
        with ended_by_signals(), Receiver() as receiver:
            stack = Stack(home=home, notify_url=receiver.url, port=8000)
            with stack, Load(stack.address, stack.password, Rates()), chromium() as browser:
                receiver.secret = stack.settings.secret("notify-secret") or ""
                take(stack, Camera(browser, stack, given.out.resolve()))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
