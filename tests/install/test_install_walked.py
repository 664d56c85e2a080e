"""Applications of other shapes, walked as a person does: install, start the server, ask the doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from tests.examples.conftest import Running, running
from tests.forked import Forks
from tests.install.conftest import Host
from tests.jobs.conftest import wait_until

__all__ = ["running"]

WORKED = """
from parapet.cli.main import main
for command in (["db", "upgrade"], ["generate"], ["worker", "--once"], ["doctor", "--json", "--skip", "PD506"]):
    main(command, standalone_mode=False)
"""
"""What a person types then, without a word of where anything is. PD506: evidence among temporary files."""
LIMIT_SECONDS = 120
LEFT = ("ops/", "parapet-evidence.db", "process-", "src/process-")
"""What an uninstall names and leaves, and the words of the processes that were started here."""


@dataclass(frozen=True)
class Walk:
    """One application, and how it is served."""

    layout: str
    serve: str
    """From the folder that its modules are in."""
    path: str
    """What somebody asks for."""
    route: str
    folder: str = ""
    """Of the project, in the layout."""
    below: str = ""
    """Where its modules are, from there."""
    settings: str = ""
    marks_deploys: bool = True
    """Whether a file that starts it has a place for that; else it is said that a person does."""


WALKS = (
    Walk(
        layout="fastapi-uv",
        serve="uvicorn billing.main:app --port $PORT",
        path="/invoices/7",
        route="/invoices/{number}",
        folder="services/billing",
        below="src",
        marks_deploys=False,
    ),
    Walk(
        layout="django-split",
        serve="uvicorn config.asgi:application --port $PORT",
        path="/visits/7/",
        route="/visits/{number}/",
        settings="config.settings.local",
    ),
    Walk(
        layout="flask-celery",
        serve="gunicorn 'parcels:create_app()' --bind 127.0.0.1:$PORT --workers 2",
        path="/parcels/7",
        route="/parcels/{code}",
        below="src",
    ),
    Walk(
        layout="starlette-mounts",
        serve="uvicorn radio.app:app --port $PORT",
        path="/api/songs/7",
        route="/api/songs/{number}",
        marks_deploys=False,
    ),
)


@pytest.mark.parametrize("walk", WALKS, ids=lambda one: one.layout)
def test_an_application_is_installed_served_and_healthy(
    walk: Walk, host: Callable[[str], Host], running: Running, forks: Forks
) -> None:
    """One command and a yes: what its server serves then is counted, and the doctor has no more to say."""
    root = host(walk.layout).root
    here = Host(root / walk.folder)
    before = here.files()
    told = here.run("install", "--skip", "evidence", "--skip", "artifacts", answer="y\n")  # in one process below
    assert told.code == 0, told.out + told.err

    running.environ.pop("PARAPET_EVIDENCE")  # the file beside the project
    running.folder = here.root / walk.below
    running.environ |= {"DJANGO_SETTINGS_MODULE": walk.settings} if walk.settings else {}
    running.start(walk.serve)

    def answers() -> bool:
        with suppress(OSError):
            return running.ask("GET", walk.path)[0] == 200
        return False

    wait_until(answers, running.said, LIMIT_SECONDS)
    counted = "parapet_http_request_duration_seconds_count"
    assert running.scrape().total(counted, route=walk.route) >= 1
    assert running.ask("GET", "/metrics")[0] == 401
    assert running.ask("GET", "/parapet/")[0] == (303 if walk.settings else 401), "Django's login is known"

    looked = forks.run("-c", WORKED, cwd=here.root, env=running.environ)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    report = json.loads(looked.stdout[looked.stdout.index("\n{") :])
    found = [one["code"] for one in report["findings"]]
    assert found == ([] if walk.marks_deploys else ["PD705"])
    assert walk.marks_deploys is ("At the end of every deploy: `parapet deploy mark" not in " ".join(told.out.split()))

    running.end()
    assert here.run("uninstall", "--yes").code == 0
    left = {path: text for path, text in here.files().items() if not path.startswith(LEFT)}
    assert left == before
