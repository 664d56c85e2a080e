"""Which process writes which files: a seat each, held by a lock that ends with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import local

PREFIX = "parapet-"
NOTES = ".notes"


class _Held(local):
    """The directories that the current thread has locked."""

    def __init__(self) -> None:
        self.directories: list[Path] = []


_here = _Held()


class Seat:
    """A number that one living process has in a directory. A dead one's seat, with its files, is taken over.

    So there are never more files than there were processes at once, nothing has to be copied when a process ends, and
    no total ever goes back: the new process goes on counting where the dead one stopped.
    """

    def __init__(self, directory: Path, number: int, lock: int) -> None:
        self.name = f"{PREFIX}{number}"
        self._directory = directory
        self._lock = lock

    @classmethod
    def take(cls, directory: Path) -> Seat:
        """The first free seat. The directory must be locked.

        Raises:
            OSError: there is no writing here.
        """
        for number in count():
            lock = os.open(directory / f"{PREFIX}{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            return cls(directory, number, lock)
        raise AssertionError

    def file(self, sort: str) -> Path:
        """The file of this seat for one sort of metric, named as prometheus_client names its own."""
        return self._directory / f"{sort}_{self.name}.db"

    @property
    def notes(self) -> Path:
        """The file of what this seat leaves for others to read once."""
        return self._directory / f"{self.name}{NOTES}"

    def leave(self) -> None:
        """Close what this process has of the lock. A parent that forked us still holds it."""
        os.close(self._lock)


def seats_taken(directory: Path) -> set[str]:
    """The names of the seats whose processes live. The directory must be locked."""
    taken = set()
    for path in directory.glob(f"{PREFIX}*.lock"):
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            taken.add(path.stem)
        finally:
            _release(lock)
    return taken


@contextmanager
def locked(directory: Path, *, alone: bool) -> Iterator[None]:
    """Nobody takes a seat meanwhile; with *alone*, nobody looks at them either.

    Raises:
        OSError: there is no writing here.
    """
    lock = os.open(directory / "parapet.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        _here.directories.append(directory)
        try:
            yield
        finally:
            _here.directories.remove(directory)
    finally:
        _release(lock)


def locked_here(directory: Path) -> bool:
    """Whether the current thread is within `locked`: whoever locks it once more would wait for itself."""
    return directory in _here.directories


def _release(lock: int) -> None:
    """Give a lock back, also for a process that was forked meanwhile: it has the file too, and never closes it."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)
