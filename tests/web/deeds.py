"""Everything a person can do by a form: where its form stands, what is typed, what others may do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from itertools import count

from starlette.applications import Starlette
from tests.web.conftest import who_is_it
from tests.web.night import NIGHT, ROSTER, Jobs, Post

from parapet import Parapet, Secrets
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.core.vocabulary import Severity
from parapet.response.capability import Capability, Done, Situation, Target
from parapet.response.run import RunState
from parapet.testing import ManualClock, SequentialIds, alert, alertmanager_payload
from parapet.web import workbench

TOM = Actor(kind=ActorClass.OPERATOR, name="Tom")
REASON = "because <i>of this</i>"


class Forms(HTMLParser):
    """The forms of a page that write, as a browser without script would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One more form, or a field of the last one."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and said.get("method") == "post":
            self.forms.append((said["action"], {}))
        named, chosen = said.get("name"), "checked" in said or said.get("type") not in {"checkbox", "radio"}
        if self.forms and tag == "input" and named and chosen and "disabled" not in said:
            self.forms[-1][1].setdefault(named, said.get("value", ""))

    def of(self, action: str) -> dict[str, str] | None:
        """The fields of the form whose address ends so; None: there is none."""
        return next((fields for address, fields in self.forms if address.endswith(action)), None)


class World:
    """A shop where everything can be done."""

    def __init__(self, evidence: str) -> None:
        self.clock = ManualClock(NIGHT)
        self.numbers = count(1)
        self.jobs = Jobs()
        self.parapet = Parapet(
            service="shop",
            environment="test",
            evidence=evidence,
            secrets=Secrets(form_key="form-key-0123456789"),
            channels=(Post("ops"), Post("mail")),
            on_call=ROSTER,
            clock=self.clock,
            ids=SequentialIds(),
        )
        for name in ("checkout", "login", "search", "refunds"):
            self.parapet.journey(name, objective=0.99)
        for name, second in (("retry", None), ("retry-many", 1), ("hang", None)):
            self.parapet.capability(
                Capability(
                    name=name,
                    title=f"{name} dead jobs",
                    preview=self.jobs.preview,
                    execute=self._hangs if name == "hang" else self.jobs.execute,
                    undo=lambda situation, targets: Done(note="Taken off the queue."),
                    inputs={"limit": "2"},
                    second_person_from=second,
                    breaker_limit=1_000,
                )
            )
        self.host = Starlette()
        self.host.mount("/parapet", workbench(self.parapet, authenticate=who_is_it))

    def _hangs(self, situation: Situation, targets: tuple[Target, ...]) -> Done:
        raise ConnectionError("the broker went away")

    def incident(self, alerts: int = 1, title: str = "Trouble") -> IncidentId:
        """A new one, of so many alerts."""
        labels = {"alertname": f"Trouble{next(self.numbers)}", "service": "shop", "severity": "page"}
        fired = [
            alert({**labels, "pod": str(n)}, starts_at=self.clock.now(), annotations={"title": title})
            for n in range(alerts)
        ]
        receipt = self.parapet.inbox.receive(alertmanager_payload(*fired))
        return next(iter(receipt.incident_ids))

    def version(self, number: IncidentId) -> int:
        """As it is now."""
        return self.parapet.look.incident(number).incident.version

    def moved(self, number: IncidentId) -> Callable[[], object]:
        """Tom writes a note."""
        return lambda: self.parapet.operator.note(number, actor=TOM, text="Meanwhile", version=self.version(number))

    def done(self, verb: str) -> int:
        """How often *verb* was done."""
        rows = self.parapet.audit.log(limit=10_000)
        return sum((row["verb"], row["outcome"]) == (verb, "done") for row in rows)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one form stands."""

    page: str
    action: str
    """The end of its address."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What is filled in beside the reason."""
    meanwhile: Callable[[], object] | None = None
    """What somebody else does that makes the form untrue; None: nothing could."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One action."""

    name: str
    arrange: Callable[[World], Place]
    action: str
    """The end of the address that its form is sent to."""
    verb: str
    """As the audit calls it."""
    says: str
    """What is told when it is done."""
    words: str = "reason"
    """The field in which people say why; empty: looking needs no reason."""
    rows: int = 1
    """Lines that the audit has of it."""
    who: str = "Ana:responder"


