"""Where Parapet goes in a Django project: entries of lists that are there, or lines below everything else."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from parapet.install.edits import Edit, Insertion, characters, line_starts, lines_of, newline_of, refuse_broken
from parapet.install.finding import Finding, Unclear, Unsaid
from parapet.install.libraries import deployments
from parapet.install.project import Project, Source
from parapet.install.roots import Roots
from parapet.install.wiring import import_insertion, name_insertion

NAMED = re.compile(r"DJANGO_SETTINGS_MODULE['\"]?\s*[,=:]\s*['\"]?([A-Za-z_][\w.]*)")
MIDDLEWARE = "parapet.integrations.django.middleware"


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoProject:
    """The modules that matter."""

    settings: str
    """The module Django is started with."""
    base: Source
    """Where MIDDLEWARE and INSTALLED_APPS are lists."""
    urls: Source
    """The root of its addresses."""
    package: str
    """The package that the addresses are in, where `reliability` goes."""
    root: str
    """The folder, from the project's, that modules are imported from."""
    host: str
    """What its server is told, such as `mysite.wsgi:application`; empty: there is no such module."""
    asgi: bool
    """Whether it is served over ASGI."""

    @property
    def where(self) -> Finding:
        """The settings."""
        line = _assigned(self.base, "MIDDLEWARE").lineno
        return Finding(
            about="application", name=self.settings, path=self.base.path, line=line, why=self.base.line(line)
        )


def django_project(project: Project, roots: Roots, wanted: str | None = None) -> DjangoProject:
    """The Django project of *project*; *wanted*: its settings module, if there are several.

    Raises:
        Unclear: settings, middleware or addresses are not where they can be found.
    """
    modules = {roots.module(source): source for source in project.sources}
    settings = wanted or _settings(project, modules)
    base = _reached(modules, roots, settings)
    urls = _urls(modules, roots, base, settings)
    for name in ("MIDDLEWARE", "INSTALLED_APPS"):
        _assigned(base, name)
    _assigned(urls, "urlpatterns")
    package = roots.package(urls)
    doors = {
        kind: name for kind in ("wsgi", "asgi") for name in modules if name.endswith(kind) and name.startswith(package)
    }
    asgi = "asgi" in doors and ("wsgi" not in doors or _told_asgi(project, doors["asgi"]))
    door = doors.get("asgi" if asgi else "wsgi")
    return DjangoProject(
        settings=settings,
        base=base,
        urls=urls,
        package=package,
        root=roots.root(urls),
        host=f"{door}:application" if door else "",
        asgi=asgi,
    )


def settings_edit(found: DjangoProject, package: str) -> Edit | None:
    """MIDDLEWARE begins with Parapet's, INSTALLED_APPS ends with the host's reliability package, PARAPET names it."""
    source = found.base
    if MIDDLEWARE in source.text or any(_assigns(one, "PARAPET") for one in source.tree.body):
        return None
    newline = newline_of(source.text)
    entries = {"MIDDLEWARE": f'"{MIDDLEWARE}"', "INSTALLED_APPS": f'"{package}"'}
    placed = {name: first_entry(source, name, entry) for name, entry in entries.items()}
    lines = [f"{name} = [{entries[name]}, *{name}]" for name, place in placed.items() if place is None]
    lines.append(f'PARAPET = "{package}.parapet"')
    insertions = [place for place in placed.values() if place is not None]
    insertions.append(_at_end(source, newline + "".join(f"{line}{newline}" for line in lines)))
    return refuse_broken(Edit(path=source.path, before=source.text, insertions=tuple(insertions)))


def urls_edit(found: DjangoProject, package: str) -> Edit | None:
    """`urlpatterns` begins with those of the host's reliability package."""
    source, target = found.urls, f"{package}.mounting"
    if target in source.text:
        return None
    imported = source.imports
    missing = [name for name in ("include", "path") if imported.get(name) != f"django.urls.{name}"]
    entry = f'path("", include("{target}"))'
    newline = newline_of(source.text)
    insertions = [
        first_entry(source, "urlpatterns", entry)
        or _at_end(source, f"{newline}urlpatterns = [{entry}, *urlpatterns]{newline}")
    ]
    one = name_insertion(source, "django.urls", missing[0]) if len(missing) == 1 else None
    if one is not None:
        insertions.insert(0, one)
    elif missing:
        line = _assigned(source, "urlpatterns").lineno
        insertions.insert(0, import_insertion(source, "django.urls", ", ".join(missing), ", ".join(missing), line))
    return refuse_broken(Edit(path=source.path, before=source.text, insertions=tuple(insertions)))


