"""Every operation of the API."""

from __future__ import annotations

from parapet.core.shapes import Choice, Field, Fields, Instant, Link, Many, Whole, Words
from parapet.incidents.model import ChangeKind
from parapet.web.api import reading, working
from parapet.web.api.acting import ACTING
from parapet.web.api.calls import CALLS
from parapet.web.api.deciding import DECIDING
from parapet.web.api.fields import (
    CHANGES,
    LATER,
    LIMIT,
    LONGEST_REASON,
    OLDER,
    PLACES,
    REASON,
    REASONED,
    SCOPES,
    SEVERITIES,
    SHELVES,
    VERSION,
)
from parapet.web.api.items import ITEMS
from parapet.web.api.ledger import LEDGERS
from parapet.web.api.maintaining import MAINTAINING
from parapet.web.api.operation import NOTHING, Operation
from parapet.web.principal import Action
from parapet.web.routes import Door


def _verb(name: str, word: str, says: str, action: Action, takes: Fields = REASONED, status: int = 200) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path=f"/api/incidents/{{id}}/{word}",
        says=says,
        page=getattr(working, name),
        gives="Incident",
        status=status,
        takes=takes,
        action=action,
        once=True,
    )


def _look(name: str, path: str, says: str, gives: str, takes: Fields = NOTHING) -> Operation:
    return Operation(
        name=name, method="GET", path=path, says=says, page=getattr(reading, name), gives=gives, takes=takes
    )