def on_incident(
    name: str, verb: str, says: str, *, words: str = "reason", before: str = "", alerts: int = 1, **typed: str
) -> Deed:
    """A verb of an incident, from its own page or from the page with the less frequent ones."""

    def arrange(world: World) -> Place:
        number, operator = world.incident(alerts), world.parapet.operator
        if before == "owned":
            operator.acknowledge(number, actor=TOM, reason="mine", version=world.version(number))
        if before == "over":
            operator.resolve(number, actor=TOM, reason="over", version=world.version(number))
        given = dict(typed)
        if name == "merge":
            given["into"] = str(world.incident())
        if name == "split":
            given["alert0"] = world.parapet.look.episodes(number)[0].fingerprint
        here = name in {"acknowledge", "note", "resolve"}
        page = f"incidents/{number}" + ("" if here else "/work")
        return Place(page=page, action=f"/{name}", typed=given, meanwhile=world.moved(number))

    rows = 2 if name in {"merge", "split"} else 1
    return Deed(name=name, arrange=arrange, action=f"/{name}", verb=verb, says=says, words=words, rows=rows)


def redact(world: World) -> Place:
    """An admin takes words out."""
    number = world.incident()
    world.moved(number)()
    seq = world.parapet.look.chronology(number)[-1].seq
    return Place(page=f"incidents/{number}/redact?entry={seq}", action="/redact", meanwhile=world.moved(number))


def declare(world: World) -> Place:
    """Without a promise: nothing but the form itself says that it was sent before."""
    number = next(world.numbers)
    return Place(page="declare", action="declare", typed={"title": f"Trouble {number}", "severity": "page"})


def declare_promised(world: World) -> Place:
    """Somebody else may open one of the same promise."""

    def other() -> object:
        return world.parapet.operator.declare(
            title="The same", severity=Severity.PAGE, actor=TOM, reason="seen", slice_name=name
        )

    name = ("search", "refunds", "login")[next(world.numbers) % 3]
    open_ones = world.parapet.look.queue("open").incidents
    for one in open_ones:
        if one.slice is not None and one.id is not None:
            world.parapet.operator.resolve(one.id, actor=TOM, reason="tidy", version=one.version)
    typed = {"title": "Nobody gets in", "severity": "page", "slice": name}
    return Place(page="declare", action="declare", typed=typed, meanwhile=other)


def escalation(name: str, **typed: str) -> Callable[[World], Place]:
    """People are called, or not."""

    def arrange(world: World) -> Place:
        number, verbs = world.incident(), world.parapet.escalations
        if name == "resume":
            verbs.suppress(number, actor=TOM, reason="asleep", seconds=60)

        def other() -> object:
            if name == "next":
                return verbs.next_now(number, actor=TOM, reason="help")
            return verbs.suppress(number, actor=TOM, reason="a day", seconds=86_400)

        return Place(page=f"incidents/{number}", action=f"/escalation/{name}", typed=typed, meanwhile=other)

    return arrange


def preview(world: World) -> Place:
    """Look at what would happen."""
    previewed(world, "retry")
    return Place(page=f"incidents/{world.incident()}", action="/preview")


def previewed(world: World, capability: str) -> tuple[IncidentId, str]:
    """Somebody looked at what it would do; no earlier run of it waits to be verified."""
    number, actions = world.incident(), world.parapet.actions
    for run in world.parapet.records.runs(capability=capability):
        if run.state is RunState.UNKNOWN:
            actions.settle(run.id or 0, outcome=RunState.FAILED, actor=TOM, reason="looked", version=run.version)
    return number, world.parapet.actions.preview(capability, number, actor=TOM).id


