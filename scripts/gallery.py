"""Every page of the workbench in every form, from one rich night: `make gallery`.

The clock of that night stands still, so two runs look alike: what differs from the pictures in the docs was changed.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.artifacts.servers import installed  # noqa: E402
from tests.web.conftest import serving  # noqa: E402
from tests.web.night import FARES, FIRST_DAY, NIGHT, Night, evidence, weather  # noqa: E402

from parapet.testing import ManualClock  # noqa: E402

WIDTHS = (1440, 768, 360)
SCHEMES = ("light", "dark")
KEPT_HEIGHT = 1_200
KEPT_SCALE = 0.5
KEPT_SMALL = {"home", "queue", "incident", "confirm", "run-unknown", "calls", "capabilities", "item", "retrospective"}
"""What is kept as a phone shows it in the dark, too."""
KEPT_IN = ROOT / "docs" / "images" / "pages"
SAME_PORT = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/127.0.0.1:\\d+/, "127.0.0.1:9090");
}"""
"""Servers are elsewhere at every run."""
PAINT = """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
  .observe({type: "paint", buffered: true}))"""
DIFFER = """async sources => {
  const images = await Promise.all(sources.map(async source => {
    const image = new Image();
    image.src = "data:image/png;base64," + source;
    await image.decode();
    return image;
  }));
  const width = Math.max(...images.map(one => one.width)), height = Math.max(...images.map(one => one.height));
  const [before, after] = images.map(image => {
    const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, width, height);
  });
  let pixels = 0, top = height, bottom = 0;
  for (let at = 0; at < after.data.length; at += 4) {
    const far = [0, 1, 2].reduce((sum, n) => sum + Math.abs(before.data[at + n] - after.data[at + n]), 0);
    if (far > 24) {
      const row = Math.floor(at / 4 / width);
      pixels += 1; top = Math.min(top, row); bottom = row;
      after.data[at] = 230; after.data[at + 1] = 0; after.data[at + 2] = 120;
    } else for (let n = 0; n < 3; n += 1) after.data[at + n] = 128 + after.data[at + n] / 2;
  }
  const gap = 16, canvas = Object.assign(document.createElement("canvas"), {width: 3 * width + 2 * gap, height});
  const context = canvas.getContext("2d");
  context.fillStyle = "#808080";
  context.fillRect(0, 0, canvas.width, height);
  images.forEach((image, place) => context.drawImage(image, place * (width + gap), 0));
  context.putImageData(after, 2 * (width + gap), 0);
  return {pixels, top, bottom, picture: canvas.toDataURL("image/png").split(",")[1]};
}"""
"""How much two pictures differ; and both beside each other, then the second with what differs in one loud colour."""


