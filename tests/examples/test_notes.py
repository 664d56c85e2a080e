"""Notes: Flask under gunicorn, RQ over a real Redis, both started by the lines of the Procfile."""

from __future__ import annotations

from pathlib import Path

from tests.examples.conftest import Running, copied
from tests.jobs.conftest import wait_until


def test_somebody_writes_and_takes_it_home(running: Running, redis_server: int, tmp_path: Path) -> None:
    """Requests, journeys, statements and jobs of all processes are in one scrape, and the deploy is on record."""
    running.folder = copied("notes", tmp_path)
    running.environ |= {
        "REDIS_URL": f"redis://127.0.0.1:{redis_server}/0",
        "NOTES_SECRET_KEY": "not so secret, but long enough",
        "NOTES_DATABASE": f"sqlite:///{tmp_path / 'notes.db'}",
        "NOTES_EXPORTS": str(tmp_path / "exports"),
        "HEROKU_RELEASE_VERSION": "v3",
    }
    lines = dict(line.split(": ", 1) for line in (running.folder / "Procfile").read_text().splitlines())
    assert "v3" in running.run("sh", "-c", lines["release"])
    running.is_healthy("notes.reliability:parapet", "wsgi:app")
    running.start(lines["web"])
    running.wait_for_web()
    running.start(lines["exports"])

    assert running.ask("GET", "/metrics")[0] == 401
    assert running.ask("GET", "/parapet/")[0] == 401  # it lets in whom access.py knows, which is nobody yet
    assert running.ask("POST", "/signup", name="Ana", password="long enough")[0] == 302
    assert running.ask("POST", "/notes", text="Buy tea")[0] == 302
    assert running.ask("POST", "/login", name="Ana", password="something else")[0] == 401
    assert running.ask("POST", "/export")[0] == 302
    wait_until(lambda: "Buy tea" in running.ask("GET", "/export")[1], running.said)
    wait_until(lambda: running.scrape().ended("notes.exports.make"), running.said)

    scrape = running.scrape()
    assert scrape.ended("notes.exports.make", "exports") == {"succeeded": 1}
    asked = "parapet_http_request_duration_seconds_count"
    assert scrape.total(asked, method="POST", route="/notes") == 1
    assert scrape.total("parapet_journey_duration_seconds_count", journey="writing", outcome="success") == 1
    assert scrape.total("parapet_journey_duration_seconds_count", journey="login", outcome="user_error") == 1
    assert scrape.total("parapet_db_query_duration_seconds_count", operation="insert") >= 2
    assert running.run("parapet", "worker", "--app", "notes.reliability:parapet", "--once")
