"""What a /metrics endpoint answers with. Who may read it is decided by whoever mounts the endpoint."""

from __future__ import annotations

from parapet.signals.recorder import Recorder
from parapet.signals.text import CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "render"]


def render(recorder: Recorder) -> bytes:
    """The body of a scrape of *recorder*, to be sent with `CONTENT_TYPE`."""
    return recorder.render()
