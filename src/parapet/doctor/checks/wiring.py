"""Wiring: addresses and times that Prometheus, Alertmanager and people are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade

LONGEST_WAIT_SECONDS = 60.0
LONGEST_INTERVAL_SECONDS = 300.0
LONGEST_REPEAT_SECONDS = 86_400.0
LONGEST_SCRAPE_SECONDS = 60.0


@check(
    "PD401",
    Grade.WARN,
    "An address leaves encryption behind",
    why="Tokens, alerts and names of people travel readable through a network.",
    fix="Use https in Wiring.",
)
def plain_addresses(facts: Facts) -> Iterator[Found]:
    """http to another machine that is not in a private network."""
    for name, address in _addresses(facts):
        parts = urlsplit(address)
        if parts.scheme == "http" and not _private(parts.hostname or ""):
            yield Found(what=f"{name} is {address}.")


@check(
    "PD402",
    Grade.ERROR,
    "An address is none",
    why="Links lead nowhere, and nobody can be asked.",
    fix="Write it whole, such as https://shop.example.com/parapet.",
)
def no_address(facts: Facts) -> Iterator[Found]:
    """Neither http nor https, or without a host."""
    for name, address in _addresses(facts):
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            yield Found(what=f"{name} is {address!r}.")


@check(
    "PD403",
    Grade.ERROR,
    "An address carries a password",
    why="It is written into links, logs and generated files.",
    fix="Give the credentials apart, in Secrets: alertmanager_, prometheus_ or grafana_credentials.",
)
def password_in_address(facts: Facts) -> Iterator[Found]:
    """user:password@ in it."""
    for name, address in _addresses(facts):
        if urlsplit(address).password is not None:
            yield Found(what=f"{name} holds a password.")


@check(
    "PD404",
    Grade.WARN,
    "Links lead to the reader's own machine",
    why="Whoever is told at night follows a link to 127.0.0.1, and finds nothing.",
    fix="Say Wiring(workbench_url='https://...'), as people reach it.",
)
def own_machine(facts: Facts) -> Iterator[Found]:
    """People are told, in production, with an address of loopback."""
    app = facts.app
    near = _loopback(urlsplit(app.wiring.workbench_url).hostname or "")
    if near and app.channels and app.environment == "production":
        yield Found(what=f"workbench_url is {app.wiring.workbench_url}, and {len(app.channels)} channels tell it.")


@check(
    "PD405",
    Grade.WARN,
    "The address of the workbench ends with a slash",
    why="Links to incidents get two slashes, which many proxies refuse.",
    fix="Leave the slash out.",
)
def slash(facts: Facts) -> Iterator[Found]:
    """One too many."""
    if facts.app.wiring.workbench_url.endswith("/"):
        yield Found(what=f"workbench_url is {facts.app.wiring.workbench_url}")


@check(
    "PD406",
    Grade.ERROR,
    "A scrape target is no target",
    why="Prometheus refuses the whole configuration.",
    fix="Write host:port, without a scheme and without a path.",
)
def no_target(facts: Facts) -> Iterator[Found]:
    """An address where host:port is expected."""
    for target in (*facts.app.wiring.scrape_targets, *facts.app.wiring.port_targets):
        if "/" in target or ":" not in target:
            yield Found(what=f"{target!r} is among the targets.")


@check(
    "PD407",
    Grade.ERROR,
    "A target is scraped twice",
    why="Its events count twice, and so do its failures.",
    fix="Name each target once in Wiring.",
)
def twice(facts: Facts) -> Iterator[Found]:
    """The same target twice."""
    wiring = facts.app.wiring
    for target, times in Counter((*wiring.scrape_targets, *wiring.port_targets)).items():
        if times > 1:
            yield Found(what=f"{target} is named {times} times.")


@check(
    "PD408",
    Grade.WARN,
    "Alertmanager waits long before it tells of a page",
    why="Every second of it is added to every page.",
    fix="Wiring(group_wait_seconds=10)",
)
def long_wait(facts: Facts) -> Iterator[Found]:
    """Of a group that is new."""
    if facts.app.wiring.group_wait_seconds > LONGEST_WAIT_SECONDS:
        yield Found(what=f"group_wait_seconds is {facts.app.wiring.group_wait_seconds:g}.")


@check(
    "PD409",
    Grade.WARN,
    "Alertmanager tells late of what changed",
    why="That it got worse, or is over, is heard that much later; what was refused is tried again only then.",
    fix="Wiring(group_interval_seconds=60)",
)
def long_interval(facts: Facts) -> Iterator[Found]:
    """Of a group that was told of before."""
    if facts.app.wiring.group_interval_seconds > LONGEST_INTERVAL_SECONDS:
        yield Found(what=f"group_interval_seconds is {facts.app.wiring.group_interval_seconds:g}.")


@check(
    "PD410",
    Grade.WARN,
    "Alertmanager repeats at a strange pace",
    why="Less than group_interval is no use; more than a day, and what was lost stays lost.",
    fix="Wiring(repeat_interval_seconds=14_400)",
)
def repeats(facts: Facts) -> Iterator[Found]:
    """Shorter than a group's interval, or longer than a day."""
    wiring = facts.app.wiring
    if not wiring.group_interval_seconds <= wiring.repeat_interval_seconds <= LONGEST_REPEAT_SECONDS:
        yield Found(
            what=f"repeat_interval_seconds is {wiring.repeat_interval_seconds:g}, group_interval_seconds "
            f"{wiring.group_interval_seconds:g}."
        )


