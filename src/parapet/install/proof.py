"""Whether a host's application imports and answers, asked of the host's own Python in a process of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

LIMIT_SECONDS = 120
LAST_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What became of one try."""

    imported: bool
    has_parapet: bool = True
    """Whether that Python can import Parapet."""
    status: int | None = None
    """What /metrics was answered with; None: nobody was asked, or it could not answer."""
    error: str | None = None
    trace: str = ""
    """The last lines of what the host's Python said."""

    @property
    def mounted(self) -> bool:
        """Whether somebody answers at /metrics: with the signals, or with a closed door."""
        return self.status is not None and self.status != 404 and self.status < 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked."""

    python: str
    folder: Path
    """The folder that modules are imported from."""
    kind: str
    """`asgi`, `flask` or `django`."""
    served: str
    is_called: bool = False
    settings: str = ""


def prove(subject: Subject) -> Proof:
    """Import the application of *subject* and ask it for /metrics, in a process that ends afterwards."""
    script = (files("parapet.install") / "templates" / "prove.py.txt").read_text(encoding="utf-8")
    called = "called" if subject.is_called else "named"
    command = [subject.python, "-B", "-c", script, subject.kind, subject.served, called, subject.settings]
    try:
        run = subprocess.run(
            command, cwd=subject.folder, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Proof(imported=False, error=f"It was not imported within {LIMIT_SECONDS} s.")
    except OSError as error:
        return Proof(imported=False, error=f"{subject.python} cannot be run: {error}.")
    trace = "\n".join(run.stderr.splitlines()[-LAST_LINES:])
    try:
        told = json.loads(run.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return Proof(imported=False, error=f"Python ended with status {run.returncode}.", trace=trace)
    return Proof(
        has_parapet=told["has_parapet"],
        imported=told["imported"],
        status=told["status"],
        error=told["error"],
        trace=trace,
    )
