"""Reference pages from the code itself: settings, commands, slices, events, HTTP API, page contexts, Python names."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
import typing
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import click

import parapet
from parapet.cli.main import main
from parapet.core.errors import ActionRefused, Refused, code_of
from parapet.core.settings import Environment, Kubernetes, Secrets, Tls, Wiring
from parapet.incidents.policy import IncidentPolicy
from parapet.notify.message import Message
from parapet.response.runbook import Runbook
from parapet.slo import sli
from parapet.slo.burn import BurnPolicy
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice
from parapet.web import views
from parapet.web.api.problems import status_of

Table = Callable[[tuple[str, ...], Iterable[tuple[str, ...]]], str]
PUBLIC = ("parapet", "parapet.web", "parapet.slo.packs", "parapet.testing")


def pages(table: Table) -> dict[str, str]:
    """Name of the file -> its text."""
    return {
        "settings.md": _settings(table),
        "cli.md": _command_line(table),
        "slices.md": _slices(table),
        "events.md": _events(table),
        "api.md": _api(table),
        "refusals.md": _refusals(table),
        "contexts.md": _contexts(table),
        "python.md": _python(table),
    }


def _settings(table: Table) -> str:
    parts = [
        "# Settings\n",
        "What a deployment decides. All of it is given to `Parapet(...)` in code; only the command line reads the",
        "environment too, as the last table says.\n",
        f"## Parapet\n\n{_signature(table, parapet.Parapet)}",
    ]
    parts += [_dataclass(table, made) for made in (Wiring, Secrets, IncidentPolicy, BurnPolicy, Tls, Kubernetes)]
    rows = []
    for field in dataclasses.fields(Environment):
        name, _, about = _documented(Environment).get(field.name, "").partition(":")
        rows.append((f"`{name}`", about.strip()))
    parts.append(f"## Environment of the command line\n\n{table(('variable', 'what it is'), rows)}")
    return "\n".join(parts)


def _command_line(table: Table) -> str:
    parts = [
        "# Command line\n",
        "`parapet` and its commands. `PARAPET_APP` stands for `--app`, `NO_COLOR` is heard, `--json` is for scripts.\n",
    ]
    parts += [_command(table, command, name) for name, command in commands()]
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name, depth first."""

    def below(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name)
            for each in command.list_commands(context):
                found = command.get_command(context, each)
                if found is not None and not found.hidden:
                    yield from below(found, f"{name} {each}")

    return below(main, "parapet")


def _slices(table: Table) -> str:
    kinds = [sli.EventRatio, sli.LatencyRatio, sli.Freshness, sli.JobOutcome, sli.ProbeRuns, sli.LastSuccess, sli.Raw]
    parts = [
        "# Slices\n",
        "Every field of what can be promised, watched and measured. The guide is [Promises](../slices.md).\n",
    ]
    parts += [_dataclass(table, made) for made in (Slice, Diagnostic, Runbook, *kinds)]
    return "\n".join(parts)


def _events(table: Table) -> str:
    spec = _openapi()["components"]["schemas"]
    parts = ["# Events\n", "What goes in and out as JSON.\n", "## What channels are told\n"]
    parts.append("A signed webhook posts this object; other channels show the same.\n")
    parts.append(_fields(table, Message))
    handed_in = (name for name in ("Events", "Event") if name in spec)
    parts += [f"## {name}, handed in at `hooks/events`\n\n{_schema(table, spec[name])}" for name in handed_in]
    return "\n".join(parts)


def _refusals(table: Table) -> str:
    rows = [
        (f"`{code_of(kind)}`", f"{status_of(kind)}", one_line(kind), kind.next_step)
        for kind in subclasses(Refused)
        if kind is not ActionRefused
    ]
    return "\n".join(
        [
            "# Refusals\n",
            "What somebody hears whose command must not run: an error of its own, and what to do next. Pages say both,",
            "the API answers `code`, `detail` and `next_step` with this status, the command line prints it below the",
            "error. The words of the moment are more exact: they name the run, the person, the wait.\n",
            table(("code", "status", "what happened", "next"), rows),
        ]
    )


def subclasses(kind: type[Refused]) -> Iterator[type[Refused]]:
    """*kind* and everything below it, in the order in which it is written."""
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


def one_line(kind: type[Refused]) -> str:
    """What it says without words of the moment."""
    return (inspect.getdoc(kind) or "").splitlines()[0]


