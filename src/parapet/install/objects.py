"""Engines and job applications of the host: they get counted where they are made, in a module or in a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    """What it is called there: `engine`, or `app.state.engine`."""
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
    """Engines of SQLAlchemy that are given a name where they are made."""
    return _made(project, ENGINES)


def job_objects(project: Project) -> tuple[Made, ...]:
    """Applications and brokers of job libraries that are given a name where they are made, and arq's settings."""
    return (*_made(project, JOBS), *_settings_of_arq(project))


def _made(project: Project, known: dict[str, str]) -> tuple[Made, ...]:
    found = []
    for source in project.sources:
        for statement in _statements(source.tree):
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(statement.value, ast.Call):
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            library = known.get(source.dotted(statement.value.func))
            if library is not None and len(targets) == 1 and isinstance(targets[0], ast.Name | ast.Attribute):
                name = ast.unparse(targets[0])
                found.append(Made(library=library, source=source, variable=name, statement=statement))
    return tuple(found)


def _settings_of_arq(project: Project) -> Iterator[Made]:
    """Classes that arq is started with: they say what its functions are."""
    for source in project.sources:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef):
                said = {target.id for target in _targets(node) if isinstance(target, ast.Name)}
                if node.name == "WorkerSettings" and said & {"functions", "cron_jobs"}:
                    yield Made(library="arq", source=source, variable=node.name, statement=node)


def _targets(node: ast.ClassDef) -> Iterator[ast.expr]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield from statement.targets
        elif isinstance(statement, ast.AnnAssign):
            yield statement.target


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Those of the module, then those of every function, in their order."""
    yield from tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from node.body
