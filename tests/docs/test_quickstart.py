"""The quickstart, followed step by step: in the short form until the doctor has looked, in the long form as a newcomer,
from the built wheel in an empty environment to a real alert (`make quickstart`)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest
from tests.artifacts.servers import free_port, installed
from tests.docs.blocks import ROOT, Block, blocks_of

STEPS = blocks_of(ROOT / "docs" / "quickstart.md")
LONG = os.environ.get("PARAPET_QUICKSTART") == "all"
PATIENCE_SECONDS = 600
"""Ten minutes, as the page promises."""
SPECIAL = ("PARAPET_", "SHOP_", "VIRTUAL_ENV", "PYTHON")


class Newcomer:
    """Somebody who types what the page says, on ports that are free here."""

    def __init__(self, folder: Path, path: str, ports: dict[str, int]) -> None:
        self.folder = folder
        self.ports = ports
        outer = {name: value for name, value in os.environ.items() if not name.startswith(SPECIAL)}
        self.environment = {**outer, "PATH": path, "COLUMNS": "120", "TMPDIR": str(folder)}

    def put(self, text: str) -> str:
        """*text* with our ports."""
        return re.sub(r"\b(8000|9090|9093)\b", lambda found: str(self.ports[found[0]]), text)

    def write(self, block: Block) -> None:
        """Make a file what the page says it is."""
        assert block.file is not None
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.put(block.text))

    def type(self, block: Block) -> str:
        """Run a block in a shell, and return what it printed."""
        done = subprocess.run(
            ["bash", "-euc", self.shell(block)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        if block.mark != "until":
            assert done.returncode == 0, f"{block}:\n{done.stdout}"
        service = self.folder / "reliability" / "service.py"
        if service.exists():  # what an install wrote knows the usual port
            service.write_text(self.put(service.read_text()))
        return done.stdout

    def shell(self, block: Block) -> str:
        """What a terminal of the page runs: its environment, then the block."""
        before = "[ ! -f .venv/bin/activate ] || . .venv/bin/activate; [ ! -f settings.sh ] || . ./settings.sh\n"
        return before + self.put(block.text)

    @contextmanager
    def terminal(self, block: Block) -> Iterator[None]:
        """Another terminal, in which a block runs until the end."""
        log = (self.folder / f"terminal-{block.line}.log").open("wb")
        process = subprocess.Popen(
            ["bash", "-c", self.shell(block)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()

    def until(self, block: Block, begun: float) -> None:
        """Type a block again and again until it says what the page says it will."""
        pause = threading.Event()
        while True:
            said = self.type(block)
            if block.word == "0 errors":
                if not re.search(r"^error ", said, re.MULTILINE) and "checks of" in said:
                    return
            elif block.word is not None and block.word in said:
                return
            logs = "".join(f"\n== {one.name}\n{one.read_text()[-800:]}" for one in self.folder.glob("terminal-*.log"))
            assert monotonic() - begun < PATIENCE_SECONDS, f"{block} still says:\n{said}{logs}"
            pause.wait(2)


def newcomer(tmp_path: Path, path: str) -> Newcomer:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Newcomer(folder, path, {"8000": free_port(), "9090": free_port(), "9093": free_port()})


def test_its_steps_wire_and_generate(tmp_path: Path) -> None:
    """Everything before servers are started, with this Parapet."""
    person = newcomer(tmp_path, f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for block in STEPS:
        if block.mark == "background":
            break
        if block.file is not None:
            person.write(block)
        elif block.mark == "run" and block.word is None:
            said = person.type(block)
    assert "checkout" in said
    assert (person.folder / "ops" / "prometheus" / "alerts.yml").exists()
    assert "attach(app)" in (person.folder / "app.py").read_text()
    assert {one.mark for one in STEPS} == {None, "run", "background", "until"}


@pytest.mark.real
@pytest.mark.skipif(not LONG, reason="takes minutes: make quickstart")
def test_a_newcomer_reaches_a_real_alert(tmp_path: Path) -> None:
    """A fresh folder, an empty environment, the built wheel, real Prometheus and Alertmanager; in under ten minutes."""
    for name in ("prometheus", "prometheus-alertmanager"):
        installed(name, name)
    subprocess.run([sys.executable, str(ROOT / "scripts" / "distribute.py")], check=True)
    wheel = next((ROOT / "dist").glob("*.whl"))
    person = newcomer(tmp_path, "/usr/local/bin:/usr/bin:/bin")
    python = f"{sys.base_prefix}/bin"
    person.environment["PATH"] = f"{python}:{person.environment['PATH']}"
    begun = monotonic()
    with ExitStack() as terminals:
        for block in STEPS:
            if block.file is not None:
                person.write(block)
            elif block.mark == "background":
                terminals.enter_context(person.terminal(block))
            elif block.mark == "until":
                person.until(block, begun)
            elif block.mark == "run":
                text = block.text.replace("parapet-ops[fastapi]", f"parapet-ops[fastapi] @ file://{wheel}")
                person.type(Block(**{**vars(block), "text": text}))
        minutes = (monotonic() - begun) / 60
    sys.stderr.write(f"\nThe quickstart took {minutes:.1f} minutes.\n")
