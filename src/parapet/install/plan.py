"""What an install would do to a host, whole: what was found, what is written, what is put where, and what is left."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from parapet.install import dependencies, manual, workers
from parapet.install.applications import Application, applications, chosen
from parapet.install.deployment import Service, deployment
from parapet.install.django import django_project, settings_edit, urls_edit
from parapet.install.edits import Edit, Insertion, newline_of, one_each
from parapet.install.finding import Finding, Unclear, Unsaid
from parapet.install.libraries import deployments, libraries, packages
from parapet.install.merging import merged
from parapet.install.naming import named
from parapet.install.objects import Made, engines, job_objects
from parapet.install.project import Project
from parapet.install.roots import Roots
from parapet.install.routes import candidates
from parapet.install.wiring import Call, attached, called
from parapet.install.written import FRAMEWORKS, JOB_CLASSES, Wanted, counter, first_counted, package

PARTS = {
    "dependency": "Parapet among the project's dependencies",
    "jobs": "job libraries, counted",
    "database": "SQLAlchemy's engines, counted",
    "deployment": "worker and deploy marker in the files that start the service",
    "evidence": "the schema of the evidence database",
    "artifacts": "rules, alerts and configuration for Prometheus and Alertmanager",
    "dashboards": "Grafana dashboards too; only with --with dashboards",
}
"""What can be left out or asked for."""
USUAL = frozenset(PARTS) - {"dashboards"}
NAME = "reliability"
ONCE = "/journeys.py"
"""Lists routes as they were found that day; what became of it is the host's alone."""
EVIDENCE_FILE = "parapet-evidence.db*"
ADDRESS = "127.0.0.1:8000"
PORT = re.compile(
    r"(?:--port[ =\"',]+|--bind[ =\"',]+\S*?:|-b[ \"',]+\S*?:|\bEXPOSE +|runserver +(?:\S*:)?)(\d{2,5})\b"
)
"""In a line of a shell, or in a list of words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The application in question."""

    framework: str
    kind: str
    served: str
    host: str
    """The application as an object, for the doctor; empty: it is not known."""
    is_called: bool = False
    settings: str = ""
    over_asgi: bool = False
    """Whether Django is served over ASGI."""
    import_folder: str
    """From the project's folder; empty: the project's own."""
    package: str
    """Of the reliability package: `shop.reliability`."""
    folder: str
    """Where it goes, from the project's folder."""

    @property
    def is_wsgi(self) -> bool:
        """Whether a request needs a worker of its server before any code of ours runs."""
        return self.kind == "flask" or (self.kind == "django" and not self.over_asgi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything, before anything is done."""

    target: Target
    wanted: Wanted
    named_by: str
    """What the service's name was taken from."""
    findings: tuple[Finding, ...]
    written: dict[str, str]
    """Path -> text, of files that are not there yet."""
    edits: tuple[Edit, ...]
    merges: Mapping[str, str] = field(default_factory=dict)
    """Path -> text, of files of the reliability package whose template has changed."""
    present: Mapping[str, str] = field(default_factory=dict)
    """What those are now; and files in which lines of an earlier install are replaced."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """Path -> text, of every template that is written or merged in now."""
    by_hand: tuple[str, ...]
    """What nobody but a person can do, or what could not be told."""
    stuck: tuple[str, ...] = ()
    """Those of them that a new template asks for."""
    parts: frozenset[str] = field(default=USUAL)

    @property
    def app(self) -> str:
        """Where the Parapet object will live: `shop.reliability:parapet`."""
        return f"{self.target.package}:parapet"

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.written or self.edits or self.merges)

    @property
    def diff(self) -> str:
        """All of it as one unified diff."""
        parts = [diff_of(edit.path, self.present.get(edit.path, edit.before), edit.after) for edit in self.edits]
        parts += [diff_of(path, self.present[path], text) for path, text in self.merges.items()]
        return "".join([*parts, *(diff_of(path, None, text) for path, text in self.written.items())])


def plan(
    project: Project,
    *,
    app: str | None,
    service: str | None,
    address: str | None = None,
    parts: Collection[str],
    known: Mapping[str, str],
) -> Plan:
    """What installing into *project* means.

    Args:
        app: the host's application, as its server is told, or Django's settings module; None: to be found.
        service: its name; None: that of the project. *address*: where it answers; None: as its files say.
        known: files that an earlier install wrote, and what it wrote. They are the host's: they are not written again,
            and what has changed in a template since is merged into them.

    Raises:
        Unclear: it cannot be told where something goes; with the steps to do by hand.
    """
    roots = Roots(project)
    found = libraries(project)
    application: Application | None = None
    edits: list[Edit | None] = []
    if any(one.name == "Django" and one.about == "framework" for one in found) and project_is_django(project):
        try:
            django = django_project(project, roots, app)
            name, folder = _place(django.root, django.package)
            target = Target(
                framework="Django",
                kind="django",
                served=django.settings,
                host=django.host,
                over_asgi=django.asgi,
                settings=django.settings,
                import_folder=django.root,
                package=name,
                folder=folder,
            )
            edits += [settings_edit(django, target.package), urls_edit(django, target.package)]
        except Unsaid:
            raise
        except Unclear as error:
            raise Unclear(error.message, steps=manual.steps("Django")) from error
        where = django.where
    else:
        frameworks = [one.name for one in found if one.about == "framework"]
        if not frameworks:
            raise Unclear(
                "No web framework was found: no module imports FastAPI, Starlette, Django or Flask. Run this in the "
                "folder of the project, or give it: parapet install FOLDER.",
                steps=manual.steps("ASGI"),
            )
        try:
            application = chosen(applications(project, roots), project, roots, app)
            root = roots.root(application.source)
            name, folder = _place(root, application.package)
            target = Target(
                framework=application.framework,
                kind=FRAMEWORKS[application.framework][0],
                served=application.served,
                host=application.served,
                is_called=application.is_called,
                import_folder=root,
                package=name,
                folder=folder,
            )
            edits.append(attached(application, target.package))
        except Unsaid:
            raise
        except Unclear as error:
            raise Unclear(error.message, steps=manual.steps(frameworks[0])) from error
        where = application.where
    refuse_wired_by_hand(project, target)
    by_hand: list[str] = []
    engine_objects = engines(project) if "database" in parts else ()
    by_hand += manual.engines(found, target.package) if "database" in parts and not engine_objects else ()
    jobs = _job_libraries(found, known.get(f"{target.folder}/jobs.py", "")) if "jobs" in parts else ()
    made_jobs = [one for one in job_objects(project) if one.library in jobs]
    for library in sorted({*jobs} & {*JOB_CLASSES} - {one.library for one in made_jobs}):
        by_hand.append(manual.jobs(library, target.package, counter(jobs, library)[1]))
    rq_class = f"{target.package}.{counter(jobs, 'RQ')[0]}.Worker" if "RQ" in jobs else None
    is_part = target.import_folder.startswith("..")  # its folder is a package of something larger
    called_so = named(project, "" if is_part else target.package.split(".")[0])
    django_auth = any(one.name == "Django auth" for one in found)
    wanted = Wanted(
        framework=target.framework,
        service=service or called_so.name,
        package=target.package,
        folder=target.folder,
        address=address or _address(project),
        jobs=jobs,
        login="Django auth" if django_auth and target.kind == "django" else None,
        statements=bool(engine_objects),
        over_asgi=target.over_asgi,
        dashboards="dashboards" in parts,
        candidates=candidates(project, roots),
    )
    edits += [_counted(one, target.package, "count_statements") for one in engine_objects]
    edits += [_counted(one, target.package, counter(jobs, one.library)[1]) for one in made_jobs]
    keeps = packages(project, target.import_folder)
    if "dependency" in parts:
        extras = _extras(target, wanted)
        if keeps is None:
            by_hand.append(
                f"Put {dependencies.requirement(extras)} among your dependencies; no list of them was found."
            )
        else:
            edit = dependencies.dependency_edit(project, keeps, extras)
            lock = dependencies.lock_command(keeps)
            edits.append(edit)
            if edit is not None and lock:
                by_hand.append(f"Resolve the dependencies again: `{lock}`")
    edits.append(_ignored(project, target))
    files = package(wanted)
    if "deployment" in parts:
        module = target.package.split(".")[0] if target.kind == "django" else target.served.partition(":")[0]
        service_told = Service(
            app=f"{target.package}:parapet", module=module, import_folder=target.import_folder, rq_class=rq_class
        )
        deployed = deployment(project, service_told)
        edits += deployed.edits
        files |= deployed.written
        by_hand += deployed.by_hand
    if rq_class:
        in_code = list(workers.made_in_code(project, rq_class))
        in_files = any(rq_class in edit.after for edit in edits if edit is not None)
        asked = f"Start RQ's workers with the class that counts: `rq worker -w {rq_class}`"
        by_hand += in_code or ([] if in_files else [asked])
    written = {path: text for path, text in files.items() if path not in known and not project.has(path)}
    templates = {path: text for path, text in files.items() if not path.endswith(ONCE)}
    news = merged(templates, known, project)
    stuck = tuple(
        f"{path} has a new template, and you changed the same lines: compare it with {path} of a fresh install"
        for path in news.stuck
    )
    by_hand += stuck
    findings = (
        *found,
        where,
        *(one.where for one in (*engine_objects, *made_jobs)),
        *([keeps] if keeps else []),
        *deployments(project),
    )
    return Plan(
        target=target,
        wanted=wanted,
        named_by="you" if service else called_so.by,
        findings=findings,
        written=written,
        merges=news.texts,
        present={path: project.text(path) or "" for path in news.texts},
        bases={path: files[path] for path in (*written, *news.texts)},
        edits=one_each(one for one in edits if one is not None),
        by_hand=tuple(by_hand),
        stuck=stuck,
        parts=frozenset(parts),
    )


def project_is_django(project: Project) -> bool:
    """Whether there is a `manage.py`, or a module named settings."""
    return any(
        name.rpartition("/")[2] in {"manage.py", "settings.py"} or "/settings/" in name for name in project.names
    )


def refuse_wired_by_hand(project: Project, target: Target) -> None:
    """A host that made a Parapet object itself is left alone.

    Raises:
        Unclear: there is one outside of the reliability package.
    """
    for source in project.sources:
        if source.path.startswith(f"{target.folder}/"):
            continue
        for name, stands_for in source.imports.items():
            if stands_for in {"parapet.Parapet", "parapet.app.Parapet"}:
                line = next(n for n, text in enumerate(source.text.split("\n"), start=1) if name in text)
                raise Unclear(
                    f"{source.path}:{line} makes a Parapet object already, so nothing is wired. `parapet doctor` says "
                    "what may be missing."
                )


def _place(root: str, package_name: str) -> tuple[str, str]:
    """(dotted name, folder) of the reliability package of an application in *package_name*."""
    name = f"{package_name}.{NAME}" if package_name else NAME
    above = root.split("/").count("..")
    return name, "/".join([*([root] if root and not above else []), *name.split(".")[above:]])


def _job_libraries(found: Sequence[Finding], earlier: str) -> tuple[str, ...]:
    """Those that are counted; the one that *earlier*, the `jobs.py` of an earlier install, counts stays the first."""
    names = [one.name for one in found if one.about == "jobs"]
    return tuple(sorted(names, key=lambda name: name != first_counted(earlier)))


def _counted(one: Made, package_name: str, function: str) -> Edit | None:
    return called(one.source, Call(function=function, package=package_name, argument=one.variable), one.statement)


def _extras(target: Target, wanted: Wanted) -> tuple[str, ...]:
    extra = {"FastAPI": "fastapi", "Starlette": "starlette", "Flask": "flask", "Django": "django"}[target.framework]
    return (extra, *(("grafana",) if wanted.dashboards else ()))


def _ignored(project: Project, target: Target) -> Edit | None:
    text = project.text(".gitignore")
    if text is None or EVIDENCE_FILE in text:
        return None
    newline = newline_of(text)
    before = "" if not text or text.endswith("\n") else newline
    return Edit(
        path=".gitignore",
        before=text,
        insertions=(Insertion(offset=len(text), text=f"{before}{EVIDENCE_FILE}{newline}"),),
    )


def _address(project: Project) -> str:
    for one in deployments(project):
        port = PORT.search(project.text(one.path) or "")
        if port is not None:
            return f"127.0.0.1:{port[1]}"
    return ADDRESS


def diff_of(path: str, before: str | None, after: str) -> str:
    """A unified diff of one file; *before* None: it is new."""
    old = [] if before is None else before.splitlines(keepends=True)
    name = "/dev/null" if before is None else f"a/{path}"
    lines = unified_diff(old, after.splitlines(keepends=True), name, f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
