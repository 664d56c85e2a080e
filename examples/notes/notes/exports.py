"""All notes of one person as one file, put together by a job: `rq worker exports`, in this folder."""

from __future__ import annotations

from pathlib import Path

from redis import Redis
from rq import Queue

from notes import database
from notes.settings import Settings

QUEUE = "exports"


def begin(settings: Settings, person_id: int) -> None:
    """Have the file made."""
    Queue(QUEUE, connection=Redis.from_url(settings.redis_url)).enqueue(make, person_id)


def make(person_id: int) -> int:
    """The job: write the file; how many notes are in it."""
    notes = database.texts(person_id)
    path = file_of(Settings.read(), person_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(notes) + "\n")
    return len(notes)


def file_of(settings: Settings, person_id: int) -> Path:
    """Where the file of that person lies, once it is made."""
    return settings.exports / f"{person_id}.txt"
