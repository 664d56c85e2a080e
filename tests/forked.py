"""Python programs as processes of their own, forked from one that has imported Parapet already: importing, which is
most of what a command costs, is spared, and taking down what was imported; nothing else.

Run as a program, this module is the process that they are forked from.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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


class Forks:
    """Starts the process, and runs programs as `subprocess.run` does."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.forked"]
        self._first = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        asked = {"cwd": str(cwd), "env": dict(env), "seconds": seconds}
        with TemporaryDirectory() as folder:
            said = [(Path(folder, f"out{number}"), Path(folder, f"err{number}")) for number in range(len(programs))]
            told = [
                {**asked, "arguments": program, "out": str(out), "err": str(err)}
                for program, (out, err) in zip(programs, said, strict=True)
            ]
            self._first.stdin.write(json.dumps(told) + "\n")
            self._first.stdin.flush()
            return [
                subprocess.CompletedProcess(program, status, out.read_text(), err.read_text())
                for program, status, (out, err) in zip(
                    programs, json.loads(self._first.stdout.readline()), said, strict=True
                )
            ]

    def close(self) -> None:
        """End the process that all were forked from."""
        self._first.communicate(timeout=LIMIT_SECONDS)


def _import_all() -> None:
    for one in pkgutil.walk_packages(import_module("parapet").__path__, "parapet."):
        if not one.name.startswith(LEFT_OUT):
            with suppress(ImportError):  # a library that is not installed here
                import_module(one.name)
    for name in FOREIGN:
        import_module(name)


def _become(asked: Mapping[str, Any]) -> None:
    """Be a process with a folder, an environment and streams of its own."""
    writes = os.O_WRONLY | os.O_CREAT
    streams = ((os.devnull, os.O_RDONLY), (asked["out"], writes), (asked["err"], writes))
    for number, (name, flags) in enumerate(streams):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    signal.alarm(asked["seconds"])


def _run(how: str, what: str, *arguments: str) -> None:
    """As the interpreter does; whatever it raises is the interpreter's to tell."""
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


def _serve() -> tuple[str, ...]:
    """Answer each request with how its processes ended. Returns in each of them, with what it is to run."""
    for line in sys.stdin:
        children = []
        for asked in json.loads(line):
            child = os.fork()
            if child == 0:
                _become(asked)
                return tuple(asked["arguments"])
            children.append(child)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(statuses), flush=True)
    sys.exit(0)


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
    _import_all()
    gc.freeze()
    program = _serve()
    with ending.noted():
        _run(*program)
