"""Reads one leaf of a chronology: as many entries as a page shows, and where the leaves beside it begin."""

from __future__ import annotations

from parapet.core.types import IncidentId
from parapet.incidents.gist import EVERYTHING, Gap, Gist, Leaf, Selection, gist_of, leaf_of
from parapet.incidents.model import Entry
from parapet.store.store import Transaction

LEAF_ENTRIES = 100
HEAD_ENTRIES = 10
"""Of a long chronology, how many of its first entries stand before the gap; the rest of a leaf is the end."""


def chronicle(
    tx: Transaction, incident_id: IncidentId, selection: Selection, *, start: int | None
) -> tuple[Gist, Leaf]:
    """What is known of a chronology, and its leaf from *start* on, or both ends. One that is one leaf is read once."""
    found = tx.entries.selected(incident_id, EVERYTHING, limit=LEAF_ENTRIES + 1)
    if len(found) <= LEAF_ENTRIES:
        return gist_of(found), leaf_of(found, selection, start=start, most=LEAF_ENTRIES)
    first = None if start is None else tx.entries.get(incident_id, start)
    leaf = None if first is None else leaf_from(tx, first, selection)
    if leaf is None:
        if selection != EVERYTHING:
            found = tx.entries.selected(incident_id, selection, limit=LEAF_ENTRIES + 1)
        leaf = _both_ends(tx, incident_id, selection, found)
    return tx.entries.gist(incident_id), leaf


def _both_ends(tx: Transaction, incident_id: IncidentId, selection: Selection, found: tuple[Entry, ...]) -> Leaf:
    """The entries of *selection*, which begin with *found*; of many, the beginning and the end."""
    if len(found) <= LEAF_ENTRIES:
        return Leaf(head=found, phase=tx.entries.phase_before(found[0]) if found else "")
    last, *tail = tx.entries.ending(incident_id, selection, LEAF_ENTRIES - HEAD_ENTRIES + 1)
    return Leaf(
        head=found[:HEAD_ENTRIES],
        gap=Gap(first=found[HEAD_ENTRIES], last=last),
        tail=tuple(tail),
        phase=tx.entries.phase_before(found[0]),
        tail_phase=tx.entries.phase_before(tail[0]),
    )


def leaf_from(tx: Transaction, start: Entry, selection: Selection) -> Leaf | None:
    """The entries of *selection* from *start* on, a leaf of them; None: there are none."""
    found = tx.entries.selected(start.incident_id, selection, start=start, limit=LEAF_ENTRIES + 1)
    if not found:
        return None
    earlier = tx.entries.numbers_before(found[0], selection, LEAF_ENTRIES)
    return Leaf(
        head=found[:LEAF_ENTRIES],
        phase=tx.entries.phase_before(found[0]),
        before=tx.entries.count_before(found[0], selection),
        earlier=earlier[-1] if earlier else None,
        later=found[LEAF_ENTRIES] if len(found) > LEAF_ENTRIES else None,
    )
