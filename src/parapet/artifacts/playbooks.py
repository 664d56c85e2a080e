"""Prebuilt playbooks as modules of the host: from then on the host's own, to be edited."""

from __future__ import annotations

import json
from collections.abc import Iterable

from parapet.response.recoveries import RECOVERIES
from parapet.response.runbook import Runbook

RUNBOOKS_FILE = "playbooks.py"
"""Not that of the runbooks which an installation writes."""
_HEAD = '''"""{title} Owned by this repository: edit it freely, Parapet does not write it again."""

from __future__ import annotations

from parapet import Parapet, Runbook
{imports}from parapet.response.runbook import Step
'''
_CAPABILITY = '''

def preview(situation: Situation) -> Proposal:
    """Exactly what would happen. Read only: name each target with its version, and say what is left out and why."""
    return Proposal(targets=(), will_do={will_do})


def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
    """Do it, once, to exactly these; `situation.run` is the idempotency key. Skip what changed since it was seen."""
    return Done(failed={{one.id: "This capability is not written yet." for one in targets}})
'''


def runbooks_module(books: Iterable[Runbook]) -> str:
    """A module that registers *books*: `define(parapet)`."""
    made = [_runbook(book, 8) for book in books]
    body = "\n".join(f"    parapet.runbook(\n{text}\n    )" for text in made)
    head = _HEAD.format(title="What to do when a promise breaks.", imports="")
    return f'{head}\n\ndef define(parapet: Parapet) -> None:\n    """Register every runbook."""\n{body}\n'


def recovery_module(name: str, book: Runbook) -> str:
    """A module with one playbook and, unless it is guidance only, the beginning of its capability."""
    recovery = RECOVERIES[name]
    runbook = f"    parapet.runbook(\n{_runbook(book, 8)}\n    )\n"
    define = f'\n\ndef define(parapet: Parapet) -> None:\n    """Register it."""\n{runbook}'
    if recovery.guidance_only:
        return _HEAD.format(title=f"{book.title}: guidance only.", imports="") + define
    imports = "from parapet.response.capability import Done, Proposal, Situation, Target\n"
    head = _HEAD.format(title=f"{book.title}: what to do, and what may be done.", imports=imports)
    body = _CAPABILITY.format(will_do=_quoted("say what would happen"))
    touches = _quoted(recovery.targets or "say what it may touch")
    registered = (
        f"    parapet.capability({_quoted(name)}, preview=preview, touches={touches}, max_targets=20)(execute)\n"
    )
    return f"{head}{body}{define}{registered}"


def _runbook(book: Runbook, indent: int) -> str:
    edge = " " * indent
    inner = " " * (indent + 4)
    lines = [
        f"{edge}Runbook(",
        f"{inner}name={_quoted(book.name)},",
        f"{inner}title={_quoted(book.title)},",
        f"{inner}owner=parapet.owner,",
    ]
    for field in ("slices", "journeys", "planes", "alerts"):
        values = getattr(book, field)
        if values:
            lines.append(f"{inner}{field}=({''.join(f'{_quoted(each)}, ' for each in values).rstrip()}),")
    lines.append(f"{inner}steps=(")
    for step in book.steps:
        extra = f", capability={_quoted(step.capability)}" if step.capability else ""
        extra += ", automatic=True" if step.automatic else ""
        lines.append(f"{inner}    Step(title={_quoted(step.title)}, text={_quoted(step.text)}{extra}),")
    lines.append(f"{inner}),")
    if book.warnings:
        lines.append(f"{inner}warnings=({''.join(f'{_quoted(each)}, ' for each in book.warnings).rstrip()}),")
    if book.targets:
        lines.append(f"{inner}targets={_quoted(book.targets)},")
    return "\n".join([*lines, f"{edge})"])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
