"""One alert over time: from report to report, when it fired and when it did not.

Knows one fingerprint at a time and no incident: which incident an episode belongs to is decided in `intake`.

Every beginning that is reported is an episode, and keeps that beginning. It lasts until the latest end that is
reported of it or of an earlier one, and no longer than until the next beginning; what neither cuts off fires. So
reports may come late, twice and in any order: the episodes that result do not depend on it.
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
    PASSED = "passed"  # its end, of which we never heard that it fires: it was over when we heard of it


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeStep:
    """What a report meant, and what is to be kept."""

    kind: StepKind
    episode: Episode
    """The episode that speaks for it, as it is now; its id is None when it is new."""
    beside: tuple[Episode, ...] = ()
    """Other episodes of the alert that the report made or changed, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A report, and what is known of its alert around the beginning that it tells of."""

    fresh: Episode
    """The report as an episode of its own."""
    before: Episode | None
    """The last one that began before it."""
    same: Episode | None
    """The one that began then."""
    after: Sequence[Episode]
    """Those that began later, oldest first."""
    grace_seconds: float
    listed: bool

    @property
    def begun(self) -> datetime:
        return self.fresh.started_at

    @property
    def heard_at(self) -> datetime:
        return self.fresh.last_heard_at

    @property
    def next(self) -> Episode | None:
        return self.after[0] if self.after else None

    def withdraws(self, end_heard_at: datetime) -> bool:
        """Whether that it fires, as reported here, takes back an end that was heard at *end_heard_at*."""
        if self.next is not None and self.heard_at >= self.next.first_heard_at:
            return False  # it fires again since: this is an old copy
        return self.listed or (self.heard_at - end_heard_at).total_seconds() > self.grace_seconds

    def is_withdrawn(self, of: Episode, ended_at: datetime) -> bool:
        """Whether the end *ended_at*, as reported here, was taken back by what was heard of *of* already.

        What arrived after that, or ended after it, is none that it could take back: a clock that is behind heard of it.
        """
        if of.cleared_heard_at is not None:
            return False
        replayed = of.heard_in is None or self.fresh.heard_in is None or self.fresh.heard_in < of.heard_in
        since = (of.last_heard_at - self.heard_at).total_seconds()
        return replayed and since > self.grace_seconds and ended_at <= of.last_heard_at


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
    line = sorted(known, key=lambda episode: episode.started_at)
    begun = report.started_at
    heard = _Heard(
        fresh=fresh,
        before=next((episode for episode in reversed(line) if episode.started_at < begun), None),
        same=next((episode for episode in line if episode.started_at == begun), None),
        after=[episode for episode in line if episode.started_at > begun],
        grace_seconds=policy.late_duplicate_grace_seconds,
        listed=listed,
    )
    if not report.firing:
        return _cleared(heard, max(report.ended_at or received_at, begun))
    return _fired_again(heard, heard.same) if heard.same is not None else _fired(heard)


def _fired_again(heard: _Heard, same: Episode) -> EpisodeStep:
    """That it fires, of a beginning that is known."""
    told = _told(same, heard.fresh, repeat=True)
    if same.ended_at is None:
        return EpisodeStep(kind=StepKind.REPEAT, episode=told)
    if not heard.withdraws(same.cleared_heard_at or same.last_heard_at):
        return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=told)
    taken_back = replace(told, ended_at=heard.next.started_at if heard.next else None, cleared_heard_at=None)
    kind = StepKind.LATE_DUPLICATE if heard.next else StepKind.UNRESOLVED
    return EpisodeStep(kind=kind, episode=taken_back)


def _fired(heard: _Heard) -> EpisodeStep:
    """That it fires, of a new beginning."""
    fresh, before, after = heard.fresh, heard.before, heard.next
    if before is not None and before.ended_at is None:
        # Its end was never reported: it lies before the new beginning, and that is all we know.
        cut = replace(before, ended_at=heard.begun)
        if heard.heard_at < before.first_heard_at:
            # Received before the earlier beginning was (a replay): two senders, of which this one saw it later.
            known = replace(fresh, incident_id=before.incident_id)
            return EpisodeStep(kind=StepKind.REPEAT, episode=known, beside=(cut,))
        return EpisodeStep(kind=StepKind.HIDDEN_FLAP, episode=fresh, beside=(cut,))
    if before is not None and before.ended_at is not None and heard.begun < before.ended_at:
        inside = replace(
            fresh,
            ended_at=before.ended_at,
            cleared_heard_at=before.cleared_heard_at,
            incident_id=before.incident_id,
        )
        cut = replace(before, ended_at=heard.begun)
        if after is None and before.cleared_heard_at is not None and heard.withdraws(before.cleared_heard_at):
            fires = replace(inside, ended_at=None, cleared_heard_at=None)
            return EpisodeStep(kind=StepKind.UNRESOLVED, episode=fires, beside=(cut,))
        return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=inside, beside=(cut,))
    if after is None:
        return EpisodeStep(kind=StepKind.RECURRENCE if before else StepKind.OPENED, episode=fresh)
    earlier = replace(fresh, ended_at=after.started_at, incident_id=after.incident_id)
    if after.ended_at is not None:
        return EpisodeStep(kind=StepKind.LATE_DUPLICATE, episode=after, beside=(earlier,))
    # Received before anything of the later one (a replay), it ended in between, and we learn it late.
    late = StepKind.HIDDEN_FLAP if heard.heard_at < after.first_heard_at else StepKind.MOVED_EARLIER
    return EpisodeStep(kind=late, episode=after, beside=(earlier,))


def _cleared(heard: _Heard, ended_at: datetime) -> EpisodeStep:
    """That it ended."""
    same, before = heard.same, heard.before
    mine = heard.fresh if same is None else _told(same, heard.fresh, repeat=same.ended_at is not None)
    cut: tuple[Episode, ...] = ()
    if same is None and before is not None and (before.ended_at is None or heard.begun < before.ended_at):
        # What ended began later than what we thought fired: that ended before it, and we did not see when.
        cut = (replace(before, ended_at=heard.begun),)
        until, said_at = before.ended_at, before.cleared_heard_at
        mine = replace(mine, ended_at=until, cleared_heard_at=said_at, incident_id=before.incident_id)
    line = [mine, *heard.after]
    reached = [
        _ended(one, ended_at, heard.heard_at, following)
        for one, following in zip(line, [*heard.after, None], strict=True)
        if (one is mine or one.started_at < ended_at) and not heard.is_withdrawn(one, ended_at)
    ]
    if same is None and not cut and len(reached) == 1:
        return EpisodeStep(kind=StepKind.PASSED, episode=reached[0])
    changed = [*cut, *(reached or [mine])]
    newest = next((one for one in (*reversed(heard.after), same, before) if one is not None), None)
    last = changed[-1]
    fired = newest is not None and newest.ended_at is None
    if fired and newest is not None and last.started_at >= newest.started_at and last.ended_at is not None:
        return EpisodeStep(kind=StepKind.ENDED, episode=last, beside=tuple(changed[:-1]))
    return _better_known(heard, changed, newest)


def _better_known(heard: _Heard, changed: Sequence[Episode], newest: Episode | None) -> EpisodeStep:
    """What an end says of firings that were over, or that are over only in part."""
    same, after = heard.same, heard.next
    mine = next(one for one in changed if one.started_at == heard.begun)
    if same is not None and after is not None and after is newest and after.ended_at is None:
        parted = same.ended_at == after.started_at and mine.ended_at != after.started_at
        if parted and after.first_heard_at <= same.first_heard_at:
            # Two firings that were taken for one, of which two senders saw the beginning: this is the end of the first.
            return EpisodeStep(kind=StepKind.HIDDEN_FLAP, episode=after, beside=(mine,))
    were = {one.started_at: one.ended_at for one in (heard.before, same, *heard.after) if one is not None}
    moved = any(one.started_at not in were or one.ended_at != were[one.started_at] for one in changed)
    others = tuple(one for one in changed if one is not mine)
    return EpisodeStep(kind=StepKind.END_MOVED if moved else StepKind.LATE_DUPLICATE, episode=mine, beside=others)


def _ended(episode: Episode, ended_at: datetime, heard_at: datetime, following: Episode | None) -> Episode:
    """*episode* with an end that was heard at *heard_at*: the later of two, and not after the next beginning."""
    known = episode.ended_at if episode.cleared_heard_at is not None else None
    best = ended_at if known is None else max(known, ended_at)
    return replace(
        episode,
        ended_at=best if following is None else min(best, following.started_at),
        cleared_heard_at=max(episode.cleared_heard_at or heard_at, heard_at),
    )


def _told(episode: Episode, fresh: Episode, *, repeat: bool) -> Episode:
    """*episode* after one more report of its beginning; the text of the newest report wins."""
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
