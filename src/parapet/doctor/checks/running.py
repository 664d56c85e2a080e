"""What runs: the worker, the database's clock, the doors as they are reached from outside, channels, dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from parapet.doctor.check import check, skipped
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade

LATE_BEAT_SECONDS = 60.0
MOST_SKEW_SECONDS = 5.0


@check(
    "PDC01",
    Grade.ERROR,
    "The worker is not alive",
    why="Nothing is delivered, quiet incidents never close, and probes do not run.",
    fix="Start `parapet worker --app {app}`, or see why it stopped.",
    live=True,
)
def dead_worker(facts: Facts) -> Iterator[Found]:
    """No sign of life for a minute."""
    evidence = facts.evidence
    if evidence is None or evidence.problem or evidence.newer or evidence.pending:
        return
    if evidence.beat_at is None:
        yield Found(what="None has ever given a sign of life.")
    elif (age := (facts.now - evidence.beat_at).total_seconds()) > LATE_BEAT_SECONDS:
        yield Found(what=f"The last sign of life is {age:.0f} s old.")


@check(
    "PDC02",
    Grade.WARN,
    "The clocks of the database and of this machine differ",
    why="Leases expire too soon or too late, and the order of a chronology is wrong by as much.",
    fix="Let both follow a time server: timedatectl set-ntp true",
    live=True,
)
def database_clock(facts: Facts) -> Iterator[Found]:
    """By more than five seconds."""
    skew = facts.evidence.skew_seconds if facts.evidence else None
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        yield Found(what=f"Its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}.")


@check(
    "PDC03",
    Grade.ERROR,
    "The webhook cannot be reached where Alertmanager is told it is",
    why="No delivery arrives, and no incident opens.",
    fix="Make Wiring.webhook_url the address as Alertmanager's machine reaches it.",
    live=True,
)
def webhook(facts: Facts) -> Iterator[Found]:
    """Asked without a token, it must refuse, and be ours."""
    status = facts.reached.get("webhook")
    if isinstance(status, str):
        yield Found(what=status)
    elif status is not None and status != 401:
        yield Found(what=f"{facts.app.wiring.webhook_url} answers {status} without a token, expected 401.")


@check(
    "PDC04",
    Grade.ERROR,
    "The workbench cannot be reached where links lead",
    why="Whoever is told at night follows a link, and finds nothing.",
    fix="Make Wiring.workbench_url the address as people reach it.",
    live=True,
)
def workbench(facts: Facts) -> Iterator[Found]:
    """Asked without a session: a refusal or a login; open, or missing, is wrong."""
    status = facts.reached.get("workbench")
    if isinstance(status, str):
        yield Found(what=status)
    elif status is not None and (status == 404 or 200 <= status < 300 or status >= 500):
        yield Found(what=f"{facts.app.wiring.workbench_url}/ answers {status} to a stranger.")


@check(
    "PDC05",
    Grade.ERROR,
    "/metrics answers a stranger, or not at all",
    why="Open, it tells your volumes and failures to everybody; closed for all, nothing is judged.",
    fix="Secrets(metrics_tokens=...), and the same in the file that Wiring.metrics_token_file names.",
    live=True,
)
def metrics(facts: Facts) -> Iterator[Found]:
    """Asked without a token, at the first target."""
    status = facts.reached.get("metrics")
    if isinstance(status, str):
        yield Found(what=status)
    elif status is not None and status not in {401, 403}:
        yield Found(what=f"It answers {status} without a token, expected 401.")


@check(
    "PDC06",
    Grade.ERROR,
    "A channel would not tell anybody",
    why="An incident opens, and nobody hears of it; that is known only then.",
    fix="Correct its credentials or its address where channels= is given, then: parapet doctor --live --only PDC06",
    live=True,
)
def channels(facts: Facts) -> Iterator[Found]:
    """Each is asked so that nobody hears of it: Slack who the token is, a mail server whether it would take a mail."""
    for one in facts.hearings:
        named = f"Channel {one.name!r}"
        told = f"Tell it that this is a test: parapet notify test {one.name} --app {facts.app_spec}"
        if one.problem is not None:
            away = f"See whether this machine reaches it, then: parapet notify test {one.name} --dry-run"
            yield Found(what=f"{named}: {one.problem}", fix=None if one.refused else away)
        elif not one.words:
            yield skipped(f"{named} cannot be asked without telling people: it has no `ask`.", told)
        elif not one.proven:
            yield Found(what=f"{named} was asked as far as it can be: {one.words}.", fix=told, grade=Grade.INFO)


@check(
    "PDC07",
    Grade.ERROR,
    "Grafana shows other dashboards than are defined",
    why="During an incident, a picture of yesterday's promises misleads.",
    fix="Copy {out}/grafana/dashboards into the folder that Grafana is provisioned from.",
    live=True,
)
def dashboards(facts: Facts) -> Iterator[Found]:
    """Asked of Grafana by its API, where Wiring.grafana_url says where it is; otherwise compared in its folder."""
    if facts.picturing is not None:
        for line in facts.picturing.differing:
            yield Found(what=line)
        return
    folder = Path(facts.app.wiring.dashboards_folder)
    wanted = {
        Path(name).name: text
        for name, text in facts.generated.texts.items()
        if name.startswith("grafana/dashboards/") and name.endswith(".json")
    }
    if not wanted:
        return
    if not folder.is_dir():
        way = "Say Wiring(grafana_url=...) and Secrets(grafana_credentials=...), or run the doctor where Grafana runs."
        yield skipped(f"{folder} is not on this machine, and nobody said where Grafana is.", way)
        return
    for name, text in sorted(wanted.items()):
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            yield Found(what=f"{path} is {'another one' if path.is_file() else 'missing'}.")


@check(
    "PDC08",
    Grade.ERROR,
    "Grafana cannot be asked",
    why="Whoever follows a link to a dashboard during an incident gets as far as we do.",
    fix="Check Wiring(grafana_url=...), and Secrets(grafana_credentials=...): the token of a service account.",
    live=True,
)
def grafana(facts: Facts) -> Iterator[Found]:
    """No answer, a database that is not well, or credentials it does not take."""
    if facts.picturing is not None and facts.picturing.problem is not None:
        yield Found(what=facts.picturing.problem)


@check(
    "PDC09",
    Grade.ERROR,
    "No data source of Grafana knows the service",
    why="Every panel of every dashboard is empty.",
    fix="Provision {out}/grafana/provisioning/datasources, or correct the address of the one that is there.",
    live=True,
)
def sources(facts: Facts) -> Iterator[Found]:
    """Each of the kind Prometheus is asked, through Grafana, for the states of the service's promises."""
    seen = facts.picturing
    if seen is None or seen.problem is not None:
        return
    if seen.unseen is not None:
        yield skipped(seen.unseen, "Give the service account the role that may read data sources.")
    elif not seen.sources:
        yield Found(what="It has no data source of the kind Prometheus.")
    elif all(one.problem for one in seen.sources):
        for one in seen.sources:
            yield Found(what=f"{one.name}: {one.problem}.")


@check(
    "PDC10",
    Grade.INFO,
    "No deploy that was marked has arrived",
    why="The first question of every incident is what changed, and a mark that fails is easily passed over.",
    fix="parapet deploy mark --app {app} --version VERSION, by hand and with the environment of your deploy, says why.",
    live=True,
)
def unmarked(facts: Facts) -> Iterator[Found]:
    """A worker is at work, a file says that deploys are marked, and none is on record."""
    evidence = facts.evidence
    if evidence and evidence.beat_at and evidence.deployed_at is None and facts.deployment.marks_deploys:
        yield Found(what="Your files mark deploys; none is on record.")
