"""The one table of states: for each its word, icon, tone and form. Nothing else in the workbench picks a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from parapet.core.types import ActorClass
from parapet.incidents.model import ChangeKind, EntryKind, IncidentState, Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """How a state is shown: all three, always."""

    text: str
    icon: str
    """A symbol of the sprite, without its prefix."""
    tone: str = "none"
    """good, page, ticket, stale, none or accent."""
    form: str = "tint"
    """tint; solid (only Page); plain; unsure (dashed: we do not know)."""


JOURNEY: Mapping[str, Word] = MappingProxyType(
    {
        "good": Word(text="Good", icon="check", tone="good"),
        "burning_page": Word(text="Burning, page", icon="burn", tone="page"),
        "burning_ticket": Word(text="Burning, ticket", icon="burn", tone="ticket"),
        "not_enough_evidence": Word(text="Not enough evidence", icon="few", tone="none", form="unsure"),
        "maintenance": Word(text="In maintenance", icon="clock", tone="none"),
        "stale": Word(text="Stale", icon="stale", tone="stale", form="unsure"),
    }
)
"""By the value of `slo.state.JourneyState`."""

INCIDENT: Mapping[IncidentState, Word] = MappingProxyType(
    {
        IncidentState.OPEN: Word(text="Open", icon="open", tone="none"),
        IncidentState.INVESTIGATING: Word(text="Investigating", icon="look", tone="accent"),
        IncidentState.RESOLVED: Word(text="Resolved", icon="check", tone="good"),
    }
)

SEVERITY: Mapping[Severity, Word] = MappingProxyType(
    {
        Severity.PAGE: Word(text="Page", icon="pageup", tone="page", form="solid"),
        Severity.TICKET: Word(text="Ticket", icon="ticket", tone="ticket"),
    }
)

RESOLUTION: Mapping[Resolution, Word] = MappingProxyType(
    {
        Resolution.REPORTED: Word(text="Reported clear", icon="check", tone="good"),
        Resolution.SIGNAL_LOST: Word(text="Signal lost", icon="stale", tone="stale", form="unsure"),
        Resolution.UNCONFIRMED: Word(text="Unconfirmed", icon="few", tone="none", form="unsure"),
        Resolution.MAINTENANCE: Word(text="By maintenance", icon="clock", tone="none", form="unsure"),
        Resolution.OPERATOR: Word(text="Closed by hand", icon="person", tone="accent"),
        Resolution.SUPERSEDED: Word(text="Superseded", icon="merge", tone="none"),
    }
)

RESOLUTION_MEANS: Mapping[Resolution, str] = MappingProxyType(
    {
        Resolution.REPORTED: "The alert said so, and stayed quiet. That is not proof of a fix.",
        Resolution.SIGNAL_LOST: "We stopped hearing. Nobody knows whether it is fixed.",
        Resolution.UNCONFIRMED: "Twice we looked and the alert was gone, but nothing reported its end.",
        Resolution.MAINTENANCE: "Maintenance silenced the alert. Nobody knows whether it is fixed.",
        Resolution.OPERATOR: "A person closed it, with a reason, perhaps while it still fired.",
        Resolution.SUPERSEDED: "Another incident took it over; the link says which.",
    }
)

CLAIM: Mapping[str, Word] = MappingProxyType(
    {
        "fact": Word(text="Fact", icon="fact", tone=""),
        "hypothesis": Word(text="Hypothesis", icon="think", tone="accent"),
        "recommendation": Word(text="Recommendation", icon="next", tone="accent"),
        "unknown": Word(text="Unknown", icon="unknown", tone="stale"),
    }
)

CHANGE: Mapping[ChangeKind, Word] = MappingProxyType(
    {
        ChangeKind.DEPLOY: Word(text="Deploy", icon="deploy"),
        ChangeKind.ROLLBACK: Word(text="Rollback", icon="undo"),
        ChangeKind.FLAG: Word(text="Flag", icon="flag"),
        ChangeKind.CONFIG: Word(text="Config", icon="doc"),
        ChangeKind.MIGRATION: Word(text="Migration", icon="doc"),
        ChangeKind.AI_MODEL: Word(text="AI model", icon="ai"),
        ChangeKind.PROVIDER: Word(text="Provider", icon="out"),
        ChangeKind.MAINTENANCE: Word(text="Maintenance", icon="clock"),
    }
)

SOURCE: Mapping[ActorClass, Word] = MappingProxyType(
    {
        ActorClass.SYSTEM: Word(text="System", icon="system"),
        ActorClass.OPERATOR: Word(text="Operator", icon="person"),
        ActorClass.AI: Word(text="AI", icon="ai"),
        ActorClass.EXTERNAL: Word(text="Alert", icon="bell"),
        ActorClass.EVIDENCE: Word(text="Evidence", icon="doc"),
    }
)

ENTRY: Mapping[EntryKind, Word] = MappingProxyType(
    {
        EntryKind.OPENED: Word(text="Alert fired, incident opened", icon="bell", tone="page"),
        EntryKind.ALERT_FIRED: Word(text="Another alert fired", icon="bell", tone="page"),
        EntryKind.ALERT_CLEARED: Word(text="One alert is not reported any more", icon="bell", tone=""),
        EntryKind.QUIET: Word(text="Not reported any more", icon="bell", tone="good"),
        EntryKind.REFIRED: Word(text="Fired again", icon="bell", tone="page"),
        EntryKind.FLAPPED: Word(text="Cleared and fired again between two reports", icon="bell", tone=""),
        EntryKind.REOPENED: Word(text="Reopened", icon="bell", tone="page"),
        EntryKind.SEVERITY_CHANGED: Word(text="Severity changed", icon="pageup", tone=""),
        EntryKind.DECLARED: Word(text="Opened by hand", icon="person", tone="page"),
        EntryKind.ACKNOWLEDGED: Word(text="Acknowledged", icon="person", tone=""),
        EntryKind.HANDED_OVER: Word(text="Handed over", icon="person", tone=""),
        EntryKind.RELEASED: Word(text="Given up", icon="person", tone=""),
        EntryKind.ABSORBED: Word(text="Took over another incident", icon="merge", tone=""),
        EntryKind.SPLIT: Word(text="Alerts split off", icon="merge", tone=""),
        EntryKind.NOTED: Word(text="Note", icon="note", tone=""),
        EntryKind.LOST: Word(text="Not listed any more", icon="few", tone=""),
        EntryKind.SILENCED: Word(text="Silenced", icon="bell", tone=""),
        EntryKind.SILENCE_ENDED: Word(text="Silence ended", icon="bell", tone=""),
        EntryKind.SIGNAL_STALE: Word(text="Signal stale", icon="stale", tone="stale"),
        EntryKind.SIGNAL_BACK: Word(text="Signal back", icon="live", tone=""),
        EntryKind.ITEMS_OPENED: Word(text="Action items opened", icon="todo", tone=""),
        EntryKind.ITEM_CLOSED: Word(text="Action item closed", icon="check", tone=""),
        EntryKind.MEASURED: Word(text="Burn kept", icon="doc", tone=""),
        EntryKind.NOT_MEASURED: Word(text="Burn could not be kept", icon="warn", tone=""),
        EntryKind.ACTION_PREVIEWED: Word(text="Previewed", icon="eye", tone=""),
        EntryKind.ACTION_STARTED: Word(text="Action confirmed", icon="shield", tone="accent"),
        EntryKind.ACTION_ENDED: Word(text="Action ended", icon="shield", tone=""),
        EntryKind.ACTION_SETTLED: Word(text="Outcome verified", icon="check", tone=""),
        EntryKind.ACTION_UNDO: Word(text="Taking back", icon="undo", tone=""),
        EntryKind.ACTION_JUDGED: Word(text="Effect", icon="eye", tone=""),
        EntryKind.APPROVAL_ASKED: Word(text="Approval asked", icon="person", tone=""),
        EntryKind.APPROVAL_DECIDED: Word(text="Approval decided", icon="person", tone=""),
        EntryKind.BREAKER_TRIPPED: Word(text="Automatic step off", icon="warn", tone="ticket"),
        EntryKind.REDACTED: Word(text="Words taken out", icon="note", tone=""),
        EntryKind.RESOLVED: Word(text="Resolved", icon="check", tone="good"),
        EntryKind.ESCALATED: Word(text="Called", icon="bell", tone=""),
        EntryKind.ESCALATION: Word(text="Escalation", icon="clock", tone=""),
        EntryKind.MAINTENANCE: Word(text="Maintenance", icon="clock", tone=""),
        EntryKind.NOTIFIED: Word(text="Told", icon="send", tone=""),
        EntryKind.NOTIFICATION_FAILED: Word(text="Could not tell", icon="warn", tone="ticket"),
    }
)
"""An entry's first words and node; page becomes ticket on an incident that never paged."""

