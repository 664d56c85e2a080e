"""Processes: how many there are, and whether they count together."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade

READ_THE_WORKER = (
    "parapet worker --app {app} --metrics-port 9101, and Wiring(port_targets=('127.0.0.1:9101',)); on one machine, "
    "Parapet(multiprocess_dir=...) will do."
)
"""How what the worker counts gets to Prometheus."""
LONG_DAYS = 90
"""Whoever deploys by hand does not do it every week."""


@check(
    "PD701",
    Grade.ERROR,
    "Several processes count each for themselves",
    why="Each scrape reads another one of them: counters jump back and forth, and every rate is wrong.",
    fix='Parapet(multiprocess_dir="/dev/shm/shop-metrics"), emptied before the service starts.',
)
def each_for_itself(facts: Facts) -> Iterator[Found]:
    """A server with several workers, and no directory that they share."""
    if facts.app.multiprocess_dir is None:
        for number, place in facts.deployment.processes:
            yield Found(what=f"{number} processes are started.", place=place)


@check(
    "PD702",
    Grade.WARN,
    "Where processes count together depends on where they were started",
    why="A process that is started in another folder counts alone.",
    fix="Give a whole path, such as /dev/shm/shop-metrics.",
)
def relative(facts: Facts) -> Iterator[Found]:
    """A relative path."""
    directory = facts.app.multiprocess_dir
    if directory is not None and not directory.is_absolute():
        yield Found(what=f"multiprocess_dir is {directory}.")


@check(
    "PD703",
    Grade.ERROR,
    "What processes count is in git",
    why="A checkout changes counters while they run.",
    fix="Put it outside the repository, such as /dev/shm/shop-metrics.",
)
def in_repository(facts: Facts) -> Iterator[Found]:
    """Files of the directory are tracked."""
    directory = facts.app.multiprocess_dir
    if directory is not None and facts.tracked and directory.resolve().is_relative_to(facts.folder.resolve()):
        below = f"{directory.resolve().relative_to(facts.folder.resolve()).as_posix()}/"
        if any(name.startswith(below) for name in facts.tracked_names):
            yield Found(what=f"Files of {below} are tracked.")


@check(
    "PD704",
    Grade.ERROR,
    "This machine knows no time zones",
    why="Maintenance windows are times on a wall: without zones they cannot be worked out.",
    fix="pip install tzdata, or install the system's time zones.",
)
def no_zones(facts: Facts) -> Iterator[Found]:
    """Python finds no database of zones."""
    if not facts.zones:
        yield Found(what="zoneinfo finds no zone.")


@check(
    "PD705",
    Grade.INFO,
    "Nobody says when a deploy happened",
    why="The first question of every incident is what changed.",
    fix="parapet deploy mark --app {app} --version VERSION, where you deploy.",
)
def no_marks(facts: Facts) -> Iterator[Found]:
    """No pipeline and no start-up file marks deploys, and nobody else did for a while."""
    deployment = facts.deployment
    places = (*deployment.pipelines, *(file for file in deployment.files if not file.name.endswith(".sh")))
    if facts.evidence is None or not places or deployment.marks_deploys:
        return
    names = ", ".join(file.path for file in places[:3])
    marked = facts.evidence.deployed_at
    if marked is None:
        yield Found(what=f"None of {names} marks a deploy, and none is on record.")
    elif (age := facts.now - marked).days > LONG_DAYS:
        yield Found(what=f"None of {names} marks a deploy, and the last one on record is {age.days} days old.")


@check(
    "PD706",
    Grade.ERROR,
    "Nobody can read what the worker counts",
    why="Probes run in the worker: how they end reaches no promise. When it dies, ParapetWorkerSilent stays silent.",
    fix=READ_THE_WORKER,
)
def worker_counts_alone(facts: Facts) -> Iterator[Found]:
    """There are probes, and the worker is started without a port, and without a directory that it shares."""
    if facts.app.probes and facts.app.multiprocess_dir is None:
        for place in facts.deployment.unread_workers:
            yield Found(what="The worker shares no directory and has no --metrics-port.", place=place)
