"""The worker and the deploy marker in the files that start a service: comments and order stay, all comes out again."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import tomllib
from contextlib import closing
from typing import Any

import pytest
import yaml
from tests.forked import Forks
from tests.install.conftest import LIMIT_SECONDS, Host

MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"
WORKER = "parapet worker --app reliability:parapet"
COMMAND = (
    'sh -c "parapet db upgrade --app reliability:parapet && (parapet deploy mark --app reliability:parapet --version '
    f'$$(date -u +%Y-%m-%dT%H%M%S) --id $$HOSTNAME || true) && exec {WORKER}"'
)
COMPOSE = """\
# How it all runs.
services:
  db:
    image: postgres:16  # not 17 yet
    environment: { POSTGRES_PASSWORD: secret }

  # The shop itself.
  web:
    build: .
    ports: ["8000:8000"]
    environment:
      # where the database is
      DATABASE_URL: "postgresql://db/shop"
    depends_on:
      - db
    command: >
      uvicorn main:app
      --host 0.0.0.0

  cache:
    image: redis

volumes:
  data: {}
"""
UNIT = """\
[Unit]
Description=The shop
[Service]
User=shop
WorkingDirectory=/srv/shop
EnvironmentFile=/etc/shop/environment
ExecStart=/srv/shop/.venv/bin/uvicorn main:app --port 8000
[Install]
WantedBy=multi-user.target
"""
FLY = """\
app = "shop"

[processes]  # two of them
  app = "uvicorn main:app"
  jobs = "celery -A main worker"

[http_service]
  internal_port = 8080
  processes = ["app"]
"""
TEAM = """\
services:
  api: &api
    build: .
    command: uvicorn main:app --host 0.0.0.0
    environment:
      - MODE=live
    volumes: [uploads:/uploads]
  jobs:
    build: .
    command: ["rq", "worker", "high", "low"]
    environment: { MODE: live }
  exports:
    <<: *api
    command: rq worker exports
volumes:
  uploads:
"""
SERVICE = {
    "build",
    "image",
    "command",
    "environment",
    "env_file",
    "volumes",
    "depends_on",
    "ports",
    "working_dir",
    "user",
}
"""What a service of a compose file may say here; the format knows more."""
HEROKU = "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: uvicorn main:app  # the shop\n"


def composed(text: str) -> dict[str, Any]:
    """The services of a compose file, whose every name leads somewhere, with environments as tables.

    There is no Docker in tests: this is what its reader refuses of such files.
    """
    told = yaml.safe_load(text)
    assert set(told) <= {"services", "volumes"}
    volumes = told.get("volumes", {})
    for service in told["services"].values():
        assert set(service) <= SERVICE
        assert isinstance(service.get("command", ""), str | list)
        assert set(service.get("depends_on", ())) <= set(told["services"])
        for volume in service.get("volumes", ()):
            name, _, folder = volume.partition(":")
            assert name in volumes
            assert folder.startswith("/")
        assert "image" in service or "build" in service
        environment = service.get("environment", {})
        if isinstance(environment, list):
            service["environment"] = dict(line.split("=", 1) for line in environment)
    return dict(told)


@pytest.fixture
def shop(empty: Host) -> Host:
    """An application without any such file."""
    empty.put("main.py", MAIN)
    return empty


def test_a_compose_file_gets_a_worker_like_its_web_service(shop: Host) -> None:
    """Same image, environment and dependencies; other ports would clash, and stay out."""
    shop.put("compose.yaml", COMPOSE)
    before = shop.files()
    assert shop.install().code == 0
    after = (shop.root / "compose.yaml").read_text()
    services = yaml.safe_load(after)["services"]
    assert list(services) == ["db", "web", "parapet-worker", "cache"]
    counted = {
        "environment": {"DATABASE_URL": "postgresql://db/shop", "PARAPET_MULTIPROCESS_DIR": "/run/parapet-signals"},
        "volumes": ["parapet-signals:/run/parapet-signals"],
    }
    worker = {"build": ".", "depends_on": ["db"], "command": COMMAND}
    assert services.pop("parapet-worker") == worker | counted
    assert composed(after)
    written = yaml.safe_load(COMPOSE)["services"]
    assert services == written | {"web": written["web"] | counted}
    kept = [line for line in after.splitlines() if line in COMPOSE.splitlines()]
    assert [line for line in COMPOSE.splitlines() if line not in kept] == []
    assert shop.run("uninstall", "--yes").code == 0
    assert shop.files() == before


def test_containers_that_run_jobs_count_with_those_that_serve(shop: Host) -> None:
    """One folder in memory for all of them, however each writes its volumes and variables; and RQ's class in both."""
    shop.put("jobs.py", "import rq\n")
    shop.put("compose.yaml", TEAM)
    before = shop.files()
    assert shop.install().code == 0
    text = (shop.root / "compose.yaml").read_text()
    told = composed(text)
    assert told["volumes"]["parapet-signals"] == {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}}
    for service in told["services"].values():
        assert "parapet-signals:/run/parapet-signals" in service["volumes"]
        assert service["environment"]["PARAPET_MULTIPROCESS_DIR"] == "/run/parapet-signals"
    assert told["services"]["jobs"]["command"] == ["rq", "worker", "-w", "reliability.jobs.Worker", "high", "low"]
    assert told["services"]["exports"]["command"] == "rq worker -w reliability.jobs.Worker exports"
    assert shop.run("uninstall", "--yes").code == 0
    assert shop.files() == before