def confirm(capability: str) -> Callable[[World], Place]:
    """Run it."""

    def arrange(world: World) -> Place:
        number, seen = previewed(world, capability)
        return Place(page=f"previews/{seen}", action="/confirm", meanwhile=world.moved(number))

    return arrange


def ask(world: World) -> Place:
    """Ask a second person."""
    number, seen = previewed(world, "retry-many")
    return Place(page=f"previews/{seen}", action="/ask", meanwhile=world.moved(number))


def decide(decision: str) -> Callable[[World], Place]:
    """Be the second person."""

    def arrange(world: World) -> Place:
        _, seen = previewed(world, "retry-many")
        asked = world.parapet.approvals.ask(seen, actor=TOM, reason="must be")
        cem = Actor(kind=ActorClass.OPERATOR, name="Cem")

        def other() -> object:
            return world.parapet.approvals.decide(
                asked.id or 0, approve=False, actor=cem, reason="no", version=asked.version
            )

        return Place(page=f"previews/{seen}", action="/decide", typed={"decision": decision}, meanwhile=other)

    return arrange


def after_run(action: str, capability: str, **typed: str) -> Callable[[World], Place]:
    """What may be done about a run."""

    def arrange(world: World) -> Place:
        _, made = previewed(world, capability)
        seen = world.parapet.actions.standing(made).preview
        run = world.parapet.actions.confirm(made, digest=seen.digest, actor=TOM, reason="go")
        number, version = run.id or 0, run.version

        def other() -> object:
            if action == "undo":
                return world.parapet.undoing.undo(number, actor=TOM, reason="meanwhile", version=version)
            settle = world.parapet.actions.settle
            return settle(number, outcome=RunState.FAILED, actor=TOM, reason="meanwhile", version=version)

        return Place(page=f"runs/{run.id}", action=f"/{action}", typed=typed, meanwhile=other)

    return arrange


def item(action: str) -> Callable[[World], Place]:
    """An object that needs somebody."""

    def arrange(world: World) -> Place:
        verbs = world.parapet.action_items
        one = verbs.open("dead_job", f"job-{next(world.numbers)}", title="Run it", slice_name="checkout")

        def other() -> object:
            return verbs.dismiss(one.id or 0, actor=TOM, reason="nobody", version=one.version)

        return Place(page=f"action-items/{one.id}", action=f"/{action}", meanwhile=other)

    return arrange


def rest(world: World) -> Place:
    """Let something rest, each time an hour later."""
    start = world.clock.now() + timedelta(hours=next(world.numbers))
    typed = {"what": "everything", "minutes": "30", "start": f"{start:%Y-%m-%dT%H:%M}"}

    def other() -> object:
        until = start + timedelta(minutes=10)
        return world.parapet.maintenances.plan("everything", start=start, end=until, actor=TOM, reason="mine")

    return Place(page="maintenance", action="maintenance", typed=typed, meanwhile=other)


def rest_over(world: World) -> Place:
    """End what was planned."""
    start = world.clock.now() + timedelta(hours=next(world.numbers))
    verbs, end = world.parapet.maintenances, start + timedelta(minutes=10)
    number = verbs.plan("everything", start=start, end=end, actor=TOM, reason="mine").number
    action = f"/{number}/end"
    return Place(page="maintenance", action=action, meanwhile=lambda: verbs.end(number, actor=TOM, reason="early"))


def body(action: str) -> Callable[[World], Place]:
    """A body that is no alert."""

    def arrange(world: World) -> Place:
        stored = world.parapet.inbox.store([("events", b'{"sender": "<b>"}')])
        (receipt,) = world.parapet.inbox.take_in(stored)
        number, verbs = receipt.inbox_id, world.parapet.bodies
        drop = lambda: verbs.drop(number, actor=TOM, reason="a test")  # noqa: E731
        return Place(page=f"inbox/{number}", action=f"/{action}", meanwhile=drop)

    return arrange


