"""What must not run is refused at each door for the same reason, each reason in its own words, and runs nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.web.test_web_actions import ANA, Jobs

from parapet.cli.main import main
from parapet.core.types import IncidentId
from parapet.ops.acting import claim_key
from parapet.response.capability import Capability
from parapet.response.preview import FrozenPreview

if TYPE_CHECKING:
    from tests.web.conftest import Shop

ONE = IncidentId(1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """How it comes that a confirm is refused."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    early: Callable[[Shop, Jobs], object] = lambda shop, jobs: None
    """Before the preview."""
    late: Callable[[Shop, Jobs, FrozenPreview], object] = lambda shop, jobs, seen: None
    """After it."""
    digest: str = ""


def seen_by_ana(shop: Shop) -> FrozenPreview:
    return shop.parapet.actions.preview("retry-jobs", ONE, actor=ANA)


def run_once(shop: Shop, jobs: Jobs) -> None:
    """It ran, and there is more to do."""
    dead, seen = jobs.dead, seen_by_ana(shop)
    confirm(shop, seen)
    jobs.dead = dead


def run_broken(shop: Shop, jobs: Jobs) -> None:
    """It ran, and nobody knows how it ended."""
    jobs.breaks = True
    run_once(shop, jobs)
    jobs.breaks = False


def confirm(shop: Shop, seen: FrozenPreview) -> object:
    return shop.parapet.actions.confirm(seen.id, digest=seen.digest, actor=ANA, reason="go")


def nothing_dead(shop: Shop, jobs: Jobs) -> None:
    jobs.dead = []


def one_less(shop: Shop, jobs: Jobs, seen: FrozenPreview) -> None:
    jobs.dead = jobs.dead[:1]


def claimed(shop: Shop, jobs: Jobs, seen: FrozenPreview) -> None:
    """Ben runs it at this moment."""
    now, where = shop.clock.now(), claim_key("shop", "retry-jobs", "checkout")
    with shop.parapet.store.begin() as tx:
        tx.runs.claim(where, owner="another", holder="Ben", now=now, until=now + timedelta(minutes=5))


def acknowledged(shop: Shop, jobs: Jobs, seen: FrozenPreview) -> None:
    shop.parapet.operator.acknowledge(ONE, actor=ANA, reason="looking", version=version(shop))


def resolved(shop: Shop, jobs: Jobs, seen: FrozenPreview) -> None:
    shop.parapet.operator.resolve(ONE, actor=ANA, reason="it is over", version=version(shop))


def version(shop: Shop) -> int:
    return shop.parapet.look.incident(ONE).incident.version


CASES = {
    "preview_expired": Case(late=lambda shop, jobs, seen: shop.clock.advance(400)),
    "preview_used": Case(late=lambda shop, jobs, seen: confirm(shop, seen)),
    "wrong_digest": Case(digest="0" * 64),
    "drifted": Case(late=one_less),
    "incident_moved": Case(late=acknowledged),
    "incident_over": Case(late=resolved),
    "nothing_to_do": Case(early=nothing_dead),
    "breaker_open": Case(settings={"breaker_limit": 1}, early=run_once),
    "claim_held": Case(late=claimed),
    "cooling_down": Case(settings={"cooldown_seconds": 600.0}, early=run_once),
    "too_many_targets": Case(settings={"max_targets": 1}),
    "outcome_unknown": Case(early=run_broken),
    "typed_confirmation_needed": Case(settings={"typed_from": 1}),
    "second_person_needed": Case(settings={"second_person_from": 1}),
}
"""By what the API calls it."""


@pytest.mark.parametrize("code", CASES)
def test_page_api_and_command_line_refuse_for_the_same_reason(
    code: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, the same next step; nothing runs at any door."""
    case, jobs = CASES[code], Jobs()
    settings = {"inputs": {"limit": "20"}, **case.settings}
    shop.parapet.capability(
        Capability(name="retry-jobs", noun="job", preview=jobs.preview, execute=jobs.execute, **settings)
    )
    shop.fire()
    case.early(shop, jobs)
    seen = seen_by_ana(shop)
    case.late(shop, jobs, seen)
    before, digest, browser = list(jobs.ran), case.digest or seen.digest, shop.browser()

    token = browser.get("/parapet/api/session").json["token"]
    headers = {"origin": "http://shop.test", "sec-fetch-site": "same-origin", "parapet-token": str(token)}
    answered = browser.send(
        "POST",
        f"/parapet/api/previews/{seen.id}/confirm",
        headers={**headers, "content-type": "application/json"},
        body=json.dumps({"digest": digest, "reason": "go"}).encode(),
    )
    said = answered.json
    assert said["code"] == code

    fields = {"token": browser.get("/parapet/incidents/1").fields("/note")["token"]}
    page = browser.post(f"/parapet/previews/{seen.id}/confirm", {**fields, "digest": digest, "reason": "go"})
    assert page.status in ({303} if code == "preview_used" else {409, 422})
    if code != "preview_used":  # of one's own words, sent twice: the page leads to the run
        shown = " ".join(unescape(page.text).split())
        assert str(said["detail"]).removesuffix(" Nothing ran.") in shown
        assert str(said["next_step"]) in shown

    monkeypatch.setitem(sys.modules, "host_of_refusals", SimpleNamespace(parapet=shop.parapet))
    words = ["do", "confirm", seen.id, "--digest", digest, "--reason", "go", "--by", "Ana"]
    ended = CliRunner().invoke(main, [*words, "--app", "host_of_refusals:parapet"])
    assert ended.exit_code == 1
    assert f"Error: {said['detail']}\nNext: {said['next_step']}" in ended.output
    assert jobs.ran == before