def _at_end(source: Source, text: str) -> Insertion:
    """*text* below everything, where whatever else is done to a list has been done."""
    starts, lines = line_starts(source.text), lines_of(source.text)
    last = source.tree.body[-1]
    end = last.end_lineno or last.lineno
    return Insertion(offset=starts[end], text=("" if lines[end - 1].endswith("\n") else newline_of(source.text)) + text)


def first_entry(source: Source, name: str, entry: str) -> Insertion | None:
    """*entry* as the first of the list that *name* is, written as its neighbours are; None if it is no plain list."""
    value = _list(source, name)
    if value is None:
        return None
    starts, lines, newline = line_starts(source.text), lines_of(source.text), newline_of(source.text)
    line = lines[value.lineno - 1]
    inside = characters(line, value.col_offset) + 1
    if line[inside:].strip() == "" or line[inside:].lstrip().startswith("#"):
        after = lines[value.elts[0].lineno - 1] if value.elts else line
        indent = after[: len(after) - len(after.lstrip())] if value.elts else "    "
        return Insertion(offset=starts[value.lineno], text=f"{indent}{entry},{newline}")
    more = ", " if value.elts else "," if isinstance(value, ast.Tuple) else ""
    return Insertion(offset=starts[value.lineno - 1] + inside, text=f"{entry}{more}")


def _settings(project: Project, modules: dict[str, Source]) -> str:
    found: dict[str, str] = {}
    for name in sorted(project.names, key=lambda name: not name.endswith("manage.py")):  # what works on this machine
        last = name.rpartition("/")[2]
        if last in {"manage.py", "wsgi.py", "asgi.py"}:
            for module in NAMED.findall(project.text(name) or ""):
                found.setdefault(module, name)
    known = [module for module in found if module in modules]
    if len(known) > 1 and "manage.py" in {found[module].rpartition("/")[2] for module in known}:
        bases = {module for module in known if _reaches_same(modules, known)}
        known = [known[0]] if bases else known
    if len(known) == 1:
        return known[0]
    listed = ", ".join(f"{module} ({found[module]})" for module in found) or "none"
    raise Unsaid(f"Which settings Django is started with cannot be told. Found: {listed}. Say: --app mysite.settings.")


def _told_asgi(project: Project, module: str) -> bool:
    """Whether a file that starts the service names the module *module*."""
    return any(module in (project.text(one.path) or "") for one in deployments(project))


def _reaches_same(modules: dict[str, Source], names: list[str]) -> bool:
    """Whether settings such as `config.settings.local` and `.production` are of one package, around one base."""
    return len({name.rpartition(".")[0] for name in names}) == 1 and all(name in modules for name in names)


def _reached(modules: dict[str, Source], roots: Roots, settings: str) -> Source:
    """The module that assigns MIDDLEWARE: *settings*, or what it imports everything from."""
    name, seen = settings, set()
    while name in modules and name not in seen:
        seen.add(name)
        source = modules[name]
        if any(_assigns(one, "MIDDLEWARE") for one in source.tree.body):
            return source
        star = next(
            (
                node
                for node in source.tree.body
                if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
            ),
            None,
        )
        if star is None:
            break
        name = roots.base_of(source, star)
    raise Unclear(f"No module that {settings} leads to assigns MIDDLEWARE.")


def _urls(modules: dict[str, Source], roots: Roots, base: Source, settings: str) -> Source:
    for source in (modules[settings], base):
        for statement in source.tree.body:
            if _assigns(statement, "ROOT_URLCONF") and isinstance(statement, ast.Assign | ast.AnnAssign):
                value = statement.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value in modules:
                    return modules[value.value]
    raise Unclear("ROOT_URLCONF names no module of this project.")


def _assigned(source: Source, name: str) -> ast.stmt:
    """The statement that assigns *name* in the module itself.

    Raises:
        Unclear: there is none.
    """
    found = [one for one in source.tree.body if _assigns(one, name)]
    if not found:
        raise Unclear(f"{source.path} does not assign {name} outside of conditions, so nothing can be added to it.")
    return found[-1]


def _list(source: Source, name: str) -> ast.List | ast.Tuple | None:
    """The list that *name* is assigned, once and in full; None if it comes about in another way."""
    found = [one for one in source.tree.body if _assigns(one, name)]
    if len(found) == 1 and isinstance(found[0], ast.Assign | ast.AnnAssign):
        value = found[0].value
        if isinstance(value, ast.List | ast.Tuple) and _bracketed(source, value):
            return value
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.List):
            return value.left
    return None


def _bracketed(source: Source, value: ast.List | ast.Tuple) -> bool:
    line = lines_of(source.text)[value.lineno - 1]
    return line[characters(line, value.col_offset)] in "[("


def _assigns(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return isinstance(statement, ast.Assign | ast.AnnAssign) and any(
        isinstance(target, ast.Name) and target.id == name for target in targets
    )
