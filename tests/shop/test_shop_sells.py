"""The shop as its customers and staff meet it, over real HTTP."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from parapet.core.types import ActorClass
from parapet.incidents.model import ChangeKind

if TYPE_CHECKING:
    from tests.shop.conftest import Shop

Until = Callable[[Callable[[], object], float], None]


def test_a_customer_buys_and_the_receipt_goes_out_after_the_answer(shop: Shop, until: Until) -> None:
    """Shelf, cart, payment, order; the receipt is a background task."""
    with shop.customer() as customer:
        assert "Copper kettle" in customer.get("/").words
        customer.post("/cart", {"product": "1"})
        cart = customer.post("/cart", {"product": "1"})
        assert "2 × Assam, second flush 23.00" in cart.words
        order = customer.post("/checkout", {})
        assert order.status == 200
        assert "is paid" in order.words
        until(lambda: "The receipt went out" in customer.get(order.url).words, 10)
    assert "2 x Assam" in (shop.settings.home / "receipts.txt").read_text()


def test_a_second_click_pays_once(shop: Shop) -> None:
    """Two checkouts of one cart at the same moment are one order."""
    with shop.customer(2) as first, shop.customer(2) as second:
        first.post("/cart", {"product": "3"}, follow=False)
        with ThreadPoolExecutor(2) as both:
            told = list(both.map(lambda browser: browser.post("/checkout", {}, follow=False), (first, second)))
    places = {page.location for page in told if page.status == 303}
    assert len(places) == 1
    assert {page.status for page in told} <= {303, 409}


def test_what_a_customer_does_wrong_is_no_failure_of_ours(shop: Shop) -> None:
    """A wrong password, an empty cart, a declined card: told kindly, and no budget burns."""
    failures = shop.counted("login", "failure"), shop.counted("checkout", "failure")
    wrong = shop.counted("login", "user_error")
    with shop.browser() as stranger:
        page = stranger.post("/login", {"login": "customer01", "password": "wrong"})
        assert page.status == 401
        assert "do not belong together" in page.words
        assert stranger.post("/checkout", {}).status == 401
    with shop.customer(3) as customer:
        assert customer.post("/checkout", {}).status == 409
        for _ in range(12):
            customer.post("/cart", {"product": "6"}, follow=False)
        assert customer.post("/checkout", {}).status == 402
        customer.post("/cart/empty", {})
    assert shop.counted("login", "user_error") == wrong + 1
    assert (shop.counted("login", "failure"), shop.counted("checkout", "failure")) == failures


def test_an_order_is_shown_to_whoever_placed_it(shop: Shop) -> None:
    """Nobody reads another's order."""
    with shop.customer(4) as owner, shop.customer(5) as other:
        owner.post("/cart", {"product": "1"}, follow=False)
        place = owner.post("/checkout", {}, follow=False).location
        assert owner.get(place).status == 200
        assert other.get(place).status == 404


@pytest.mark.parametrize(("fault", "status"), [("checkout_down", 500), ("dependency_down", 503)])
def test_a_checkout_that_fails_burns_budget_and_keeps_the_cart(
    shop: Shop, until: Until, fault: str, status: int
) -> None:
    """Total failure and a dead provider: a page in words, a counted failure, and nothing lost."""
    failures = shop.counted("checkout", "failure")
    with shop.customer(6) as customer:
        customer.post("/cart", {"product": "2"}, follow=False)
        shop.turn(fault)
        page = customer.post("/checkout", {})
        assert page.status == status
        assert "Nothing was charged" in page.words
        assert "Sencha" in customer.get("/").words
        shop.turn("none")
        assert customer.post("/checkout", {}).status == 200
    until(lambda: shop.counted("checkout", "failure") == failures + 1, 10)


def test_one_customer_login_in_25_is_lost_and_http_cannot_see_it(shop: Shop, until: Until) -> None:
    """The broken callback answers with a redirect like any other; the journey knows."""
    shop.turn("login_4_percent")
    before = shop.counted("login", "failure")
    with shop.browser() as browser:
        password = shop.settings.secret("customer-password") or ""
        fields = {"login": "customer07", "password": password}
        pages = [browser.post("/login", fields, follow=False) for _ in range(50)]
    assert {page.status for page in pages} == {303}
    assert [page.location for page in pages].count("/login?problem=callback") == 2
    until(lambda: shop.counted("login", "failure") == before + 2, 10)


def test_a_slow_checkout_succeeds_two_seconds_later(shop: Shop, until: Until) -> None:
    """Slow is no failure: the latency promise speaks of it."""
    shop.turn("slow")
    before = shop.counted("checkout", "success")
    with shop.customer(8) as customer:
        customer.post("/cart", {"product": "1"}, follow=False)
        started = monotonic()
        assert customer.post("/checkout", {}).status == 200
        assert monotonic() - started >= 2.0
    until(lambda: shop.counted("checkout", "success") == before + 1, 10)


def test_the_switch_is_for_staff_and_every_turn_is_marked(shop: Shop) -> None:
    """Strangers and customers are refused; what staff turn is a change with their name on it."""
    with shop.browser() as stranger, shop.customer(9) as customer:
        for browser in (stranger, customer):
            assert browser.post("/admin/fault", {"fault": "slow"}).status == 403
            assert "Back office" not in browser.get("/").words
    with shop.staff("tom") as tom:
        refused = tom.post("/admin/fault", {"fault": "everything"})
        assert refused.status == 422
        assert "checkout_down" in refused.words
        assert "Checkout is 2 s slower" in tom.post("/admin/fault", {"fault": "slow"}).words
    change = shop.look.changes(1)[0]
    assert (change.kind, change.title) == (ChangeKind.FLAG, "Fault switch from none to slow")
    assert (change.actor.kind, change.actor.name) == (ActorClass.OPERATOR, "tom")


def test_a_form_from_another_site_is_refused(shop: Shop) -> None:
    """The browser says where a form comes from; the shop listens."""
    with shop.staff() as ana:
        cookie = "; ".join(f"{name}={value}" for name, value in ana.cookies.items())
    for header in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        request = urllib.request.Request(
            f"{shop.address}/admin/fault", data=b"fault=checkout_down", headers={"Cookie": cookie, **header}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 403
        refused.value.close()


def test_the_workbench_lets_in_staff_alone_and_brings_them_back_after_signing_in(shop: Shop) -> None:
    """The shop's own session decides; strangers go to the shop's own form, and return to where they wanted."""
    with shop.browser() as browser:
        asked = browser.get("/parapet/incidents")
        assert asked.url.startswith(f"{shop.address}/login?next=")
        fields = {"login": "ana", "password": shop.settings.staff_passwords()["ana"]}
        inside = browser.submit(asked, "/login", fields)
        assert inside.url == f"{shop.address}/parapet/incidents"
        assert "ana, responder" in inside.words
    with shop.customer(10) as customer:
        assert "/login" in customer.get("/parapet/").url


def test_a_forged_session_is_nobodys(shop: Shop) -> None:
    """The cookie is signed: what it says cannot be changed."""
    with shop.customer(11) as customer:
        name, value = next(iter(customer.cookies.items()))
        for forged in (
            re.sub("customer", "responder", value),
            value[:-1] + ("0" if value[-1] != "0" else "1"),
            "x",
            "",
        ):
            customer.cookies[name] = forged
            assert "Sign in" in customer.get("/").words
