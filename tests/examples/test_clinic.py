"""The clinic: Django under gunicorn, Celery over a real Redis, both started as its compose file says."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.examples.conftest import Running, copied
from tests.jobs.conftest import wait_until

HOURS = {"patient": "Tom", "email": "tom@example.com", "at": "2031-05-04T09:30"}


def test_a_patient_books_and_is_reminded(running: Running, redis_server: int, tmp_path: Path) -> None:
    """One scrape has the requests, journeys, statements and jobs of all processes; the worker does what is due."""
    running.folder = copied("clinic", tmp_path)
    running.environ |= {
        "CLINIC_BROKER": f"redis://127.0.0.1:{redis_server}/1",
        "CLINIC_SECRET_KEY": "not so secret, but long enough to be one",
        "CLINIC_DATABASE": str(tmp_path / "clinic.db"),
        "CLINIC_OUTBOX": str(tmp_path / "outbox"),
    }
    services = yaml.safe_load((running.folder / "compose.yaml").read_text())["services"]
    running.run("python", "manage.py", "migrate", "--verbosity", "0")
    who = ("--noinput", "--username", "ana", "--email", "ana@example.com")
    running.run("env", "DJANGO_SUPERUSER_PASSWORD=kettle", "python", "manage.py", "createsuperuser", *who)
    due = services["parapet-worker"]["command"].replace("$$", "$").removesuffix('"') + ' --once"'
    assert "The evidence database is up to date." in running.run("sh", "-c", due)
    running.is_healthy("clinic.reliability:parapet", "clinic.wsgi:application")
    running.start(services["web"]["command"].replace("0.0.0.0:8000", f"127.0.0.1:{running.port}"))
    running.wait_for_web()
    running.start(f"{services['reminders']['command']} --concurrency 1")

    assert running.ask("GET", "/metrics")[0] == 401
    assert running.ask("GET", "/")[0] == 200
    token = running.cookies["csrftoken"]
    assert running.ask("POST", "/book", csrfmiddlewaretoken=token, **HOURS)[0] == 302
    assert running.ask("POST", "/book", csrfmiddlewaretoken=token, **HOURS)[0] == 400  # somebody has that hour
    outbox = tmp_path / "outbox"
    wait_until(lambda: outbox.is_dir() and any("Dear Tom" in one.read_text() for one in outbox.iterdir()), running.said)
    wait_until(lambda: running.scrape().ended("appointments.tasks.remind"), running.said)

    scrape = running.scrape()
    assert scrape.ended("appointments.tasks.remind") == {"succeeded": 1}
    assert scrape.total("parapet_http_request_duration_seconds_count", method="POST", route="/book") == 2
    assert scrape.total("parapet_journey_duration_seconds_count", journey="booking", outcome="success") == 1
    assert scrape.total("parapet_db_query_duration_seconds_count", operation="insert") >= 1

    assert running.ask("GET", "/parapet/")[0] == 303  # Django's login is known
    assert running.ask("GET", "/login/")[0] == 200
    token = running.cookies["csrftoken"]
    assert running.ask("POST", "/login/", csrfmiddlewaretoken=token, username="ana", password="kettle")[0] == 302
    status, page = running.ask("GET", "/parapet/")
    assert status == 200
    assert "Booking an appointment" in page
