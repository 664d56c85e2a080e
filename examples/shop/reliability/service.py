"""Parapet for shop: where its evidence lives, what it is told by, and its secrets.

This package is yours: `parapet install` wrote it once, and never touches what you change.
"""

from __future__ import annotations

from parapet import BurnPolicy, IncidentPolicy, Parapet, Secrets, Wiring
from parapet.slo.burn import HOUR, PAIRS, Severity, pair

from examples.shop.reliability.on_call import TEAM, channels, on_call
from examples.shop.settings import Settings

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
        alertmanager_urls=(settings.alertmanager_url,) if settings.alertmanager_url else (),
    )


settings = Settings.read()


def _secret(name: str) -> tuple[str, ...]:
    value = settings.secret(name)
    return () if value is None else (value,)


parapet = Parapet(
    service="shop",
    environment="demo",
    owner=TEAM,
    evidence=settings.evidence,
    wiring=wiring(settings),
    secrets=Secrets(
        webhook_tokens=_secret("webhook-token"),
        metrics_tokens=_secret("metrics-token"),
        api_tokens=_secret("api-token"),
        form_key=settings.secret("form-key"),
    ),
    burn=burn(settings),
    incidents=IncidentPolicy(quiet_period_seconds=settings.quiet_seconds, flap_hold_seconds=3 * settings.quiet_seconds),
    channels=channels(settings),
    on_call=on_call(settings),
)
