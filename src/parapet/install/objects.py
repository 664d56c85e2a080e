"""Engines and job applications of the host: objects of a module that get counted where they are made."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from parapet.install.finding import Finding
from parapet.install.project import Project, Source

ENGINES = {
    "sqlalchemy.create_engine": "SQLAlchemy",
    "sqlalchemy.engine.create_engine": "SQLAlchemy",
    "sqlalchemy.ext.asyncio.create_async_engine": "SQLAlchemy",
    "sqlmodel.create_engine": "SQLModel",
}
JOBS = {
    "celery.Celery": "Celery",
    "procrastinate.App": "Procrastinate",
    "taskiq_redis.ListQueueBroker": "Taskiq",
    "taskiq_redis.RedisStreamBroker": "Taskiq",
    "dramatiq.brokers.redis.RedisBroker": "Dramatiq",
    "dramatiq.brokers.rabbitmq.RabbitmqBroker": "Dramatiq",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One object of a module."""

    library: str
    source: Source
    variable: str
    statement: ast.stmt

    @property
    def where(self) -> Finding:
        """The line that makes it."""
        about, line = ("database" if self.library in ENGINES.values() else "jobs"), self.statement.lineno
        return Finding(
            about=about,
            name=f"{self.variable} of {self.library}",
            path=self.source.path,
            line=line,
            why=self.source.line(line),
        )


def engines(project: Project) -> tuple[Made, ...]:
    """Engines of SQLAlchemy that are objects of a module."""
    return _made(project, ENGINES)


def job_objects(project: Project) -> tuple[Made, ...]:
    """Applications and brokers of job libraries that are objects of a module."""
    return _made(project, JOBS)


def _made(project: Project, known: dict[str, str]) -> tuple[Made, ...]:
    found = []
    for source in project.sources:
        for statement in source.tree.body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(statement.value, ast.Call):
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            library = known.get(source.dotted(statement.value.func))
            if library is not None and len(targets) == 1 and isinstance(targets[0], ast.Name):
                found.append(Made(library=library, source=source, variable=targets[0].id, statement=statement))
    return tuple(found)
