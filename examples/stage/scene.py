"""The people and systems of the story: what they do, and how to see what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from examples.stage.browser import Browser, Page
from examples.stage.load import Load
from examples.stage.probes import Alert
from examples.stage.receiver import Receiver
from examples.stage.stack import APP, Stack
from examples.stage.stage import Seen, StoryFailed

from parapet.core import names
from parapet.core.types import IncidentId
from parapet.incidents.model import Incident, IncidentState, Resolution, Severity
from parapet.lessons.retrospective import MomentName, Retrospective

REASON = "Rolling back 1.8.2: its tax table is wrong"
OPERATOR = "ana"
WITNESS = "customer20"
QUIET_SECONDS = 10.0
ENOUGH_EVENTS = 20
FAST_PAGE_BURN = 14.4


@dataclass(slots=True, kw_only=True)
class Scene:
    """One running stack under load, the operator's browser, a customer's, and somebody who is told."""

    stack: Stack
    receiver: Receiver
    load: Load
    operator: Browser
    witness: Browser
    _number: IncidentId | None = None

    def incidents(self) -> list[Incident]:
        """Every incident in the database."""
        look = self.stack.evidence
        return [*look.queue("open").incidents, *look.queue("resolved").incidents]

    def nothing_yet(self) -> Seen:
        """Whether the database knows no incident."""
        found = self.incidents()
        return seen(not found, f"{len(found)} incidents")

    def healthy_in_prometheus(self) -> Seen:
        """Whether login and checkout have enough events, and no burn."""
        words, holds = [], True
        for name in ("login", "checkout"):
            events = self.stack.prometheus.value(f'parapet:slo_events:count_1m{{slice="{name}"}}')
            burn = self.stack.prometheus.value(f'parapet:slo_burn:current{{slice="{name}"}}')
            holds = holds and events is not None and events >= ENOUGH_EVENTS and burn == 0
            words.append(f"{name} {_number(events)} events, burn {_number(burn)}")
        return seen(holds, "; ".join(words))

    def sign_in(self) -> None:
        """Sign in at the shop, sent there by the workbench."""
        password = self.stack.settings.staff_passwords()[OPERATOR]
        self.operator.submit(self.operator.get("/parapet/"), "/login", {"login": OPERATOR, "password": password})

    def _page(self, path: str) -> Page:
        return self.operator.get(f"/parapet/{path}")

    def on_page(self, path: str, *words: str) -> Seen:
        """Whether a page of the workbench shows all of *words*."""
        page = self._page(path)
        missing = [one for one in words if one not in page.words]
        if page.status == 200 and not missing:
            return seen(True, f"“{'”, “'.join(words)}” at {page.url}")
        return seen(False, f"{page.url}, status {page.status}, without “{'”, “'.join(missing)}”")

    def mark(self, *words: str) -> None:
        """Mark a change from the command line, as a pipeline does."""
        self.stack.command("deploy", "mark", "--app", APP, "--by", "pipeline", *words)

    def turn(self, fault: str) -> None:
        """Turn the fault switch."""
        self.operator.post("/admin/fault", {"fault": fault})

    def pay(self, status: int) -> Seen:
        """What a customer sees who is not part of the load."""
        if not self.witness.cookies:
            self.witness.post("/login", {"login": WITNESS, "password": self.stack.password})
        self.witness.post("/cart", {"product": "1"}, follow=False)
        page = self.witness.post("/checkout", {})
        paid = status != 200 or "is paid" in page.words
        return seen(page.status == status and paid, f"status {page.status} at {page.url}")

    def burns(self) -> Seen:
        """Whether checkout burns fast enough to page."""
        burn = self.stack.prometheus.value('parapet:slo_burn:current{slice="checkout"}')
        return seen(burn is not None and burn > FAST_PAGE_BURN, f"burn {_number(burn)}")

    def alert(self, severity: str, state: str, alerts: list[Alert]) -> Seen:
        """Whether one of *alerts* has this severity and state."""
        words = ", ".join(f"{one.slice} {one.severity} {one.state}" for one in alerts) or "no alert"
        return seen(any(one.severity == severity and one.state == state for one in alerts), words)

    def opened(self) -> Seen:
        """Whether the incident is in the database, and the only one."""
        found = self.stack.evidence.queue("open").incidents
        words = ", ".join(f"{one.ref} {one.key} {one.state} {one.severity}" for one in found) or "none"
        one = found[0] if len(found) == 1 else None
        if one is None or one.key != "shop/checkout" or one.severity is not Severity.PAGE:
            return seen(False, words)
        self._number = one.id
        return seen(one.state is IncidentState.OPEN, words)

    @property
    def number(self) -> IncidentId:
        """The incident of this story.

        Raises:
            StoryFailed: it did not open yet.
        """
        if self._number is None:
            raise StoryFailed("There is no incident yet.")
        return self._number

    @property
    def incident(self) -> Incident:
        """It, as the database keeps it."""
        return self.stack.evidence.standing(self.number)

    @property
    def kept(self) -> Retrospective | None:
        """What is remembered of it, once it is over."""
        if self.incident.state is not IncidentState.RESOLVED:
            return None
        return self.stack.evidence.retrospective(self.number)

    def visible(self) -> Seen:
        """Whether the workbench shows it wherever a person looks."""
        ref = f"INC-{self.number}"
        for path, words in (
            ("incidents", (ref, "Checkout")),
            (f"incidents/{self.number}", ("Checkout", "Deploy 1.8.2", "Undo the last change")),
            ("", ("Checkout Burning, page", "Login Good", ref)),
        ):
            found = self.on_page(path, *words)
            if not found.holds:
                return found
        return seen(True, f"{ref} in the queue, on its page, and beside its journey")

    def told(self, *announcements: str) -> Seen:
        """Whether announcements arrived, signed."""
        told = [one for one in self.receiver.received if one.announcement in announcements]
        words = "; ".join(f"{one.text} ({'signed' if one.signed else 'NOT signed'})" for one in told) or "nothing"
        arrived = {one.announcement for one in told} == set(announcements)
        return seen(arrived and all(one.signed for one in told), words)

    def acknowledge(self) -> None:
        """Take the incident through the form on its page, as a browser does.

        Raises:
            StoryFailed: the form was refused.
        """
        page = self._page(f"incidents/{self.number}")
        answer = self.operator.submit(page, f"incidents/{self.number}/acknowledge", {"reason": REASON})
        if answer.status != 200:
            raise StoryFailed(f"The form to acknowledge was answered with status {answer.status}: {answer.words[:300]}")

    def acknowledged(self) -> Seen:
        """Whether the database and the page know who has it, and why."""
        one = self.incident
        if one.state is not IncidentState.INVESTIGATING or one.owner != OPERATOR:
            return seen(False, f"{one.ref} {one.state}, owner {one.owner}")
        return self.on_page(f"incidents/{self.number}", REASON, "Investigating")

    def cleared(self) -> Seen:
        """Whether nothing fires for checkout any more."""
        firing = self.stack.prometheus.firing("checkout")
        return seen(not firing, ", ".join(f"{one.severity} {one.state}" for one in firing) or "nothing fires")

    def quiet(self) -> Seen:
        """Whether the incident waits before it closes."""
        one = self.incident
        return seen(one.firing == 0 and one.quiet_since is not None, f"{one.ref} {one.state}, {one.firing} firing")

    def resolved(self) -> Seen:
        """Whether it closed by itself, and not too early."""
        one = self.incident
        kept = self.kept
        if one.resolution is not Resolution.REPORTED or kept is None:
            return seen(False, f"{one.ref} {one.state}, resolution {one.resolution}")
        at = moments(kept)
        quiet = (at[MomentName.RESOLVED] - at[MomentName.QUIET]).total_seconds()
        return seen(quiet >= QUIET_SECONDS, f"{one.ref} {one.state}, {one.resolution} after {quiet:.1f} s of quiet")

    def retrospective(self) -> Seen:
        """Whether its memory is complete."""
        path = f"incidents/{self.number}/retrospective"
        needed = ("Deploy 1.8.2", "Rollback 1.8.1", REASON, OPERATOR, "Resolved", "Checkout", "opened", "resolved")
        page = self.on_page(path, *needed)
        return page if not page.holds else self.on_page(f"{path}.md", *needed[:4], "Checkout")

    def all_told(self) -> Seen:
        """Whether people heard of every turn once."""
        told = self.receiver.received
        words = ", ".join(one.announcement for one in told) or "nothing"
        turns = [one.announcement for one in told]
        once = all(turns.count(name) == 1 for name in ("opened", "acknowledged", "resolved"))
        distinct = len({one.delivery for one in told}) == len(told)
        signed = all(one.signed for one in told)
        return seen(once and distinct and signed, f"{words}; {'all signed' if signed else 'NOT all signed'}")

    def one_story(self) -> Seen:
        """Whether all of it was one incident of one promise."""
        incidents = self.incidents()
        others = f'ALERTS{{alertstate="firing",alertname!="{names.ALERT_WATCHDOG}"}}'
        alerted = self.stack.prometheus.query(f"count by (slice) (count_over_time({others}[10m]))")
        slices = sorted(labels.get("slice", "none") for labels, _ in alerted)
        words = f"{len(incidents)} incident; alerts of {', '.join(slices)}; {self.load.tally.words()}"
        return seen(len(incidents) == 1 and slices == ["checkout"], words)


def seen(holds: bool, words: str) -> Seen:
    """What a look showed."""
    return Seen(holds=holds, words=words)


def moments(kept: Retrospective) -> dict[MomentName, datetime]:
    """When each of the usual moments was."""
    return {one.name: one.at for one in kept.moments}


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
