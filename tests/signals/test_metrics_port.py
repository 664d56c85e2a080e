"""A port of its own for /metrics, over real connections; and who may read."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from parapet.core.errors import ConfigurationError
from parapet.signals.gate import Gate, Verdict
from parapet.signals.port import MOST_AT_ONCE, MetricsPort, serve_metrics
from parapet.signals.recorder import Recorder
from parapet.signals.text import Format

TOKEN = "metrics-token-0123456789"


def get(port: int, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    recorder.register_journey("login")
    return recorder


@pytest.fixture
def open_port(recorder: Recorder) -> Iterator[MetricsPort]:
    with serve_metrics(recorder, 0) as port:
        yield port


def test_a_scrape_on_loopback_needs_nothing(open_port: MetricsPort, recorder: Recorder) -> None:
    """It gets what it asks for, in the format and encoding it likes."""
    answer, body = get(open_port.port)
    assert (answer.status, answer.headers["content-type"]) == (200, Format.PLAIN.value)
    assert body == recorder.render()
    answer, body = get(open_port.port, accept="application/openmetrics-text", accept_encoding="gzip")
    assert (answer.headers["content-type"], answer.headers["content-encoding"]) == (Format.OPENMETRICS.value, "gzip")
    assert gzip.decompress(body) == recorder.render(Format.OPENMETRICS)
    answer, body = get(open_port.port, "/metrics/?debug=1", "HEAD")
    assert (answer.status, body) == (200, b"")


def test_there_is_nothing_else_on_that_port(open_port: MetricsPort) -> None:
    """No other path, no other method, and no word about what serves it."""
    assert get(open_port.port, "/")[0].status == 404
    answer, _ = get(open_port.port, method="POST")
    assert answer.status == 501
    assert answer.headers["server"].strip() == "parapet"


def test_a_token_opens_and_nothing_else_does(recorder: Recorder) -> None:
    """With tokens, loopback is no reason to let anybody in."""
    with serve_metrics(recorder, 0, tokens=(TOKEN,)) as port:
        answer, _ = get(port.port)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="parapet metrics"')
        assert get(port.port, authorization="Bearer wrong")[0].status == 401
        assert get(port.port, authorization=f"Basic {TOKEN}")[0].status == 401
        assert get(port.port, authorization=f"bearer {TOKEN}")[0].status == 200


def test_an_address_outside_the_networks_is_turned_away(recorder: Recorder) -> None:
    """Whatever it says about itself in a header."""
    with serve_metrics(recorder, 0, allow_networks=("192.0.2.0/24",)) as port:
        answer, body = get(port.port, x_forwarded_for="192.0.2.7", forwarded="for=192.0.2.7")
        assert (answer.status, body) == (403, b"Not from here.\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_reach_needs_somebody_named(recorder: Recorder, host: str) -> None:
    """Refused before it listens, with what to write."""
    with pytest.raises(ConfigurationError, match="say who may read"):
        serve_metrics(recorder, 0, host=host)


def test_a_port_that_is_taken_is_said(recorder: Recorder, open_port: MetricsPort) -> None:
    """With its number, in words."""
    with pytest.raises(ConfigurationError, match=f"{open_port.port} cannot be listened on"):
        serve_metrics(recorder, open_port.port)


def test_a_client_that_sends_nothing_keeps_nobody_waiting(open_port: MetricsPort) -> None:
    """Each connection has a thread, and garbage gets an answer or none."""
    with socket.create_connection(("127.0.0.1", open_port.port), timeout=5) as silent:
        assert get(open_port.port)[0].status == 200
        silent.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert get(open_port.port)[0].status == 200


def test_scrapes_that_pile_up_are_turned_away() -> None:
    """A slow reading is not made slower by more of it."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Slow:
        def render(self, form: Format = Format.PLAIN) -> bytes:
            begun.release()
            go_on.wait(10)
            return b"slow 1\n"

    with serve_metrics(Slow(), 0) as port:
        threads = [threading.Thread(target=get, args=(port.port,)) for _ in range(MOST_AT_ONCE)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert begun.acquire(timeout=10)
        answer, _ = get(port.port)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        go_on.set()
        for thread in threads:
            thread.join()
        assert get(port.port)[1] == b"slow 1\n"


def test_what_cannot_be_read_is_an_answer_too() -> None:
    """Prometheus sees a failed scrape, the process goes on."""

    class Broken:
        def render(self, form: Format = Format.PLAIN) -> bytes:
            raise RuntimeError("on purpose")

    with serve_metrics(Broken(), 0) as port:
        for _ in range(MOST_AT_ONCE + 1):
            assert get(port.port)[0].status == 500


def test_a_process_ends_although_it_serves() -> None:
    """The threads are daemons: nothing has to be closed."""
    script = (
        "from parapet.signals.recorder import Recorder; from parapet.signals.port import serve_metrics; "
        "print(serve_metrics(Recorder(), 0).port > 0)"
    )
    env = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=20, check=True
    )
    assert out.stdout.strip() == "True"


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("10.1.2.3", Verdict.OPEN),
        ("::ffff:10.1.2.3", Verdict.OPEN),
        ("fd00::1", Verdict.OPEN),
        ("fd00::1%eth0", Verdict.OPEN),
        ("11.1.2.3", Verdict.STRANGER),
        ("testclient", Verdict.STRANGER),
        ("", Verdict.STRANGER),
        (None, Verdict.STRANGER),
    ],
)
def test_a_network_is_that_of_the_direct_peer(client: str | None, expected: Verdict) -> None:
    """Version 4 within version 6 counts as version 4; what is no address is nowhere."""
    gate = Gate.of(("10.0.0.0/8", "fd00::/8"))
    assert gate.verdict(client=client, token=None, tokens=()) is expected


def test_without_tokens_and_networks_nobody_may_read() -> None:
    """Closed by default; an empty token opens nothing."""
    gate = Gate.of(())
    cases: Mapping[tuple[str | None, tuple[str, ...]], Verdict] = {
        (None, ()): Verdict.CLOSED,
        ("", ("",)): Verdict.TOKEN_NEEDED,
        (TOKEN, (TOKEN,)): Verdict.OPEN,
        (TOKEN, ("another-token-0123456789", TOKEN)): Verdict.OPEN,
        (TOKEN[:-1], (TOKEN,)): Verdict.TOKEN_NEEDED,
    }
    for (token, tokens), expected in cases.items():
        assert gate.verdict(client="127.0.0.1", token=token, tokens=tokens) is expected


@pytest.mark.parametrize("wrong", [("10.0.0.1/8",), ("everybody",), ("",), "10.0.0.0/8"])
def test_what_is_no_network_is_refused_where_it_is_written(wrong: tuple[str, ...] | str) -> None:
    """A typing error must not open or close an endpoint silently."""
    with pytest.raises(ConfigurationError, match=r"[Nn]etwork"):
        Gate.of(wrong)


def test_whoever_asks_hears_whether_the_process_is_well(recorder: Recorder) -> None:
    """Without a token: a probe of the platform has none. Without a health to tell, there is no such page."""
    said: list[str | None] = [None, "no round was finished for 90 s"]
    with serve_metrics(recorder, 0, tokens=(TOKEN,), health=lambda: said.pop(0)) as port:
        answers = [get(port.port, "/health") for _ in range(2)]
        assert [(answer.status, body) for answer, body in answers] == [
            (200, b"well\n"),
            (503, b"no round was finished for 90 s\n"),
        ]
        assert get(port.port)[0].status == 401
    with serve_metrics(recorder, 0) as port:
        assert get(port.port, "/health")[0].status == 404
