"""What is promised about deliveries, pipelines and journeys counts what it says, judged by Prometheus' own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from parapet import Parapet
from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.slo.packs import email_delivery_pack, media_pipeline_pack, probes_pack
from parapet.slo.sli import EventRatio, families_of
from parapet.slo.slice import Slice


def verdicts(one: Slice) -> dict[str, str]:
    """Outcome -> whether a slice calls it good or bad, or does not count it."""
    sli = one.sli
    assert isinstance(sli, EventRatio)
    outcomes = vocabulary.LABELS[sli.metric][names.OUTCOME] or ()
    counted, bad = set(outcomes), set()
    for matcher in sli.total:
        if matcher.label == names.OUTCOME:
            counted = set(matcher.of(outcomes))
    for matcher in sli.bad:
        if matcher.label == names.OUTCOME:
            bad = set(matcher.of(counted))
    return {o: "bad" if o in bad else "good" if o in counted else "not counted" for o in outcomes}


@pytest.fixture
def promising(shop: Parapet) -> Parapet:
    """A shop with a promise of every kind."""
    shop.journey("checkout", objective=0.999)
    shop.delivery("receipts", provider="postmark", channel="email")
    shop.delivery("receipts", provider="ses", channel="email")
    shop.pipeline("videos", stages=("encode",), queue="media", provider="mux")
    shop.probe("home", lambda: None)
    shop.adopt(email_delivery_pack("receipts"), media_pipeline_pack("videos"), probes_pack("home"))
    return shop


def test_accepted_counts_as_handed_over_and_never_as_delivered(promising: Parapet) -> None:
    """Two promises, two families: neither can be kept by the other's events."""
    submitted, delivered = (promising.catalog.slice(f"receipts-{name}") for name in ("submitted", "delivered"))
    assert families_of(submitted.sli) != families_of(delivered.sli)
    assert verdicts(submitted)["provider_accepted"] == "good"
    assert verdicts(delivered) == {
        "provider_accepted": "not counted",
        "delivered": "good",
        "deferred": "not counted",
        "failed": "bad",
        "bounced": "bad",
        "complained": "not counted",
        "suppressed": "not counted",
        "other": "not counted",
    }


def test_what_is_tried_again_burns_nothing(promising: Parapet) -> None:
    """Only what was discarded for good does."""
    assert verdicts(promising.catalog.slice("videos-completed")) == {
        "started": "not counted",
        "succeeded": "good",
        "retryable_failed": "not counted",
        "discarded": "bad",
        "delayed": "not counted",
        "other": "not counted",
    }


def test_late_answers_and_waiting_work_are_promised_apart(promising: Parapet) -> None:
    """Over families that share no series."""
    slis = [promising.catalog.slice(f"videos-{name}").sli for name in ("queue", "answers")]
    assert [family.name for sli in slis for family in families_of(sli)] == [names.ASYNC_BACKLOG, names.ASYNC_CALLBACK]


def test_users_mistakes_and_leaving_burn_nothing(promising: Parapet) -> None:
    """They are neither good nor bad."""
    assert verdicts(promising.catalog.slice("checkout")) == {
        "success": "good",
        "failure": "bad",
        "user_error": "not counted",
        "abandoned": "not counted",
        "other": "not counted",
    }


def test_a_probe_that_cannot_look_is_no_good_news(promising: Parapet) -> None:
    """Failure, time-out and crash are bad alike."""
    told = verdicts(promising.catalog.slice("probe-home"))
    assert told == {
        "success": "good",
        "failure": "bad",
        "timeout": "bad",
        "crashed": "bad",
        "other": "not counted",
    }


def test_every_promise_comes_with_guidance(promising: Parapet) -> None:
    """A page without a runbook is refused, so each kind brings its own."""
    for one in promising.catalog:
        assert any(one.name in book.slices for book in promising.runbooks), one.name


def test_a_promise_made_twice_is_refused(promising: Parapet) -> None:
    """As everywhere."""
    with pytest.raises(ConfigurationError, match=r"'receipts-submitted' is promised twice, by email_delivery_pack"):
        promising.adopt(email_delivery_pack("receipts"))


@pytest.mark.real
def test_promtool_agrees(promising: Parapet, tmp_path: Path) -> None:
    """Rules over counters are valid, and the generated unit tests pass: silence, outage, recovery, disappearance."""
    if shutil.which("promtool") is None:
        said = "promtool is not installed (Debian: prometheus)"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    write(tmp_path, build(promising.catalog, promising.wiring))
    for command in (("check", "rules", "recording.yml", "alerts.yml"), ("test", "rules", "tests.yml")):
        done = subprocess.run(
            ["promtool", *command], cwd=tmp_path / "prometheus", capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
