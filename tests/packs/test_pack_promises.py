"""What packs promise counts what it says: not what users did wrong, what is tried again, or what a list stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.artifacts.judged import EVERY_SLICE, one_of_each_kind, unit_tests_hold
from tests.packs.host import parapet as everything

from parapet import Parapet
from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import Severity
from parapet.slo.burn import BurnPolicy
from parapet.slo.family import own
from parapet.slo.packs import ai_pack, email_delivery_pack, jobs_pack, media_pipeline_pack, notifications_pack, web_pack
from parapet.slo.selector import Selector, equals, none_of, one_of
from parapet.slo.sli import CountedSli, EventRatio, LastSuccess, Raw, families_of
from parapet.slo.slice import Slice

CATALOG = everything.catalog


def verdicts(name: str, label: str = names.OUTCOME) -> dict[str, str]:
    """Value of *label* -> whether a promise calls it good or bad, or does not count it."""
    one = next(one for one in CATALOG.judged if one.name == name)
    assert not isinstance(one.sli, LastSuccess | Raw)
    return judged(one.sli, label)


def judged(sli: CountedSli, label: str) -> dict[str, str]:
    """The same of a measurement."""

    def lets(selector: Selector, value: str) -> bool:
        return all(matcher.of((value,)) for matcher in selector if matcher.label == label)

    total, part = sli.counted.total, sli.counted.part
    values = total.family.labels[label] or ()
    told = {}
    for value in values:
        counted, chosen = lets(total.selector, value), lets(part.selector, value)
        bad = chosen != sli.counted.part_is_good
        told[value] = "not counted" if not counted else "bad" if bad else "good"
    return told


def of(told: dict[str, str], verdict: str) -> set[str]:
    """The values with that verdict."""
    return {value for value, said in told.items() if said == verdict}


def test_accepted_is_not_delivered() -> None:
    """Two promises over two families: neither can be kept by the other's events."""
    for submitted, delivered in (("receipts-submitted", "receipts-delivered"), ("codes-accepted", "codes-confirmed")):
        assert families_of(CATALOG.slice(submitted).sli) != families_of(CATALOG.slice(delivered).sli)
        assert of(verdicts(submitted), "good") == {"provider_accepted"}
        assert of(verdicts(delivered), "good") == {"delivered"}
        assert verdicts(delivered)["provider_accepted"] == "not counted"
        assert of(verdicts(delivered), "bad") == {"failed", "bounced"}


def test_suppressed_is_not_failed() -> None:
    """It is in no promise; a diagnostic watches its share of all that was to be sent."""
    for one in ("receipts-submitted", "receipts-delivered", "codes-accepted", "codes-confirmed"):
        assert verdicts(one)["suppressed"] == "not counted"
        assert verdicts(one)["deferred"] == "not counted"
    assert of(verdicts("receipts-suppressed"), "bad") == {"suppressed"}
    assert of(verdicts("receipts-suppressed"), "good") == {"provider_accepted", "failed"}


def test_retryable_is_not_discarded() -> None:
    """What is tried again burns nothing, of stages and of jobs."""
    assert of(verdicts("videos-completed"), "bad") == {"discarded"}
    assert of(verdicts("videos-completed"), "good") == {"succeeded"}
    jobs = verdicts("jobs-success", names.STATE)
    assert of(jobs, "bad") == {"failed", "discarded"}
    assert of(jobs, "not counted") == {"retried", "revoked", "other"}


def test_a_lost_worker_is_what_became_of_its_job() -> None:
    """It is counted as failed or retried already, and a second time by nobody."""
    assert families_of(CATALOG.slice("jobs-success").sli) == (own(names.JOB_DURATION),)


