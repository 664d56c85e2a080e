"""A project with two job libraries: both are wired, and what both of them run is counted."""

from __future__ import annotations

from collections.abc import Callable

from tests.examples.conftest import Running, redis_server, running
from tests.install.conftest import Host
from tests.jobs.conftest import wait_until

__all__ = ["redis_server", "running"]

EDITED = ["Procfile", "press/__init__.py", "press/mails.py", "requirements.txt"]
EXPORTS = "import rq\n\nqueue = rq.Queue\n"


def test_celery_and_rq_of_one_project_are_counted(
    host: Callable[[str], Host], running: Running, redis_server: int
) -> None:
    """Started by the lines of the Procfile, over a real Redis: one scrape has the jobs of both."""
    here = host("flask-jobs")
    before = here.files()
    told = here.install().json
    assert sorted(told["edited"]) == EDITED
    assert not [step for step in told["by_hand"] if "Celery" in step or "RQ" in step]
    lines = dict(line.split(": ", 1) for line in (here.root / "Procfile").read_text().splitlines())

    running.folder = here.root
    running.environ |= {"REDIS_URL": f"redis://127.0.0.1:{redis_server}/0"}
    for name in ("web", "mails", "exports"):
        running.start(lines[name])

    def published() -> bool:
        try:
            return running.ask("POST", "/issues/7")[0] == 202
        except OSError:
            return False

    wait_until(published, running.said, 60)
    for task in ("press.mails.send", "press.exports.write"):
        wait_until(lambda task=task: running.scrape().ended(task) == {"succeeded": 1}, running.said, 60)  # type: ignore[misc]
    running.end()

    assert here.run("uninstall", "--yes").code == 0
    assert {path: text for path, text in here.files().items() if not path.startswith("process-")} == before


def test_a_job_library_that_comes_later_has_a_module_of_its_own(host: Callable[[str], Host]) -> None:
    """Installed again, it is found; what counted before stays where it is, whichever of them is found first now."""
    here = host("flask-jobs")
    exports = (here.root / "press" / "exports.py").read_text()
    for name, text in (("exports.py", "queue = write = None\n"), ("a_first.py", EXPORTS)):
        here.put(f"press/{name}", text)
        assert here.install().code == 0
    here.put("press/exports.py", exports)
    package = here.root / "press" / "reliability"
    assert "parapet.integrations.celery" in (package / "jobs.py").read_text()
    assert "-w press.reliability.jobs_rq.Worker" in (package / "jobs_rq.py").read_text()
    assert "rq worker -w press.reliability.jobs_rq.Worker" in (here.root / "Procfile").read_text()
    assert here.run("install", "--yes").out == "Nothing to do: everything is in its place.\n"
