"""Python programs as processes of their own, forked from one that has imported Parapet already: importing, which is
most of what a command costs, is spared, and taking down what was imported; nothing else. A library that looks at the
environment when it is imported has looked at the first one's: what depends on that needs an interpreter of its own.

Run as a program, this module is the process that they are forked from.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

ROOT = Path(__file__).parents[1]
LIMIT_SECONDS = 120
LEFT_OUT = ("parapet.integrations", "parapet.store.migrations", "parapet.__main__")
"""What needs a host's libraries, what Alembic runs, and what is no module but a program."""
FOREIGN = (
    "django.core.management",
    "fastapi",
    "psycopg",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
)


PYTHON = """#!{python} -IS
import json, os, signal, socket, sys
door = socket.socket(socket.AF_UNIX)
door.connect({door!r})
words = [*{before}, *sys.argv[1:]]
asked = json.dumps(dict(run=words, cwd=os.getcwd(), env=dict(os.environ), seconds={seconds})).encode()
socket.send_fds(door, [len(asked).to_bytes(4, "big")], [0, 1, 2])
door.sendall(asked)
status = json.loads(door.makefile().read())
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""
"""A program that asks for a process with its own arguments, environment, streams and folder."""


class Running(Protocol):
    """What both a `subprocess.Popen` and a program that was forked can do."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Its status, if it has ended."""
        ...

    def send_signal(self, sig: int, /) -> None:
        """Signal it, unless it has ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended. Raises `subprocess.TimeoutExpired`."""
        ...


class Forks:
    """Starts the process, and runs programs as `subprocess` does."""

    def __init__(self) -> None:
        self._home = TemporaryDirectory()
        door = str(Path(self._home.name, "door"))
        self.programs = Path(self._home.name, "programs")
        """A folder for PATH, with `python` and `parapet`, of which one runs at a time."""
        self.programs.mkdir()
        self.python = str(self.programs / "python")
        for name, before in (("python", ()), ("parapet", ("-m", "parapet"))):
            program = self.programs / name
            text = PYTHON.format(python=sys.executable, door=door, seconds=LIMIT_SECONDS, before=before)
            program.write_text(text)
            program.chmod(0o700)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(door)
            listening.listen()
            self._first = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(listening.fileno())],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=[listening.fileno()],
            )

    def ask(self, **asked: object) -> int:
        """What the process answers."""
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        self._first.stdin.write(json.dumps(asked) + "\n")
        self._first.stdin.flush()
        answer: int = json.loads(self._first.stdout.readline())
        return answer

    def load(self, *modules: str) -> None:
        """Import more, for what is run from now on."""
        self.ask(load=modules)

    def run(
        self, *arguments: str, cwd: Path, env: Mapping[str, str], seconds: int = LIMIT_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """What `python ARGUMENTS`, a module, a text or a file, says in *cwd*. It is killed after *seconds*."""
        [ended] = self.run_together(arguments, cwd=cwd, env=env, seconds=seconds)
        return ended

    def run_together(
        self, *programs: Sequence[str], cwd: Path, env: Mapping[str, str], seconds: int = LIMIT_SECONDS
    ) -> list[subprocess.CompletedProcess[str]]:
        """The same of several programs, all at once."""
        with TemporaryDirectory(dir=self._home.name) as folder:
            said = [(Path(folder, f"out{number}"), Path(folder, f"err{number}")) for number in range(len(programs))]
            asked = {"cwd": str(cwd), "env": dict(env), "seconds": seconds}
            pids = [
                self.ask(run=program, out=str(out), err=str(err), **asked)
                for program, (out, err) in zip(programs, said, strict=True)
            ]
            ended = [self.ask(wait=pid) for pid in pids]
            return [
                subprocess.CompletedProcess(program, status, out.read_text(), err.read_text())
                for program, status, (out, err) in zip(programs, ended, said, strict=True)
            ]

    def start(self, *arguments: str, cwd: Path, env: Mapping[str, str], log: Path) -> Running:
        """`python ARGUMENTS` as the leader of a session of its own, which writes to *log*."""
        log.touch()
        return Started(self, self.ask(run=arguments, cwd=str(cwd), env=dict(env), seconds=0, out=str(log), err=""))

    def close(self) -> None:
        """End the process that all were forked from."""
        self._first.communicate(timeout=LIMIT_SECONDS)
        self._home.cleanup()


@dataclass
class Started:
    """A program that goes on."""

    forks: Forks
    pid: int
    _status: int | None = None

    def poll(self) -> int | None:
        """Its status, if it has ended. Until then nobody but /proc is asked."""
        if self._status is None and Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            self._status = self.forks.ask(wait=self.pid)
        return self._status

    def send_signal(self, sig: int, /) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"{self.pid}", timeout)
            time.sleep(0.01)
        return status


