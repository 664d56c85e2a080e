"""Not listed is not resolved, unreachable is not empty, and a silence is evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.incidents.test_regroup import episode
from tests.incidents.test_transitions import AT, FIRING, NOW

from parapet.core.errors import MalformedPayload
from parapet.incidents.absence import compare, stale
from parapet.incidents.listing import Listed, Silence, alerts_listed, silences_listed
from parapet.incidents.model import EntryKind, Episode, IncidentState, Resolution, Severity
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import settle

POLICY = IncidentPolicy()
LATER = NOW + timedelta(seconds=60)


def listing(*episodes: Episode, silence: str = "") -> dict[str, Listed]:
    """What an Alertmanager lists."""
    alerts = [
        {
            "fingerprint": one.fingerprint,
            "labels": dict(one.labels),
            "annotations": {},
            "startsAt": one.started_at.isoformat(),
            "endsAt": LATER.isoformat(),
            "updatedAt": NOW.isoformat(),
            "status": {"state": "active", "silencedBy": [silence] if silence else [], "inhibitedBy": []},
            "receivers": [{"name": "parapet-shop"}],
        }
        for one in episodes
    ]
    return {one.report.fingerprint: one for one in alerts_listed(json.dumps(alerts).encode())}


def look(episodes: list[Episode], listed: dict[str, Listed], now: datetime) -> tuple[list[Episode], list[EntryKind]]:
    """The episodes after one look, and what was written down."""
    silence = Silence(id="s1", created_by="tom", comment="moving house", ends_at=LATER)
    found = compare(FIRING, episodes, listed, {"s1": silence}, now=now, policy=POLICY)
    changed = {one.fingerprint: one for one in found.episodes}
    entries = found.decision.entries if found.decision else ()
    return [changed.get(one.fingerprint, one) for one in episodes], [entry.kind for entry in entries]


def test_one_absence_is_nothing_two_are_an_unconfirmed_end() -> None:
    """It ends when it was first missed; nothing says that it was reported."""
    once, said = look([episode("a")], {}, NOW)
    assert (once[0].absent_since, once[0].ended_at, said) == (NOW, None, [])
    soon, said = look(once, {}, NOW + timedelta(seconds=30))
    assert (soon[0].ended_at, said) == (None, [])
    twice, said = look(once, {}, LATER)
    assert (twice[0].ended_at, twice[0].cleared_heard_at) == (NOW, None)
    assert said == [EntryKind.LOST]


def test_an_alert_that_is_listed_again_was_never_gone() -> None:
    """A peer that had just started, for instance."""
    once, _ = look([episode("a")], {}, NOW)
    again, said = look(once, listing(once[0]), LATER)
    assert (again[0].absent_since, said) == (None, [])


def test_the_last_lost_alert_begins_a_quiet_that_ends_unconfirmed() -> None:
    """Not mixed up with an end that was reported; with others still firing it is no quiet at all."""
    missed = [replace(episode(name), absent_since=NOW) for name in ("a", "b")]
    both = compare(FIRING, missed, {}, {}, now=LATER, policy=POLICY).decision
    assert both is not None
    assert (both.incident.firing, both.incident.quiet_since, both.incident.ends_unconfirmed) == (0, NOW, True)
    closed = settle(both.incident, now=NOW + timedelta(hours=1), policy=POLICY)
    assert closed is not None
    assert closed.incident.resolution is Resolution.UNCONFIRMED
    one = compare(FIRING, missed, listing(missed[1]), {}, now=LATER, policy=POLICY).decision
    assert one is not None
    assert (one.incident.firing, one.incident.severity, one.incident.quiet_since) == (1, Severity.TICKET, None)


def test_a_silence_is_written_down_with_who_and_why() -> None:
    """Once when it begins, once when it ends; it is no absence."""
    held, said = look([episode("a"), episode("b")], listing(episode("a"), episode("b"), silence="s1"), NOW)
    assert said == [EntryKind.SILENCED]
    assert [one.silenced_by for one in held] == ["s1", "s1"]
    still, said = look(held, listing(*held, silence="s1"), LATER)
    assert said == []
    _, said = look(still, listing(*held), LATER)
    assert said == [EntryKind.SILENCE_ENDED]


def test_while_the_signal_is_stale_quiet_closes_nothing() -> None:
    """It is said once on each open incident, and once when it is back; after hours it closes as signal lost."""
    quiet = replace(FIRING, firing=0, quiet_since=AT)
    heard = AT + timedelta(minutes=1)
    assert stale(quiet, heard_at=heard, now=heard + timedelta(minutes=5), policy=POLICY) is None
    marked = stale(quiet, heard_at=heard, now=heard + timedelta(minutes=6), policy=POLICY)
    assert marked is not None
    assert marked.entries[0].kind is EntryKind.SIGNAL_STALE
    gone = marked.incident
    assert stale(gone, heard_at=heard, now=heard + timedelta(hours=1), policy=POLICY) is None
    assert settle(gone, now=AT + timedelta(hours=5), policy=POLICY) is None
    lost = settle(gone, now=AT + timedelta(hours=7), policy=POLICY)
    assert lost is not None
    assert lost.incident.resolution is Resolution.SIGNAL_LOST
    back = stale(gone, heard_at=AT + timedelta(hours=1), now=AT + timedelta(hours=1), policy=POLICY)
    assert back is not None
    assert (back.entries[0].kind, back.incident.signal_stale_since) == (EntryKind.SIGNAL_BACK, None)
    assert stale(replace(quiet, state=IncidentState.RESOLVED), heard_at=heard, now=LATER, policy=POLICY) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"fingerprint": "a"}]', b"[" * 100_000])
def test_what_is_no_list_of_alerts_is_refused(body: bytes) -> None:
    """A proxy's page, for instance: it has said nothing."""
    with pytest.raises(MalformedPayload):
        alerts_listed(body)


@pytest.mark.parametrize("body", [b"[1]", b'[{"id": 1}]', b'[{"id": "s", "endsAt": "soon"}]'])
def test_what_is_no_list_of_silences_is_refused(body: bytes) -> None:
    """The same for silences."""
    with pytest.raises(MalformedPayload):
        silences_listed(body)
