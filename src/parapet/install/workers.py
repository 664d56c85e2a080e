"""Workers of job libraries that are started with a class of the host's, in whatever file starts them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from parapet.install.edits import Insertion, line_starts, lines_of
from parapet.install.project import Project

RQ = re.compile(r"\brq worker\b(?!.*\s(-w|--worker-class)\b)")
LISTED = re.compile(r"""(?P<quote>["'])rq(?P=quote),\s*(?P<end>["'])worker(?P=end)(?!.*["'](-w|--worker-class)["'])""")
"""As Dockerfiles and compose files write it: `["rq", "worker", "high"]`."""


def counted(text: str, worker: str) -> tuple[Insertion, ...]:
    """What makes every `rq worker` of *text* one of the class *worker*. Nobody's own class is taken away."""
    starts = line_starts(text)
    found = []
    for number, line in enumerate(lines_of(text)):
        if line.lstrip().startswith(("#", ";")):
            continue
        plain, listed = RQ.search(line), LISTED.search(line)
        if plain is not None:
            found.append(Insertion(offset=starts[number] + plain.end(), text=f" -w {worker}"))
        elif listed is not None:
            quote = listed["quote"]
            more = f", {quote}-w{quote}, {quote}{worker}{quote}"
            found.append(Insertion(offset=starts[number] + listed.end(), text=more))
    return tuple(found)


def made_in_code(project: Project, worker: str) -> Iterator[str]:
    """Where the host's own code makes workers of RQ, with what to write there: *worker*, the class that counts."""
    module, _, name = worker.rpartition(".")
    for source in project.sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and source.dotted(node.func) in {"rq.Worker", "rq.worker.Worker"}:
                yield (
                    f"{source.path}:{node.lineno} makes a worker of RQ: make it of the class that counts, "
                    f"`from {module} import {name}`"
                )
