"""Containers of a compose file that count together: one volume in memory, and where it is, in each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from parapet.install.compose import last_line, services_of, table_of
from parapet.install.edits import Edit, Insertion, line_starts, lines_of, newline_of, put_in

VOLUME = "parapet-signals"
FOLDER = "/run/parapet-signals"
VARIABLE = "PARAPET_MULTIPROCESS_DIR"
JOBS = re.compile(r"celery|\brq\b|rqworker|dramatiq|\barq\b|taskiq|procrastinate")
MEMORY: dict[str, dict[str, str]] = {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}}
"""Whoever the processes run as may write, and what was counted is gone when the last of them is."""


def counting(text: str, service: str) -> tuple[str, ...]:
    """The services of a compose file that count: *service*, and those that run jobs."""
    return tuple(key.value for key, _, runs in services_of(text) if key.value == service or JOBS.search(runs))


def counted_together(edit: Edit, names: Sequence[str]) -> Edit | None:
    """*edit*, which adds a service, with one folder for that and the services *names*; None if one has no place for it.

    Those that merge another one of them take what that one has.
    """
    text = edit.before
    head = f"services:{newline_of(text)}"
    placed = [one for key, service, _ in services_of(text) if key.value in names for one in _placed(text, service)]
    insertions = [_top(text), *placed]
    for one in edit.insertions:  # what is added is a text of services as well
        added = head + one.text
        inside = [each for _, service, _ in services_of(added) for each in _placed(added, service)]
        if None in inside:
            return None
        whole = put_in(added, [each for each in inside if each is not None])
        insertions.append(Insertion(offset=one.offset, text=whole.removeprefix(head)))
    if None in insertions:
        return None
    made = Edit(path=edit.path, before=text, insertions=tuple(one for one in insertions if one is not None))
    return made if _says_no_more(made) else None


def _placed(text: str, service: yaml.MappingNode) -> Iterator[Insertion | None]:
    """Where the volume and the variable go; None for one that has no place.

    What a service has already may be the last of it: its entry comes before what is new there.
    """
    there = {key.value: (key, value) for key, value in service.value}
    wanted = {"volumes": f"{VOLUME}:{FOLDER}", "environment": f"{VARIABLE}: {FOLDER}"}
    yield from (_within(text, *there[name], entry) for name, entry in wanted.items() if name in there)
    if "<<" not in there:
        yield from (_new(text, service, name, entry) for name, entry in wanted.items() if name not in there)


def _within(text: str, key: yaml.Node, value: yaml.Node, entry: str) -> Insertion | None:
    """One entry more in a list or table that is there."""
    anchored = value.start_mark.index < key.end_mark.index  # written somewhere else
    if anchored or not isinstance(value, yaml.CollectionNode) or not value.value:
        return None
    is_list = isinstance(value, yaml.SequenceNode)
    name, _, told = entry.partition(": ")
    said = f"{name}={told}" if is_list and told else entry
    if value.flow_style:
        end = value.end_mark.index - 1
        spaces = len(text[:end]) - len(text[:end].rstrip())
        return Insertion(offset=end - spaces, text=f", {said}")
    line = lines_of(text)[value.start_mark.line]
    column = len(line) - len(line.lstrip())
    return _after(text, last_line(text, value, column), f"{' ' * column}{'- ' if is_list else ''}{said}")


def _new(text: str, service: yaml.MappingNode, name: str, entry: str) -> Insertion | None:
    """A list or table of its own at the end of a service."""
    if service.flow_style:
        return None
    column, newline = service.value[0][0].start_mark.column, newline_of(text)
    dash = "- " if name == "volumes" else ""
    block = f"{' ' * column}{name}:{newline}{' ' * (column + 2)}{dash}{entry}"
    return _after(text, last_line(text, service, column), block)


def _top(text: str) -> Insertion | None:
    """The volume itself."""
    newline = newline_of(text)
    told = "{ " + ", ".join(f"{name}: {value}" for name, value in MEMORY["driver_opts"].items()) + " }"
    lines = [f"{VOLUME}:", f"  driver_opts: {told}"]
    found = table_of(text, "volumes")
    if found is None:
        if re.search(r"(?m)^volumes:", text):
            return None
        ended = "" if text.endswith("\n") else newline
        block = "".join(f"  {line}{newline}" for line in lines)
        return Insertion(offset=len(text), text=f"{ended}{newline}volumes:{newline}{block}")
    if found.flow_style or not found.value:
        return None
    column = found.value[0][0].start_mark.column
    return _after(text, last_line(text, found, column), newline.join(" " * column + line for line in lines))


def _after(text: str, line: int, more: str) -> Insertion:
    before = "" if lines_of(text)[line].endswith("\n") else newline_of(text)
    return Insertion(offset=line_starts(text)[line + 1], text=f"{before}{more}{newline_of(text)}")


def _says_no_more(edit: Edit) -> bool:
    """Whether the file says what it said, and beside that only what was put in."""
    try:
        before: Any = yaml.safe_load(edit.before)
        after: Any = yaml.safe_load(edit.after)
    except yaml.YAMLError:
        return False
    if after.get("volumes", {}).pop(VOLUME, None) != MEMORY:
        return False
    if not after["volumes"]:
        after.pop("volumes")
    for name in set(after["services"]) - set(before["services"]):
        after["services"].pop(name)
    for service in after["services"].values():
        _without(service, "volumes", f"{VOLUME}:{FOLDER}")
        _without(service, "environment", f"{VARIABLE}={FOLDER}")
    return bool(before == after)


def _without(service: dict[str, Any], key: str, entry: str) -> None:
    kept = service.get(key)
    if isinstance(kept, list):
        service[key] = [one for one in kept if one != entry]
    elif isinstance(kept, dict):
        service[key] = {name: value for name, value in kept.items() if f"{name}={value}" != entry}
    if key in service and not service[key]:
        service.pop(key)
