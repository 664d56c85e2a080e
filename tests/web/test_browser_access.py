"""Every page of a rich night, and of a first day, under axe, the accessibility checker; none scrolls sideways.

And what a printer gets of those that are printed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page
from tests.web.conftest import EVERY

from parapet.core.types import Actor, ActorClass, IncidentId

if TYPE_CHECKING:
    from tests.web.conftest import ServedNight, Shop

pytestmark = pytest.mark.real
PACKAGE = find_spec("axe_playwright_python")
assert PACKAGE is not None
assert PACKAGE.origin is not None
AXE = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
RUN = """async rules => {
  const told = found => found.violations.flatMap(
    one => one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`));
  const options = {resultTypes: ["violations"], preload: false};
  const clear = /^rgba\\(.*, 0\\)$/;
  const seen = new Set(), sample = [];
  for (const element of document.body.querySelectorAll("*")) {
    const written = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!written && !element.matches("input, select, textarea")) continue;
    if (!element.checkVisibility()) continue;
    const {color, fontSize, fontWeight} = getComputedStyle(element), look = [color, fontSize, fontWeight];
    for (let behind = element; behind; behind = behind.parentElement) {
      const {backgroundColor, opacity} = getComputedStyle(behind);
      look.push(opacity);
      if (!clear.test(backgroundColor)) look.push(backgroundColor);
    }
    const key = look.join();
    if (!seen.has(key)) { seen.add(key); sample.push(element); }
  }
  const colours = await axe.run({include: sample}, {...options, runOnly: ["color-contrast"]});
  const others = rules ? told(await axe.run(document, {...options, ...rules})) : [];
  return [...told(colours), ...others];
}"""
"""Contrast costs most, and is the same wherever text of one colour, size and weight stands on the same grounds: it is
judged once for each such look of a page. All else is judged of every element."""
WHOLE: dict[str, object] = {"rules": {"color-contrast": {"enabled": False}}}
SIZES: dict[str, object] = {"runOnly": ["target-size", "scrollable-region-focusable"]}
FORMS = ((1440, "light", WHOLE), (1440, "dark", None), (360, "dark", WHOLE), (360, "light", SIZES))
"""A page is loaded once and then put into each form: its colours are judged in all four, its parts at both widths.

The short form puts it into one of them, the next page into the next one, and judges all there.
"""
PRINTED = ("incident", "incident-resolved", "retrospective", "journey", "queue", "run-partly", "run-unknown", "confirm")
ON_PAPER = """() => ({
  ground: getComputedStyle(document.body).backgroundColor,
  controls: [...document.querySelectorAll("button, input, select, textarea, .btn, nav.tabs, .pager")]
    .filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, 120)),
  folded: [...document.querySelectorAll("details > :not(summary)")]
    .filter(one => !one.checkVisibility({contentVisibilityAuto: true})).length,
  titles: document.querySelectorAll("main h1").length,
  hidden: [...document.querySelectorAll("main h1, main .facts, main .targets, .crumbs")]
    .filter(one => !one.checkVisibility()).map(one => one.className || one.nodeName),
})"""
"""What a printer would get."""
SMALL = """() => [...document.querySelectorAll(
    "button, .btn, input, select, textarea, nav a, summary, .region-head > a, .foot a, .rail li > a, .permalink")]
  .filter(one => one.checkVisibility() && !one.closest("label"))
  .filter(one => one.getBoundingClientRect().height > 1 && one.getBoundingClientRect().height < 43.5)
  .map(one => one.outerHTML.slice(0, 120))"""
"""What stands alone and is less than 44 px high: too little for a thumb."""
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

CROWDED = """() => {
  const room = document.documentElement.clientWidth, boxes = [], told = new Set();
  const look = one => getComputedStyle(one), words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const around = one => one === document.body ? [] : [one, ...around(one.parentElement)];
  while (words.nextNode()) {
    const node = words.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest("select, .skip")) continue;
    const looks = around(parent).map(one => [one, look(one)]);
    if (looks.some(([, style]) => style.clipPath !== "none" || /fixed|sticky/.test(style.position))) continue;
    const frames = looks.filter(([one, style]) => one.localName !== "svg" && /hidden|clip|auto/.test(style.overflow))
      .map(([one]) => one.getBoundingClientRect());
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const air = whole.height / 10, left = Math.max(whole.left, ...frames.map(one => one.left));
      const right = Math.min(whole.right, ...frames.map(one => one.right));
      const top = Math.max(whole.top + air, ...frames.map(one => one.top));
      const bottom = Math.min(whole.bottom - air, ...frames.map(one => one.bottom));
      if (right - left < 1 || bottom - top < 1) continue;
      if (right > room + 1 || left < -1) told.add(`outside: ${node.data.trim()}`);
      boxes.push({left, right, top, bottom, node});
    }
  }
  boxes.sort((one, other) => one.top - other.top);
  boxes.forEach((one, place) => {
    for (let next = place + 1; next < boxes.length && boxes[next].top < one.bottom - 1.5; next += 1) {
      const other = boxes[next], wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      if (other.node !== one.node && wide > 1.5) told.add(`${one.node.data.trim()} on ${other.node.data.trim()}`);
    }
  });
  return [...told];
}"""
"""Which words leave the window, or lie on others; not those that lie above the page, as the head that stays does."""
LYING = """() => {
  for (const one of document.querySelectorAll(".floats > *")) one.hidden = false;
  const told = [...document.querySelectorAll(".floats > *, .strip-act")].map(one => [one, one.getBoundingClientRect()]);
  return told.flatMap(([one, box]) => told
    .filter(([other, below]) => other !== one && box.top <= below.top && box.bottom > below.top
      && box.left < below.right && box.right > below.left)
    .map(([other]) => `${one.id || one.className} on ${other.id || other.className}`));
}"""
"""Which of all that a page can say at once lies on another, or on the button under the thumb."""


def put_into(page: Page, width: int, scheme: str) -> None:
    """One form of the page that is open."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")


def forms_of(number: int) -> tuple[tuple[int, str, dict[str, object] | None], ...]:
    """Those of the page of that number."""
    width, scheme, _ = FORMS[number % len(FORMS)]
    return FORMS if EVERY else ((width, scheme, WHOLE),)


def test_axe_finds_nothing(served_night: ServedNight, chromium: Browser) -> None:
    """No finding on any page, light or dark, wide or narrow; at no width does anything scroll sideways.

    On a phone, what is pressed is at least 44 px high, and words twice as large leave nothing and lie on nothing.
    """
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    found: dict[str, object] = {}
    for number, (name, address) in enumerate(served_night.places.items()):
        page.goto(address)
        for width in (320, 768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(WIDE):
                found[f"{name} {width}"] = "scrolls"
        page.set_viewport_size({"width": 360, "height": 780})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if crowded := page.evaluate(CROWDED):
            found[f"{name}, words twice as large"] = crowded
        if page.evaluate(WIDE):
            found[f"{name}, words twice as large, scrolls"] = True
        page.evaluate("document.documentElement.style.fontSize = ''")
        if small := page.evaluate(SMALL):
            found[f"{name}, under a thumb"] = small
        page.evaluate(AXE)
        for width, scheme, rules in forms_of(number):
            put_into(page, width, scheme)
            if wrong := page.evaluate(RUN, rules):
                found[f"{name} {width} {scheme}"] = wrong
    page.evaluate("document.documentElement.style.setProperty('--ink-2', '#999')")
    assert page.evaluate(RUN, None), "axe would not see faint words"
    page.evaluate("document.querySelector('main h1').style.marginBlockEnd = '-4rem'")
    assert page.evaluate(CROWDED), "words that lie on others would not be seen"
    page.close()
    assert found == {}


def test_paper_is_light_and_has_no_controls(served_night: ServedNight, chromium: Browser) -> None:
    """Whatever the theme: a white ground, no button or field, nothing folded away, and the record itself is there."""
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    page.set_viewport_size({"width": 688, "height": 1_000})
    page.emulate_media(color_scheme="dark", media="print", reduced_motion="reduce")
    seen = {}
    for name in PRINTED:
        page.goto(served_night.places[name])
        seen[name] = page.evaluate(ON_PAPER)
    page.close()
    white = {"ground": "rgb(255, 255, 255)", "controls": [], "folded": 0, "titles": 1, "hidden": []}
    assert seen == dict.fromkeys(PRINTED, white)


def test_a_phone_holds_any_name_and_all_that_a_page_can_say(shop: Shop, chromium: Browser, address: str) -> None:
    """An owner of one long word pushes nothing aside; what was done, what is new and what is old lie on nothing."""
    long = Actor(kind=ActorClass.OPERATOR, name="Averylongname" * 8)
    page = chromium.new_page(viewport={"width": 360, "height": 780})
    page.context.add_cookies([{"name": "who", "value": "Ana:responder", "url": address}])
    page.set_default_timeout(20_000)
    page.goto(f"{address}incidents/1?done=noted")
    assert page.locator(".strip-act").is_visible()
    lying = page.evaluate(LYING)
    shop.fire(labels={"alertname": "Pay", "severity": "page"}, annotations={"title": "فشل الدفع بعد تأكيد الطلب" * 4})
    shop.parapet.operator.acknowledge(IncidentId(1), actor=long, reason="looking", version=1)
    wide = []
    for path in ("incidents", "incidents/1", "incidents/1/work"):
        page.goto(address + path)
        if page.evaluate(WIDE):
            wide.append(path)
    page.goto(f"{address}incidents")
    directions = page.locator(".queue .l1[dir]").evaluate_all("all => all.map(one => getComputedStyle(one).direction)")
    page.set_viewport_size({"width": 768, "height": 900})
    page.evaluate("document.querySelector('.top .count').lastChild.data = '117'")
    bar = page.locator(".top").bounding_box()
    page.close()
    assert sorted(directions) == ["ltr", "rtl"], "the beginning of a title is what is cut"
    assert bar is not None
    assert bar["height"] < 60, "the bar takes two lines"
    assert lying == []
    assert wide == []
