"""What the shop and its stack are made of, one by one."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from examples.shop.forms import own_path
from examples.shop.passwords import hashed, matches
from examples.shop.reliability import service
from examples.shop.settings import TOKENS, Settings, make_secrets
from examples.stage.load import Load, Rates
from examples.stage.machine import StackError, program
from examples.stage.stack import Stack
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.shop.conftest import Shop

Until = Callable[[Callable[[], object], float], None]


@given(st.text())
def test_after_signing_in_nobody_lands_on_another_site(wanted: str) -> None:
    """Whatever `next` says, the answer is a path on this host."""
    path = own_path(wanted)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))


@pytest.mark.parametrize("wanted", ["//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere", "/a\r\nb", ""])
def test_addresses_that_lead_elsewhere_become_the_front_page(wanted: str) -> None:
    """The usual tricks."""
    assert own_path(wanted) == "/"
    assert own_path("/parapet/incidents?scope=open") == "/parapet/incidents?scope=open"


def test_a_password_is_kept_as_a_salted_hash() -> None:
    """The same password is kept differently each time, and only itself matches."""
    one, two = hashed("kettle"), hashed("kettle")
    assert one != two
    assert matches("kettle", one)
    assert not matches("Kettle", two)


def test_secrets_are_new_each_time_and_for_this_user_alone(tmp_path: Path) -> None:
    """Files of mode 600 in a folder of mode 700, never the same twice."""
    make_secrets(tmp_path / "secrets")
    settings = Settings.read({"SHOP_HOME": str(tmp_path)})
    before = [settings.secret(name) for name in TOKENS], settings.staff_passwords()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    make_secrets(tmp_path / "secrets")
    after = [settings.secret(name) for name in TOKENS], settings.staff_passwords()
    assert not set(before[0]) & set(after[0])
    assert before[1] != after[1]


def test_a_variable_wins_over_the_file_of_the_stack(tmp_path: Path) -> None:
    """The file says what the stack chose; a person may say otherwise."""
    (tmp_path / "environment").write_text("SHOP_ADDRESS=http://127.0.0.1:1\nSHOP_EVIDENCE=postgresql://u:a=b@h/d\n")
    given_only = {"SHOP_HOME": str(tmp_path)}
    assert Settings.read(given_only).evidence == "postgresql://u:a=b@h/d"
    assert Settings.read({**given_only, "SHOP_ADDRESS": "http://127.0.0.1:2"}).address == "http://127.0.0.1:2"


def test_the_load_is_for_this_machine_only() -> None:
    """It never knocks at another machine's door."""
    with pytest.raises(ValueError, match="not on this machine"):
        Load("http://shop.example", "secret", Rates())


def test_the_load_signs_in_looks_around_and_pays(shop: Shop, until: Until) -> None:
    """Every kind of customer comes, and what the shop counts is what the load counts."""
    before = shop.counted("checkout", "success")
    rates = Rates(logins=20, checkouts=20, browse=20)
    with Load(shop.address, shop.settings.secret("customer-password") or "", rates) as load:
        until(lambda: all(load.tally.of(kind).get("ok", 0) >= 10 for kind in ("login", "checkout", "browse")), 20)
    assert set(load.tally.of("checkout")) <= {"ok", "turned away"}
    # a request is counted when its background task, too, is done
    until(lambda: shop.counted("checkout", "success") - before == load.tally.of("checkout")["ok"], 10)


def test_a_slow_shop_gets_as_many_customers_as_a_fast_one(shop: Shop, until: Until) -> None:
    """Arrivals do not wait for answers; those who find everybody busy are counted, not queued for ever."""
    shop.turn("slow")
    rates = Rates(logins=0, checkouts=60, browse=0)
    with Load(shop.address, shop.settings.secret("customer-password") or "", rates) as load:
        until(lambda: load.tally.of("checkout").get("turned away", 0) >= 5, 20)
    assert not load.tally.of("login")


def test_a_missing_program_is_named_with_its_package() -> None:
    """Whoever has no Prometheus learns what to install."""
    with pytest.raises(StackError, match="apt-get install --no-install-recommends some-package"):
        program("some-package", "no-such-program-here")


def test_a_folder_that_is_not_a_stacks_is_left_alone(tmp_path: Path) -> None:
    """The stack empties its folder, so it must know it as its own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(StackError, match="Choose another folder"), Stack(home=tmp_path / "home"):
        pass
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"


def test_the_definitions_of_the_shop_are_sound() -> None:
    """Journeys, the web pack beside them, and a runbook for everything that pages; under both burn policies."""

    slices = [one.name for one in service.parapet.catalog]
    assert slices == ["login", "checkout", "checkout-latency", "web-availability", "web-latency"]
    real = service.burn(replace(service.settings, burn_scale=1))
    demo = service.burn(replace(service.settings, burn_scale=60))
    assert real.pairs[0].long_seconds == 60 * demo.pairs[0].long_seconds
    assert [one.budget_share for one in real.pairs[:2]] == [one.budget_share for one in demo.pairs[:2]]