OPERATIONS = (
    _look("session", "/api/session", "Who is asking, and the token that a browser sends along.", "Session"),
    _look(
        "incidents",
        "/api/incidents",
        "Incidents of one scope: worst first, then oldest; resolved ones latest first.",
        "Incidents",
        Fields(
            name="IncidentsQuery",
            fields={
                "scope": Field(shape=Choice(values=SCOPES), says="Which; `open` without it."),
                "owner": Field(shape=Words(most=128), says="Whose, with scope `mine`; without it, your own."),
                "q": Field(shape=Words(most=200), says="Only what these words, or this number, are found in."),
                **PLACES,
                "limit": LIMIT,
            },
        ),
    ),
    Operation(
        name="declare",
        method="POST",
        path="/api/incidents",
        says="Open an incident that no alert speaks of. A person closes it.",
        page=working.declare,
        gives="Incident",
        status=201,
        takes=Fields(
            name="Declared",
            fields={
                "title": Field(shape=Words(most=200, example="Nobody can pay"), says="What happens.", required=True),
                "severity": Field(
                    shape=SEVERITIES, says="page: somebody is woken; ticket: during the day.", required=True
                ),
                "reason": REASON,
                "slice": Field(shape=Words(most=128), says="The promise it breaks: its alerts will join."),
                "started_at": Field(shape=Instant(), says="When it began; without it, now."),
            },
        ),
        action=Action.DECLARE,
        once=True,
    ),
    _look("incident", "/api/incidents/{id}", "Everything about one incident.", "IncidentFile"),
    _look(
        "chronology",
        "/api/incidents/{id}/chronology",
        "Its entries, in the order in which they were written.",
        "Chronology",
        Fields(
            name="ChronologyQuery",
            fields={**LATER, "limit": LIMIT},
        ),
    ),
    _look(
        "retrospective",
        "/api/incidents/{id}/retrospective",
        "What was learned from it, once it is over.",
        "Retrospective",
    ),
    _verb("acknowledge", "acknowledge", "Take it: you have it now.", Action.ACKNOWLEDGE),
    _verb(
        "note",
        "notes",
        "Write into its chronology, for good.",
        Action.NOTE,
        Fields(
            name="Note",
            fields={
                "version": VERSION,
                "text": Field(shape=Words(most=LONGEST_REASON), says="What you saw or did.", required=True),
            },
        ),
    ),
    _verb(
        "hand_over",
        "hand-over",
        "Give it to somebody, who has to acknowledge it. If people are called for it, they are, at once.",
        Action.HAND_OVER,
        Fields(
            name="HandOver",
            fields={
                "version": VERSION,
                "to": Field(shape=Words(most=128, example="Ben"), says="Who gets it.", required=True),
                "reason": REASON,
            },
        ),
    ),
    _verb("release", "release", "Say that nobody works on it now.", Action.RELEASE),
    _verb(
        "set_severity",
        "severity",
        "Say how bad it is, until an alert that began later is worse.",
        Action.SEVERITY,
        Fields(
            name="SeveritySet",
            fields={
                "version": VERSION,
                "severity": Field(shape=SEVERITIES, says="How bad.", required=True),
                "reason": REASON,
            },
        ),
    ),
    _verb("resolve", "resolve", "Say that it is over.", Action.RESOLVE),
    _verb("reopen", "reopen", "Say that it is not over.", Action.REOPEN),
    _verb(
        "merge",
        "merge",
        "Say that it is part of another one: it ends as superseded, its alerts go along. The other one is answered.",
        Action.MERGE,
        Fields(
            name="Merge",
            fields={
                "version": VERSION,
                "into": Field(shape=Whole(least=1), says="The number of the one that takes it over.", required=True),
                "reason": REASON,
            },
        ),
    ),
    _verb(
        "split",
        "split",
        "Say that some of its alerts are another trouble. The new incident is answered.",
        Action.SPLIT,
        Fields(
            name="Split",
            fields={
                "version": VERSION,
                "alerts": Field(
                    shape=Many(of=Words(most=128)), says="Fingerprints of the alerts that leave.", required=True
                ),
                "title": Field(shape=Words(most=200), says="What the new incident is called.", required=True),
                "reason": REASON,
            },
        ),
        status=201,
    ),
    Operation(
        name="redact",
        method="POST",
        path="/api/incidents/{id}/chronology/{seq}/redact",
        says="Take the words of one entry out, for good; its seal stays, and an entry says who did it and why.",
        page=working.redact,
        gives="Incident",
        takes=REASONED,
        action=Action.REDACT,
    ),
    _look(
        "changes",
        "/api/changes",
        "Changes to the system, newest first, each with the incidents that it lies near.",
        "Changes",
        CHANGES,
    ),
    Operation(
        name="mark_change",
        method="POST",
        path="/api/changes",
        says="Record a change. Sent twice with its time or its id, it is one change. Any API token may.",
        page=working.mark_change,
        gives="Change",
        status=201,
        takes=Fields(
            name="ChangeMarked",
            fields={
                "kind": Field(
                    shape=Choice(values=tuple(kind.value for kind in ChangeKind)), says="`deploy` without it."
                ),
                "version": Field(shape=Words(most=300, example="1.8.2"), says="What went live."),
                "title": Field(shape=Words(most=300), says="In words; needed without a version."),
                "at": Field(shape=Instant(), says="When it took effect; without it, now."),
                "url": Field(shape=Link(), says="Where to read more."),
                "by": Field(shape=Words(most=80), says="Who did it."),
                "id": Field(shape=Words(most=128), says="What the sender calls it, such as the number of a run."),
            },
        ),
        door=Door.MACHINE,
    ),
    _look(
        "audit",
        "/api/audit",
        "Who did, or was refused, what; newest first.",
        "Audit",
        Fields(
            name="AuditQuery",
            fields={
                "target": Field(shape=Words(most=128, example="INC-12"), says="Only what was done to it."),
                "who": Field(shape=Words(most=128), says="Only what they did."),
                **OLDER,
                "limit": LIMIT,
            },
        ),
    ),
    _look(
        "looks",
        "/api/audit/looks",
        "Who opened the page of which incident, by day, the latest first; `kept` says whether this is kept at all.",
        "Looks",
        Fields(
            name="LooksQuery",
            fields={"incident": Field(shape=Whole(least=1), says="Only at this one."), "limit": LIMIT},
        ),
    ),
    _look(
        "verify",
        "/api/audit/verify",
        "Recompute the chains; the first link that does not hold.",
        "Verified",
        Fields(
            name="VerifyQuery",
            fields={
                "incident": Field(shape=Whole(least=1), says="Only this one; without it, all."),
                "checkpoint": Field(shape=Words(most=128), says="What an earlier run said: whether it still holds."),
            },
        ),
    ),
    _look(
        "bodies",
        "/api/inbox",
        "Bodies that were handed in, newest first.",
        "Bodies",
        Fields(
            name="BodiesQuery",
            fields={
                "shelf": Field(shape=Choice(values=SHELVES), says="Which; `waiting` without it."),
                **OLDER,
                "limit": LIMIT,
            },
        ),
    ),
    _look("body", "/api/inbox/{number}", "One body, as it came.", "BodyFile"),
    Operation(
        name="replay",
        method="POST",
        path="/api/inbox/{number}/replay",
        says="Take one body in now that waits, or that was refused and may be an alert to this version.",
        page=working.replay,
        gives="Replayed",
        action=Action.INBOX,
    ),
    Operation(
        name="drop",
        method="POST",
        path="/api/inbox/{number}/drop",
        says="Give one body up: nobody tries it again.",
        page=working.drop,
        gives="Body",
        takes=Fields(name="Drop", fields={"reason": REASON}),
        action=Action.DROP,
    ),
    *ITEMS,
    *ACTING,
    *DECIDING,
    *LEDGERS,
    *CALLS,
    *MAINTAINING,
)
