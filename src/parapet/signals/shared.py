"""Counting where every process of a service can read it: in files of a directory, a seat for each process.

Nothing is opened before a process counts for the first time, so a server may load the application and fork its
workers afterwards. A process that begins takes over the files of one that is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from parapet.core import gauges
from parapet.core.errors import ConfigurationError
from parapet.core.gauges import Across
from parapet.core.guard import guarded
from parapet.signals.cells import MODES, NOTHING, Cells, Family, Labels
from parapet.signals.gathered import Gathered
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock
from parapet.signals.seats import Seat, locked, locked_here, seats_taken
from parapet.signals.slab import Notes, Slab

Left: TypeAlias = dict[Place, float]
"""What a dead process counted, and how many of it were going on when it died."""


class SharedDirectory:
    """The directory that the processes of one service count into.

    Args:
        lock: the recorder's.
        taken_over: is told what a dead process left behind, and how many of it were going on, if that is what it says.
        seated: is called once this process has a seat.

    Raises:
        ConfigurationError: there is no writing in *directory*.
    """

    def __init__(
        self, directory: Path, lock: OneLock, taken_over: Callable[[Place, int], None], seated: Callable[[], None]
    ) -> None:
        self.directory = directory
        self._lock = lock
        self.gathered = Gathered(directory, lock)
        self._taken_over = taken_over
        self._seated = seated
        self._families: list[Family] = []
        self._seat: Seat | None = None
        self._opened = False
        self._full = False
        self._slabs: dict[str, Slab] = {}
        self._notes: Notes | None = None
        self._free: dict[tuple[str, Place], list[Cells]] = {}
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with locked(directory, alone=True):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"The processes of this service cannot count into {str(directory)!r}: {error.strerror}. Give a "
                "directory that all of them may write to, on a local or in-memory file system."
            ) from error

    @property
    def has_seat(self) -> bool:
        """Whether this process counts into files of its own."""
        return self._seat is not None

    def join(self, family: Family) -> None:
        """Show the declared label sets of *family* from when this process first counts."""
        self._families.append(family)
        for labels in family.declared():
            self.show(family, labels)

    def open(self) -> None:
        """Take a seat, if this process has none yet, and take over what is there. Never raises."""
        if not self._opened and not locked_here(self.directory):  # there, a collection of garbage may record
            self._take_seat()

    def take(self, family: Family, labels: Labels) -> Cells | None:
        """Cells of a label set that no other thread has; None where there is no room, so they are kept in memory."""
        self.open()
        place = family.place(labels)
        with self._lock:
            free = self._free.setdefault((family.sort, place), [])
            return free.pop() if free else self._new(family, place)

    def give_back(self, family: Family, labels: Labels, cells: Cells) -> None:
        """A thread has ended; the next one goes on with its cells."""
        with self._lock:
            self._free.setdefault((family.sort, family.place(labels)), []).append(cells)

    def show(self, family: Family, labels: Labels) -> None:
        """Make sure that a label set is there, at zero, once this process has a seat."""
        if self._seat is not None:
            place = family.place(labels)
            with self._lock:
                if (family.sort, place) not in self._free:
                    self._free[family.sort, place] = []
                    cells = self._new(family, place)
                    if cells is not None:
                        self._free[family.sort, place].append(cells)

    def remember(self, note: bytes) -> None:
        """Leave a short text for whoever is scraped. Never raises."""
        with guarded("signals.notes"):
            if self._notes is None and self._seat is not None:
                self._notes = Notes(self._seat.notes)
            if self._notes is not None:
                self._notes.write(note)

    def bury(self) -> None:
        """Say once what was going on in processes that are dead, if nobody has taken their seats. Never raises."""
        with guarded("signals.bury"):
            busy = self.gathered.busy_seats()
            if busy:
                with self._lock, locked(self.directory, alone=False):
                    busy -= seats_taken(self.directory)
            if not busy:
                return
            self.open()  # first, because whoever takes a seat locks the directory too
            left: Left = {}
            with self._lock, locked(self.directory, alone=True):
                for seat in busy - seats_taken(self.directory):
                    self._bury(seat, left)
            self._tell(left)

    def forget_parent(self) -> None:
        """In a forked child: leave the parent's seat to the parent."""
        seat, slabs = self._seat, self._slabs
        self._seat, self._opened, self._full, self._slabs, self._free = None, False, False, {}, {}
        self._notes = None
        self.gathered = Gathered(self.directory, self._lock)
        if seat is not None:
            seat.leave()
        for slab in slabs.values():
            slab.close()

    def _take_seat(self) -> None:
        with self._lock:
            if self._opened:
                return
            self._opened = True
            found: Left = {}
            with guarded("signals.shared"), locked(self.directory, alone=True):
                self._seat = Seat.take(self.directory)
                for path in sorted(self.directory.glob(f"*_{self._seat.name}.db")):
                    found |= self._take_over(path.name.rsplit("_", 1)[0], path)
            self._tell(found)
            for family in list(self._families):
                for labels in family.declared():
                    self.show(family, labels)
            if self._seat is not None:
                self._seated()

    def _new(self, family: Family, place: Place) -> Cells | None:
        if self._seat is None or self._full:
            return None
        with guarded("signals.shared"):
            placed = False
            try:
                slab = self._slabs.get(family.sort)
                if slab is None:  # a garbage collection may make one while this one is made: the first is kept
                    slab = self._slabs.setdefault(family.sort, Slab(self._seat.file(family.sort)))
                cells = slab.add(place, family.help_text)
                placed = True
            finally:  # what failed is counted, and counting it would come here again
                self._full = not placed
            return cells  # type: ignore[return-value]  # a view of doubles, which is written like a list
        return None

    def _take_over(self, sort: str, path: Path) -> Left:
        """Go on with a file of the process that had this seat. One that cannot be read is put aside."""
        places: Left = {}
        with guarded("signals.take_over"):
            slab = Slab(path)
            found = list(slab.blocks())
            nothing = {f"gauge_{MODES[across]}": NOTHING[across] for across in (Across.SUM, Across.MAX)}
            for place, view in found:
                places[place] = places.get(place, 0.0) + (view[0] if place.metric in gauges.LEVELS else 0.0)
                if sort in nothing:
                    view[0] = nothing[sort]
                self._free.setdefault((sort, place), []).append(view)  # type: ignore[arg-type]
            self._slabs[sort] = slab
            return places
        path.replace(path.with_suffix(".unreadable"))
        return {}

    def _bury(self, seat: str, left: Left) -> None:
        """Add to *left* what was going on in the process that had *seat*; nobody is told it after us."""
        slab = Slab(self.directory / f"gauge_{MODES[Across.SUM]}_{seat}.db")
        for place, view in slab.blocks():
            if place.metric in gauges.LEVELS:
                left[place] = left.get(place, 0.0) + view[0]
                view[0] = 0.0
        slab.close()

    def _tell(self, left: Left) -> None:
        for place, number in left.items():
            self._taken_over(place, max(0, round(number)))
