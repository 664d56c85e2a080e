"""Examples under their real servers, with a real Redis, in folders of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.forked import Forks
from tests.jobs.conftest import Scrape, free_port, redis_server, wait_until

__all__ = ["redis_server"]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TOKEN = secrets.token_urlsafe(32)
OURS = ("__pycache__", "*.db", "outbox", "exports")


def copied(name: str, to: Path) -> Path:
    """The example, as it is committed."""
    return Path(shutil.copytree(EXAMPLES / name, to / name, ignore=shutil.ignore_patterns(*OURS)))


@dataclass
class Running:
    """One example with its processes."""

    folder: Path
    environ: dict[str, str]
    port: int
    programs: Path
    """Where commands that end by themselves are looked for first."""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)

    def start(self, command: str) -> None:
        """Run a line of a Procfile or a compose file, beside the example, as its own group."""
        number = len(self.started)
        with (self.folder / f"process-{number}.log").open("wb") as log:
            self.started.append(
                subprocess.Popen(
                    ["sh", "-c", f"exec {command}"],
                    cwd=self.folder,
                    env=self.environ,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def run(self, *command: str) -> str:
        """What a command says, which ends by itself."""
        env = {**self.environ, "PATH": f"{self.programs}:{self.environ['PATH']}"}
        done = subprocess.run(
            ["env", *command], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_healthy(self, app: str, host: str) -> None:
        """Generate what Prometheus needs, and have the doctor look for anything that must be done."""
        self.run("parapet", "generate", "--app", app)
        # PD506: evidence below the folder for temporary files, which is where tests live.
        self.run("parapet", "doctor", "--app", app, "--host", host, "--ci", "--skip", "PD506")

    def said(self) -> str:
        """The words of all processes."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("process-*.log")))

    def ask(self, method: str, path: str, /, token: str = "", **form: str) -> tuple[int, str]:
        """(status, body) of one request, with the cookies so far; *token*: of a machine."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if form:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form else None, sent)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies.update({name: one.value for name, one in SimpleCookie(line).items()})
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def wait_for_web(self) -> None:
        """Return once it answers."""

        def answers() -> bool:
            assert all(one.poll() is None for one in self.started), self.said()
            with suppress(OSError):
                return self.ask("GET", "/health")[0] == 200
            return False

        wait_until(answers, self.said, 60)

    def scrape(self) -> Scrape:
        """What Prometheus reads now."""
        status, text = self.ask("GET", "/metrics", TOKEN)
        assert status == 200, text
        return Scrape.of(text)

    def end(self) -> None:
        """End everything that was started, and what it started."""
        for one in reversed(self.started):
            one.send_signal(signal.SIGTERM)
        for one in self.started:
            with suppress(subprocess.TimeoutExpired):
                one.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait(10)


@pytest.fixture
def running(tmp_path: Path, forks: Forks) -> Iterator[Running]:
    """An empty place for an example: the test copies one into it and starts what it needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST", "PARAPET"))}
    port = free_port()
    environ = kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PARAPET_METRICS_TOKEN": TOKEN,
        "PARAPET_FORM_KEY": secrets.token_urlsafe(32),
        "PARAPET_WEBHOOK_TOKEN": secrets.token_urlsafe(32),
        "PARAPET_MULTIPROCESS_DIR": str(tmp_path / "signals"),
        "PARAPET_EVIDENCE": f"sqlite:///{tmp_path / 'evidence.db'}",
    }
    place = Running(folder=tmp_path, environ=environ, port=port, programs=forks.programs)
    yield place
    place.end()
