"""Real servers for a test: started on loopback, waited for, and ended with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TypeVar

import pytest

T = TypeVar("T")

WAIT_SECONDS = 240.0
LOOPBACK = "127.0.0.1"


def installed(package: str, *names: str) -> str:
    """The path of the first of *names* that is there; without one the test is skipped loudly, or fails under CI."""
    for name in names:
        if found := shutil.which(name):
            return found
    message = f"{names[0]} is not installed (Debian: {package})"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """A port on loopback that nobody listened on a moment ago."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
        return port


def wait(what: str, look: Callable[[], T | None]) -> T:
    """Look until there is something to see, less often the longer it takes, and return it."""
    until, pause, seconds = monotonic() + WAIT_SECONDS, threading.Event(), 0.05
    while True:
        if seen := look():
            return seen
        assert monotonic() < until, f"{what}: not within {WAIT_SECONDS:g} s"
        pause.wait(seconds)
        seconds = min(seconds * 1.1, 0.5)


def asked(url: str, body: bytes | None = None, *, method: str | None = None) -> bytes | None:
    """What *url* answers, with *body* to a POST of JSON; None while it does not answer with success."""
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
            return found
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        return None


@contextmanager
def running(words: Sequence[str | Path], ready_at: str | Callable[[], object], log: Path) -> Iterator[None]:
    """A server from when it answers at *ready_at*, or that says so, until the block ends; its words are in *log*."""
    tied = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    with log.open("wb") as said:
        process = subprocess.Popen([*tied, *map(str, words)], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:

            def ready() -> bool:
                assert process.poll() is None, f"{words[0]} ended: {log.read_text(errors='replace')[-2000:]}"
                return asked(ready_at) is not None if isinstance(ready_at, str) else bool(ready_at())

            wait(f"{words[0]} answers", ready)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
