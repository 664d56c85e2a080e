"""Prometheus as it runs: whether it reads us, and judges by what is defined now."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check, skipped
from parapet.doctor.checks.processes import READ_THE_WORKER
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.doctor.gathered.watching import Watching

MOST_SKEW_SECONDS = 5.0
LONGEST_RESEND_SECONDS = 120.0
LATE_BEAT_SECONDS = 60.0


@check(
    "PDA01",
    Grade.ERROR,
    "Prometheus does not answer",
    why="Nobody judges the signals, or Parapet cannot show how the promises stand.",
    fix="Check Wiring(prometheus_url=...), and PARAPET_PROMETHEUS_CREDENTIALS where it wants some.",
    live=True,
)
def silent(facts: Facts) -> Iterator[Found]:
    """Asked for its rules, targets and flags."""
    if facts.watching is None:
        yield skipped("Nobody said where Prometheus is.", "Wiring(prometheus_url='http://127.0.0.1:9090')")
    elif facts.watching.problem:
        yield Found(what=facts.watching.problem)


@check(
    "PDA02",
    Grade.WARN,
    "The clocks of Prometheus and of this machine differ",
    why="Windows, onsets and the order of a chronology are then wrong by as much.",
    fix="Let both follow a time server: timedatectl set-ntp true",
    live=True,
)
def clock(facts: Facts) -> Iterator[Found]:
    """By more than five seconds."""
    skew = facts.watching.skew_seconds if facts.watching else None
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        yield Found(what=f"Its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}.")


@check(
    "PDA03",
    Grade.ERROR,
    "Prometheus does not scrape the service",
    why="Every promise is without data.",
    fix="Take in {out}/prometheus/scrape.yml; the job must keep the service's name.",
    live=True,
)
def no_target(facts: Facts) -> Iterator[Found]:
    """No target of the job that rules select by."""
    if (watching := _answering(facts)) is not None and not watching.targets:
        yield Found(what=f"It has no target with job={facts.app.service!r}.")


@check(
    "PDA04",
    Grade.ERROR,
    "A target is down",
    why="What that process counts is not judged.",
    fix="Follow the message: 401 is another token, 404 another path, refused a process that is away.",
    live=True,
)
def down(facts: Facts) -> Iterator[Found]:
    """Of our job."""
    for target in facts.watching.targets if facts.watching else ():
        if not target.up:
            yield Found(what=f"{target.url}: {target.error}")


@check(
    "PDA05",
    Grade.ERROR,
    "Prometheus does not evaluate the rules",
    why="What nobody evaluates never fires.",
    fix="Name {out}/prometheus/recording.yml and alerts.yml under rule_files, and reload it.",
    live=True,
)
def not_loaded(facts: Facts) -> Iterator[Found]:
    """Groups that are generated, and not loaded."""
    if (watching := _answering(facts)) is not None and watching.missing_groups:
        missing = watching.missing_groups
        yield Found(what=f"{len(missing)} of {watching.wanted_groups} groups are missing, such as {missing[0]}.")


@check(
    "PDA06",
    Grade.ERROR,
    "Prometheus evaluates other rules than are defined",
    why="It judges by what was promised before.",
    fix="parapet generate --app {app} --out {out}, bring the files to Prometheus, and reload it.",
    live=True,
)
def other_rules(facts: Facts) -> Iterator[Found]:
    """Each rule is compared with the definitions, whatever way it is written in."""
    for line in facts.watching.differing if facts.watching else ():
        yield Found(what=f"{line}.")


@check(
    "PDA07",
    Grade.ERROR,
    "Prometheus cannot evaluate a rule",
    why="Its series has no new values, and its alert does not fire.",
    fix="Follow the message of Prometheus.",
    live=True,
)
def failing_rules(facts: Facts) -> Iterator[Found]:
    """By its own word."""
    for line in facts.watching.failing if facts.watching else ():
        yield Found(what=line)


@check(
    "PDA08",
    Grade.WARN,
    "A series that a promise reads is not there",
    why="The promise is without data, which is neither good nor bad.",
    fix="Look whether the application exports it: parapet doctor cardinality --app {app} --url URL",
    live=True,
)
def absent(facts: Facts) -> Iterator[Found]:
    """Asked by name."""
    for name, series in facts.watching.absent if facts.watching else ():
        yield Found(what=f"{name!r} reads {series}.")


@check(
    "PDA09",
    Grade.ERROR,
    "Prometheus tells no Alertmanager",
    why="Alerts fire, and nobody hears of them.",
    fix="alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:9093']}]}]}",
    live=True,
)
def tells_nobody(facts: Facts) -> Iterator[Found]:
    """It has found none."""
    if (watching := _answering(facts)) is not None and not watching.alertmanagers:
        yield Found(what=f"{watching.url} has no active Alertmanager.")


@check(
    "PDA10",
    Grade.WARN,
    "Prometheus repeats alerts seldom",
    why="An alert that Alertmanager has lost is told again only then; meanwhile it looks resolved.",
    fix="Leave --rules.alert.resend-delay at its minute.",
    live=True,
)
def seldom(facts: Facts) -> Iterator[Found]:
    """Less than every two minutes."""
    seconds = facts.watching.resend_seconds if facts.watching else None
    if seconds is not None and seconds > LONGEST_RESEND_SECONDS:
        yield Found(what=f"--rules.alert.resend-delay is {seconds:g} s.")


@check(
    "PDA11",
    Grade.WARN,
    "Prometheus scrapes at another pace than is defined",
    why="Guards that count events, and the minutes until a page, are worked out for the defined pace.",
    fix="Take in {out}/prometheus/scrape.yml, or correct Wiring(scrape_interval_seconds=...).",
    live=True,
)
def other_pace(facts: Facts) -> Iterator[Found]:
    """Of a target of ours."""
    wanted = facts.app.wiring.scrape_interval_seconds
    for target in facts.watching.targets if facts.watching else ():
        if target.interval_seconds and abs(target.interval_seconds - wanted) > 1e-3:
            yield Found(what=f"{target.url} is read each {target.interval_seconds:g} s, defined {wanted:g} s.")


@check(
    "PDA12",
    Grade.ERROR,
    "Prometheus does not read the worker",
    why="When the worker dies, the alert ParapetWorkerSilent stays silent. How probes end and maintenance that is "
    "begun by hand reach no rule at all.",
    fix=READ_THE_WORKER,
    live=True,
)
def worker_unread(facts: Facts) -> Iterator[Found]:
    """It is alive by the evidence, and what it counts does not arrive; a warning without probes or such maintenance."""
    watching, evidence = _answering(facts), facts.evidence
    if watching is None or evidence is None or evidence.beat_at is None:
        return
    if (facts.now - evidence.beat_at).total_seconds() > LATE_BEAT_SECONDS:
        return  # it is not alive
    unread = evidence.beat_at.timestamp() - watching.beat
    if unread <= max(LATE_BEAT_SECONDS, 4 * facts.app.wiring.scrape_interval_seconds):
        return
    said = f"What it read last is {unread:.0f} s old" if watching.beat else "It never did"
    waits = [f"{len(facts.app.probes)} probes" if len(facts.app.probes) > 1 else "1 probe"] * bool(facts.app.probes)
    waits += ["maintenance by hand"] * bool(evidence.rests)
    if waits:
        yield Found(what=f"{said}: {' and '.join(waits)} reach no rule.")
    else:
        yield Found(what=f"{said}, though a worker is alive.", grade=Grade.WARN)


def _answering(facts: Facts) -> Watching | None:
    """What Prometheus says; None: it was not asked, or does not answer."""
    return facts.watching if facts.watching is not None and facts.watching.problem is None else None