def _import_all() -> None:
    for one in pkgutil.walk_packages(import_module("parapet").__path__, "parapet."):
        if not one.name.startswith(LEFT_OUT):
            with suppress(ImportError):  # a library that is not installed here
                import_module(one.name)
    for name in FOREIGN:
        import_module(name)


def _opened(out: str, err: str) -> Iterator[int]:
    """Standard input, output and error; without a name, errors go where the output goes."""
    yield os.open(os.devnull, os.O_RDONLY)
    for name in (out, err):
        yield os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if name else os.dup(1)


def _become(asked: Mapping[str, Any]) -> None:
    """Be a process with a session, a folder, an environment and streams of its own."""
    os.setsid()
    for number, opened in enumerate(asked.get("streams") or _opened(asked["out"], asked["err"])):
        os.dup2(opened, number)
        os.close(opened)
    tempfile.tempdir = None  # the environment says where
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    if os.environ.get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.chdir(asked["cwd"])
    signal.alarm(asked["seconds"])


def _run(*program: str) -> None:
    """As the interpreter does; whatever it raises is the interpreter's to tell."""
    sys.dont_write_bytecode = program[0] == "-B"
    how, what, *arguments = program[sys.dont_write_bytecode :]
    places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    here = os.getcwd() if how == "-m" else ""
    sys.path[:] = [here, *places, *(place for place in sys.path if place not in ("", str(ROOT)))]
    sys.argv = [how, *arguments]
    match how:
        case "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        case "-c":
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
        case file:
            sys.argv = [file, what, *arguments]
            sys.path[0] = str(Path(file).resolve().parent)
            runpy.run_path(file, run_name="__main__")


def _serve(door: socket.socket) -> tuple[str, ...]:
    """Answer each request, until there are no more. Returns in every process that is forked, with what it is to run."""
    while True:
        ready, _, _ = select.select([sys.stdin, door], [], [])
        if door in ready:
            with door.accept()[0] as client:
                size, streams, _, _ = socket.recv_fds(client, 4, 3)
                asked = json.loads(client.makefile("rb").read(int.from_bytes(size, "big")))
                if (child := _fork({**asked, "streams": streams})) == 0:
                    return tuple(asked["run"])
                for each in streams:
                    os.close(each)
                client.sendall(json.dumps(_status(child)).encode())
            continue
        if not (line := sys.stdin.readline()):
            sys.exit(0)
        match json.loads(line):
            case {"load": modules}:
                for name in modules:
                    import_module(name)
                answer = len(modules)
            case {"wait": pid}:
                answer = _status(pid)
            case asked:
                if (answer := _fork(asked)) == 0:
                    return tuple(asked["run"])
        print(json.dumps(answer), flush=True)


def _fork(asked: Mapping[str, Any]) -> int:
    """The number of a new process, and 0 in it."""
    gc.freeze()
    child = os.fork()
    if child == 0:
        _become(asked)
    return child


def _status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@dataclass(kw_only=True)
class _Ending:
    """How a program ends: as the interpreter ends it, until nothing is left but to free what it imported."""

    status: int = 0

    def __post_init__(self) -> None:
        atexit.register(self._end)  # before anybody else, and so after everybody else

    def _end(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.status)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the status that what happens here ends with."""
        try:
            yield
        except SystemExit as ended:
            self.status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            raise
        except BaseException:
            self.status = 1
            raise


if __name__ == "__main__":
    ending = _Ending()
    with socket.socket(fileno=int(sys.argv[1])) as door:
        _import_all()
        program = _serve(door)
    with ending.noted():
        _run(*program)
