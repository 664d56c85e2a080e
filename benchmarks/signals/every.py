"""Everything that signals cost, one measurement after the other: what `make bench-signals` runs.

    python -m benchmarks.signals.every [--short] [--only jobs] [--markdown [FILE]]

Each measurement runs in the environment that has its peers (`scripts/make-env`), and prints as it goes. With
`--markdown` what was printed becomes a page as well, docs/benchmarks.md by default: no figure comes from anywhere else.
With `--only` the other sections of that page stay as they are.
"""

# ruff: noqa: E501 - the lines of a page are as long as those of the other pages

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.environments import interpreter

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"

INTRODUCTION = """\
# Benchmarks

What counting costs whoever is counted, beside what others count with, as `make bench-signals` prints it. Every table below is the
output of one program, and none was typed. Ratios travel between machines, microseconds do not. Each program says in its first lines
how it measures.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One program, and what a reader should know about its figures."""

    title: str
    program: str
    """In this folder."""
    environment: str | None
    """As `scripts/make-env` knows it; None: the project's own."""
    words: str

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.program.removesuffix(".py")


MEASUREMENTS = (
    Measurement(
        title="A request",
        program="http.py",
        environment="http-peers",
        words="""\
Starlette, FastAPI, Flask and Django, in one process and counting as processes do that share a directory; route template, method,
status class and a duration in twelve buckets are recorded by everybody who can. "By hand" is a middleware as careful as one can
write it with prometheus_client, with every child bound before the first request: it is no exporter that anybody installs, and no
other contestant comes near it.""",
    ),
    Measurement(
        title="A database statement",
        program="sql.py",
        environment="sqlpeers",
        words="""\
SQLAlchemy over SQLite in memory. Any cursor event makes SQLAlchemy take a slower path, which is most of what others pay.""",
    ),
    Measurement(
        title="A background job",
        program="jobs.py",
        environment="jobpeers",
        words="""\
What a contestant pays here is first of all the price of the library's own seam, before it counts anything; the rows that do nothing
show that price. Exporters that people install are eight to thirteen times as dear as Parapet, with one exception:

- *Celery*: peers count by its signals, or read the events that a worker sends about every task. Two signal receivers that do nothing
  cost a quarter of a task already, because every signal is sent through a list of weak references; events are built, gathered and
  sent, three for a task. Parapet uses the methods of a base class, which cost next to nothing, and records the wait, the run time by
  state, what runs now and the last success. By hand, only the run time by state is recorded.
- *Dramatiq*: the bundled middleware counts with prometheus_client through files, several families for each message.
- *Taskiq*: the bundled OpenTelemetry middleware records about what Parapet records. **The bundled Prometheus middleware is the
  exception, at about a third of that price**: it counts two or three children for each task and knows no wait. Eight times less than it
  would be 1.6 us, and two hooks that do nothing cost 1.4 of them, or 0.9 as coroutines, which is what ours are. One hook cannot do it: that
  a task runs now must be known before it ends, or nobody could tell that its worker died.""",
    ),
    Measurement(
        title="A scrape",
        program="scrape.py",
        environment=None,
        words="10,000 histogram series in one process and over eight, beside prometheus_client's own two modes.",
    ),
    Measurement(
        title="Memory, and a hostile client",
        program="memory.py",
        environment=None,
        words="""\
Bytes for each label set; then a client that makes up method, path and headers of a million requests, and an application that makes up
the names of as many jobs.""",
    ),
)


def main() -> None:
    """Measure everything, and write the page if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer rounds and processes: a look, not a measurement")
    parser.add_argument("--only", choices=[one.name for one in MEASUREMENTS], help="one measurement")
    parser.add_argument("--markdown", nargs="?", type=Path, const=PAGE, metavar="FILE", help="write the page too")
    given = parser.parse_args()
    sections = dict[str, str]()
    if given.only and given.markdown is not None:
        sections = existing(given.markdown.read_text())
    for one in MEASUREMENTS:
        if given.only in {None, one.name}:
            print(f"\n== {one.title}", flush=True)
            said = measured(one, ["--short"] if given.short else [])
            words = f"{one.words}\n\n{circumstances(short=given.short)}"
            sections[one.title] = f"## {one.title}\n\n{words}\n\n```text\n{said.strip()}\n```\n"
    if given.markdown is not None:
        given.markdown.write_text("\n".join([INTRODUCTION, *(sections[one.title] for one in MEASUREMENTS)]))
        print(f"\nwrote {given.markdown}")


def existing(page: str) -> dict[str, str]:
    """The sections of *page*, by title."""
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def measured(one: Measurement, arguments: list[str]) -> str:
    """What its program prints, which is shown meanwhile.

    Raises:
        SystemExit: it failed.
    """
    command = [
        sys.executable if one.environment is None else interpreter(one.environment),
        "-u",
        str(Path(__file__).with_name(one.program)),
        *arguments,
    ]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if running.returncode:
        raise SystemExit(f"{one.program} failed: {running.returncode}")
    return "".join(lines)


def circumstances(*, short: bool) -> str:
    """When, and on what."""
    machine = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    libraries = f"Python {platform.python_version()}, prometheus_client {version('prometheus_client')}"
    return f"{datetime.now(UTC):%d %B %Y}, {machine}, {libraries}{', in short' if short else ''}:"


if __name__ == "__main__":
    main()
