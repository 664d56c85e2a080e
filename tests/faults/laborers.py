"""A process that takes bodies in and does what is due, until it is killed: `python -m tests.faults.laborers URL BOOK`.

It prints the port at which it takes bodies in.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.conftest import Desk
from tests.faults.acts import ON_CALL, Pigeon

from parapet.core.clock import SystemClock
from parapet.core.errors import EvidenceError, OutgoingError
from parapet.core.ids import TimeOrderedIds
from parapet.incidents.policy import IncidentPolicy
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.store.store import Store

PATIENCE = IncidentPolicy(quiet_period_seconds=4.0, inbox_kept_seconds=30.0)
ROUND_SECONDS = 0.05
SOON = replace(
    ON_CALL,
    policies=tuple(
        replace(one, steps=tuple(replace(each, after_seconds=each.after_seconds / 60) for each in one.steps))
        for one in ON_CALL.policies
    ),
)
"""Who is called, within seconds."""


class SignedPigeon(Pigeon):
    """A channel that writes down, too, which process told it."""

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """One line: which delivery, which process, which announcement."""
        line = f"{delivery.id} {os.getpid()} {message.ref} {message.announcement} {delivery.to or ''}\n"
        with self.book.open("a") as book:
            book.write(line)
        return Sent(words="written down")


def laborious(url: str, book: Path) -> Desk:
    """A desk with the time of the machine."""
    desk = Desk(
        store=Store(url), url=url, policy=PATIENCE, channels={"pigeon": SignedPigeon(book)}, ids=TimeOrderedIds()
    )
    desk.clock = SystemClock()  # type: ignore[assignment]
    desk.roster = SOON
    return desk


def serve(desk: Desk) -> ThreadingHTTPServer:
    """Take bodies in, and answer as the hook does."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = 200
            try:
                desk.inbox.receive(body)
            except (EvidenceError, OutgoingError):
                status = 503
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            return

    return ThreadingHTTPServer(("127.0.0.1", 0), Door)


def main() -> None:
    """Work until the process ends."""
    desk = laborious(sys.argv[1], Path(sys.argv[2]))
    server = serve(desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    desk.worker.run(threading.Event(), interval_seconds=ROUND_SECONDS)


if __name__ == "__main__":
    main()
