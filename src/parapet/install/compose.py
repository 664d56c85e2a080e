"""Entries of YAML files at exact places: comments, order and quoting of what is there stay."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import yaml

from parapet.install.edits import Edit, Insertion, line_starts, lines_of, newline_of

SHARED = ("image", "build", "environment", "env_file", "volumes", "depends_on", "working_dir", "networks", "user")
"""What a second service of the same image needs; above all no ports."""


def serving(text: str, *, module: str, servers: re.Pattern[str], folder: str) -> str | None:
    """The service of a compose file that runs *module*, whose code is in *folder* as seen from it; None: who knows."""
    found = list(services_of(text))
    by_command = [one for one in found if module in one[2]]
    by_server = [one for one in found if servers.search(one[2])]
    built = [one for one in found if "build" in _keys(one[1])]
    built_of_it = [one for one in built if _holds(_context(one[1]), folder)]
    as_the_image_says = [one for one in built_of_it if not one[2]]
    for likely in (by_command, by_server, built, built_of_it, as_the_image_says):
        if len(likely) == 1:
            return str(likely[0][0].value)
    return None


def beside(path: str, text: str, *, service: str, name: str, command: str) -> Edit | None:
    """A compose file with a service *name* like *service* and after it; None if it has no place there."""
    for key, found, _ in services_of(text):
        if key.value == service:
            return _second(path, text, key, found, name, command)
    return None


def entry(path: str, text: str, *, table: str, name: str, value: str) -> Edit | None:
    """A file whose mapping *table* has one entry more; None if it has no such mapping."""
    found = table_of(text, table)
    if found is None or not found.value or found.flow_style:
        return None
    last = last_line(text, found, found.value[0][0].start_mark.column)
    line = f"{' ' * found.value[0][0].start_mark.column}{name}: {value}{newline_of(text)}"
    return _checked(Edit(path=path, before=text, insertions=(_below(text, last, line),)), table, name)


def _second(
    path: str, text: str, key: yaml.ScalarNode, service: yaml.MappingNode, name: str, command: str
) -> Edit | None:
    lines, newline = lines_of(text), newline_of(text)
    indent, deeper = key.start_mark.column, service.value[0][0].start_mark.column
    if service.flow_style or deeper <= indent:
        return None
    copied: list[str] = []
    pairs = service.value
    for number, (item, value) in enumerate(pairs):
        if item.value not in SHARED:
            continue
        end = pairs[number + 1][0].start_mark.line if number + 1 < len(pairs) else last_line(text, value, deeper) + 1
        block = [
            line for line in lines[item.start_mark.line : end] if line.strip() and not line.lstrip().startswith("#")
        ]
        if any(re.search(r":\s+&|-\s+&", line) for line in block):
            return None  # an anchor may be defined once
        copied += [line if line.endswith("\n") else line + newline for line in block]
    quoted = command.replace("'", "''")
    last = last_line(text, service, deeper)
    apart = newline if last + 1 < len(lines) and not lines[last + 1].strip() else ""
    block = [f"{apart}{' ' * indent}{name}:{newline}", *copied, f"{' ' * deeper}command: '{quoted}'{newline}"]
    place = _below(text, last, "".join(block))
    return _checked(Edit(path=path, before=text, insertions=(place,)), "services", name)


def services_of(text: str) -> Iterator[tuple[yaml.ScalarNode, yaml.MappingNode, str]]:
    """(key, service, what it runs) of each service in a compose file."""
    services = table_of(text, "services")
    for key, value in services.value if services is not None else ():
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.MappingNode) and value.value:
            runs = [node for item, node in value.value if item.value in {"command", "entrypoint"}]
            yield key, value, " ".join(text[node.start_mark.index : node.end_mark.index] for node in runs)


def _keys(service: yaml.MappingNode) -> set[str]:
    return {item.value for item, _ in service.value}


def _context(service: yaml.MappingNode) -> str:
    """The folder that the image of a service is built of."""
    build = next(value for key, value in service.value if key.value == "build")
    if isinstance(build, yaml.MappingNode):
        build = next((value for key, value in build.value if key.value == "context"), build)
    return str(build.value) if isinstance(build, yaml.ScalarNode) else "."


def _holds(context: str, folder: str) -> bool:
    outer = posixpath.normpath(context)
    return outer == "." or posixpath.normpath(folder) == outer or folder.startswith(f"{outer}/")


def table_of(text: str, name: str) -> yaml.MappingNode | None:
    """The mapping that is called *name* at the top of a file; None if there is none."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    if not isinstance(root, yaml.MappingNode):
        return None
    return next((value for key, value in root.value if key.value == name and isinstance(value, yaml.MappingNode)), None)


def last_line(text: str, node: yaml.Node, least: int) -> int:
    """The last line, from 0, that belongs to *node*, whose lines are indented by *least* or more."""
    lines = lines_of(text)
    number = min(node.end_mark.line, len(lines) - 1)
    if node.end_mark.column == 0 and number > node.start_mark.line and node.end_mark.index <= len(text):
        number -= 0 if number == len(lines) - 1 and node.end_mark.index == len(text) else 1
    while number > node.start_mark.line:
        line = lines[number]
        if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) >= least:
            break
        number -= 1
    return number


def _below(text: str, line: int, more: str) -> Insertion:
    lines = lines_of(text)
    before = "" if lines[line].endswith("\n") else newline_of(text)
    return Insertion(offset=line_starts(text)[line + 1], text=before + more)


def _checked(edit: Edit, table: str, name: str) -> Edit | None:
    """*edit*, if the file says the same as before and one entry more."""
    try:
        before: Any = yaml.safe_load(edit.before)
        after: Any = yaml.safe_load(edit.after)
    except yaml.YAMLError:
        return None
    return edit if after[table].pop(name, None) is not None and before == after else None
