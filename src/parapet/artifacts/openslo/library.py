"""Every document there is, to look references up in."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.artifacts.openslo.reading import Document, Place


class Library:
    """Documents by kind and name. *used*: those that others refer to."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._found = {(one.kind, one.name): one for one in documents}
        self.used: set[tuple[str, str]] = set()

    def find(self, kind: str, reference: Place) -> Document | None:
        """The document that *reference* names; None, and a fault, if there is none or it cannot be taken."""
        name = reference.text()
        if not name:
            return None
        found = self._found.get((kind, name))
        if found is None:
            known = [named for of, named in self._found if of == kind]
            reference.fault(
                f"names the {kind} {name!r}, which none of the files holds; known: {', '.join(known) or 'none'}"
            )
            return None
        self.used.add((kind, name))
        if found.faults:
            reference.fault(f"names the {kind} {name!r}, which cannot be taken: {found.faults[0].why}")
            return None
        return found
