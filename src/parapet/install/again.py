"""Lines of an earlier install that this version would write otherwise: they are replaced, and no others beside them."""

from __future__ import annotations

from dataclasses import replace

from parapet.install.manifest import Manifest
from parapet.install.plan import Plan
from parapet.install.project import Project


def without_earlier(project: Project, before: Manifest) -> Project:
    """*project* as it would be had *before* put in nothing, as far as that can be told; nothing is changed."""
    return Project(project.root, instead=before.bare(project))


def left_to_do(planned: Plan, project: Project, before: Manifest) -> Plan:
    """What of *planned*, made for `without_earlier`, is not there yet.

    Where the same lines are in a file they stay where they are: a person may have moved them.
    """
    edits, present = [], dict(planned.present)
    for edit in planned.edits:
        there = project.text(edit.path)
        if there is not None and there != edit.before:
            wanted = sorted(one.text.strip("\r\n") for one in edit.insertions)
            if wanted == sorted(text.strip("\r\n") for text in before.inserted_in(edit.path)):
                continue
            present[edit.path] = there
        edits.append(edit)
    return replace(planned, edits=tuple(edits), present=present)