DONE: Mapping[str, str] = MappingProxyType(
    {
        "acknowledged": "You have it now. The acknowledgement is in the chronology.",
        "noted": "Note saved.",
        "called": "They are called with the worker's next round.",
        "suppressed": "Nobody is called until then. It goes on by itself.",
        "resumed": "Calling goes on where it stood; how it stands is below.",
        "marked": "Marked. Every incident near it shows it.",
        "maintained": "Saved. Nothing of it counts, and nobody is called, for that time.",
        "maintenance-over": "Saved. It counts again, and people are called.",
        "resolved": "Resolved. The retrospective is ready.",
        "item": "Saved. The action item is closed.",
        "reopened": "It is open again.",
        "handed-over": "Handed over. They have still to take it; whom that calls is in the chronology.",
        "released": "Nobody has it now.",
        "judged": "The severity is changed; it holds until an alert that began later is worse.",
        "merged": "Merged. This incident has its alerts and its story now.",
        "redacted": "The words are gone. That they were said stays, and so does why they went.",
        "split": "Split off. Those alerts belong here from now on.",
        "asked": "Somebody else was asked. Who may decide is told.",
        "decided": "Saved. The decision is in the chronology.",
        "settled": "Saved. The outcome is known now.",
        "zone": "Times are shown so from now on, in this browser.",
        "declared": "It is open, and you opened it. A person closes it.",
        "done": "Taken in.",
        "stored": "It failed again. It waits, and is tried again; the reason is below.",
        "rejected": "It is still no alert; the reason is below.",
        "dropped": "Given up. Nobody tries it again.",
        "already": "That was saved before. Nothing ran twice.",
    }
)
"""What a toast may say; addresses carry only the code."""