def test_callback_delay_is_not_backlog() -> None:
    """What is late on the way back, what waits for us, and what runs long are promised over families of their own."""
    metrics = {
        one: families_of(CATALOG.slice(one).sli)[0].name for one in ("videos-queue", "videos-answers", "videos-running")
    }
    assert metrics == {
        "videos-queue": names.ASYNC_BACKLOG,
        "videos-answers": names.ASYNC_CALLBACK,
        "videos-running": names.ASYNC_RUNNING,
    }
    for one in ("receipts-webhooks", "codes-callbacks", "payments-payment-webhooks"):
        assert families_of(CATALOG.slice(one).sli)[0].name == names.DELIVERY_WEBHOOK


def test_what_users_got_wrong_or_left_burns_nothing() -> None:
    """In journeys, and where models work for them; so does what a person denied, or a guardrail refused."""
    assert verdicts("checkout") == {
        "success": "good",
        "failure": "bad",
        "user_error": "not counted",
        "abandoned": "not counted",
        "other": "not counted",
    }
    assert of(verdicts("assistant-tools"), "bad") == {"failed"}
    assert of(verdicts("assistant-tools"), "not counted") == {"user_error", "denied", "abandoned", "other"}
    assert of(verdicts("assistant-guardrails"), "bad") == {"blocked", "crashed"}
    assert verdicts("assistant-guardrails")["refused"] == "not counted"
    assert verdicts("assistant-evaluations")["inconclusive"] == "not counted"


def test_a_4xx_is_not_our_failure_unless_the_slice_says_so() -> None:
    """The web pack calls it a good answer; a slice that does say so counts it."""
    assert verdicts("web-availability", names.STATUS_CLASS)["4xx"] == "good"
    assert of(verdicts("web-availability", names.STATUS_CLASS), "bad") == {"5xx"}
    strict = EventRatio(metric=names.HTTP_DURATION, bad=(one_of(names.STATUS_CLASS, "4xx", "5xx"),))
    assert of(judged(strict, names.STATUS_CLASS), "bad") == {"4xx", "5xx"}


def test_scrapes_are_no_users() -> None:
    """A quiet service is not made healthy by Prometheus asking how it is."""
    for one in ("web-availability", "web-latency"):
        sli = CATALOG.slice(one).sli
        assert not isinstance(sli, LastSuccess | Raw)
        for term in (sli.counted.total, sli.counted.part):
            assert none_of(names.ROUTE, "/metrics", "/metrics/") in term.selector


def test_what_the_database_refuses_is_an_answer() -> None:
    """A constraint that is broken is how programs ask."""
    assert of(verdicts("database-statements"), "bad") == {"failure"}
    assert of(verdicts("database-statements"), "good") == {"success", "refused"}


def test_a_probe_that_cannot_look_is_no_good_news() -> None:
    """Failure, time-out and crash are bad alike, for one probe and for all of them."""
    for one in ("probe-home", "probes"):
        assert of(verdicts(one), "bad") == {"failure", "timeout", "crashed"}


def test_everything_that_can_wake_somebody_has_guidance() -> None:
    """And so has what only explains."""
    for one in CATALOG.judged:
        assert any(one.name in book.slices for book in everything.runbooks), one.name
    for book in everything.runbooks:
        assert book.steps
        assert book.owner == "the shop's team"


def test_a_pack_over_what_nobody_counts_is_refused(shop: Parapet) -> None:
    """With the nearest name there is, or with what there is instead."""
    shop.delivery("receipts", provider="ses", channel="email")
    shop.pipeline("imports", stages=("read", "write"), queue="imports")
    shop.ai("assistant", tools=("search",))
    for pack, says in (
        (email_delivery_pack("reciepts"), r"Did you mean 'receipts'\?"),
        (notifications_pack("receipts"), r"channel is sms or .* nobody counts that: there, channel is email"),
        (media_pipeline_pack("imports"), r"'imports-answers' speaks of parapet_async_callback_total .* counts nothing"),
        (ai_pack("assistant"), r"'assistant-guardrails' .* nobody counts that: it counts nothing yet. Define it, or"),
    ):
        other = Parapet(service="shop")
        other.delivery("receipts", provider="ses", channel="email")
        other.pipeline("imports", stages=("read", "write"), queue="imports")
        other.ai("assistant", tools=("search",))
        other.adopt(pack)
        with pytest.raises(ConfigurationError, match=says):
            _ = other.catalog
    shop.adopt(
        email_delivery_pack("receipts"),
        media_pipeline_pack("imports", answers=None),
        ai_pack("assistant", guardrails=None, evaluations=None),
    )
    assert len(shop.catalog) == 3 + 3 + 2


