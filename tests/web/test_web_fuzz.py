"""Made-up requests against a server that runs: whatever is sent, it is taken or refused in words, as documented."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

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
BOT = Actor(kind=ActorClass.EXTERNAL, name="fuzz")


def test_no_request_breaks_the_server(evidence_url: str, serve: Serve) -> None:
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
    host = workbench(parapet, authenticate=lambda _: None)  # by itself: a mount of Starlette knows no line break
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
        done = subprocess.run([*command, *options, *asked], capture_output=True, text=True, timeout=3_600, check=False)
    parapet.store.close()
    operations = len(OPERATIONS) + len(HOOKS)  # and the document, which is how they are known
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert f"{operations}/{operations}" in done.stdout, "every operation was asked"
    assert guard.swallowed.total() == swallowed, "nothing was swallowed either"
    assert parapet.audit.verify().broken is None
    assert parapet.bodies.counts()["failing"] == 0
    parapet.store.close()
