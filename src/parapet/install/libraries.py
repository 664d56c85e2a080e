"""Libraries that an install knows, by what a module imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from parapet.install.finding import Finding
from parapet.install.project import Project

KNOWN: dict[str, dict[str, str]] = {
    "framework": {"fastapi": "FastAPI", "starlette": "Starlette", "django": "Django", "flask": "Flask"},
    "database": {
        "sqlmodel": "SQLModel",
        "sqlalchemy": "SQLAlchemy",
        "flask_sqlalchemy": "Flask-SQLAlchemy",
        "tortoise": "Tortoise ORM",
        "peewee": "Peewee",
        "django.db": "Django ORM",
    },
    "jobs": {
        "celery": "Celery",
        "rq": "RQ",
        "dramatiq": "Dramatiq",
        "arq": "arq",
        "taskiq": "Taskiq",
        "procrastinate": "Procrastinate",
    },
    "mail": {
        "django.core.mail": "Django mail",
        "flask_mail": "Flask-Mail",
        "fastapi_mail": "FastAPI-Mail",
        "anymail": "Anymail",
        "sendgrid": "SendGrid",
        "postmarker": "Postmark",
        "resend": "Resend",
        "aiosmtplib": "aiosmtplib",
        "smtplib": "smtplib",
    },
    "flags": {
        "openfeature": "OpenFeature",
        "UnleashClient": "Unleash",
        "ldclient": "LaunchDarkly",
        "waffle": "django-waffle",
        "flagsmith": "Flagsmith",
        "growthbook": "GrowthBook",
    },
    "login": {
        "django.contrib.auth": "Django auth",
        "allauth": "django-allauth",
        "flask_login": "Flask-Login",
        "fastapi_users": "FastAPI Users",
        "authlib": "Authlib",
        "starlette.middleware.sessions": "Starlette sessions",
        "starlette.middleware.authentication": "Starlette authentication",
        "fastapi.security": "FastAPI security",
    },
}
"""What is looked for, by the name that is imported; the first in a table wins where one name is told once."""

PACKAGES = (
    ("uv.lock", "uv"),
    ("poetry.lock", "Poetry"),
    ("pdm.lock", "PDM"),
    ("Pipfile.lock", "Pipenv"),
    ("Pipfile", "Pipenv"),
    ("pyproject.toml", ""),
    ("requirements.in", "pip-tools"),
    ("requirements/base.in", "pip-tools"),
    ("requirements.txt", "pip"),
    ("requirements/base.txt", "pip"),
    ("requirements/production.txt", "pip"),
)
DEPLOYED = (
    (re.compile(r"(^|/)Procfile$"), "Procfile"),
    (re.compile(r"(^|/)([^/]+\.)?Dockerfile(\.[^/]+)?$"), "Dockerfile"),
    (re.compile(r"(^|/)(docker-)?compose(\.[\w-]+)?\.ya?ml$"), "compose"),
    (re.compile(r"\.service$"), "systemd"),
    (re.compile(r"(^|/)fly\.toml$"), "Fly"),
    (re.compile(r"(^|/)heroku\.yml$"), "Heroku"),
    (re.compile(r"(^|/)app\.json$"), "Heroku"),
)


def libraries(project: Project) -> tuple[Finding, ...]:
    """The first sign of every library that is known."""
    found: dict[tuple[str, str], Finding] = {}
    for source in project.sources:
        for name, line in _imported(source.tree):
            for about, known in KNOWN.items():
                stem = next((stem for stem in known if name == stem or name.startswith(f"{stem}.")), None)
                if stem is not None:
                    key = (about, known[stem])
                    why = source.line(line)
                    found.setdefault(key, Finding(about=about, name=known[stem], path=source.path, line=line, why=why))
    order = list(KNOWN)
    return tuple(sorted(found.values(), key=lambda one: (order.index(one.about), one.path, one.line)))


def packages(project: Project, below: str) -> Finding | None:
    """What keeps the host's dependencies: in the folder *below*, which its modules are in, or the nearest above it."""
    parts = [] if below.startswith("..") else below.split("/")
    for depth in range(len(parts), -1, -1):
        found = _packages_in(project, "".join(f"{part}/" for part in parts[:depth] if part))
        if found is not None:
            return found
    return None


def _packages_in(project: Project, folder: str) -> Finding | None:
    for file, manager in PACKAGES:
        name = f"{folder}{file}"
        if not project.has(name):
            continue
        why = "the file is there"
        if not manager:
            text = project.text(name) or ""
            if not re.search(r"(?m)^\s*\[(project|tool\.(poetry|pdm|uv))", text):
                continue
            tool = re.search(r"(?m)^\s*\[tool\.(poetry|pdm|uv)\b", text)
            manager = {"poetry": "Poetry", "pdm": "PDM", "uv": "uv"}[tool[1]] if tool else "pip"
            why = tool[0].strip() if tool else "[project]"
            if not tool and (lock := _lock_above(project)) is not None:
                manager, why = lock
        return Finding(about="packages", name=manager, path=name, line=1, why=why)
    return None


def _lock_above(project: Project) -> tuple[str, str] | None:
    """(manager, why) where the project is one of several that are resolved together."""
    for depth, folder in enumerate(project.root.parents, start=1):
        for name, manager in PACKAGES:
            if name.endswith(".lock") and (folder / name).is_file():
                return manager, f"{'../' * depth}{name}"
        if (folder / ".git").exists():
            return None
    return None


def deployments(project: Project) -> tuple[Finding, ...]:
    """Every file that says how the host is started."""
    return tuple(
        Finding(about="deployment", name=kind, path=name, line=1, why="the file is there")
        for name in project.names
        for pattern, kind in DEPLOYED
        if pattern.search(name)
    )


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("django.contrib.")
        ):
            yield node.value, node.lineno  # an entry of INSTALLED_APPS