def test_two_packs_of_exporters_and_routes_can_be_told_apart() -> None:
    """A second web pack beside the first takes another name, and leaves out what is promised elsewhere."""
    pack = web_pack(name="pages", title="Pages", except_routes=("/checkout",), latency=None)
    assert [(one.name, one.runbook, one.trouble_title) for one in pack] == [
        ("pages-availability", "pages-availability", "Pages fail")
    ]
    with pytest.raises(UnknownName):
        pack.but("web-availability", objective=0.9)


def test_jobs_may_be_narrowed_and_watched_by_name(shop: Parapet) -> None:
    """Tasks and queues by selector; those that must run, one by one, by the end of their names."""
    pack = jobs_pack(tasks=("shop.Charge",), queues=("money",), fresh={"shop.reports.Nightly": 26 * 3_600.0})
    assert [one.name for one in pack] == ["jobs-success", "jobs-wait", "jobs-backlog", "jobs-fresh-nightly"]
    assert pack.slices[3].description.endswith("within the last 26 hours.")
    shop.adopt(pack)
    assert len(shop.catalog) == 4
    assert shop.recorder.families.ceilings.admitted(names.TASK) == {"shop.Charge", "shop.reports.Nightly"}


def test_a_slice_of_ones_own_is_adopted_as_it_is(shop: Parapet) -> None:
    """Beside the packs."""
    sli = EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "5xx"),))
    shop.adopt(Slice(name="own", title="Own", sli=sli, objective=0.9, runbook="https://runbooks.example/own"))
    assert [one.name for one in shop.catalog] == ["own"]


@pytest.mark.real
def test_promtool_accepts_and_passes_every_pack(tmp_path: Path) -> None:
    """The rules are valid, every slice has unit tests of its own, and they pass; `make slices` runs those of all.

    What raises tickets only is judged here as if it paged: a ticket is there for six hours and more.
    """
    both = (Severity.PAGE, Severity.TICKET)
    loud = (
        one if Severity.PAGE in one.severities else replace(one, severities=both, objective=0.999) for one in CATALOG
    )
    catalog = replace(CATALOG, burn=BurnPolicy(), slices=CATALOG.slices if EVERY_SLICE else tuple(loud))
    unit_tests_hold(catalog, tmp_path, of=None if EVERY_SLICE else one_of_each_kind(catalog))


def test_no_value_of_a_vocabulary_is_forgotten() -> None:
    """An outcome that is added is either in a promise or left out on purpose: here is the list of those left out."""
    left_out = {
        names.DELIVERY_OUTBOUND: {"attempted", "deferred", "other"},
        names.DELIVERY_FEEDBACK: {"provider_accepted", "deferred", "complained", "suppressed", "other"},
        names.ASYNC_WORK: {"other"},
        names.AI_GUARDRAIL: {"refused", "other"},
        names.AI_TOOL: {"user_error", "denied", "abandoned", "other"},
        names.AI_EVALUATION: {"inconclusive", "other"},
    }
    for metric, expected in left_out.items():
        counted: set[str] = set()
        for one in CATALOG.judged:
            if isinstance(one.sli, EventRatio) and one.sli.metric == metric:
                told = judged(one.sli, names.OUTCOME)
                counted |= of(told, "good") | of(told, "bad")
        assert set(vocabulary.LABELS[metric][names.OUTCOME] or ()) - counted == expected, metric
