"""What is kept of an incident: times from event time, changes, actions, doubts; as JSON and as Markdown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parapet.core.errors import MalformedPayload
from parapet.core.types import ALERTMANAGER, Actor, ActorClass
from parapet.incidents.durations import instant_words
from parapet.incidents.model import EntryKind, NewEntry, Resolution, Severity
from parapet.incidents.transitions import resolve
from parapet.lessons.markdown import _plain
from parapet.lessons.retrospective import MomentName, Retrospective, compose, from_json, to_json, to_markdown

if TYPE_CHECKING:
    from tests.lessons.conftest import Night


def composed(night: Night) -> Retrospective:
    last = night.entries[-1].recorded_at
    return compose(night.known, night.entries, night.near(), tuple(night.episodes.values()), now=last)


def clock(retrospective: Retrospective) -> dict[MomentName, str]:
    return {moment.name: f"{moment.at:%H:%M:%S}" for moment in retrospective.moments}


def test_times_are_when_things_happened(night: Night) -> None:
    """Began and quiet by event time, detected and closed by ours, with the durations between them."""
    retrospective = composed(night)
    assert clock(retrospective) == {
        MomentName.BEGAN: "02:13:00",
        MomentName.DETECTED: "02:13:04",
        MomentName.ACKNOWLEDGED: "02:14:40",
        MomentName.QUIET: "02:44:00",
        MomentName.RESOLVED: "02:59:00",
    }
    assert [moment.seconds_since_previous for moment in retrospective.moments] == [None, 4, 96, 1_760, 900]
    assert retrospective.lasted_seconds == 31 * 60
    assert retrospective.fired_seconds == 18 * 60
    assert [
        (f"{span.started_at:%H:%M}", f"{span.ended_at:%H:%M}") for span in retrospective.spans if span.ended_at
    ] == [
        ("02:13", "02:21"),
        ("02:34", "02:44"),
    ]


def test_the_summary_says_it_in_words(night: Night) -> None:
    """The answer first."""
    assert composed(night).summary == (
        "shop, checkout: began 2026-11-12 02:13:00 UTC and lasted 31 min, of which it fired for 18 min. "
        "It fired once more after it had been quiet. Deploy 1.8.2 came 4 min before onset. "
        "Ana had it; it was acknowledged 2 min after detection."
    )


def test_the_chronology_merges_changes_by_when_they_happened(night: Night) -> None:
    """The rollback stands before the second firing although it was recorded after it."""
    lines = composed(night).chronology
    assert [line.text.split(".")[0] for line in lines] == [
        "Deploy 1",
        "Alert fired, incident opened",
        "Told ops: opened",
        "Acknowledged",
        "Not reported any more",
        "Rollback to 1",
        "Fired again after 13 min of quiet",
        "KeyError: tax_lines in the worker",
        "Not reported any more",
        "Resolved: not reported any more, quiet for 15 min",
    ]


def test_what_people_did_is_kept_with_their_reasons(night: Night) -> None:
    """Only people: closing by itself is no action."""
    actions = composed(night).actions
    assert [(action.actor, action.text, action.reason) for action in actions] == [
        ("Ana", "Acknowledged.", "looking"),
        ("Ana", "KeyError: tax_lines in the worker", ""),
    ]


def test_open_questions_and_unknowns_are_stated(night: Night) -> None:
    """It asks what the evidence suggests, and says what the evidence cannot tell."""
    retrospective = composed(night)
    assert retrospective.open_questions == (
        "Did Deploy 1.8.2, 4 min before onset, cause it?",
        "Why did it fire again after it had been quiet?",
    )
    assert retrospective.unknowns == (
        "Whether it is fixed: a cleared alert is not proof.",
        "How many users were hurt: the evidence counts alerts, not people.",
    )
    assert retrospective.resolution is Resolution.REPORTED
    assert retrospective.severity is Severity.PAGE


def test_a_person_who_closes_while_it_fires_leaves_a_doubt(night: Night) -> None:
    """Nobody acknowledged, nobody wrote, it still fires: each is said."""
    night.incident = None
    night.entries.clear()
    night.episodes.clear()
    night.changes.clear()
    night.receive("02:25:00", "02:13")
    ana = Actor(kind=ActorClass.OPERATOR, name="Ana")
    half_past = night.known.started_at.replace(minute=30)
    night.apply(resolve(night.known, actor=ana, reason="known", version=1, now=half_past), "02:30")
    retrospective = composed(night)
    assert retrospective.spans[0].ended_at is None
    assert retrospective.fired_seconds == 17 * 60
    assert "Whether it is over: 1 alert still fired when a person closed it." in retrospective.unknowns
    assert "Could it be detected sooner than 12 min after it began?" in retrospective.open_questions
    assert "What changed before onset? Nothing was recorded." in retrospective.open_questions
    assert "What helped? Nobody wrote a note." in retrospective.open_questions
    assert retrospective.actions[-1].reason == "known"


def test_failed_notifications_are_said(night: Night) -> None:
    """People may not have heard."""
    when = night.entries[-1].recorded_at
    failed = NewEntry(
        kind=EntryKind.NOTIFICATION_FAILED,
        occurred_at=when,
        actor=ALERTMANAGER,
        payload={"channel": "ops", "error": "refused"},
    )
    night.write(failed, "02:59")
    retrospective = composed(night)
    assert [line.text for line in retrospective.notifications] == ["Told ops: opened.", "Could not tell ops. refused"]
    assert "Whether people heard of it in time: one message could not be delivered." in retrospective.unknowns


def test_json_and_back_is_the_same_value(night: Night) -> None:
    """Through real JSON text, as the store keeps it."""
    retrospective = composed(night)
    assert from_json(json.loads(json.dumps(to_json(retrospective)))) == retrospective


def test_json_that_does_not_fit_is_refused_with_the_field(night: Night) -> None:
    """Never guessed."""
    document = to_json(composed(night))
    with pytest.raises(MalformedPayload, match="has format 2; 1 was expected"):
        from_json({**document, "format": 2})
    with pytest.raises(MalformedPayload, match=r"Retrospective\.summary is missing"):
        from_json({name: value for name, value in document.items() if name != "summary"})
    with pytest.raises(MalformedPayload, match=r"lasted_seconds: expected float, got str"):
        from_json({**document, "lasted_seconds": "long"})
    with pytest.raises(MalformedPayload, match=r"moments: expected a list, got NoneType"):
        from_json({**document, "moments": None})
    with pytest.raises(MalformedPayload, match=r"severity: 'loud' is not a valid Severity"):
        from_json({**document, "severity": "loud"})
    with pytest.raises(MalformedPayload, match=r"moments\[0\]: expected an object, got int"):
        from_json({**document, "moments": [1]})


def test_names_from_a_later_version_are_ignored(night: Night) -> None:
    """An older reader reads what it knows."""
    retrospective = composed(night)
    assert from_json({**to_json(retrospective), "weather": "rain"}) == retrospective


def test_markdown_holds_everything_in_a_fixed_order(night: Night) -> None:
    """A document that stands alone."""
    text = to_markdown(composed(night))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# INC-12: Checkout",
        "## Times",
        "## When it fired",
        "## What changed near it",
        "## What people did",
        "## Who was told",
        "## Chronology",
        "## Open questions",
        "## What we do not know",
    ]
    assert "| Acknowledged | 2026-11-12 02:14:40 UTC | 2 min |" in text
    assert "- 02:13:00 UTC to 02:21:00 UTC, 8 min" in text
    assert "- [Deploy 1.8.2](<https://ci.example/1.8.2>), by ci, 4 min before onset (2026-11-12 02:09:12 UTC)" in text
    assert "- 02:31:02 UTC, ci: Rollback to 1.8.1 (recorded 6 min later)" in text
    assert "- 02:14:40 UTC, Ana: Acknowledged. Reason: looking" in text
    assert text.endswith("All times UTC.\n")


def test_hostile_words_cannot_become_markup(night: Night) -> None:
    """Titles and notes come from other systems and from people in a hurry."""
    night.incident = replace(night.known, title="<img src=x onerror=alert(1)> [a](javascript:b) `c`\n# d")
    night.changes[0] = replace(night.changes[0], title="![x](y)", url="javascript:alert(1)")
    text = to_markdown(composed(night))
    assert text.startswith("# INC-12: \\<img src=x onerror=alert(1)\\> \\[a\\](javascript:b) \\`c\\` \\# d\n")
    assert "\\!\\[x\\](y), by ci" in text
    assert "(<javascript" not in text


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=st.text(alphabet=st.sampled_from("ab1 .-+=#<>[]()!|`*_~&\\\n"), max_size=30))
def test_escaped_text_has_no_bare_markup(text: str) -> None:
    """Every character with a meaning in Markdown or HTML stands behind an odd number of backslashes."""
    escaped = _plain(text)
    assert "\n" not in escaped
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>#|~&!]", escaped)
    assert not re.match(r"\d*[-+=.)]", escaped)


def test_an_incident_that_was_never_kept_has_no_retrospective(night: Night) -> None:
    """It needs its number."""
    with pytest.raises(MalformedPayload, match="has no number"):
        compose(replace(night.known, id=None), night.entries, (), (), now=night.known.started_at)


def test_lines_from_another_day_say_their_date(night: Night) -> None:
    """An incident may cross midnight."""
    before = night.known.started_at.replace(day=11)
    assert instant_words(before, beside=night.known.started_at).startswith("2026-11-11")