def test_a_compose_file_that_does_not_say_which_is_left_to_the_person(shop: Host) -> None:
    """Two images that may both be it: no guess."""
    shop.put("compose.yaml", "services:\n  one: { build: a }\n  two: { build: b }\n")
    told = shop.run("install", "--dry-run", "--json").json
    assert "compose.yaml" not in told["edited"]
    assert any("In compose.yaml, a service like the one of your application" in line for line in told["by_hand"])


def test_the_service_is_the_one_whose_image_is_built_of_the_application(empty: Host) -> None:
    """Beside a front end and a step before the start; and its dependencies are those of its own folder."""
    empty.put("backend/main.py", MAIN)
    empty.put("backend/pyproject.toml", '[project]\nname = "shop"\ndependencies = ["fastapi"]\n')
    empty.put(
        "compose.yaml",
        "services:\n"
        "  before:\n    build: { context: ./backend }\n    command: bash scripts/before.sh\n"
        "  backend:\n    build: { context: ./backend }\n    env_file: [.env]\n"
        "  frontend:\n    build: { context: ./frontend }\n",
    )
    told = empty.run("install", "--dry-run", "--json").json
    assert {"compose.yaml", "backend/pyproject.toml"} <= set(told["edited"])
    assert (
        "+  parapet-worker:\n+    build: { context: ./backend }\n+    env_file: [.env]\n+    command:" in told["diff"]
    )


def test_what_a_procfile_releases_runs(shop: Host, forks: Forks) -> None:
    """The release line makes the schema and marks the deploy; the worker's line does what is due. A container marks
    itself once, by its name, however often it starts again."""
    shop.put("compose.yaml", COMPOSE)
    shop.put("Procfile", "web: uvicorn main:app --port $PORT\nrelease: echo migrated")
    before = shop.files()
    assert shop.install().code == 0
    lines = dict(line.split(": ", 1) for line in (shop.root / "Procfile").read_text().splitlines())
    assert list(lines) == ["web", "release", "parapet_worker"]
    assert lines["parapet_worker"] == WORKER
    environ = {**os.environ, "PATH": f"{forks.programs}:{os.environ['PATH']}"}
    environ |= {"HEROKU_RELEASE_VERSION": "v17", "HOSTNAME": "3f2a9c"}

    def shell(command: str) -> str:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=shop.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=True,
        ).stdout

    released = shell(lines["release"])
    assert released.startswith("migrated\n")
    assert "v17" in released
    assert json.loads(shell(f"{lines['parapet_worker']} --once --json"))
    command = composed((shop.root / "compose.yaml").read_text())["services"]["parapet-worker"]["command"]
    marks = re.findall(r"\((parapet deploy mark .*) \|\| true\)", command.replace("$$", "$"))
    assert len({shell(marks[0]) for _ in range(2)}) == 1
    with closing(sqlite3.connect(shop.root / "parapet-evidence.db")) as connection:
        assert connection.execute("select count(*) from parapet_changes where kind = 'deploy'").fetchone() == (2,)
    assert shop.run("uninstall", "--yes").code == 0
    assert {name: text for name, text in shop.files().items() if "evidence" not in name} == before