def _api(table: Table) -> str:
    document = _openapi()
    rows = [
        (
            f"`{method.upper()} {path}`",
            operation.get("summary", "").rstrip("."),
            ", ".join(sorted(operation["responses"])),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and "responses" in operation
    ]
    return "\n".join([
        "# HTTP API\n",
        "Below the workbench's mount. The whole description is [openapi.json](openapi.json), which the service serves",
        "itself, too. Scripts show a token of `Secrets.api_tokens` (to read, and to record changes) or of",
        "`responder_tokens`.\n",
        table(("request", "what it does", "answers"), rows),
    ])  # fmt: skip


def _contexts(table: Table) -> str:
    parts = ["# Pages\n", "What the workbench's templates are given: frozen values, ready to be shown.\n"]
    for found in pkgutil.iter_modules(views.__path__):
        module = importlib.import_module(f"{views.__name__}.{found.name}")
        made = [one for one in _defined(module) if dataclasses.is_dataclass(one)]
        if made:
            parts.append(f"## {found.name}\n\n{_sentence(module)}\n")
            parts += [f"### {one.__name__}\n\n{_sentence(one)}\n\n{_fields(table, one)}" for one in made]
    return "\n".join(parts)


def _python(table: Table) -> str:
    parts = [
        "# Python\n",
        "The public names. What is not here may change at any version: see [Stability](../stability.md).\n",
    ]
    for name in PUBLIC:
        module = importlib.import_module(name)
        rows = [(f"`{each}`", _sentence(getattr(module, each))) for each in names_of(module)]
        parts.append(f"## {name}\n\n{table(('name', 'what it is'), rows)}")
    return "\n".join(parts)


def names_of(module: ModuleType) -> list[str]:
    """The public names of *module*: those it lists, else those it defines."""
    listed = getattr(module, "__all__", None)
    return sorted(listed if listed is not None else [one.__name__ for one in _defined(module)])


def _defined(module: ModuleType) -> list[type]:
    kept = (one for name, one in vars(module).items() if not name.startswith("_"))
    return [one for one in kept if getattr(one, "__module__", "") == module.__name__ and callable(one)]


def _signature(table: Table, made: type) -> str:
    said = inspect.getdoc(made) or ""
    about = dict(re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", said, re.MULTILINE))
    about |= dict(re.findall(r" `(\w+)`: (.*)", said))
    parameters = [one for name, one in inspect.signature(made).parameters.items() if name != "self"]
    rows = [
        (f"`{one.name}`", _default(one.default, inspect.Parameter.empty), " ".join(about.get(one.name, "").split()))
        for one in parameters
    ]
    return table(("argument", "default", "what it is"), rows)


def _dataclass(table: Table, made: type) -> str:
    return f"## {made.__name__}\n\n{_paragraph(made)}\n\n{_fields(table, made)}"


def _fields(table: Table, made: type) -> str:
    about = _documented(made)
    rows = [
        (f"`{one.name}`", _default(_value(one), dataclasses.MISSING), about.get(one.name, ""))
        for one in dataclasses.fields(made)  # type: ignore[arg-type]
        if one.init and not one.name.startswith("_")
    ]
    return table(("field", "default", "what it is"), rows)


def _value(field: dataclasses.Field[typing.Any]) -> object:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _default(value: object, missing: object) -> str:
    if value is missing:
        return "required"
    if dataclasses.is_dataclass(value) or (isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0])):
        return "its own"
    shown = re.sub(r"<(\w+)\.(\w+): [^>]*>", r"\1.\2", repr(value))
    return f"`{shown}`"


def _documented(made: type) -> dict[str, str]:
    """The text below each field of a class."""
    [tree] = ast.parse(inspect.cleandoc(inspect.getsource(made))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found


def _command(table: Table, command: click.Command, name: str) -> str:
    said = inspect.cleandoc(command.help or "")
    about, _, examples = said.partition("\b\n")
    parts = [f"## {name}\n", " ".join(about.split()) + "\n"]
    rows = []
    for one in command.params:
        if isinstance(one, click.Option) and not one.hidden and one.name != "help":
            given = "" if one.is_flag else f" {one.metavar or one.type.name.upper()}"
            rows.append((f"`{', '.join((*one.opts, *one.secondary_opts))}{given}`", " ".join((one.help or "").split())))
        elif isinstance(one, click.Argument):
            rows.append((f"`{(one.name or '').upper()}`", "argument"))
    if rows:
        parts.append(table(("option", "what it does"), rows))
    shown = [line.strip() for block in examples.split("\b\n") for line in block.splitlines() if line.startswith("  ")]
    if shown:
        parts.append("```sh\n" + "\n".join(shown) + "\n```\n")
    return "\n".join(parts)


def _schema(table: Table, schema: dict[str, typing.Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", "required" if name in required else "", " ".join(str(one.get("description", "")).split()))
        for name, one in schema.get("properties", {}).items()
    ]
    return table(("field", "", "what it is"), rows)


def _paragraph(made: object) -> str:
    return " ".join((inspect.getdoc(made) or "").partition("\n\n")[0].split())


def _sentence(made: object) -> str:
    said = inspect.getdoc(made) if not isinstance(made, (tuple, frozenset, str)) else ""
    return " ".join((said or "").partition("\n\n")[0].split())


def _openapi() -> dict[str, typing.Any]:
    path = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
    document: dict[str, typing.Any] = json.loads(path.read_text())
    return document
