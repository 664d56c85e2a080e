"""One alert over time: from report to report, when it fired and when it did not.

Knows one fingerprint at a time and no incident: which incident an episode belongs to is decided in `intake`.
Reports may come late, twice and in any order; wherever their contents and the times they were received allow it, the
episodes that result do not depend on the order in which they are followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from parapet.incidents.model import Episode, Severity
from parapet.incidents.payload import AlertReport
from parapet.incidents.policy import IncidentPolicy


class StepKind(StrEnum):
    """What one report did to the episodes of its alert."""

    OPENED = "opened"  # the first we hear of this alert
    RECURRENCE = "recurrence"  # it ended before, and fires again
    REPEAT = "repeat"  # still firing, nothing new
    MOVED_EARLIER = "moved_earlier"  # still firing, and began before we thought
    HIDDEN_FLAP = "hidden_flap"  # ended and fired again between two reports
    UNRESOLVED = "unresolved"  # its end was reported, and taken back later
    LATE_DUPLICATE = "late_duplicate"  # an old report, after we know better
    ENDED = "ended"  # not reported any more
    END_MOVED = "end_moved"  # it had ended; now we know better when
    TOMBSTONE = "tombstone"  # its end, but we never heard it fire


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeStep:
    """What a report meant, and what is to be kept."""

    kind: StepKind
    episode: Episode
    """The episode the report is about, as it is now; its id is None when it is new."""
    closed: Episode | None = None
    """The episode before it, when the report says that one ended unseen; its id is None when it is new."""


def follow(
    known: Sequence[Episode],
    report: AlertReport,
    *,
    source: str,
    key: str,
    severity: Severity,
    received_at: datetime,
    policy: IncidentPolicy,
    received_as: int | None = None,
    listed: bool = False,
) -> EpisodeStep:
    """What *report* means, given the *known* episodes of its alert (this source and fingerprint, in any order).

    *key* and *severity* are what the alert's labels mean today. Nothing is read from the clock: *received_at* is when
    the report reached us, by the clock of the node that it reached, and *received_as* its number in the inbox.

    *listed*: Alertmanager was asked after everything that is *known*, and said so: this is no late copy. Of a delivered
    report only the time between it and the end tells that, and two clocks that disagree tell no time.
    """
    line = sorted(known, key=lambda episode: (episode.started_at, episode.ended_at is None))
    fresh = Episode(
        id=None,
        source=source,
        fingerprint=report.fingerprint,
        key=key,
        incident_id=None,
        severity=severity,
        labels=report.labels,
        annotations=report.annotations,
        generator_url=report.generator_url,
        started_at=report.started_at,
        ended_at=None,
        first_heard_at=received_at,
        last_heard_at=received_at,
        heard_in=received_as,
    )
    return _fired(line, fresh, policy, listed) if report.firing else _cleared(line, fresh, report, policy)


def _fired(line: Sequence[Episode], fresh: Episode, policy: IncidentPolicy, listed: bool) -> EpisodeStep:
    begun, heard_at = fresh.started_at, fresh.last_heard_at
    newest = line[-1] if line else None
    if newest is not None and newest.ended_at is None and newest.started_at <= begun:
        if begun <= (newest.restarted_at or newest.started_at):
            return EpisodeStep(kind=StepKind.REPEAT, episode=_heard(newest, fresh, repeat=True))
        if heard_at < newest.first_heard_at:
            # Received before the earlier beginning was (a replay): two senders, of which this one saw it later.
            return EpisodeStep(
                kind=StepKind.REPEAT, episode=replace(_heard(newest, fresh, repeat=True), restarted_at=begun)
            )
        # Its end was never reported: it lies before the new beginning, and that is all we know.
        unseen = _until(newest, begun)
        return EpisodeStep(kind=StepKind.HIDDEN_FLAP, episode=fresh, closed=unseen)
    inside = next((e for e in reversed(line) if _covers(e, begun)), None)
    match = inside or next((e for e in line if e.started_at > begun), None)
    if match is None:
        return EpisodeStep(kind=StepKind.RECURRENCE if line else StepKind.OPENED, episode=fresh)
    if _unseen(match) and begun > match.started_at:
        # We only knew that it ended by then; so it ended before this beginning, which ended by then too.
        between = replace(fresh, ended_at=match.ended_at, incident_id=match.incident_id)
        return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=between, closed=_until(match, begun))
    heard = replace(_heard(match, fresh, repeat=True), started_at=min(match.started_at, begun))
    if begun < match.started_at:
        heard = replace(heard, restarted_at=max(match.started_at, match.restarted_at or match.started_at))
    if match.started_at > begun and heard_at < match.first_heard_at:
        # Received before anything of the later episode (a replay): it ended in between, and we learn it late.
        unseen = replace(fresh, ended_at=match.started_at, incident_id=match.incident_id)
        late = StepKind.HIDDEN_FLAP if match.ended_at is None else StepKind.LATE_DUPLICATE
        return EpisodeStep(kind=late, episode=match, closed=unseen)
    if match.ended_at is None:
        return EpisodeStep(kind=StepKind.MOVED_EARLIER, episode=heard)
    since_cleared = (heard_at - (match.cleared_heard_at or match.last_heard_at)).total_seconds()
    if match is newest and (listed or since_cleared > policy.late_duplicate_grace_seconds):
        taken_back = replace(heard, ended_at=None, cleared_heard_at=None)
        return EpisodeStep(kind=StepKind.UNRESOLVED, episode=taken_back)
    return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=heard)


def _cleared(line: Sequence[Episode], fresh: Episode, report: AlertReport, policy: IncidentPolicy) -> EpisodeStep:
    begun, heard_at = fresh.started_at, fresh.last_heard_at
    ended_at = max(report.ended_at or heard_at, begun)
    newest = line[-1] if line else None
    if newest is not None and newest.ended_at is None and (newest.started_at == begun or newest.started_at < ended_at):
        return _ended(line, newest, fresh, ended_at, policy)
    match = _overlapping(line, begun, ended_at)
    if match is None:
        return EpisodeStep(
            kind=StepKind.TOMBSTONE, episode=replace(fresh, ended_at=ended_at, cleared_heard_at=heard_at)
        )
    if _unseen(match) and begun > match.started_at and match.ended_at is not None:
        between = replace(
            fresh,
            ended_at=min(ended_at, match.ended_at),
            cleared_heard_at=heard_at,
            incident_id=match.incident_id,
        )
        return EpisodeStep(kind=StepKind.END_MOVED, episode=between, closed=_until(match, begun))
    if match.restarted_at is not None and begun == match.started_at and ended_at <= match.restarted_at:
        # Two firings that were taken for one, of which two senders saw the beginning: this is the end of the first.
        again = replace(match, id=None, started_at=match.restarted_at, restarted_at=None, repeats=0)
        first = replace(
            _heard(match, fresh, repeat=True), ended_at=ended_at, restarted_at=None, cleared_heard_at=heard_at
        )
        return EpisodeStep(kind=StepKind.END_MOVED, episode=again, closed=first)
    floor, ceiling = _room(line, match)
    known_end = match.ended_at if match.cleared_heard_at is not None else None
    better_end = max(known_end or ended_at, ended_at)
    corrected = replace(
        _heard(match, fresh, repeat=True),
        started_at=min(match.started_at, max(begun, floor or begun)),
        ended_at=better_end if ceiling is None else min(better_end, ceiling),
        cleared_heard_at=max(match.cleared_heard_at or heard_at, heard_at),
    )
    moved = (corrected.started_at, corrected.ended_at) != (match.started_at, match.ended_at)
    return EpisodeStep(kind=StepKind.END_MOVED if moved else StepKind.LATE_DUPLICATE, episode=corrected)


def _ended(
    line: Sequence[Episode], firing: Episode, fresh: Episode, ended_at: datetime, policy: IncidentPolicy
) -> EpisodeStep:
    if fresh.started_at > (firing.restarted_at or firing.started_at):
        # What ended began later than what fired: the firing one ended unseen before that.
        unseen = _until(firing, fresh.started_at)
        later = replace(fresh, ended_at=ended_at, cleared_heard_at=fresh.last_heard_at, incident_id=firing.incident_id)
        return EpisodeStep(kind=StepKind.ENDED, episode=later, closed=unseen)
    floor, _ = _room(line, firing)
    begun = max(fresh.started_at, floor or fresh.started_at)
    over = replace(
        _heard(firing, fresh),
        started_at=min(firing.started_at, begun),
        ended_at=ended_at,
        cleared_heard_at=fresh.last_heard_at,
    )
    if firing.restarted_at is not None and firing.restarted_at >= ended_at:
        # The end belongs to the earlier beginning; what was reported to begin later still fires.
        again = replace(firing, id=None, started_at=firing.restarted_at, restarted_at=None, repeats=0)
        return EpisodeStep(kind=StepKind.HIDDEN_FLAP, episode=again, closed=replace(over, restarted_at=None))
    heard_before = (firing.last_heard_at - fresh.last_heard_at).total_seconds()
    replayed = firing.heard_in is None or fresh.heard_in is None or fresh.heard_in < firing.heard_in
    if replayed and heard_before > policy.late_duplicate_grace_seconds and ended_at <= firing.last_heard_at:
        # Received well before the newest firing report (a replay): that one took this end back already. What arrived
        # after it, or ended after it, is none that it could take back: a clock that is behind heard of it.
        return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=_heard(firing, fresh, repeat=True))
    return EpisodeStep(kind=StepKind.ENDED, episode=over)


def _heard(episode: Episode, fresh: Episode, *, repeat: bool = False) -> Episode:
    """*episode* after one more report; the text of the newest report wins."""
    newer = fresh.last_heard_at >= episode.last_heard_at
    return replace(
        episode,
        key=fresh.key,
        annotations=fresh.annotations if newer else episode.annotations,
        generator_url=fresh.generator_url if newer else episode.generator_url,
        first_heard_at=min(episode.first_heard_at, fresh.first_heard_at),
        last_heard_at=max(episode.last_heard_at, fresh.last_heard_at),
        heard_in=max((one.heard_in for one in (episode, fresh) if one.heard_in is not None), default=None),
        repeats=episode.repeats + (1 if repeat else 0),
    )


def _until(episode: Episode, ended_at: datetime) -> Episode:
    """*episode* when it ended; a later beginning that it was said to have is none of it if that was no earlier."""
    later = episode.restarted_at is not None and episode.restarted_at >= ended_at
    return replace(episode, ended_at=ended_at, restarted_at=None if later else episode.restarted_at)


def _covers(episode: Episode, instant: datetime) -> bool:
    return episode.ended_at is not None and (
        episode.started_at == instant or episode.started_at <= instant < episode.ended_at
    )


def _unseen(episode: Episode) -> bool:
    """Its end was never reported: it ended at `ended_at` or sooner."""
    return episode.ended_at is not None and episode.cleared_heard_at is None


def _overlapping(line: Sequence[Episode], begun: datetime, ended_at: datetime) -> Episode | None:
    """The ended episode that a report of *begun* to *ended_at* speaks of: the same beginning, else the last overlap."""
    ended = [episode for episode in reversed(line) if episode.ended_at is not None]
    same = next((episode for episode in ended if episode.started_at == begun), None)
    return same or next(
        (e for e in ended if e.started_at < ended_at and e.ended_at is not None and begun < e.ended_at), None
    )


def _room(line: Sequence[Episode], episode: Episode) -> tuple[datetime | None, datetime | None]:
    """The end of the episode before *episode* and the beginning of the one after: it may not grow beyond them."""
    place = line.index(episode)
    before = line[place - 1].ended_at if place > 0 else None
    after = line[place + 1].started_at if place + 1 < len(line) else None
    return before, after
