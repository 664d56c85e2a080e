"""Made-up requests against a server that runs: whatever is sent, it is taken or refused in words, as documented."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from parapet import Parapet, Secrets
from parapet.core import guard
from parapet.core.types import Actor, ActorClass
from parapet.core.vocabulary import Severity
from parapet.web import workbench
from parapet.web.api.openapi import HOOKS
from parapet.web.api.table import OPERATIONS

if TYPE_CHECKING:
    from tests.web.conftest import Serve

TOKEN = "fuzz-token-0123456789"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
FEW = 3
"""Examples of each operation; PARAPET_FUZZ asks for more, and for every edge of every field besides."""
PROGRESS_SECONDS = 15
LONGEST_SECONDS = 1_800
BOT = Actor(kind=ActorClass.EXTERNAL, name="fuzz")


@dataclass(slots=True)
class Counted:
    """An application, and what it was asked."""

    app: ASGIApp
    asked: Counter[str] = field(default_factory=Counter)
    last: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count it, and hand it on."""
        if scope["type"] == "http":
            self.last = f"{scope['method']} {scope['path'][:60]!r}"
            self.asked[scope["method"]] += 1
        await self.app(scope, receive, send)

    def say(self, since: float) -> None:
        """Print how far it is."""
        print(f"{monotonic() - since:5.0f} s, {self.asked.total():6,} requests, now {self.last}", flush=True)


def test_no_request_breaks_the_server(evidence_url: str, serve: Serve, tmp_path: Path) -> None:
    """No 500 ever, no status, content type or shape that the document does not say; the evidence holds."""
    parapet = Parapet(
        service="shop",
        evidence=evidence_url,
        secrets=Secrets(form_key="form-key-0123456789", webhook_tokens=(TOKEN,), responder_tokens=(("fuzz", TOKEN),)),
    )
    parapet.journey("checkout", objective=0.999)
    for number in range(3):
        parapet.operator.declare(title=f"Trouble {number}", severity=Severity.PAGE, actor=BOT, reason="to work on")
    parapet.inbox.take_in(parapet.inbox.store([("events", b"{}")]))
    parapet.action_items.open("delivery", "msg-1", title="Send it again", slice_name="checkout", by=BOT)
    # By itself: a mount of Starlette knows no line break.
    host = Counted(workbench(parapet, authenticate=lambda _: None))
    swallowed = guard.swallowed.total()
    more = int(os.environ.get("PARAPET_FUZZ", "0"))
    asked = [
        "--max-examples",
        str(more or FEW),
        "--phases",
        "examples,coverage,fuzzing" if more else "examples,fuzzing",
    ]
    with serve(host) as served:
        where = f"http://127.0.0.1:{served.port}/api/openapi.json"
        command = [sys.executable, "-m", "schemathesis.cli", "run", where, "-H", f"Authorization: Bearer {TOKEN}"]
        options = ["--checks", CHECKS, "--no-shrink", "--generation-deterministic", "--warnings", "off", "--no-color"]
        with (told := tmp_path / "told").open("w") as output:
            fuzzing = subprocess.Popen([*command, *options, *asked], stdout=output, stderr=subprocess.STDOUT)
            code = _waited_for(fuzzing, host)
    parapet.store.close()
    said = told.read_text()
    operations = len(OPERATIONS) + len(HOOKS)  # and the document, which is how they are known
    assert code == 0, said[-8_000:]
    assert f"{operations}/{operations}" in said, "every operation was asked"
    assert guard.swallowed.total() == swallowed, "nothing was swallowed either"
    assert parapet.audit.verify().broken is None
    assert parapet.bodies.counts()["failing"] == 0
    parapet.store.close()


def _waited_for(process: subprocess.Popen[bytes], host: Counted) -> int | None:
    """How *process* ended; None: it took too long. Meanwhile it is printed how far it is (`-s` shows it)."""
    since = monotonic()
    while monotonic() - since < LONGEST_SECONDS:
        try:
            return process.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            host.say(since)
    process.kill()
    process.wait()
    return None
