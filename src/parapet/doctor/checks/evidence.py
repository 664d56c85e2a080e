"""Evidence: whether it can be kept, whether somebody works on it, and whether it survives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from parapet.core.errors import ConfigurationError
from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.doctor.gathered.modules import called, owner_of
from parapet.store.dialect import address


@check(
    "PD501",
    Grade.ERROR,
    "The evidence database lacks migrations",
    why="Alerts are refused with 503 until they are there.",
    fix="parapet db upgrade --app {app}",
)
def pending(facts: Facts) -> Iterator[Found]:
    """Steps of the schema that are missing."""
    if facts.evidence is not None and facts.evidence.pending:
        first, *more = facts.evidence.pending
        yield Found(what=f"Missing: {first.removesuffix('.')}" + (f", and {len(more)} more steps." if more else "."))


@check(
    "PD502",
    Grade.ERROR,
    "A newer Parapet has upgraded the evidence database",
    why="This one does not know its tables, and writes nothing.",
    fix="pip install --upgrade parapet-ops",
)
def newer(facts: Facts) -> Iterator[Found]:
    """An unknown step."""
    if facts.evidence is not None and facts.evidence.newer:
        yield Found(what=facts.evidence.newer)


@check(
    "PD503",
    Grade.ERROR,
    "The evidence database does not answer",
    why="No alert can be kept; Alertmanager is told to try again.",
    fix="Check the address and the rights: parapet db check --app {app}",
)
def unavailable(facts: Facts) -> Iterator[Found]:
    """Not reachable, or its address names none."""
    if facts.evidence is not None and facts.evidence.problem:
        yield Found(what=facts.evidence.problem)


@check(
    "PD504",
    Grade.ERROR,
    "Several nodes would each have evidence of their own",
    why="SQLite is one file on one machine: an incident on one node does not exist on the others.",
    fix="Use Postgres: Parapet(evidence=os.environ['PARAPET_EVIDENCE'])",
)
def many_nodes(facts: Facts) -> Iterator[Found]:
    """SQLite, where something runs more than once."""
    if _sqlite(facts) is None:
        return
    hosts = {target.rpartition(":")[0] for target in facts.app.wiring.scrape_targets}
    if len(hosts) > 1:
        yield Found(what=f"The evidence is SQLite, and {len(hosts)} machines are scraped: {', '.join(sorted(hosts))}.")
    for number, place in facts.deployment.nodes:
        yield Found(what=f"The evidence is SQLite, and {number} copies of something are started.", place=place)


@check(
    "PD505",
    Grade.WARN,
    "Where the evidence lies depends on where the process was started",
    why="A worker that is started in another folder works on another, empty database.",
    fix="Give a whole path: sqlite:////var/lib/shop/evidence.db",
)
def relative(facts: Facts) -> Iterator[Found]:
    """A relative path of SQLite."""
    path = _sqlite(facts)
    if path is not None and not path.is_absolute():
        yield Found(what=f"The evidence is at {path}.")


@check(
    "PD506",
    Grade.ERROR,
    "The evidence does not survive a restart",
    why="Temporary folders are emptied when the machine, or the container, starts again.",
    fix="Put it where other data of yours lives: sqlite:////var/lib/shop/evidence.db",
)
def temporary(facts: Facts) -> Iterator[Found]:
    """In a temporary folder, in production, while the host itself is in none."""
    path = _sqlite(facts)
    places = (tempfile.gettempdir(), "/tmp", "/dev/shm", "/run")  # noqa: S108  # we warn of them
    kept = facts.app.environment == "production" and not any(
        facts.folder.resolve().is_relative_to(one) for one in places
    )
    if path is not None and kept and any(path.resolve().is_relative_to(one) for one in places):
        yield Found(what=f"The evidence is at {path}.")


@check(
    "PD507",
    Grade.ERROR,
    "The evidence disappears with its machine",
    why="Without a volume, a machine that is replaced takes its disk along.",
    fix="Mount a volume ([mounts] in fly.toml), or use Postgres.",
)
def no_volume(facts: Facts) -> Iterator[Found]:
    """SQLite on Fly without a volume."""
    if _sqlite(facts) is not None:
        for file in facts.deployment.files:
            if file.name == "fly.toml" and "mounts]" not in file.text:
                yield Found(what=f"The evidence is SQLite, and {file.path} mounts no volume.")


@check(
    "PD508",
    Grade.WARN,
    "The evidence database is in git",
    why="A checkout or a merge replaces what happened by what happened elsewhere.",
    fix="git rm --cached FILE, and name it in .gitignore.",
)
def in_git(facts: Facts) -> Iterator[Found]:
    """Its file is tracked."""
    path = _sqlite(facts)
    if path is not None and facts.tracked and path.is_relative_to(facts.folder):
        name = path.relative_to(facts.folder).as_posix()
        if name in facts.tracked_names:
            yield Found(what=f"{name} is tracked.", fix=f"git rm --cached {name}")


@check(
    "PD509",
    Grade.ERROR,
    "Nobody does what is due",
    why="Without a worker nothing is delivered, quiet incidents never close, and probes do not run.",
    fix="Start `parapet worker --app {app}` beside the application, or call parapet.tick() from what you have.",
)
def no_worker(facts: Facts) -> Iterator[Found]:
    """Nothing starts one, and none has been alive lately."""
    if facts.app.evidence is None or facts.deployment.starts_worker or _ticks(facts):
        return
    beat_at = facts.evidence.beat_at if facts.evidence is not None else None
    if beat_at is None or (facts.now - beat_at).total_seconds() > 300:
        seen = "none was ever alive" if beat_at is None else f"the last was alive {beat_at:%Y-%m-%d %H:%M} UTC"
        yield Found(what=f"No file starts a worker, no code ticks, and {seen}.")


@check(
    "PD510",
    Grade.WARN,
    "Bodies of alerts could not be taken in",
    why="An alert in them has not become an incident.",
    fix="parapet inbox list --shelf failing --app {app}",
)
def failing_bodies(facts: Facts) -> Iterator[Found]:
    """They are tried again."""
    number = facts.evidence.bodies.get("failing", 0) if facts.evidence else 0
    if number:
        yield Found(what=f"{number:,} fail.")


@check(
    "PD511",
    Grade.WARN,
    "Something was handed in that is no alert",
    why="Somebody has the token and another idea of the format: perhaps a sender that should be heard.",
    fix="parapet inbox list --shelf rejected --app {app}",
)
def rejected_bodies(facts: Facts) -> Iterator[Found]:
    """Their senders were told."""
    number = facts.evidence.bodies.get("rejected", 0) if facts.evidence else 0
    if number:
        yield Found(what=f"{number:,} were rejected.")


@check(
    "PD512",
    Grade.ERROR,
    "Bodies of alerts wait for a worker that does not come",
    why="What is in them has not become an incident.",
    fix="Start `parapet worker --app {app}`.",
)
def late_bodies(facts: Facts) -> Iterator[Found]:
    """Overdue for more than a minute."""
    if facts.evidence is not None and facts.evidence.late:
        yield Found(what=f"{facts.evidence.late:,} are overdue.")


@check(
    "PD513",
    Grade.WARN,
    "Announcements were given up",
    why="Somebody was to be told, and was not.",
    fix="Check the channel; the chronology of the incident says why each failed.",
)
def given_up(facts: Facts) -> Iterator[Found]:
    """After many tries, or because the channel refused."""
    if facts.evidence is not None and facts.evidence.given_up:
        yield Found(what=f"{facts.evidence.given_up:,} were given up.")


@check(
    "PD514",
    Grade.WARN,
    "The host's own migrations would drop Parapet's tables",
    why="`alembic revision --autogenerate` proposes to drop what its metadata does not know.",
    fix="include_name=parapet.integrations.alembic.include_name in context.configure(...) of env.py",
)
def host_alembic(facts: Facts) -> Iterator[Found]:
    """An env.py of Alembic that leaves nothing out, beside evidence in the same Postgres."""
    if facts.app.evidence is None or _sqlite(facts) is not None:
        return
    for module in facts.modules:
        text = module.file.text
        chosen = "include_name" in text or "include_object" in text
        if module.file.name == "env.py" and "target_metadata" in text and not chosen:
            yield Found(what=f"{module.file.path} leaves nothing out.", place=module.place(module.tree.body[0]))


def _sqlite(facts: Facts) -> Path | None:
    """The file of the evidence; None if it is no SQLite."""
    if facts.app.evidence is None:
        return None
    try:
        url = address(facts.app.evidence)
    except ConfigurationError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _ticks(facts: Facts) -> bool:
    """Whether code of the host does what is due: `parapet.tick()`, or `parapet.worker.run(stop)`."""
    return any(
        called(call) == "tick" or (called(call) == "run" and owner_of(call) == "worker")
        for module in facts.modules
        for call in module.calls()
    )
