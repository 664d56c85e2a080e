"""The import direction, the third-party allowance and the hot path's weight, as tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "parapet"

# What each package may import from Parapet, besides core. The whole architecture, in one table.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "signals": set(),
    "slo": set(),
    "incidents": set(),
    "response": {"incidents"},
    "lessons": {"incidents"},
    # response: prebuilt playbooks are written into the host as text, like rules.
    "artifacts": {"slo", "response"},
    "notify": {"incidents"},
    "store": {"incidents", "response", "lessons"},
    "integrations": {"signals", "response"},
    "ops": {"signals", "slo", "incidents", "response", "lessons", "store", "notify"},
    "definitions": {"signals", "slo", "response"},
    # Reads a host's files and writes some; it knows Parapet only as text, so that nothing of it is loaded to look.
    "install": set(),
    "app": {"definitions", "signals", "slo", "incidents", "response", "lessons", "store", "notify", "ops"},
    "web": {"app", "signals", "incidents", "response", "lessons", "slo"},
    # The doctor compares what a host defines with what it generated, keeps and mounted; it reads all of it, and no door
    # imports it but the terminal's. It sees the doors as objects, and imports no web framework.
    "doctor": {"app", "signals", "slo", "response", "artifacts", "store", "ops"},
    # ops: a terminal asks Prometheus for its own history, which no app object holds. response: it says escalations in
    # the same words as the API. lessons: it prints retrospectives. web: it serves the hooks where they have a process
    # of their own.
    "cli": {
        "app",
        "signals",
        "artifacts",
        "slo",
        "incidents",
        "response",
        "lessons",
        "store",
        "ops",
        "integrations",
        "doctor",
        "install",
        "web",
    },
    # ops: what proves that a preview changes nothing calls it as the verbs do.
    "testing": {"app", "incidents", "notify", "ops", "response"},
    # The lazy table of public names: it imports nothing when imported.
    "__init__": {"app", "incidents", "response", "slo"},
    "__main__": {"cli"},
}
# core has an order of its own: each module may import only those before it.
CORE_ORDER = [
    "errors",
    "types",
    "clock",
    "codec",
    "shapes",
    "ids",
    "names",
    "part",
    "gauges",
    "work",
    "vocabulary",
    "contract",
    "settings",
    "signing",
    "guard",
    "transport",
]

THIRD_PARTY: dict[str, set[str]] = {
    "signals": {"prometheus_client"},
    "slo": {"promql_parser"},  # optional, and only to read raw PromQL when a catalog with some is built
    "install": {"yaml"},  # to find places in compose files, never to write them
    "artifacts": {"yaml", "grafana_foundation_sdk", "orjson", "promql_parser"},
    "store": {"sqlalchemy", "alembic"},
    # The hosts that it is mounted in, one adapter each; uvicorn serves the hooks that have a port of their own.
    "web": {"starlette", "django", "flask", "werkzeug", "jinja2", "markupsafe", "anyio", "uvicorn"},
    "doctor": {"yaml"},
    "cli": {"click"},
    "notify": {"apprise"},  # optional, and only where the host names a channel of it
}


def modules() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def owner(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[int, str]]:
    """Every import in *path*, hidden in a function or not, as (line, dotted name)."""
    package = ("parapet", *path.relative_to(SRC).parts[:-1])
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            stem = ".".join(filter(None, [base, node.module]))
            found += [(node.lineno, f"{stem}.{alias.name}") for alias in node.names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_only_point_downwards(path: Path) -> None:
    """A package imports only what the table lets it, and only the libraries it is allowed."""
    me = owner(path)
    for line, name in imports(path):
        root, _, rest = name.partition(".")
        if root == "parapet":
            parts = rest.split(".")
            if me == "core" and parts[0] == "core":
                mine = path.stem
                if mine != "__init__" and len(parts) > 1 and parts[1] in CORE_ORDER:
                    assert CORE_ORDER.index(parts[1]) < CORE_ORDER.index(mine), f"{path.name}:{line}: {name}"
                continue
            allowed = MAY_IMPORT[me] | {me, "core"}
            assert parts[0] in allowed or parts[0] == "__version__", f"{path}:{line}: {me} may not import {name}"
        elif root not in {*sys.stdlib_module_names, "_typeshed"} and me != "integrations":
            assert root in THIRD_PARTY.get(me, set()), f"{path}:{line}: {me} may not import {root}"


def test_every_package_is_in_the_table() -> None:
    """A new room must say which way it may look."""
    assert {owner(p) for p in modules()} <= set(MAY_IMPORT)
    assert {p.stem for p in (SRC / "core").glob("*.py")} == {*CORE_ORDER, "__init__"}


def test_the_table_itself_has_no_circle() -> None:
    """The arrows are an order."""
    TopologicalSorter(MAY_IMPORT).prepare()


def test_modules_do_not_import_each_other_in_circles() -> None:
    """Not even inside a package, not even inside a function."""

    def dotted(p: Path) -> str:
        parts = ("parapet", *p.relative_to(SRC).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    known = {dotted(p): p for p in modules()}

    def target(name: str) -> str:  # `from pkg import submodule` is an edge to the submodule
        return name if name in known else name.rpartition(".")[0]

    graph = {n: {target(i) for _, i in imports(p)} & known.keys() - {n} for n, p in known.items()}
    graph["parapet"] = set()  # its imports are for type checkers; at run time they happen on first use
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


HEAVY = [
    "sqlalchemy",
    "alembic",
    "starlette",
    "jinja2",
    "anyio",
    "click",
    "yaml",
    "fastapi",
    "django",
    "flask",
    "celery",
]


@pytest.mark.parametrize(
    "entry",
    [
        "import parapet",
        "import parapet.signals",
        "import parapet.signals.asgi",
        "import parapet.integrations",
        "import parapet.slo",
        "from parapet import Parapet; Parapet(service='shop').journey('login', objective=0.99)",
    ],
)
def test_the_hot_path_loads_nothing_heavy(entry: str) -> None:
    """What every request of the host imports stays light: neither SQLAlchemy nor Starlette nor YAML."""
    code = f"import sys\n{entry}\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    env = {"PYTHONPATH": str(SRC.parent)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert out.stdout.strip() == "[]"


def users(*names: str) -> set[str]:
    """The modules whose code (not prose) names one of *names*, as `os.environ` or `from os import environ`."""
    dotted = {tuple(name.split(".")) for name in names}
    found = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            spelled: tuple[str, ...] = ()
            if isinstance(node, ast.Attribute):
                spelled = tuple(ast.unparse(node).split("."))[-2:]
            elif isinstance(node, ast.ImportFrom) and node.module:
                spelled = next(((node.module, a.name) for a in node.names if (node.module, a.name) in dotted), ())
            if spelled in dotted:
                found.add(str(path.relative_to(SRC).with_suffix("")))
    return found


def test_only_settings_reads_the_environment() -> None:
    """Everything else is told by its constructor."""
    assert users("os.environ", "os.getenv") <= {"core/settings"}


def test_only_the_clock_knows_the_time() -> None:
    """Everything else is told what time it is."""
    clocks = ["datetime.now", "datetime.utcnow", "date.today", "time.time", "time.time_ns", "uuid.uuid4", "uuid.uuid7"]
    told = users(*clocks)
    assert told <= {"core/clock", "core/ids"}


def test_only_the_guard_swallows_everything() -> None:
    """A broad except lives in one place, where it is counted."""
    broad = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            ):
                broad.add(str(path.relative_to(SRC).with_suffix("")))
    assert broad <= {"core/guard"}


def test_no_module_is_a_warehouse() -> None:
    """Four hundred lines is the stop."""
    long = {str(p.relative_to(SRC)): n for p in modules() if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}
