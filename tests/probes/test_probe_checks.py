"""The checks that come with Parapet, against real servers."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from urllib.request import urlopen

import pytest

from parapet import Parapet
from parapet.core import names
from parapet.core.errors import ConfigurationError, ProbeFailed
from parapet.ops.checks import Visit, http_check, journey_check
from parapet.slo.packs import probes_pack
from parapet.store import migrate

TOKEN = "t-123"
LOGIN = (
    Visit(path="/login", contains="Sign in", capture={"token": r'name="token" value="([^"]+)"'}),
    Visit(path="/login", method="POST", form={"user": "probe", "token": "{token}"}, expect_status=(303,)),
    Visit(path="/account", contains="Hello probe"),
)


class _Site(BaseHTTPRequestHandler):
    """A site with a form, a token, and two cookies that one must bring back."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        return

    def do_GET(self) -> None:
        cookies = self.headers.get("Cookie", "")
        if self.path == "/login":
            self._answer(200, f'Sign in <input name="token" value="{TOKEN}">', "seen=yes; Path=/", "old=; Max-Age=0")
        elif self.path == "/account":
            known = {"seen=yes", "session=s-1"} <= set(cookies.split("; "))
            self._answer(200 if known else 403, "Hello probe" if known else "Who are you?")
        elif self.path == "/slow":
            self.server.hold.wait(20)  # type: ignore[attr-defined]
            self._answer(200, "late")
        else:
            self._answer(503, "no")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        right = form == {"user": ["probe"], "token": [TOKEN]} and "seen=yes" in self.headers.get("Cookie", "")
        self._answer(303 if right else 400, "", "session=s-1; HttpOnly")

    def _answer(self, status: int, text: str, *cookies: str) -> None:
        self.send_response(status)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        body = text.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site() -> Iterator[str]:
    """The address of the site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.hold = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.hold.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_one_address_answers_as_expected(site: str) -> None:
    """Status and text."""
    http_check(f"{site}/login", contains="Sign in")()
    http_check(f"{site}/gone", expect_status=(404, 503))()


@pytest.mark.parametrize(
    ("path", "contains", "said"),
    [("/gone", None, "GET /gone: answered 503, expected 200"), ("/login", "Welcome", "does not contain 'Welcome'")],
)
def test_an_answer_that_is_wrong_says_how(site: str, path: str, contains: str | None, said: str) -> None:
    """For the person who reads the probe's last word."""
    with pytest.raises(ProbeFailed, match=said):
        http_check(f"{site}{path}", contains=contains)()


def test_a_server_that_is_gone_is_a_failure_and_a_slow_one_a_timeout(site: str) -> None:
    """Two different troubles."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ProbeFailed, match="did not answer"):
        http_check(f"http://127.0.0.1:{port}/")()
    with pytest.raises(TimeoutError):
        http_check(f"{site}/slow", timeout_seconds=0.1)()


def test_a_walk_is_one_user(site: str) -> None:
    """Cookies are kept, all of them, and a form's token is taken from its page; each run starts anew."""
    walk = journey_check(site, *LOGIN)
    walk()
    walk()


def test_a_walk_says_at_which_step_it_ended(site: str) -> None:
    """And what it saw there."""
    with pytest.raises(ProbeFailed, match="GET /account: answered 403"):
        journey_check(site, LOGIN[2])()
    with pytest.raises(ProbeFailed, match=r"step 2 of 3 POST /login: answered 400"):
        journey_check(site, Visit(path="/login"), *LOGIN[1:])()
    with pytest.raises(ProbeFailed, match=r"nothing to capture as 'order'"):
        journey_check(site, Visit(path="/login", capture={"order": r"order (\d+)"}))()


def test_a_check_that_cannot_hold_is_refused() -> None:
    """When it is made."""
    with pytest.raises(ConfigurationError, match="not an http"):
        http_check("ftp://shop.example/")
    with pytest.raises(ConfigurationError, match="at least one"):
        journey_check("http://shop.example")
    with pytest.raises(ConfigurationError, match="exactly one"):
        Visit(path="/", capture={"token": "token"})
    with pytest.raises(ConfigurationError, match="regular expression"):
        Visit(path="/", capture={"token": "("})


def test_a_host_defines_probes_and_its_worker_runs_them(site: str, tmp_path: Path) -> None:
    """As a call, as a decorator, sync or async; the outcomes are at zero before, and counted after."""
    shop = Parapet(service="shop", evidence=f"sqlite:///{tmp_path / 'evidence.db'}")
    migrate.upgrade(shop.store.engine)
    shop.probe("login", journey_check(site, *LOGIN))
    shop.probe("gone", http_check(f"{site}/gone"))

    @shop.probe("stock", every_seconds=30)
    async def stock() -> None:
        assert 2 > 1

    name = names.PROBE_DURATION
    assert f'{name}_count{{probe="login",outcome="failure"}} 0' in shop.recorder.render().decode()
    assert shop.tick().probed == 3
    text = shop.recorder.render().decode()
    for probe, outcome in (("login", "success"), ("gone", "failure"), ("stock", "success")):
        assert f'{name}_count{{probe="{probe}",outcome="{outcome}"}} 1' in text
    with pytest.raises(ConfigurationError, match="twice"):
        shop.probe("login", lambda: None)
    shop.adopt(probes_pack("login"))
    assert [one.name for one in shop.catalog] == ["probe-login"]
    shop.store.close()


HOST = """
from pathlib import Path
from parapet import Parapet
parapet = Parapet(service="shop", evidence=f"sqlite:///{Path(__file__).parent / 'evidence.db'}")
parapet.probe("self", lambda: None)
"""


def test_the_worker_command_runs_them(tmp_path: Path) -> None:
    """`parapet worker --once` does, and says so."""
    (tmp_path / "host.py").write_text(HOST)

    def command(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "parapet", *words, "--app", "host:parapet", "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command("db", "upgrade")
    assert json.loads(command("worker", "--once"))["probed"] == 1
    assert json.loads(command("worker", "--once"))["probed"] == 0


def test_prometheus_hears_of_it_from_the_worker(tmp_path: Path) -> None:
    """A worker is a process of its own: it serves what it counted, until it is told to end."""
    (tmp_path / "host.py").write_text(HOST)
    python = [sys.executable, "-m", "parapet"]
    subprocess.run([*python, "db", "upgrade", "--app", "host:parapet"], cwd=tmp_path, check=True, timeout=60)
    worker = subprocess.Popen(
        [*python, "worker", "--app", "host:parapet", "--interval", "0.05", "--metrics-port", "0"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stderr is not None
        address = worker.stderr.readline().split()[-1]
        wanted = f'{names.PROBE_DURATION}_count{{probe="self",outcome="success"}} 1'
        deadline = time.monotonic() + 20
        while True:
            with urlopen(address, timeout=10) as answer:
                if wanted in answer.read().decode():
                    break
            assert time.monotonic() < deadline, "the probe was not heard of"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.communicate()
