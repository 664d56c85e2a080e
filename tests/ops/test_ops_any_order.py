"""What people decide while alerts arrive in any order and twice: the same incidents at the end, nothing twice.

On the real store: which incident an alert belongs to after a merge or a split is decided there.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.conftest import ANA
from tests.incidents.whole import COPIED, REPLAYED, Facts, differing, facts

from parapet.core.errors import Refused
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Announcement, Episode, Incident, IncidentState
from parapet.incidents.policy import IncidentPolicy
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.store.chain import first_broken
from parapet.store.schema import incidents as incident_rows
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

    from parapet.store.inbox import Received

SLICES, PODS = ("checkout", "login"), ("1", "2")
NAMES = (*SLICES, "disk")  # the last one is of nobody's slice
PER_NIGHT = re.compile(rf"\b({'|'.join(NAMES)})\.\d{{6}}|(~)\d+|'(fingerprint)': '\w+'")
"""What every night has of its own: the names of its slices, versions in keys, fingerprints."""
MAY_DIFFER = {**REPLAYED, **COPIED, "episode.heard_in": "the numbers of the inbox go on from night to night"}
VERBS = ("merge", "split", "severity", "resolve", "reopen", "declare", "close")
POLICY = IncidentPolicy(flapping_after=1_000)  # how long a flap is held depends on what was seen of it
START = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
_nights = count()

Labels: TypeAlias = dict[str, str]
Span: TypeAlias = tuple[str, datetime, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One alert that is sent, firing or cleared."""

    slice: str
    pod: str
    started_at: datetime
    ended_at: datetime | None
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something a person does; *first* and *second* choose among what there is."""

    name: str
    first: int
    second: int
    at: datetime


@st.composite
def nights(draw: st.DrawFn) -> list[Report | Verb]:
    """What four alerts and one person do in a night, in order."""
    steps: list[Report | Verb] = []
    firing: dict[tuple[str, str], datetime] = {}
    now = START
    for _ in range(draw(st.integers(4, 14))):
        now += timedelta(seconds=draw(st.sampled_from([20, 60, 240, 960, 4_000])))
        name = draw(st.sampled_from(("alert",) * 8 + VERBS))
        if name != "alert":
            steps.append(Verb(name=name, first=draw(st.integers(0, 3)), second=draw(st.integers(0, 3)), at=now))
            continue
        one = (draw(st.sampled_from(NAMES)), draw(st.sampled_from(PODS)))
        began = firing.pop(one, None)
        if began is None:
            firing[one] = now
        steps.append(
            Report(
                slice=one[0], pod=one[1], started_at=began or now, ended_at=None if began is None else now, sent_at=now
            )
        )
    return steps


class Paper:
    """A channel that people would read."""

    name = "paper"

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        return Sent(words="printed")


class Night:
    """Plays one night on the evidence, under slices of its own."""

    def __init__(self, desk: Desk, number: int) -> None:
        self.desk = desk
        self.number = number
        self.desk.clock.set(START)

    def play(self, steps: list[Report | Verb], chance: random.Random | None = None, *, across: bool = False) -> None:
        """Take everything in at once and in order; with *chance* in any order, with copies.

        Before a person does something all that was sent is taken in, or with *across* only some of it.
        """
        waiting: list[Received] = []
        firing: dict[tuple[str, str], Report] = {}
        for step in steps:
            if isinstance(step, Verb):
                self.desk.clock.set(step.at)
                kept = len(waiting) // 2 if across else 0
                self.take_in(waiting[kept:], chance)
                waiting = waiting[:kept]
                self.act(step)
                self.check()
                continue
            self.desk.clock.set(step.sent_at)
            firing[step.slice, step.pod] = step
            bodies = [self.body(step)]
            if chance is not None and chance.random() < 0.4:  # the other peer says what fires beside it, too
                bodies.append(self.body(step, *(one for one in firing.values() if one.ended_at is None)))
            waiting += self.desk.inbox.store([("alertmanager", body) for body in bodies])
            if chance is None:
                self.take_in(waiting, None)
                waiting = []
        self.take_in(waiting, chance)
        self.check()

    def take_in(self, waiting: list[Received], chance: random.Random | None) -> None:
        mixed = list(waiting)
        if chance is not None:
            chance.shuffle(mixed)
        for one in mixed:
            (receipt,) = self.desk.inbox.take_in([one])
            assert receipt.state == "done"

    def body(self, report: Report, *beside: Report) -> bytes:
        told = {(one.slice, one.pod): one for one in (*beside, report)}
        alerts = [self.alert_of(one) for one in told.values()]
        return alertmanager_payload(*alerts, truncated=2 if report.pod == "2" else 0)

    def alert_of(self, report: Report) -> Mapping[str, object]:
        words = {"summary": f"{report.slice} fails in {report.pod}"}
        labels = self.labels(report.slice, report.pod)
        return alert(labels, starts_at=report.started_at, ends_at=report.ended_at, annotations=words)

    def labels(self, name: str, pod: str) -> Labels:
        severity = "page" if pod == "1" else "ticket"
        if name not in SLICES:
            return {"alertname": self.named(name), "severity": severity, "pod": pod}
        return {"alertname": "Burn", "service": "shop", "slice": self.named(name), "severity": severity, "pod": pod}

    def named(self, name: str) -> str:
        return f"{name}.{self.number:06}"

    def act(self, verb: Verb) -> None:
        """Do it, or be refused; then nothing changed."""
        before = self.incidents()
        operator, chosen = self.desk.operator, self.chosen(verb.first)
        if chosen is None or chosen.id is None:
            return
        try:
            match verb.name:
                case "merge":
                    other = self.chosen(verb.second)
                    assert other is not None
                    assert other.id is not None
                    operator.merge(chosen.id, into=other.id, actor=ANA, reason="one cause", version=chosen.version)
                case "split":
                    mine = [one for one in self.episodes() if one.incident_id == chosen.id]
                    alerts = sorted({(self.alert(one), one.fingerprint) for one in mine})
                    some = {alerts[verb.second % len(alerts)][1]} if alerts else set()
                    operator.split(
                        chosen.id,
                        fingerprints=some,
                        title="Apart",
                        actor=ANA,
                        reason="two causes",
                        version=chosen.version,
                    )
                case "severity":
                    severity = list(Severity)[verb.second % len(Severity)]
                    operator.set_severity(
                        chosen.id, severity=severity, actor=ANA, reason="users", version=chosen.version
                    )
                case "resolve":
                    operator.resolve(chosen.id, actor=ANA, reason="over", version=chosen.version)
                case "reopen":
                    operator.reopen(chosen.id, actor=ANA, reason="not over", version=chosen.version)
                case "declare":
                    name = self.named(SLICES[verb.second % 2])
                    operator.declare(title="Calls", severity=Severity.PAGE, actor=ANA, reason="calls", slice_name=name)
                case "close":
                    self.desk.worker.tick()
        except Refused:
            assert self.incidents() == before

    def chosen(self, number: int) -> Incident | None:
        """One of the incidents, the same whatever numbers they got."""
        found = sorted(self.incidents(), key=lambda one: repr(self.about(one)))
        return found[number % len(found)] if found else None

    def incidents(self) -> list[Incident]:
        mine = incident_rows.c.key.like(f"%.{self.number:06}%")
        with self.desk.store.read() as tx:
            return tx.incidents.select(select(incident_rows).where(mine).order_by(incident_rows.c.id))

    def episodes(self) -> list[Episode]:
        alerts = [alert(self.labels(name, pod), starts_at=START) for name in NAMES for pod in PODS]
        with self.desk.store.read() as tx:
            return list(tx.episodes.known("alertmanager", {str(one["fingerprint"]) for one in alerts}, ()))

    def spans(self) -> set[Span]:
        return {(self.alert(one), one.started_at, one.ended_at) for one in self.episodes()}

    def alert(self, episode: Episode) -> str:
        name = episode.labels.get("slice") or episode.labels["alertname"]
        return f"{name.partition('.')[0]}/{episode.labels['pod']}"

    def about(self, incident: Incident) -> tuple[object, ...]:
        """What tells it from the others of its night, in whatever order its alerts arrived."""
        mine = [one for one in self.episodes() if one.incident_id == incident.id]
        return (
            sorted((self.alert(one), str(one.started_at), str(one.ended_at)) for one in mine),
            (incident.slice or "").partition(".")[0],
            incident.declared_by,
            incident.state.value,
            str(incident.started_at),
            str(incident.resolved_at),
        )

    def facts(self) -> Facts:
        """Everything there is to know of this night, to be held against another one."""
        incidents = self.incidents()
        numbers = [one.id for one in incidents if one.id is not None]
        with self.desk.store.read() as tx:
            entries = [entry for number in numbers for entry in tx.entries.of(number)]
            pages = [tx.outbox.page(incident_id=number, state=None, before=None, limit=999) for number in numbers]
        told = [notice.announcement for page in pages for notice in page]
        return facts(incidents, self.episodes(), entries, told, plain=lambda text: PER_NIGHT.sub(r"\1\2\3", text))

    def check(self) -> None:
        """What holds after whatever anybody did."""
        incidents, episodes = {one.id: one for one in self.incidents()}, self.episodes()
        firing = Counter(one.incident_id for one in episodes if one.ended_at is None)
        assert None not in firing, "an alert fires that no incident knows of"
        for number, one in incidents.items():
            assert one.firing == firing[number], one
            assert not (one.firing and one.quiet_since), one
            assert not (one.firing and one.merged_into_id), one
            over = one.state is IncidentState.RESOLVED
            assert over == (one.resolution is not None) == (one.resolved_at is not None), one
            assert over or one.merged_into_id is None, one
        unresolved = [one.key for one in incidents.values() if one.state is not IncidentState.RESOLVED]
        assert len(unresolved) == len(set(unresolved))
        lines: dict[str, list[Episode]] = {}
        for episode in sorted(episodes, key=lambda e: e.started_at):
            lines.setdefault(episode.fingerprint, []).append(episode)
        for line in lines.values():
            assert all(one.ended_at and one.ended_at <= then.started_at for one, then in pairwise(line))

    def check_chronology(self) -> None:
        """Chains are whole, and of what the chronology tells nobody heard twice."""
        for incident in self.incidents():
            assert incident.id is not None
            with self.desk.store.read() as tx:
                entries = tx.entries.of(incident.id)
                notices = tx.outbox.page(incident_id=incident.id, state=None, before=None, limit=999)
            told = Counter(one.announcement for one in notices)
            assert first_broken(entries) is None
            kinds = Counter(entry.kind.value for entry in entries)
            assert kinds["opened"] + kinds["declared"] == 1
            assert told[Announcement.OPENED] <= 1
            assert told[Announcement.RESOLVED] == kinds["resolved"]
            assert told[Announcement.REOPENED] <= kinds["reopened"] <= kinds["resolved"]
            assert told[Announcement.REFIRED] <= kinds["refired"]
            assert told[Announcement.SEVERITY_RAISED] <= kinds["severity_changed"]

    def hear_all_again(self, steps: list[Report | Verb]) -> None:
        """Whoever sends the newest report of each alert once more adds no entry, tells nobody, and opens nothing."""
        newest = {(step.slice, step.pod): step for step in steps if isinstance(step, Report)}
        before = self.facts()
        self.take_in(self.desk.inbox.store([("alertmanager", self.body(one)) for one in newest.values()]), None)
        assert differing(before, self.facts(), COPIED) == {}
        self.check()


def truth(steps: list[Report | Verb]) -> set[Span]:
    """When each alert fired."""
    ends = {(s.slice, s.pod, s.started_at): s.ended_at for s in steps if isinstance(s, Report)}
    return {(f"{name}/{pod}", begun, ended) for (name, pod, begun), ended in ends.items()}


@settings(
    max_examples=15 if os.environ.get("PARAPET_FAULTS") == "all" else 5,
    derandomize=True,
    phases=[Phase.generate],  # a night that fails is short enough to be read
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=nights(), chance=st.randoms(use_true_random=False))
def test_whatever_people_decide_meanwhile(desk: Desk, steps: list[Report | Verb], chance: random.Random) -> None:
    """Between two decisions alerts may come in any order and twice: every alert ends where it ends in order.

    Also when a decision falls between the parts of a storm, each firing is known once, and belongs to an incident.
    """
    check_night(desk.changed(policy=POLICY, channels=[Paper()]), steps, chance)


def check_night(desk: Desk, steps: list[Report | Verb], chance: random.Random) -> None:
    ordered, mixed, torn = (Night(desk, next(_nights)) for _ in range(3))
    ordered.play(steps)
    mixed.play(steps, chance)
    assert differing(ordered.facts(), mixed.facts(), MAY_DIFFER) == {}
    torn.play(steps, chance, across=True)
    for night in (ordered, mixed, torn):
        assert night.spans() == truth(steps)
        assert all(one.incident_id is not None for one in night.episodes())
        night.hear_all_again(steps)
        night.check_chronology()