@check(
    "PD411",
    Grade.WARN,
    "Signals are read seldom",
    why="A page cannot come sooner than two scrapes after the trouble began.",
    fix="Wiring(scrape_interval_seconds=15)",
)
def seldom(facts: Facts) -> Iterator[Found]:
    """Less than once a minute."""
    if facts.app.wiring.scrape_interval_seconds > LONGEST_SCRAPE_SECONDS:
        yield Found(what=f"scrape_interval_seconds is {facts.app.wiring.scrape_interval_seconds:g}.")


@check(
    "PD412",
    Grade.ERROR,
    "Alertmanager is told another address than where the webhook is",
    why="Every delivery gets 404, and no incident opens.",
    fix="Make the path of Wiring.webhook_url that of the mount, and /hooks/alertmanager below it.",
)
def elsewhere(facts: Facts) -> Iterator[Found]:
    """Compared with where the workbench is mounted."""
    door = getattr(facts.host, "door", lambda kind: None)("workbench")
    told = urlsplit(facts.app.wiring.webhook_url).path
    if door is not None and not told.endswith(f"{door.path}/hooks/alertmanager"):
        yield Found(what=f"webhook_url says {told}; the workbench is mounted at {door.path}.")


@check(
    "PD413",
    Grade.WARN,
    "Prometheus is told another path than where the signals are",
    why="The target is down, or every scrape is redirected once.",
    fix="Make Wiring.metrics_path the path of the route; a mount ends with a slash.",
)
def other_path(facts: Facts) -> Iterator[Found]:
    """A stranger who asks there hears of something else than a token."""
    host = facts.host
    door = getattr(host, "door", lambda kind: None)("metrics")
    if door is not None and (answer := host.ask("GET", facts.app.wiring.metrics_path)) is not None and not answer.ours:  # type: ignore[union-attr]
        yield Found(
            what=f"{facts.app.wiring.metrics_path} answers {answer.status}; the signals are mounted at {door.path}."
        )


@check(
    "PD414",
    Grade.ERROR,
    "Two channels have the same name",
    why="One of them is never told anything.",
    fix="Give each channel its own name.",
)
def same_channels(facts: Facts) -> Iterator[Found]:
    """The later one takes the place of the earlier one."""
    for name, times in Counter(channel.name for channel in facts.app.channels).items():
        if times > 1:
            yield Found(what=f"{times} channels are named {name!r}.")


@check(
    "PD415",
    Grade.WARN,
    "An incident closes before Alertmanager had a chance to say that it goes on",
    why="One trouble becomes many incidents, each announced.",
    fix="IncidentPolicy(quiet_period_seconds=...) must be longer than Wiring.group_interval_seconds.",
)
def short_quiet(facts: Facts) -> Iterator[Found]:
    """A quiet period that is shorter than a group's interval."""
    quiet, interval = facts.app.incidents.quiet_period_seconds, facts.app.wiring.group_interval_seconds
    if quiet < interval:
        yield Found(what=f"quiet_period_seconds is {quiet:g}, group_interval_seconds {interval:g}.")


@check(
    "PD416",
    Grade.WARN,
    "The watchdog is missed too soon or too late",
    why="It comes each minute. Sooner, every hiccup marks incidents stale; later, a dead Prometheus looks like peace.",
    fix="IncidentPolicy(signal_stale_seconds=300)",
)
def watchdog(facts: Facts) -> Iterator[Found]:
    """Under two minutes, or over an hour."""
    seconds = facts.app.incidents.signal_stale_seconds
    if not 120 <= seconds <= 3_600:
        yield Found(what=f"signal_stale_seconds is {seconds:g}.")


@check(
    "PD417",
    Grade.WARN,
    "A re-fire opens a new incident almost at once",
    why="What comes back after a few minutes is the same trouble; its history is then spread over many incidents.",
    fix="IncidentPolicy(reopen_window_seconds=3_600)",
)
def short_reopen(facts: Facts) -> Iterator[Found]:
    """A reopen window under five minutes."""
    if facts.app.incidents.reopen_window_seconds < 300:
        yield Found(what=f"reopen_window_seconds is {facts.app.incidents.reopen_window_seconds:g}.")


@check(
    "PD418",
    Grade.WARN,
    "Exact identifiers are kept very long",
    why="They point at people. Two weeks answer the questions of an incident.",
    fix="IncidentPolicy(sightings_kept_seconds=14 * 86_400)",
)
def retention(facts: Facts) -> Iterator[Found]:
    """More than 90 days."""
    days = facts.app.incidents.sightings_kept_seconds / 86_400
    if days > 90:
        yield Found(what=f"sightings_kept_seconds is {days:.0f} days.")


def _addresses(facts: Facts) -> Iterator[tuple[str, str]]:
    wiring = facts.app.wiring
    yield "workbench_url", wiring.workbench_url
    yield "webhook_url", wiring.webhook_url
    if wiring.prometheus_url is not None:
        yield "prometheus_url", wiring.prometheus_url
    if wiring.grafana_url is not None:
        yield "grafana_url", wiring.grafana_url
    yield from (("alertmanager_urls", url) for url in wiring.alertmanager_urls)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _private(host: str) -> bool:
    """A machine beside us, by its address, or by a name that only a network of its own knows."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".svc", ".cluster.local", ".lan", ".test"))