def test_a_unit_gets_a_second_unit_beside_it(shop: Host) -> None:
    """The same user, folder and environment; the service's own unit is not touched."""
    shop.put("deploy/shop.service", UNIT)
    told = shop.run("install", "--dry-run", "--json").json
    assert "deploy/shop-parapet-worker.service" in told["written"]
    for line in ("User=shop", "WorkingDirectory=/srv/shop", "EnvironmentFile=/etc/shop/environment"):
        assert f"+{line}\n" in told["diff"]
    assert f"+ExecStart=/srv/shop/.venv/bin/{WORKER}\n" in told["diff"]
    assert any("At the end of every deploy: `parapet deploy mark" in line for line in told["by_hand"])


def test_fly_gets_a_process_and_a_release_command(shop: Host) -> None:
    """Where processes have names already; where they have none the person is told."""
    shop.put("fly.toml", FLY)
    before = shop.files()
    assert shop.install().code == 0
    text = (shop.root / "fly.toml").read_text()
    told = tomllib.loads(text)
    assert told["processes"]["parapet_worker"] == WORKER
    assert "parapet deploy mark" in told["deploy"]["release_command"]
    assert "[processes]  # two of them" in text
    assert shop.run("uninstall", "--yes").code == 0
    assert shop.files() == before
    shop.put("fly.toml", 'app = "shop"\n[http_service]\ninternal_port = 8080\n[deploy]\nrelease_command = "true"\n')
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert any("In fly.toml, under [processes]" in line for line in by_hand)
    assert any("In fly.toml, after what release_command does" in line for line in by_hand)


def test_heroku_yml_and_a_dockerfile(shop: Host) -> None:
    """The one has a place for a worker; of the other a second container is started."""
    shop.put("Dockerfile", 'FROM python:3.12\nCMD ["uvicorn", "main:app"]\n')
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert f"Start a second process beside the service, from the same image: `{WORKER}`" in by_hand
    shop.put("heroku.yml", HEROKU)
    told = shop.run("install", "--dry-run", "--json").json
    assert "heroku.yml" in told["edited"]
    assert f"+  parapet_worker: {WORKER}\n" in told["diff"]
    assert (
        "+release:\n+  command:\n+    - parapet db upgrade --app reliability:parapet && (parapet deploy" in told["diff"]
    )


def test_workers_of_rq_get_the_class_that_counts(shop: Host) -> None:
    """In the Procfile that starts them; and nobody's own class is taken away."""
    shop.put("jobs.py", "import rq\n")
    shop.put("Procfile", "web: uvicorn main:app\nworker: rq worker high low\nother: rq worker -w my.Worker\n")
    diff = shop.run("install", "--dry-run", "--json").json["diff"]
    assert "+worker: rq worker -w reliability.jobs.Worker high low\n" in diff
    assert " other: rq worker -w my.Worker\n" in diff


def test_units_and_machines_that_count_apart_are_said(shop: Host) -> None:
    """Two units with temporary files of their own share none; nor do machines."""
    shop.put("deploy/shop.service", UNIT.replace("User=shop", "PrivateTmp=yes"))
    shop.put("deploy/jobs.service", "[Service]\nExecStart=/srv/shop/.venv/bin/celery -A main worker\nPrivateTmp=yes\n")
    shop.put("fly.toml", FLY)
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert any("With PrivateTmp each of them counts for itself" in line for line in by_hand)
    assert any("Workers of jobs run on machines of their own there" in line for line in by_hand)


