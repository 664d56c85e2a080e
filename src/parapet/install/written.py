"""The host's `reliability` package, from templates that read like what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from parapet.install.finding import Finding

JOB_CLASSES = {
    "Celery": ("celery", "Celery", "app"),
    "Dramatiq": ("dramatiq", "Broker", "broker"),
    "Taskiq": ("taskiq", "AsyncBroker", "broker"),
    "Procrastinate": ("procrastinate", "App", "app"),
    "arq": ("", "type", "settings"),
}
"""Job libraries that are instrumented by a call, with what is handed in."""
FRAMEWORKS = {
    "FastAPI": ("asgi", "fastapi", "FastAPI"),
    "Starlette": ("asgi", "starlette.applications", "Starlette"),
    "Flask": ("flask", "flask", "Flask"),
    "Django": ("django", "", ""),
}

ASGI_TOLD = "# Where Django is served over ASGI, say workbench(..., asgi=True), which needs anyio.\n"
KEPT = ("framework", "service", "package", "folder", "address", "jobs", "statements", "dashboards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the package is written for."""

    framework: str
    service: str
    package: str
    """Its dotted name, such as `shop.reliability`."""
    folder: str
    """Where it goes, from the project's folder: `src/shop/reliability`."""
    address: str
    jobs: tuple[str, ...] = ()
    """The job libraries that are counted. The first has `jobs.py`, each other one a module of its own."""
    login: str | None = None
    """What people sign in with, where that is known to tell staff from others."""
    statements: bool = False
    """Whether there is an engine of SQLAlchemy to count."""
    over_asgi: bool = False
    """Whether Django is served over ASGI."""
    dashboards: bool = False
    candidates: Sequence[Finding] = ()
    """Routes that may deserve a promise."""

    @property
    def kept(self) -> dict[str, object]:
        """What the templates are filled with again, when a later version has others."""
        return {name: getattr(self, name) for name in KEPT}


def package(wanted: Wanted) -> dict[str, str]:
    """Path from the project's folder -> text, for every file."""
    kind, module, name = FRAMEWORKS[wanted.framework]
    depth = wanted.folder.count("/")
    values = {
        "service": wanted.service,
        "package": wanted.package,
        "address": wanted.address,
        "parents": "parent" if not depth else f"parents[{depth}]",
        "dashboards": str(wanted.dashboards),
        "class": name,
        "asgi": ", asgi=True" if wanted.over_asgi else "",
        "asgi_told": "" if wanted.over_asgi else ASGI_TOLD,
        "imports": _sorted(
            f"from {module} import {name}",
            "from parapet.web import metrics, workbench",
            "from starlette.routing import BaseRoute, Mount, Route",
        ),
    }
    made = {
        "service.py": _filled("common/service.py", values),
        "journeys.py": _filled("common/journeys.py", {**values, "journeys": _journeys(wanted)}),
        "slices.py": _filled("common/slices.py", {**values, **_adopted(wanted)}),
        "runbooks.py": _filled("common/runbooks.py", values),
        "mounting.py": _filled(f"{kind}/mounting.py", values),
    }
    exported = {}
    access = "access_auth.py" if wanted.login == "Django auth" else "access.py"
    made["access.py"] = _filled(f"{kind}/{access}", values)
    if kind == "django":
        made["apps.py"] = _filled("django/apps.py", values)
    if wanted.statements:
        made["statements.py"] = _filled("common/statements.py", values)
        exported["statements"] = "count_statements"
    for library in wanted.jobs:
        module, function = counter(wanted.jobs, library)
        made[f"{module}.py"] = _jobs(library, {**values, "module": module, "function": function})
        if library in JOB_CLASSES:  # RQ has a class, which its workers are told
            exported[module] = function
    made["__init__.py"] = _init(values, exported)
    return {f"{wanted.folder}/{name}": text for name, text in sorted(made.items())}


def counter(libraries: Sequence[str], library: str) -> tuple[str, str]:
    """(module, function) in the reliability package that count *library*, one of *libraries*."""
    if library == libraries[0]:
        return "jobs", "count_jobs"
    name = library.lower()
    return f"jobs_{name}", f"count_{name}_jobs"


def first_counted(text: str) -> str | None:
    """The job library that *text*, a `jobs.py` of an earlier install, counts."""
    names = (*JOB_CLASSES, "RQ")
    return next((one for one in names if f"parapet.integrations.{one.lower()} " in text), None)


def _jobs(library: str, values: Mapping[str, str]) -> str:
    if library == "RQ":
        return _filled("common/rq.py", values)
    module, needed, argument = JOB_CLASSES[library]
    imported = [f"from parapet.integrations.{library.lower()} import instrument"]
    imported += [f"from {module} import {needed}"] if module else []  # arq is given a class of the host's
    return _filled("common/jobs.py", {**values, "class": needed, "argument": argument, "imports": _sorted(*imported)})


def _init(values: Mapping[str, str], exported: Mapping[str, str]) -> str:
    imported = {**exported, "service": "parapet"}
    lines = [f"from {values['package']}.{module} import {name}" for module, name in sorted(imported.items())]
    names = sorted([*imported.values(), "journeys", "runbooks", "slices"])
    listed = ", ".join(f'"{name}"' for name in names)
    return _filled("common/init.py", {**values, "from": "\n".join(lines), "all": listed})


def _journeys(wanted: Wanted) -> str:
    """Journeys as comments: which of them deserve a promise is for people to say."""
    lines = ["# checkout = parapet.journey("]
    lines += ['#     "checkout", objective=0.999, latency=(0.5, 0.99), routes=("POST /checkout",)', "# )"]
    if wanted.candidates:
        lines += ["#", "# Routes that were found and may deserve one:"]
        lines += [f"#   {one.name:<32} {one.place}" for one in wanted.candidates]
    return "\n".join(lines)


def _adopted(wanted: Wanted) -> dict[str, str]:
    packs = ["web_pack"]
    if wanted.jobs:
        packs.append("jobs_pack")
    if wanted.statements or wanted.framework == "Django":
        packs.append("database_pack")
    pool = "pool=None" if wanted.framework == "Django" else ""  # only psycopg's pool tells how long it is waited for
    return {
        "imports": f"from parapet.slo.packs import {', '.join(sorted(packs))}",
        "adopted": "\n".join(f"parapet.adopt({name}({pool if name == 'database_pack' else ''}))" for name in packs),
    }


def _sorted(*imports: str) -> str:
    return "\n".join(sorted(imports))


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (files("parapet.install") / "templates" / f"{name}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)
