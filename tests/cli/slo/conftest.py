"""A host's project, the `parapet slo` commands run in it as people run them, and a Prometheus with history in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.forked import Forks

APP = """
from parapet import Parapet
from parapet.slo.packs.web import web_pack

parapet = Parapet(service="shop", owner="Shop team")
parapet.journey("login", objective=0.999)
parapet.journey("checkout", objective=0.95, latency=(1, 0.95))
parapet.adopt(web_pack())
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a host's definitions in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "reliability.py").write_text(APP)
    return folder


@pytest.fixture
def slo(project: Path, forks: Forks) -> Run:
    """Runs `parapet slo ...` in the project."""

    def run(
        *arguments: str, columns: int = 100, environment: Mapping[str, str] | None = None, cwd: Path = project
    ) -> subprocess.CompletedProcess[str]:
        return forks.run(
            *("-m", "parapet", "slo", *arguments),
            cwd=cwd,
            env={
                **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
                "PARAPET_APP": "reliability:parapet",
                "COLUMNS": str(columns),
                **(environment or {}),
            },
        )

    return run


Recorded = Callable[..., str]
READY_SECONDS = 60.0


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    """Starts a real Prometheus that remembers the lines of OpenMetrics it is given; answers with its address."""
    for program in ("promtool", "prometheus"):
        if shutil.which(program) is None:
            message = f"{program} is not installed (Debian: prometheus)"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
    with ExitStack() as running:

        def start(lines: Iterable[str], *flags: str) -> str:
            home = tmp_path / "prometheus"
            home.mkdir()
            with (home / "history.txt").open("w") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.write("# EOF\n")
            backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
            done = subprocess.run(backfill, cwd=home, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            (home / "prometheus.yml").write_text("global: {}\n")
            with socket.create_server(("127.0.0.1", 0)) as held:
                port = held.getsockname()[1]
            command = [
                "prometheus",
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
                *flags,
            ]
            with (home / "log").open("w") as log:
                process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
            running.callback(_end, process)
            url = f"http://127.0.0.1:{port}"
            _wait(port, process, home / "log")
            return url

        yield start


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers; it may answer that it wants to know who asks."""
    deadline = monotonic() + READY_SECONDS
    while monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
                return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 401:
                return
            sleep(0.05)
        except OSError:
            sleep(0.05)  # the condition is waited for, not the time
    pytest.fail(f"Prometheus did not become ready:\n{log.read_text()}")
