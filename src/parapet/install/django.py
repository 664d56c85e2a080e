"""Where Parapet goes in a Django project: settings and addresses, as entries of lists that are there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from parapet.install.edits import Edit, Insertion, characters, line_starts, lines_of, newline_of, refuse_broken
from parapet.install.finding import Finding, Unclear
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
    wsgi: str | None
    asgi: bool

    @property
    def where(self) -> Finding:
        """The settings."""
        line = _list(self.base, "MIDDLEWARE").lineno
        return Finding(
            about="application", name=self.settings, path=self.base.path, line=line, why=self.base.line(line)
        )


def django_project(project: Project, roots: Roots, wanted: str | None = None) -> DjangoProject:
    """The Django project of *project*; *wanted*: its settings module, if there are several.

    Raises:
        Unclear: settings, middleware or addresses are not where they can be added to.
    """
    modules = {roots.module(source): source for source in project.sources}
    settings = wanted or _settings(project, modules)
    base = _reached(modules, roots, settings)
    urls = _urls(modules, roots, base, settings)
    for name in ("MIDDLEWARE", "INSTALLED_APPS"):
        _list(base, name)
    _list(urls, "urlpatterns")
    package = roots.package(urls)
    wsgi = next((f"{name}" for name in modules if name.endswith("wsgi") and name.startswith(package)), None)
    asgi = any(name.endswith("asgi") and name.startswith(package) for name in modules)
    return DjangoProject(
        settings=settings, base=base, urls=urls, package=package, root=roots.root(urls), wsgi=wsgi, asgi=asgi
    )


def settings_edit(found: DjangoProject, package: str) -> Edit | None:
    """MIDDLEWARE begins with Parapet's, INSTALLED_APPS ends with the host's reliability package, PARAPET names it."""
    source = found.base
    if MIDDLEWARE in source.text or any(_assigns(one, "PARAPET") for one in source.tree.body):
        return None
    newline = newline_of(source.text)
    starts, lines = line_starts(source.text), lines_of(source.text)
    last = source.tree.body[-1]
    end = last.end_lineno or last.lineno
    ended = "" if lines[end - 1].endswith("\n") else newline
    named = Insertion(offset=starts[end], text=f'{ended}{newline}PARAPET = "{package}.parapet"{newline}')
    insertions = (
        first_entry(source, "MIDDLEWARE", f'"{MIDDLEWARE}"'),
        first_entry(source, "INSTALLED_APPS", f'"{package}"'),
        named,
    )
    return refuse_broken(Edit(path=source.path, before=source.text, insertions=insertions))


def urls_edit(found: DjangoProject, package: str) -> Edit | None:
    """`urlpatterns` begins with those of the host's reliability package."""
    source, target = found.urls, f"{package}.mounting"
    if target in source.text:
        return None
    imported = source.imports
    missing = [name for name in ("include", "path") if imported.get(name) != f"django.urls.{name}"]
    insertions = [first_entry(source, "urlpatterns", f'path("", include("{target}"))')]
    one = name_insertion(source, "django.urls", missing[0]) if len(missing) == 1 else None
    if one is not None:
        insertions.insert(0, one)
    elif missing:
        line = _list(source, "urlpatterns").lineno
        insertions.insert(0, import_insertion(source, "django.urls", ", ".join(missing), ", ".join(missing), line))
    return refuse_broken(Edit(path=source.path, before=source.text, insertions=tuple(insertions)))


def first_entry(source: Source, name: str, entry: str) -> Insertion:
    """*entry* as the first one of the list that *name* is, written as its neighbours are."""
    value = _list(source, name)
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
    for name in project.names:
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
    raise Unclear(f"Which settings Django is started with cannot be told. Found: {listed}. Say: --app mysite.settings.")


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


def _list(source: Source, name: str) -> ast.List | ast.Tuple:
    found = [one for one in source.tree.body if _assigns(one, name)]
    if len(found) == 1 and isinstance(found[0], ast.Assign | ast.AnnAssign):
        value = found[0].value
        if isinstance(value, ast.List | ast.Tuple) and _bracketed(source, value):
            return value
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.List):
            return value.left
    raise Unclear(f"{name} in {source.path} is no plain list, so nothing can be added to it.")


def _bracketed(source: Source, value: ast.List | ast.Tuple) -> bool:
    line = lines_of(source.text)[value.lineno - 1]
    return line[characters(line, value.col_offset)] in "[("


def _assigns(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return isinstance(statement, ast.Assign | ast.AnnAssign) and any(
        isinstance(target, ast.Name) and target.id == name for target in targets
    )
