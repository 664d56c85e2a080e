"""What a change of definitions means, in words: two snapshots in, sentences and warnings out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.codec import decode, encode
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY
from parapet.slo.catalog import Catalog
from parapet.slo.diff import Change, Difference, Effect, Kind, compare, in_sentences
from parapet.slo.facts import Snapshot, snapshot_of
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.slice import Slice

OBJECTIVES = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999])


def promises(*slices: Slice) -> Snapshot:
    """A shop that promises *slices*."""
    books = [one.runbook for one in slices if one.runbook]
    return snapshot_of(Catalog(service="shop", slices=slices, runbooks=books))


def login(objective: float = 0.999, **changes: Any) -> Slice:
    """The promise about logins, with some of it changed."""
    (one,) = journey_slices("login", objective=objective, owner="Identity")
    return replace(one, **changes)


def only(difference: Difference) -> Change:
    """The one change there is."""
    (change,) = difference.changes
    return change


def rows(change: Change) -> dict[str, tuple[str, str]]:
    """Subject -> before and after."""
    return {row.subject: (row.before, row.after) for row in change.rows}


def test_nothing_changes_when_nothing_changed() -> None:
    """No sentence, no warning."""
    difference = compare(promises(login()), promises(login()))
    assert (difference.changes, difference.unchanged, in_sentences(difference)) == ((), 1, ())


def test_a_lowered_objective_is_warned_of_with_what_it_does() -> None:
    """Allowed failures a month, the thresholds, the minutes to page, and who is woken later."""
    difference = compare(promises(login(0.999)), promises(login(0.99)))
    change = only(difference)
    assert change.warnings[0].startswith("The objective is lowered from 99.9 % to 99 %. Never lower an objective")
    assert rows(change) == {
        "objective": ("99.9 %", "99 %"),
        "allows a month": (
            "43.2 minutes of total outage, 1,000 bad in a million",
            "7.2 hours of total outage, 10,000 bad in a million",
        ),
        "page if": ("more than 0.6 % fail", "more than 6 % fail"),
        "ticket if": ("more than 0.1 % fail", "more than 1 % fail"),
        "page after errors of": (
            "100 %: 51.8 s, 10 %: 8.64 minutes, 2 %: 43.2 minutes",
            "100 %: 8.64 minutes, 10 %: 3.6 hours, 2 %: never",
        ),
        "ticket after errors of": (
            "100 %: 9.32 minutes, 10 %: 48.2 minutes, 2 %: 3.68 hours",
            "100 %: 48.2 minutes, 10 %: 7.28 hours, 2 %: 36.1 hours",
        ),
    }
    assert in_sentences(difference) == (
        "1 promise is changed: login.",
        "Woken later or less often: Identity, by login.",
    )


def test_a_new_and_a_removed_promise_say_who_is_woken() -> None:
    """What is new wakes somebody; what is gone wakes nobody, which is worth a warning."""
    (checkout,) = journey_slices("checkout", objective=0.99)
    difference = compare(promises(login()), promises(checkout))
    kinds = {change.slice: (change.kind, change.woken) for change in difference.changes}
    assert kinds == {"checkout": (Kind.ADDED, Effect.MORE), "login": (Kind.REMOVED, Effect.LESS)}
    assert [name for name, _ in difference.warnings] == ["login"]
    assert in_sentences(difference)[0] == "1 promise is new: checkout."


def test_the_same_promise_under_another_name_is_renamed() -> None:
    """Its budget begins anew, which nobody expects."""
    change = only(compare(promises(login()), promises(login(name="sign-in"))))
    assert (change.kind, change.slice, change.woken) == (Kind.RENAMED, "sign-in", Effect.NONE)
    assert "It was login" in change.warnings[0]


@pytest.mark.parametrize(
    ("changed", "subject", "warned"),
    [
        ({"severities": (Severity.TICKET,)}, "raises", "does not page any more"),
        ({"period_seconds": 7 * DAY}, "period", None),
        ({"without_tiers": ("page-fast",)}, "windows", None),
        ({"runbook": "https://example.com/other"}, "runbook", None),
        ({"runbook": None, "severities": (Severity.TICKET,)}, "runbook", "no runbook any more"),
        ({"owner": ""}, "owner", "no owner any more"),
        ({"alert_labels": {Severity.PAGE: {"team": "id"}}}, "routing", None),
        ({"group_by": ("journey",)}, "judged by", None),
        ({"title": "Sign in"}, "title", None),
        ({"description": "Other words."}, "means", None),
        ({"fault_plane": "provider"}, "fault plane", None),
    ],
)
def test_whatever_changes_is_told(changed: dict[str, Any], subject: str, warned: str | None) -> None:
    """One row for each thing, and a warning where somebody is told less."""
    change = only(compare(promises(login()), promises(replace(login(), **changed))))
    assert subject in rows(change)
    assert any(warned in text for text in change.warnings) if warned else change.warnings == ()


def test_another_count_under_the_same_name_mixes_two_budgets() -> None:
    """The latency of a promise is moved: the events that were bad yesterday are not today's."""
    slower, faster = (journey_slices("pay", objective=0.9, latency=(limit, 0.9)) for limit in (1.0, 0.5))
    change = only(compare(promises(*slower), promises(*faster)))
    assert rows(change) == {"bad": ("slower than 1 s", "slower than 0.5 s")}
    assert "mixes the two" in change.warnings[0]


@given(old=OBJECTIVES, new=OBJECTIVES)
def test_lowering_never_wakes_more_and_always_warns(old: float, new: float) -> None:
    """And raising never wakes less, and never warns."""
    difference = compare(promises(login(old)), promises(login(new)))
    woken = {change.woken for change in difference.changes}
    assert bool(difference.warnings) == (new < old)
    assert Effect.LESS not in woken if new > old else Effect.MORE not in woken


def test_a_snapshot_survives_json() -> None:
    """What is written is what is compared."""
    snapshot = promises(login(alert_labels={Severity.PAGE: {"team": "id"}}))
    document = encode(snapshot)
    assert isinstance(document, dict)
    assert decode(Snapshot, document) == snapshot