def test_workers_that_are_made_in_code_are_named(shop: Host) -> None:
    """Nobody can tell what else the script does: the person hears which line, and what to write."""
    shop.put("work.py", "from rq import Queue, Worker\n\nWorker([Queue()]).work()\n")
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert any("work.py:3 makes a worker of RQ: make it of the class that counts" in line for line in by_hand)


def test_settings_of_arq_are_counted_where_they_are(shop: Host) -> None:
    """arq has no application: the class that it is started with is handed over, once all of it is said."""
    shop.put("work.py", "import arq\n\n\nclass WorkerSettings:\n    functions = []\n    redis_settings = None\n")
    told = shop.run("install", "--dry-run", "--json").json
    assert "+count_jobs(WorkerSettings)\n" in told["diff"]
    assert "+from parapet.integrations.arq import instrument\n" in told["diff"]
    assert "+def count_jobs(settings: type) -> None:\n" in told["diff"]


def test_an_engine_that_nobody_names_is_a_step_by_hand(shop: Host) -> None:
    """What cannot be counted is said, and not passed over."""
    shop.put(
        "db.py", "from sqlalchemy import create_engine\n\n\ndef connect():\n    return create_engine('sqlite://')\n"
    )
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert any("SQLAlchemy was found, but not where its engine is made" in line for line in by_hand)


def test_a_job_application_that_nobody_names_is_a_step_by_hand(shop: Host) -> None:
    """The function that counts is there already: the person hears where it is called, and with what."""
    shop.put("work.py", "import dramatiq\nimport rq\n\n\n@dramatiq.actor\ndef send(): ...\n")
    by_hand = shop.run("install", "--dry-run", "--json").json["by_hand"]
    assert (
        "Dramatiq was found, but not where its broker is made. There, below it: "
        "`from reliability import count_jobs; count_jobs(broker)`" in by_hand
    )
    assert "Start RQ's workers with the class that counts: `rq worker -w reliability.jobs_rq.Worker`" in by_hand


def test_the_port_is_heard_in_whatever_form_it_is_said(shop: Host) -> None:
    """Dockerfiles write commands as lists: what Prometheus reads is the port of that list, and no guess."""
    shop.put("Dockerfile", 'FROM python:3.12\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8080"]\n')
    diff = shop.run("install", "--dry-run", "--json").json["diff"]
    assert '+ADDRESS = "127.0.0.1:8080"\n' in diff


def test_services_whose_environment_is_the_last_thing_count_together(shop: Host) -> None:
    """What a service says already may be its last lines: the new table of volumes comes below them."""
    jobs = "  jobs:\n    build: .\n    command: celery -A main worker\n    environment:\n      LEVEL: info\n"
    web = "  web:\n    build: .\n    command: uvicorn main:app --port 8000\n    environment:\n      LEVEL: info\n"
    shop.put("compose.yaml", f"services:\n{web}{jobs}  redis:\n    image: redis:7\n")
    shop.put("jobs.py", "import celery\n")
    told = shop.install().json
    assert not [step for step in told["by_hand"] if "compose.yaml" in step]
    services = yaml.safe_load((shop.root / "compose.yaml").read_text())["services"]
    for name in ("web", "jobs", "parapet-worker"):
        assert services[name]["volumes"] == ["parapet-signals:/run/parapet-signals"]
        assert services[name]["environment"] == {"LEVEL": "info", "PARAPET_MULTIPROCESS_DIR": "/run/parapet-signals"}
    assert services["redis"] == {"image": "redis:7"}


def test_nothing_is_said_twice(shop: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person does by hand stands among what is left to them, once; a command is whole in any terminal."""
    monkeypatch.setenv("COLUMNS", "60")
    shop.put("Dockerfile", 'FROM python:3.12\nCMD ["uvicorn", "main:app"]\n')
    out = shop.run("install", "--yes", "--skip", "artifacts", "--skip", "evidence").out
    assert out.count(f"`{WORKER}`") == out.count("parapet worker") == 1
    assert "by hand" not in out
