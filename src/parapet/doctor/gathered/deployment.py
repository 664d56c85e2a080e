"""How the host is started, as far as its files say: Procfile, Dockerfile, compose, systemd, Kubernetes, CI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property

from parapet.doctor.finding import Place
from parapet.doctor.gathered.files import File

STARTS = (
    "Procfile*", "Dockerfile*", "*.dockerfile", "compose*.y*ml", "docker-compose*.y*ml", "*.service", "*.timer", "*.sh",
    "fly.toml", "render.yaml", "app.json", "crontab*", "supervisord*.conf", "deployment*.y*ml", "values*.y*ml",
)  # fmt: skip
"""Files that say how something is started."""
PIPELINES = (".github/workflows/*", ".gitlab-ci.yml", ".circleci/*", "Jenkinsfile", "azure-pipelines.yml")
WORKER = re.compile(r"\bparapet[\"',\s]+worker\b")
MARK = re.compile(r"\bparapet[\"',\s]+deploy[\"',\s]+mark\b|/api/changes\b")
CHECKED = re.compile(r"\bparapet[\"',\s]+generate\b.*--check")
PROCESSES = re.compile(
    r"(?:\b(?:gunicorn|uvicorn|granian|hypercorn|daphne|uwsgi)\b.*?(?:--workers|--processes|-w|-p)[=\"',\s]+"
    r"|\bWEB_CONCURRENCY[\"':=\s]+)(\d+)"
)
NODES = re.compile(r"\b(?:replicas|replicaCount|min_machines_running|numInstances)[\"']?\s*[:=]\s*(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file, without its comment."""

    place: Place
    text: str


class Deployment:
    """The lines of *files* that say how the host is started, and those of its pipelines."""

    def __init__(self, files: Iterable[File]) -> None:
        files = tuple(files)
        self.files = tuple(one for one in files if any(fnmatch(one.name, each) for each in STARTS))
        self.pipelines = tuple(one for one in files if any(fnmatch(one.path, each) for each in PIPELINES))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """What starts something."""
        return tuple(line for file in self.files for line in _lines(file))

    @cached_property
    def starts_worker(self) -> bool:
        """Whether a worker of Parapet is started."""
        return any(WORKER.search(line.text) for line in self.lines)

    @cached_property
    def unread_workers(self) -> tuple[Place, ...]:
        """Where a worker of Parapet is started, in files that give none of them a port for its metrics."""
        with_port = {line.place.path for line in self.lines if "--metrics-port" in line.text}
        places = (line.place for line in self.lines if WORKER.search(line.text))
        return tuple(place for place in places if place.path not in with_port)

    @cached_property
    def marks_deploys(self) -> bool:
        """Whether somebody says that a deploy happened."""
        return any(MARK.search(line.text) for line in (*self.lines, *self._pipeline_lines))

    @cached_property
    def checks_files(self) -> bool:
        """Whether a pipeline compares the generated files."""
        return any(CHECKED.search(line.text) for line in self._pipeline_lines)

    @cached_property
    def processes(self) -> tuple[tuple[int, Place], ...]:
        """How many processes a server is started with, where that is more than one."""
        return tuple(_numbers(PROCESSES, self.lines))

    @cached_property
    def nodes(self) -> tuple[tuple[int, Place], ...]:
        """On how many nodes something runs, where that is more than one."""
        return tuple(_numbers(NODES, self.lines))

    @property
    def _pipeline_lines(self) -> tuple[Line, ...]:
        return tuple(line for file in self.pipelines for line in _lines(file))


def _lines(file: File) -> Iterator[Line]:
    for number, text in enumerate(file.text.splitlines(), start=1):
        said = re.sub(r"(^|\s)#.*", "", text)
        if said.strip():
            yield Line(place=Place(path=file.path, line=number), text=said)


def _numbers(pattern: re.Pattern[str], lines: Iterable[Line]) -> Iterator[tuple[int, Place]]:
    for line in lines:
        if (match := pattern.search(line.text)) and int(match[1]) > 1:
            yield int(match[1]), line.place