def mark(world: World) -> Place:
    """Say that something changed: nothing but the form itself says that it was sent before."""
    return Place(page="changes", action="changes", typed={"kind": "config", "version": "b"})


DEEDS = (
    on_incident("acknowledge", "acknowledge", "You have it now"),
    on_incident("note", "note", "Note saved", words="text"),
    on_incident("resolve", "resolve", "Resolved. The retrospective is ready"),
    on_incident("reopen", "reopen", "It is open again", before="over"),
    on_incident("hand-over", "hand_over", "Handed over", to="Ben"),
    on_incident("release", "release", "Nobody has it now", before="owned"),
    on_incident("severity", "set_severity", "The severity is changed"),
    on_incident("merge", "merge", "Merged"),
    on_incident("split", "split", "Split off", alerts=2, title="Another trouble"),
    Deed(name="redact", arrange=redact, action="/redact", verb="redact", says="The words are gone", who="Ada:admin"),
    Deed(name="declare", arrange=declare, action="/declare", verb="declare", says="It is open, and you opened it"),
    Deed(
        name="declare-promised",
        arrange=declare_promised,
        action="/declare",
        verb="declare",
        says="It is open, and you opened it",
    ),
    Deed(
        name="escalate",
        arrange=escalation("next"),
        action="/escalation/next",
        verb="escalation.next",
        says="They are called",
    ),
    Deed(
        name="suppress",
        arrange=escalation("suppress", hours="1"),
        action="/escalation/suppress",
        verb="escalation.suppress",
        says="Nobody is called",
    ),
    Deed(
        name="resume",
        arrange=escalation("resume"),
        action="/escalation/resume",
        verb="escalation.resume",
        says="Calling goes on where it stood",
    ),
    Deed(
        name="preview", arrange=preview, action="/preview", verb="preview", says="Nothing has run yet", words="", rows=1
    ),
    Deed(name="confirm", arrange=confirm("retry"), action="/confirm", verb="confirm", says="2 of 2 are done"),
    Deed(
        name="confirm-unknown",
        arrange=confirm("hang"),
        action="/confirm",
        verb="confirm",
        says="It may have run. Do not run it again",
    ),
    Deed(name="ask", arrange=ask, action="/ask", verb="ask_approval", says="Somebody else was asked"),
    Deed(
        name="approve",
        arrange=decide("approve"),
        action="/decide",
        verb="approve",
        says="The decision is in the chronology",
    ),
    Deed(name="deny", arrange=decide("deny"), action="/decide", verb="deny", says="The decision is in the chronology"),
    Deed(name="undo", arrange=after_run("undo", "retry"), action="/undo", verb="undo", says="Taken back", rows=2),
    Deed(
        name="settle",
        arrange=after_run("settle", "hang", outcome="failed"),
        action="/settle",
        verb="settle",
        says="The outcome is known",
    ),
    Deed(
        name="resolve-item",
        arrange=item("resolve"),
        action="/resolve",
        verb="resolved_item",
        says="The action item is closed",
    ),
    Deed(
        name="dismiss-item",
        arrange=item("dismiss"),
        action="/dismiss",
        verb="dismissed_item",
        says="The action item is closed",
    ),
    Deed(name="mark", arrange=mark, action="/changes", verb="change", says="Every incident near it", words="text"),
    Deed(name="maintain", arrange=rest, action="/maintenance", verb="maintenance.plan", says="Nothing of it counts"),
    Deed(name="end-maintenance", arrange=rest_over, action="/end", verb="maintenance.end", says="It counts again"),
    Deed(
        name="replay",
        arrange=body("replay"),
        action="/replay",
        verb="inbox.replay",
        says="It is still no alert",
        words="",
    ),
    Deed(name="drop", arrange=body("drop"), action="/drop", verb="inbox.drop", says="Given up", who="Ada:admin"),
)
