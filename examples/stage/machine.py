"""What the stack asks of this machine: programs, free ports, processes that end when they should."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10.0


class StackError(Exception):
    """The stack, or what was waited for, did not come up. The text says what to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where each server listens."""

    shop: int
    prometheus: int
    alertmanager: int


def program(package: str, *names: str) -> str:
    """The path of the first of *names* that is installed.

    Raises:
        StackError: none is; it names the Debian package.
    """
    for name in names:
        if found := shutil.which(name):
            return found
    raise StackError(
        f"There is no `{names[0]}` on this machine. On Debian or Ubuntu: "
        f"sudo apt-get install --no-install-recommends {package}"
    )


def choose_ports(shop: int | None) -> Ports:
    """Free ports on loopback; for the shop, *shop* if it is one of them."""
    with ExitStack() as held:
        wanted = held.enter_context(_bound(shop)) if shop is not None and _is_free(shop) else None
        taken = [held.enter_context(_bound(0)) for _ in range(3)]
        numbers = [one.getsockname()[1] for one in taken]
        return Ports(
            shop=wanted.getsockname()[1] if wanted else numbers[0], prometheus=numbers[1], alertmanager=numbers[2]
        )


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP end the program as Ctrl-C does, so that every `with` block cleans up.

    SIGINT is ours as well: a shell starts what it puts into the background deaf to it. A deafness to SIGHUP is a wish.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ending = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C while cleaning up would leave servers behind, so it waits. Only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tied_to_us() -> list[str]:
    """Words before a command so that the kernel ends it when we die without a chance to clean up."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask *process* to end, insist if it does not, and wait until it is gone."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((LOOPBACK, port))
    return one


def _is_free(port: int) -> bool:
    try:
        _bound(port).close()
    except OSError:
        return False
    return True
