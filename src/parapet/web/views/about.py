"""The page about Parapet itself: does the loop work, what is set, who may come in. No secret is on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from parapet.core.settings import Secrets, Wiring
from parapet.incidents.policy import IncidentPolicy
from parapet.slo.catalog import Catalog
from parapet.web import text
from parapet.web.reads import Sky, Trust
from parapet.web.views.inbox import STATES
from parapet.web.views.trust import Figure, trust_figures, trusted

POLICY: Mapping[str, str] = {
    "quiet_period_seconds": "An incident closes by itself after so much quiet",
    "flap_hold_seconds": "A flapping one after so much",
    "reopen_window_seconds": "A re-fire reopens it within",
    "reconcile_every_seconds": "Alertmanager is asked every",
    "signal_stale_seconds": "The signal is stale after",
    "signal_lost_seconds": "A quiet incident without signal closes after",
    "change_lookback_seconds": "A change is near up to so long before onset",
    "change_lookahead_seconds": "and up to so long after its end",
    "sightings_kept_seconds": "Exact identifiers are kept for",
    "inbox_kept_seconds": "Raw bodies are kept for",
    "changes_kept_seconds": "Changes near no incident are kept for",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRow:
    """One promise, as the code declares it."""

    title: str
    address: str
    """Its page, below the mount."""
    objective: str
    period: str
    budget: str
    """How long everything may fail in a period."""
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, in words."""

    label: str
    value: str
    absent: bool = False
    """True: it is not set, and something stays closed or unknown for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutView:
    """The whole page."""

    headline: str
    tone: str
    problem: str | None
    """Why Prometheus cannot be asked."""
    figures: tuple[Figure, ...]
    shelves: tuple[Figure, ...]
    """What the inbox holds."""
    promises: tuple[PromiseRow, ...]
    policy: tuple[Setting, ...]
    wiring: tuple[Setting, ...]
    doors: tuple[Setting, ...]


def about_view(
    sky: Sky,
    trust: Trust,
    shelves: Mapping[str, int],
    catalog: Catalog,
    policy: IncidentPolicy,
    wiring: Wiring,
    secrets: Secrets,
    *,
    read_only: bool,
    links: Sequence[str],
    channels: int,
    now: datetime,
) -> AboutView:
    """The page as it is *now*; *links*: the titles of the host's links out, *channels*: how many tell people."""
    stale_seconds = policy.signal_stale_seconds
    headline, tone = trusted(sky, trust, now, stale_seconds=stale_seconds)
    return AboutView(
        headline=headline,
        tone=tone,
        problem=text.sentence(text.capped(sky.problem)) if sky.problem else None,
        figures=trust_figures(sky, trust, now, stale_seconds=stale_seconds, channels=channels),
        shelves=tuple(
            Figure(label=STATES[name].text, value=text.counted(number), context=SHELVES.get(name, ""))
            for name, number in shelves.items()
        ),
        promises=tuple(
            PromiseRow(
                title=text.capped(one.title, 80),
                address=f"journeys/{one.name}",
                objective=text.percent(one.objective, digits=3),
                period=text.span(catalog.policy_of(one).period_seconds),
                budget=text.span((1 - one.objective) * catalog.policy_of(one).period_seconds),
                runbook=one.runbook or "none",
            )
            for one in catalog
        ),
        policy=tuple(
            Setting(label=POLICY[field.name], value="Never: its address is not set", absent=True)
            if field.name == "reconcile_every_seconds" and not wiring.alertmanager_urls
            else Setting(label=POLICY[field.name], value=text.span(getattr(policy, field.name)))
            for field in fields(policy)
            if field.name in POLICY
        ),
        wiring=_wiring(wiring, links, read_only=read_only),
        doors=_doors(secrets),
    )


SHELVES: Mapping[str, str] = {
    "waiting": "stored, and not yet taken in",
    "failing": "tried, and tried again",
    "rejected": "cannot be read as alerts",
    "dropped": "given up by a person",
    "done": "taken in",
}


def _wiring(wiring: Wiring, links: Sequence[str], *, read_only: bool) -> tuple[Setting, ...]:
    return (
        _where("Prometheus is asked at", wiring.prometheus_url),
        _where("Alertmanager is asked at", ", ".join(wiring.alertmanager_urls)),
        _where("This workbench is at", wiring.workbench_url),
        Setting(
            label="Links out", value=text.listed([text.capped(one, 40) for one in links]) or "None", absent=not links
        ),
        Setting(label="Read-only switch", value="On: nobody may write" if read_only else "Off"),
    )


def _where(label: str, address: str | None) -> Setting:
    return Setting(label=label, value=text.capped(address, 200) if address else "Nowhere: not set", absent=not address)


def _doors(secrets: Secrets) -> tuple[Setting, ...]:
    """How many secrets each door has; none of them is shown, nor how long it is."""
    counted = (
        ("Alerts may be handed in with", "token", len(secrets.webhook_tokens)),
        ("And must be signed with", "key", len(secrets.signing_keys)),
        ("/metrics is read with", "token", len(secrets.metrics_tokens)),
        ("The API is read with", "token", len(secrets.api_tokens)),
        ("Machines work on incidents with", "token", len(secrets.responder_tokens)),
    )
    return tuple(
        Setting(label=label, value=text.several(count, what) if count else f"No {what}: {shut}", absent=not count)
        for label, what, count in counted
        for shut in ("no signature is asked for" if what == "key" else "closed",)
    )