@contextmanager
def standing(folder: Path) -> Iterator[dict[str, str]]:
    """The night and the first day, served: name -> address of every page."""
    with weather(clock := ManualClock(NIGHT), dict(FARES)) as prometheus:
        nights = []
        for name, address in (("night", prometheus), ("empty", None)):
            nights.append(Night(evidence(folder / f"{name}.db"), address, clock))
        night, empty = nights
        night.happen()
        places = {name: f"/parapet/{path}" for name, path in night.places.items()}
        with serving(night.host) as served, serving(empty.host) as bare:
            here = {name: f"http://127.0.0.1:{served.port}{path}" for name, path in places.items()}
            for path in FIRST_DAY:
                name = "-".join(part for part in path.replace("?scope=", "-").split("-") if part) or "home"
                here[f"empty-{name}"] = f"http://127.0.0.1:{bare.port}/parapet/{path}"
            yield here
        for one in nights:
            one.parapet.store.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        path = installed("chromium", "chromium", "chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=switches)
        try:
            yield browser
        finally:
            browser.close()


def open_page(page: Page, address: str) -> None:
    """A page, once its script has begun: what stands there now stays there."""
    page.goto(address)
    if page.locator("#reload[data-live]").count():
        page.locator(".live[data-tone=good]").wait_for()
    page.evaluate(SAME_PORT)


def shoot(page: Page, target: Path, scheme: str, width: int, most_height: int | None = None) -> None:
    """One picture of the page that is open."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900 if width > 400 else 780})
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, most_height or height)}
    page.screenshot(path=target, full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]


def take(browser: Browser, places: Mapping[str, str], out: Path, forms: Sequence[tuple[str, int]]) -> None:
    """Every page in each form, whole, loaded once."""
    page = browser.new_page()
    for name, address in places.items():
        open_page(page, address)
        for scheme, width in forms:
            shoot(page, out / f"{name}-{scheme}-{width}.png", scheme, width)
        print(name, flush=True)
    page.close()


def take_kept(browser: Browser, places: Mapping[str, str], out: Path) -> None:
    """The pictures that are kept beside the code: half the size, the beginning of each page."""
    page = browser.new_context(device_scale_factor=KEPT_SCALE).new_page()
    for name, address in places.items():
        open_page(page, address)
        for scheme, width in (("light", 1440), *((("dark", 360),) if name in KEPT_SMALL else ())):
            shoot(page, out / f"{name}-{scheme}-{width}.png", scheme, width, KEPT_HEIGHT)
    page.context.close()


def compare(browser: Browser, kept: Path, now: Path, out: Path, begins: tuple[str, ...]) -> list[str]:
    """Which pictures of *now* differ from those *kept*: a line each; the differences are drawn into *out*.

    Only pictures whose name begins so.
    """
    page, told = browser.new_page(), []
    for old in out.glob("*.png"):
        old.unlink()
    names = sorted({path.name for folder in (kept, now) for path in folder.glob("*.png")})
    for name in (one for one in names if one.startswith(begins)):
        if not (kept / name).exists() or not (now / name).exists():
            told.append(f"{name}: {'new' if (now / name).exists() else 'gone'}")
            continue
        before, after = ((folder / name).read_bytes() for folder in (kept, now))
        if before == after:
            continue
        seen = page.evaluate(DIFFER, [base64.b64encode(one).decode() for one in (before, after)])
        if seen["pixels"]:
            (out / name).write_bytes(base64.b64decode(seen["picture"]))
            told.append(f"{out / name}: {seen['pixels']:,} pixels, from {seen['top']} to {seen['bottom']}")
    page.close()
    return told


def weigh(browser: Browser, places: Mapping[str, str]) -> None:
    """Bytes, compressed, and the first paint of each page, with its assets in the cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(next(iter(places.values())))
    for name, address in places.items():
        page.goto(address)
        paint = page.evaluate(PAINT)
        size = len(gzip.compress(page.request.get(address).body()))
        print(f"{name:24} {size / 1000:6.1f} KB   first paint {paint:5.0f} ms", flush=True)
    context.close()


def main() -> int:
    """Take them all; or compare them with those that are kept; or weigh the pages."""
    parser = argparse.ArgumentParser(description="Every page in every form.")
    parser.add_argument("names", nargs="*", help="only pages whose name begins so")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "gallery", help="folder (default: %(default)s)")
    parser.add_argument("--width", type=int, action="append", help="only this width")
    parser.add_argument("--scheme", choices=SCHEMES, action="append", help="only this scheme")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--keep", action="store_true", help=f"renew the pictures in {KEPT_IN.relative_to(ROOT)}")
    what.add_argument("--compare", action="store_true", help="tell which look otherwise, and draw how")
    what.add_argument("--weigh", action="store_true", help="take none: tell what each page weighs")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    forms = [(scheme, width) for width in given.width or WIDTHS for scheme in given.scheme or SCHEMES]
    with tempfile.TemporaryDirectory() as name, standing(Path(name)) as every, chromium() as browser:
        folder = Path(name)
        places = {one: every[one] for one in every if not given.names or one.startswith(tuple(given.names))}
        if given.keep:
            KEPT_IN.mkdir(parents=True, exist_ok=True)
            take_kept(browser, places, KEPT_IN)
        elif given.compare:
            take_kept(browser, places, folder)
            out = given.out / "compared"
            out.mkdir(exist_ok=True)
            changed = compare(browser, KEPT_IN, folder, out, tuple(given.names) or ("",))
            print("\n".join([*changed, f"{len(changed)} look otherwise."] if changed else ["Nothing looks otherwise."]))
            return 1 if changed else 0
        elif given.weigh:
            weigh(browser, places)
        else:
            take(browser, places, given.out, forms)
    return 0


if __name__ == "__main__":
    sys.exit(main())
