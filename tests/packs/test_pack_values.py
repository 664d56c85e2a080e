"""Packs as values: what they say about themselves, how they are changed, and how they compose."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from parapet import Parapet
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import Severity
from parapet.response.playbooks import PLAYBOOKS
from parapet.response.runbook import Runbook, Step
from parapet.slo import packs
from parapet.slo.budget import in_words, one_in, percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.packs import (
    Pack,
    ai_pack,
    billing_pack,
    bundle,
    database_pack,
    email_delivery_pack,
    jobs_pack,
    media_pipeline_pack,
    notifications_pack,
    probes_pack,
    web_pack,
)

PERIOD_SECONDS = BurnPolicy().period_seconds

OVER_ONE_NAME: dict[str, Callable[[], Pack]] = {
    "web": web_pack,
    "database": database_pack,
    "jobs": jobs_pack,
    "email": lambda: email_delivery_pack("videos"),
    "notifications": lambda: notifications_pack("videos"),
    "media": lambda: media_pipeline_pack("videos"),
    "ai": lambda: ai_pack("videos"),
    "billing": lambda: billing_pack(checkout="videos", payments="videos"),
    "probes": lambda: probes_pack("videos"),
    "all probes": probes_pack,
}
"""Every pack, over the same name wherever it takes one."""


def functions() -> list[Callable[..., Pack]]:
    """Every function of the packs that makes one."""
    return [getattr(packs, name) for name in packs.__all__ if name.endswith("_pack")]


@pytest.mark.parametrize("make", functions(), ids=lambda one: str(one.__name__))
def test_every_default_is_said_in_human_terms(make: Callable[..., Pack]) -> None:
    """In the docstring: the percentage, what it allows in a month, and how many of how many."""
    said = " ".join((inspect.getdoc(make) or "").split())
    defaults = {one.name: one.default for one in inspect.signature(make).parameters.values()}
    for share, times in [defaults.pop(name) for name in ("suppressed", "funnel") if name in defaults]:
        assert f"More than {percent(share)}, and {times:g} times the usual." in said
    ratios = [one[1] if isinstance(one, tuple) and len(one) == 2 else one for one in defaults.values()]
    promised = [one for one in ratios if isinstance(one, float)]
    assert promised
    for objective in promised:
        assert f"{in_words(objective, PERIOD_SECONDS)}, or {one_in(objective)}." in said, objective


@pytest.mark.parametrize("make", functions(), ids=lambda one: str(one.__name__))
def test_every_pack_has_the_same_shape(make: Callable[..., Pack]) -> None:
    """Title, owner and runbook can be told to each; everything but what it speaks of, by keyword."""
    parameters = inspect.signature(make).parameters
    assert {"title", "owner", "runbook"} <= parameters.keys()
    loose = [one.name for one in parameters.values() if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert loose in ([], ["integration"], ["pipeline"], ["assistant"])


def test_all_packs_over_one_name_compose() -> None:
    """An integration may be mailed, pushed, encoded, paid for and probed: no two promises share a name."""
    whole = bundle(*(make() for make in OVER_ONE_NAME.values()))
    parts = [one.name for make in OVER_ONE_NAME.values() for one in make().judged]
    assert [one.name for one in whole.judged] == sorted(parts, key=[one.name for one in whole.judged].index)
    assert len(set(parts)) == len(parts)
    assert {guide.playbook for guide in whole.guides} <= PLAYBOOKS.keys()


@pytest.mark.parametrize("kind", sorted(OVER_ONE_NAME))
def test_what_pages_comes_with_guidance(kind: str) -> None:
    """Every slice names a runbook of its own pack."""
    pack = OVER_ONE_NAME[kind]()
    assert {one.runbook for one in pack.judged} <= {guide.name for guide in pack.guides}


def test_a_promise_is_left_out_with_none() -> None:
    """And a pack that would promise nothing is refused."""
    assert [one.name for one in email_delivery_pack("receipts", submitted=None, webhooks=None)] == [
        "receipts-delivered"
    ]
    with pytest.raises(ConfigurationError, match=r"email_delivery_pack\('receipts'\) promises nothing"):
        email_delivery_pack("receipts", submitted=None, delivered=None, webhooks=None, suppressed=None)


def test_everything_about_a_slice_can_be_changed(shop: Parapet) -> None:
    """Name, objective, loudness, owner and runbook; the guidance follows the slice that names it."""
    shop.delivery("receipts", provider="ses", channel="email")
    pack = email_delivery_pack("receipts", owner="Growth").but(
        "receipts-delivered", name="receipts-arrive", objective=0.97, severities=(Severity.TICKET,), title="Receipts"
    )
    shop.adopt(pack.but("receipts-webhooks", owner="Platform", runbook="https://runbooks.example/webhooks"))
    one = shop.catalog.slice("receipts-arrive")
    assert (one.objective, one.severities, one.title, one.owner) == (0.97, (Severity.TICKET,), "Receipts", "Growth")
    assert shop.catalog.slice("receipts-webhooks").owner == "Platform"
    (book,) = shop.runbooks
    assert book.slices == ("receipts-submitted", "receipts-arrive", "receipts-suppressed")
    with pytest.raises(UnknownName, match=r"Did you mean 'receipts-delivered'\?"):
        email_delivery_pack("receipts").but("receipts-deliverd", objective=0.9)


def test_a_diagnostic_is_changed_like_a_slice() -> None:
    """But it has no objective."""
    pack = email_delivery_pack("receipts").but("receipts-suppressed", threshold_ratio=0.2, times_usual=None)
    (one,) = pack.diagnostics
    assert (one.threshold_ratio, one.times_usual) == (0.2, None)
    with pytest.raises(UnknownName, match=r"Unknown change of diagnostic 'receipts-suppressed' 'objective'"):
        pack.but("receipts-suppressed", objective=0.9)


def test_a_clash_says_who_and_how_to_part_them() -> None:
    """Both packs by name, and a name that is free."""
    first = email_delivery_pack("receipts")
    with pytest.raises(ConfigurationError) as refused:
        bundle(first, first.but("receipts-submitted", name="receipts-submitted-2"))
    assert "'receipts-delivered' is promised twice, by email_delivery_pack('receipts')" in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"did you mean \.but\('web-latency', name='web-latency-2'\)\?"):
        bundle(web_pack(), database_pack(statements=None, pool=None, name="web"))


def test_a_journey_that_a_pack_promises_is_not_promised_again(shop: Parapet) -> None:
    """The error names both, and a journey without an objective is only counted."""
    shop.journey("checkout", objective=0.99)
    shop.delivery("payments", provider="stripe", channel="webhook")
    with pytest.raises(
        ConfigurationError, match=r"'checkout' is promised twice, by journey\('checkout'\) and billing_pack"
    ):
        shop.adopt(billing_pack())
    other = Parapet(service="shop")
    other.journey("checkout", title="Paying")
    other.delivery("payments", provider="stripe", channel="webhook")
    other.adopt(billing_pack())
    assert [one.name for one in other.catalog] == ["checkout", "checkout-latency", "payments-payment-webhooks"]


def test_bundles_nest_and_hand_everything_on(shop: Parapet) -> None:
    """Slices, guidance and registered values, once each."""
    registering = Pack(name="own", slices=database_pack(name="other").slices, registers=(("engine", ("primary",)),))
    again = Pack(
        name="more", slices=database_pack(name="third").slices, registers=(("engine", ("primary", "replica")),)
    )
    whole = bundle(bundle(web_pack(), registering), again)
    assert whole.registers == (("engine", ("primary", "replica")),)
    assert len(whole.slices) == 2 + 3 + 3
    with pytest.raises(ConfigurationError, match="Give at least one pack"):
        bundle()
    shop.adopt(bundle(web_pack()))
    assert shop.recorder.families.ceilings.admitted("engine") == frozenset()
    shop.adopt(bundle(registering, again))
    assert shop.recorder.families.ceilings.admitted("engine") == {"primary", "replica"}


def test_the_hosts_runbook_takes_the_place_of_the_packs(shop: Parapet) -> None:
    """Whichever was told first."""
    mine = Runbook(
        name="web-latency", title="Slow", owner="Me", slices=("web-latency",), steps=(Step(title="Look", text="Look."),)
    )
    shop.runbook(mine)
    shop.adopt(web_pack())
    assert {book.name: book.title for book in shop.runbooks} == {
        "web-availability": "Requests fail with server errors",
        "web-latency": "Slow",
    }


def test_owners_are_the_services_unless_a_pack_says_otherwise(shop: Parapet) -> None:
    """Nobody repeats it in every pack."""
    shop.adopt(web_pack(), database_pack(owner="Data"))
    assert {one.name: one.owner for one in shop.catalog}["web-latency"] == "Shop team"
    assert {one.name: one.owner for one in shop.catalog}["database-pool"] == "Data"
