"""The whole loop without a person: an outage, from its first failed checkout to its retrospective.

    python -m examples.shop.story [--evidence URL] [--keep]

Every stage is read back from the system that has it, within a time limit. Exit status 0 only if all of it happened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from examples.shop.browser import Browser, Page
from examples.shop.load import Load, Rates
from examples.shop.probes import Alert
from examples.shop.receiver import Receiver
from examples.shop.settings import REPOSITORY
from examples.shop.stack import APP, POLL_SECONDS, Stack, StackError, ended_by_signals

from parapet.core.types import IncidentId
from parapet.incidents.model import Incident, IncidentState, Resolution, Severity
from parapet.lessons.retrospective import MomentName, Retrospective
from parapet.ops.look import IncidentFile

REASON = "Rolling back 1.8.2: its tax table is wrong"
OPERATOR = "ana"
WITNESS = "customer20"
QUIET_SECONDS = 10.0
ENOUGH_EVENTS = 20
FAST_PAGE_BURN = 14.4


class StoryFailed(Exception):
    """A stage did not happen. The text says which, what was expected, and what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at a system showed."""

    holds: bool
    """True when it is what the stage expects."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One thing that must happen."""

    title: str
    expected: str
    look: Callable[[], Seen]
    act: Callable[[], None] | None = None
    """Done once, before looking."""
    within_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A stage that happened."""

    title: str
    words: str
    at_seconds: float
    """Since the story began."""
    took_seconds: float


class Story:
    """One outage on one running stack, under load."""

    def __init__(self, stack: Stack, receiver: Receiver, browser: Browser, witness: Browser, load: Load) -> None:
        self.stack = stack
        self.receiver = receiver
        self.browser = browser
        self.witness = witness
        self.load = load
        self.passed: list[Passed] = []
        self._number: IncidentId | None = None

    def tell(self, began: float, say: Callable[[str], None]) -> None:
        """Go through every stage in order; *began* is the monotonic time of the story's beginning.

        Raises:
            StoryFailed: a stage did not happen in its time.
        """
        stages = self.stages()
        for number, stage in enumerate(stages, 1):
            started = monotonic()
            seen = self._see(stage, f"stage {number} of {len(stages)}")
            now = monotonic()
            one = Passed(title=stage.title, words=seen.words, at_seconds=now - began, took_seconds=now - started)
            self.passed.append(one)
            say(f"{one.at_seconds:6.1f} s  {number:2d}/{len(stages)}  {one.title}: {one.words}")

    def _see(self, stage: Stage, place: str) -> Seen:
        if stage.act is not None:
            stage.act()
        until = monotonic() + stage.within_seconds
        pause = threading.Event()
        while True:
            seen = stage.look()
            if seen.holds:
                return seen
            self.stack.check_alive()
            if monotonic() > until:
                raise StoryFailed(
                    f"{place}, “{stage.title}”, did not happen within {stage.within_seconds:g} s.\n"
                    f"  expected: {stage.expected}\n  seen:     {seen.words}\n  logs:     {self.stack.logs}"
                )
            pause.wait(POLL_SECONDS)

    def stages(self) -> tuple[Stage, ...]:
        """The story, in order."""
        return (*self._before(), *self._outage(), *self._response(), *self._after())

    # Each group is a chapter; the looks that they use follow below.

    def _before(self) -> tuple[Stage, ...]:
        return (
            Stage(
                title="the evidence is empty",
                expected="no incident in the database, or the story could not tell its own from others",
                look=lambda: seen(not self._all_incidents(), f"{len(self._all_incidents())} incidents"),
                within_seconds=0,
            ),
            Stage(
                title="journeys are healthy in Prometheus",
                expected=f"login and checkout with {ENOUGH_EVENTS} events or more and no burn",
                look=self._healthy_in_prometheus,
                within_seconds=60,
            ),
            Stage(
                title="journeys are healthy on the workbench",
                expected="Login Good, Checkout Good",
                act=self._sign_in,
                look=lambda: self._on_page("", "Login Good", "Checkout Good"),
            ),
            Stage(
                title="a deploy is marked",
                expected="Deploy 1.8.2 on the page of changes",
                act=lambda: self._mark("--version", "1.8.2"),
                look=lambda: self._on_page("changes", "Deploy 1.8.2"),
            ),
        )

    def _outage(self) -> tuple[Stage, ...]:
        return (
            Stage(
                title="checkout breaks",
                expected="a customer who pays sees status 500",
                act=lambda: self._turn("checkout_down"),
                look=lambda: self._pay(500),
            ),
            Stage(
                title="the burn is recorded in Prometheus",
                expected=f"parapet:slo_burn:current of checkout above {FAST_PAGE_BURN}",
                look=self._burns,
            ),
            Stage(
                title="the alert fires in Prometheus",
                expected="a firing page for the slice checkout",
                look=lambda: self._alert("page", "firing", self.stack.prometheus.firing("checkout")),
            ),
            Stage(
                title="Alertmanager has it",
                expected="an active page for the slice checkout",
                look=lambda: self._alert("page", "active", self.stack.alertmanager.alerts("checkout")),
            ),
            Stage(
                title="an incident is in the database",
                expected="one open incident of shop/checkout, a page",
                look=self._opened,
            ),
            Stage(
                title="the incident is on the workbench",
                expected="in the queue and on its page; checkout burns on the first page, login is good",
                look=self._visible,
            ),
            Stage(
                title="people are told",
                expected="the announcement opened, signed",
                look=lambda: self._told("opened"),
            ),
        )

    def _response(self) -> tuple[Stage, ...]:
        return (
            Stage(
                title="it is acknowledged on its page",
                expected=f"investigating, owned by {OPERATOR}, with the reason in the chronology",
                act=self._acknowledge,
                look=self._acknowledged,
            ),
            Stage(
                title="the rollback is marked",
                expected="Rollback 1.8.1 on the page of changes",
                act=lambda: self._mark("--version", "1.8.1", "--rollback"),
                look=lambda: self._on_page("changes", "Rollback 1.8.1"),
            ),
            Stage(
                title="checkout is repaired",
                expected="a customer who pays gets an order",
                act=lambda: self._turn("none"),
                look=lambda: self._pay(200),
            ),
        )

    def _after(self) -> tuple[Stage, ...]:
        return (
            Stage(
                title="the alerts clear in Prometheus",
                expected="nothing fires for checkout, neither page nor ticket",
                look=self._cleared,
                within_seconds=100,
            ),
            Stage(
                title="the incident is quiet",
                expected="no alert is reported any more; the incident waits before it closes",
                look=self._quiet,
            ),
            Stage(
                title="it resolves by itself",
                expected=f"resolved as reported, {QUIET_SECONDS:g} s of quiet after the last alert or later",
                look=self._resolved,
                within_seconds=QUIET_SECONDS + 20,
            ),
            Stage(
                title="the retrospective can be read",
                expected="times, reason, both changes, the end; as a page and as Markdown",
                look=self._retrospective,
            ),
            Stage(
                title="people were told of every turn",
                expected="opened, acknowledged and resolved, each once, every signature right",
                look=self._all_told,
            ),
            Stage(
                title="it was one story",
                expected="one incident, and no other promise alerted",
                look=self._one_story,
                within_seconds=0,
            ),
        )

    def _all_incidents(self) -> list[Incident]:
        look = self.stack.evidence
        return [*look.queue("open").incidents, *look.queue("resolved").incidents]

    def _healthy_in_prometheus(self) -> Seen:
        words, holds = [], True
        for name in ("login", "checkout"):
            events = self.stack.prometheus.value(f'parapet:slo_events:count_1m{{slice="{name}"}}')
            burn = self.stack.prometheus.value(f'parapet:slo_burn:current{{slice="{name}"}}')
            holds = holds and events is not None and events >= ENOUGH_EVENTS and burn == 0
            words.append(f"{name} {_number(events)} events, burn {_number(burn)}")
        return seen(holds, "; ".join(words))

    def _sign_in(self) -> None:
        password = self.stack.settings.staff_passwords()[OPERATOR]
        self.browser.submit(self.browser.get("/parapet/"), "/login", {"login": OPERATOR, "password": password})

    def _page(self, path: str) -> Page:
        return self.browser.get(f"/parapet/{path}")

    def _on_page(self, path: str, *words: str) -> Seen:
        page = self._page(path)
        missing = [one for one in words if one not in page.words]
        if page.status == 200 and not missing:
            return seen(True, f"“{'”, “'.join(words)}” at {page.url}")
        return seen(False, f"{page.url}, status {page.status}, without “{'”, “'.join(missing)}”")

    def _mark(self, *words: str) -> None:
        self.stack.command("deploy", "mark", "--app", APP, "--by", "pipeline", *words)

    def _turn(self, fault: str) -> None:
        self.browser.post("/admin/fault", {"fault": fault})

    def _pay(self, status: int) -> Seen:
        """What a customer sees who is not part of the load."""
        if not self.witness.cookies:
            self.witness.post("/login", {"login": WITNESS, "password": self.stack.password})
        self.witness.post("/cart", {"product": "1"}, follow=False)
        page = self.witness.post("/checkout", {})
        paid = status != 200 or "is paid" in page.words
        return seen(page.status == status and paid, f"status {page.status} at {page.url}")

    def _burns(self) -> Seen:
        burn = self.stack.prometheus.value('parapet:slo_burn:current{slice="checkout"}')
        return seen(burn is not None and burn > FAST_PAGE_BURN, f"burn {_number(burn)}")

    def _alert(self, severity: str, state: str, alerts: list[Alert]) -> Seen:
        words = ", ".join(f"{one.slice} {one.severity} {one.state}" for one in alerts) or "no alert"
        return seen(any(one.severity == severity and one.state == state for one in alerts), words)

    def _opened(self) -> Seen:
        found = self.stack.evidence.queue("open").incidents
        words = ", ".join(f"{one.ref} {one.key} {one.state} {one.severity}" for one in found) or "none"
        one = found[0] if len(found) == 1 else None
        if one is None or one.key != "shop/checkout" or one.severity is not Severity.PAGE:
            return seen(False, words)
        self._number = one.id
        return seen(one.state is IncidentState.OPEN, words)

    @property
    def number(self) -> IncidentId:
        """The incident of this story."""
        if self._number is None:
            raise StoryFailed("There is no incident yet.")
        return self._number

    @property
    def file(self) -> IncidentFile:
        """All that the database keeps of it."""
        return self.stack.evidence.incident(self.number)

    def _visible(self) -> Seen:
        ref = f"INC-{self.number}"
        for path, words in (
            ("incidents", (ref, "Checkout")),
            (f"incidents/{self.number}", ("Checkout", "Deploy 1.8.2", "Undo the last change")),
            ("", ("Checkout Burning, page", "Login Good", ref)),
        ):
            found = self._on_page(path, *words)
            if not found.holds:
                return found
        return seen(True, f"{ref} in the queue, on its page, and beside its journey")

    def _told(self, announcement: str) -> Seen:
        told = [one for one in self.receiver.received if one.announcement == announcement]
        words = "; ".join(f"{one.text} ({'signed' if one.signed else 'NOT signed'})" for one in told) or "nothing"
        return seen(bool(told) and all(one.signed for one in told), words)

    def _acknowledge(self) -> None:
        page = self._page(f"incidents/{self.number}")
        answer = self.browser.submit(page, f"incidents/{self.number}/acknowledge", {"reason": REASON})
        if answer.status != 200:
            raise StoryFailed(f"The form to acknowledge was answered with status {answer.status}: {answer.words[:300]}")

    def _acknowledged(self) -> Seen:
        one = self.file.incident
        if one.state is not IncidentState.INVESTIGATING or one.owner != OPERATOR:
            return seen(False, f"{one.ref} {one.state}, owner {one.owner}")
        return self._on_page(f"incidents/{self.number}", REASON, "Investigating")

    def _cleared(self) -> Seen:
        firing = self.stack.prometheus.firing("checkout")
        return seen(not firing, ", ".join(f"{one.severity} {one.state}" for one in firing) or "nothing fires")

    def _quiet(self) -> Seen:
        one = self.file.incident
        return seen(one.firing == 0 and one.quiet_since is not None, f"{one.ref} {one.state}, {one.firing} firing")

    def _resolved(self) -> Seen:
        one = self.file.incident
        kept = self.file.retrospective
        if one.resolution is not Resolution.REPORTED or kept is None:
            return seen(False, f"{one.ref} {one.state}, resolution {one.resolution}")
        at = moments(kept)
        quiet = (at[MomentName.RESOLVED] - at[MomentName.QUIET]).total_seconds()
        return seen(quiet >= QUIET_SECONDS, f"{one.ref} {one.state}, {one.resolution} after {quiet:.1f} s of quiet")

    def _retrospective(self) -> Seen:
        path = f"incidents/{self.number}/retrospective"
        needed = ("Deploy 1.8.2", "Rollback 1.8.1", REASON, OPERATOR, "Resolved", "Checkout", "opened", "resolved")
        page = self._on_page(path, *needed)
        return page if not page.holds else self._on_page(f"{path}.md", *needed[:4], "Checkout")

    def _all_told(self) -> Seen:
        told = self.receiver.received
        words = ", ".join(one.announcement for one in told) or "nothing"
        turns = [one.announcement for one in told]
        once = all(turns.count(name) == 1 for name in ("opened", "acknowledged", "resolved"))
        distinct = len({one.delivery for one in told}) == len(told)
        signed = all(one.signed for one in told)
        return seen(once and distinct and signed, f"{words}; {'all signed' if signed else 'NOT all signed'}")

    def _one_story(self) -> Seen:
        incidents = self._all_incidents()
        alerted = self.stack.prometheus.query('count by (slice) (count_over_time(ALERTS{alertstate="firing"}[10m]))')
        slices = sorted(labels["slice"] for labels, _ in alerted)
        words = f"{len(incidents)} incident; alerts of {', '.join(slices)}; {self.load.tally.words()}"
        return seen(len(incidents) == 1 and slices == ["checkout"], words)


def seen(holds: bool, words: str) -> Seen:
    """What a look showed."""
    return Seen(holds=holds, words=words)


def moments(kept: Retrospective) -> dict[MomentName, datetime]:
    """When each of the usual moments was."""
    return {one.name: one.at for one in kept.moments}


def chronology(kept: Retrospective) -> list[str]:
    """The chronology of a retrospective, with the seconds from onset."""
    onset = moments(kept)[MomentName.BEGAN]
    lines = [f"{kept.ref} {kept.title}: {kept.summary}"]
    for line in kept.chronology:
        since = (line.occurred_at - onset) / timedelta(seconds=1)
        lines.append(f"  {line.occurred_at:%H:%M:%S} UTC {since:+7.1f} s  {line.text} ({line.actor})")
    return lines


def run(
    *,
    home: Path,
    evidence_url: str | None = None,
    rates: Rates | None = None,
    say: Callable[[str], None] = print,
) -> Story:
    """Tell the story on a stack of its own in the folder *home*, which is stopped at the end and left to be read.

    Raises:
        StoryFailed: a stage did not happen.
        StackError: the stack did not come up, or a part of it died.
    """
    began = monotonic()
    with Receiver() as receiver:
        stack = Stack(home=home, evidence_url=evidence_url, quiet_seconds=QUIET_SECONDS, notify_url=receiver.url)
        with stack:
            receiver.secret = stack.settings.secret("notify-secret") or ""
            say(f"{monotonic() - began:6.1f} s         the stack is up: {', '.join(sorted(stack.running))}")
            pids = stack.running
            with (
                Load(stack.address, stack.password, rates or Rates()) as load,
                Browser(stack.address) as browser,
                Browser(stack.address) as witness,
            ):
                story = Story(stack, receiver, browser, witness, load)
                story.tell(began, say)
            kept = story.file.retrospective
        left = [name for name, pid in pids.items() if _alive(pid)]
        if left:
            raise StoryFailed(f"After the end these still run: {', '.join(left)}.")
    say(f"{monotonic() - began:6.1f} s         the stack is gone; nothing was left running")
    for line in chronology(kept) if kept else ():
        say(line)
    return story


def main() -> int:
    """Tell the story from the command line."""
    parser = argparse.ArgumentParser(description="The whole loop on this machine, without a person.")
    parser.add_argument("--evidence", metavar="URL", help="an empty evidence database, such as postgresql://...")
    parser.add_argument("--home", type=Path, default=REPOSITORY / "var" / "story", help="folder (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folder; after a failure it is kept anyway")
    given = parser.parse_args()
    began = monotonic()
    try:
        with ended_by_signals():
            run(home=given.home, evidence_url=given.evidence)
    except (StoryFailed, StackError) as error:
        print(f"\nThe story did not happen: {error}", file=sys.stderr)
        print(f"Everything it left is in {given.home}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnded early; everything is stopped.", file=sys.stderr)
        return 130
    if given.keep:
        print(f"Databases, logs and generated files: {given.home}")
    else:
        shutil.rmtree(given.home)
    print(f"All of it happened, in {monotonic() - began:.0f} s.")
    return 0


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
