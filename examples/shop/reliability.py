"""What the shop promises, to whom it answers, and what to do when a promise breaks. Owned by the shop."""

from __future__ import annotations

from datetime import date

from examples.shop.settings import Settings

from parapet import BurnPolicy, IncidentPolicy, Parapet, Runbook, Secrets, Wiring
from parapet.notify.webhook import WebhookChannel
from parapet.response import escalation
from parapet.response.escalation import EscalationPolicy
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation
from parapet.response.runbook import Step
from parapet.slo.burn import HOUR, PAIRS, Severity, pair
from parapet.slo.packs import web_pack

TEAM = "the shop's team"
JOURNEY_ROUTES = ("/login", "/checkout")
"""Promised as journeys, so not again among all pages: one trouble should be one incident."""

DEMO_PAIRS = (PAIRS[0], PAIRS[1], pair(Severity.TICKET, 9 * HOUR, 0.0625))
"""The pages of production, and one ticket that forgets soon enough for a demonstration: the usual ones hold on to a
repaired outage for hours, which even scaled down are minutes of watching."""


def burn(settings: Settings) -> BurnPolicy:
    """The windows of production, or of a demonstration."""
    if settings.burn_scale == 1:
        return BurnPolicy()
    return BurnPolicy(pairs=DEMO_PAIRS).scaled_down(settings.burn_scale)


def wiring(settings: Settings) -> Wiring:
    """Where things live. Everything is asked and told every second or so, because people are watching."""
    return Wiring(
        scrape_targets=(settings.address.removeprefix("http://"),),
        metrics_path="/metrics/",  # a mount ends with a slash; without it every scrape would be redirected once
        metrics_token_file=str((settings.secrets_folder / "metrics-token").resolve()),
        scrape_interval_seconds=1.0,
        evaluation_interval_seconds=1.0,
        webhook_url=f"{settings.address}/parapet/hooks/alertmanager",
        webhook_token_file=str((settings.secrets_folder / "webhook-token").resolve()),
        group_wait_seconds=1.0,
        group_interval_seconds=2.0,
        repeat_interval_seconds=3_600.0,
        workbench_url=f"{settings.address}/parapet",
        prometheus_url=settings.prometheus_url,
    )


def _channels(settings: Settings) -> tuple[WebhookChannel, ...]:
    secret = settings.secret("notify-secret")
    if settings.notify_url is None or secret is None:
        return ()
    return (WebhookChannel(name="ops", url=settings.notify_url, secret=secret),)


def _on_call(settings: Settings) -> Roster:
    """Two take turns of a week; who does not answer within a minute is called again, together with the other one."""
    channels = [one.name for one in _channels(settings)]
    people = tuple(Person(name=name, reach=dict.fromkeys(channels, name)) for name in ("Ana", "Ben"))
    primary = Rotation(
        name="primary", people=("Ana", "Ben"), begins=date(2026, 11, 2), hand_over="Monday 09:00", zone="Europe/Berlin"
    )
    pages = EscalationPolicy(
        name="pages",
        steps=(
            escalation.Step(targets=(escalation.rotation("primary"),)),
            escalation.Step(targets=(escalation.person("Ana"), escalation.person("Ben")), after_seconds=60),
        ),
        repeat_after_seconds=300,
        ack_timeout_seconds=3_600,
    )
    return Roster(people=people, rotations=(primary,), policies=(pages,))


def _known(settings: Settings, name: str) -> tuple[str, ...]:
    value = settings.secret(name)
    return () if value is None else (value,)


settings = Settings.read()

parapet = Parapet(
    service="shop",
    environment="demo",
    owner=TEAM,
    evidence=settings.evidence,
    wiring=wiring(settings),
    secrets=Secrets(
        webhook_tokens=_known(settings, "webhook-token"),
        metrics_tokens=_known(settings, "metrics-token"),
        api_tokens=_known(settings, "api-token"),
        form_key=settings.secret("form-key"),
    ),
    burn=burn(settings),
    incidents=IncidentPolicy(quiet_period_seconds=settings.quiet_seconds, flap_hold_seconds=3 * settings.quiet_seconds),
    channels=_channels(settings),
    on_call=_on_call(settings),
)

login = parapet.journey("login", title="Login", objective=0.999)
checkout = parapet.journey(
    "checkout",
    title="Checkout",
    objective=0.999,
    latency=(1.0, 0.99),
    routes=("POST /checkout",),
    runbook="checkout",
)
parapet.adopt(web_pack(title="Other pages", except_routes=JOURNEY_ROUTES))
parapet.runbook(
    Runbook(
        name="checkout",
        title="Customers cannot pay, or wait too long",
        owner=TEAM,
        slices=("checkout", "checkout-latency"),
        steps=(
            Step(
                title="Undo the last change",
                text="If a deploy or the fault switch lies shortly before onset, undo it first and ask later. Mark the "
                "rollback with `parapet deploy mark --rollback`, so that the chronology shows what helped.",
            ),
            Step(
                title="Ask the payment provider",
                text="Answers with status 503 are the provider's: look at its status page. Answers with status 500 are "
                "ours: the traceback is in the shop's log.",
            ),
            Step(
                title="Pay once yourself",
                text="Sign in, put one thing into the cart, and check out. Look at the order, not only at the page.",
            ),
        ),
        warnings=("Do not charge again by hand: an order that failed late may already be paid.",),
        url="https://example.com/shop/runbooks/checkout",
    )
)
