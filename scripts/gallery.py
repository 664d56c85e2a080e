"""Every page of the workbench in every form, from one rich night: `make gallery`.

The clock of that night stands still, so two runs look alike: what differs from the pictures in the docs was changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from screenshots import chromium  # noqa: E402
from tests.web.conftest import serving  # noqa: E402
from tests.web.night import NIGHT, Night, weather  # noqa: E402

from parapet.store import migrate  # noqa: E402
from parapet.store.store import Store  # noqa: E402
from parapet.testing import ManualClock  # noqa: E402

WIDTHS = (1440, 768, 360)
SCHEMES = ("light", "dark")
EMPTY = (
    "",
    "incidents",
    "incidents?scope=mine",
    "incidents?scope=resolved",
    "changes",
    "action-items",
    "calls",
    "capabilities",
    "approvals",
    "inbox",
    "about",
    "declare",
)
"""Pages that have a state of their own on the first day."""


def pages_of(night: Night) -> dict[str, str]:
    """Name of a picture -> where it is taken."""
    n = {name: int(getattr(night, name)) for name in ("checkout", "search", "disk", "odd", "login", "declared")}
    return {
        "home": "",
        "journey": "journeys/checkout",
        "journey-resting": "journeys/reports",
        "queue": "incidents",
        "queue-mine": "incidents?scope=mine",
        "queue-unowned": "incidents?scope=unowned",
        "queue-resolved": "incidents?scope=resolved",
        "queue-nothing": "incidents?q=nothing+of+this+kind",
        "incident": f"incidents/{n['checkout']}",
        "incident-all": f"incidents/{n['checkout']}?entries=all",
        "incident-ticket": f"incidents/{n['search']}",
        "incident-foreign": f"incidents/{n['disk']}",
        "incident-hostile": f"incidents/{n['odd']}",
        "incident-suppressed": f"incidents/{n['login']}",
        "incident-declared": f"incidents/{n['declared']}",
        "incident-resolved": "incidents/1",
        "retrospective": "incidents/2/retrospective",
        "work": f"incidents/{n['checkout']}/work",
        "declare": "declare",
        "confirm": f"previews/{night.small}",
        "confirm-blocked": f"previews/{night.blocked}",
        "confirm-approval": f"previews/{night.wide}",
        "run-partly": f"runs/{night.runs['partly']}",
        "run-undone": f"runs/{night.runs['undone']}",
        "run-unknown": f"runs/{night.runs['unknown']}",
        "approvals": "approvals",
        "capabilities": "capabilities",
        "calls": "calls",
        "calls-dead": "calls?state=dead",
        "items": "action-items",
        "items-resolved": "action-items?state=resolved",
        "item": "action-items/1",
        "item-closed": "action-items/5",
        "changes": "changes",
        "inbox": "inbox",
        "inbox-done": "inbox?shelf=done",
        "body": "inbox/1",
        "about": "about",
        "missing": "nowhere",
    }


@contextmanager
def standing(folder: Path) -> Iterator[dict[str, str]]:
    """The night and the first day, served: name -> address of every page."""
    with weather(clock := ManualClock(NIGHT)) as prometheus:
        nights = []
        for name, address in (("night", prometheus), ("empty", None)):
            url = folder / f"{name}.db"
            store = Store(f"sqlite:///{url}")
            migrate.upgrade(store.engine)
            store.close()
            nights.append(Night(url, address, clock))
        night, empty = nights
        night.happen()
        places = {name: f"/parapet/{path}" for name, path in pages_of(night).items()}
        with serving(night.host) as served, serving(empty.host) as bare:
            here = {name: f"http://127.0.0.1:{served.port}{path}" for name, path in places.items()}
            for path in EMPTY:
                name = "-".join(part for part in path.replace("?scope=", "-").split("-") if part) or "home"
                here[f"empty-{name}"] = f"http://127.0.0.1:{bare.port}/parapet/{path}"
            yield here
        for one in nights:
            one.parapet.store.close()


def shoot(page: Page, address: str, name: str, folder: Path, forms: Sequence[tuple[str, int]]) -> None:
    """One page in each form, loaded once."""
    page.goto(address)
    if page.locator(".live").count() and page.locator("#reload[data-live]").count():
        page.locator(".live[data-tone=good]").wait_for()
    for scheme, width in forms:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900 if width > 400 else 780})
        page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True, animations="disabled")


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description="Every page in every form.")
    parser.add_argument("names", nargs="*", help="only pages whose name begins so")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "gallery", help="folder (default: %(default)s)")
    parser.add_argument("--width", type=int, action="append", help="only this width")
    parser.add_argument("--scheme", choices=SCHEMES, action="append", help="only this scheme")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    forms = [(scheme, width) for width in given.width or WIDTHS for scheme in given.scheme or SCHEMES]
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder)) as places, chromium() as browser:
        page = browser.new_page()
        for name, address in places.items():
            if not given.names or name.startswith(tuple(given.names)):
                shoot(page, address, name, given.out, forms)
                print(name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
