"""Nothing that the demo started outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from examples.shop.settings import REPOSITORY

pytestmark = [pytest.mark.real, pytest.mark.waits]


def processes_naming(words: str) -> list[str]:
    """Command lines of running processes that hold *words*, or whose environment names it as the shop's home."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and folder.name != str(os.getpid()):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                home = f"SHOP_HOME={words}".encode() in (folder / "environ").read_bytes()
            except OSError:
                continue  # it ended meanwhile, or is not ours to look at
            if words in command or home:
                found.append(command)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_says_where_to_look_and_leaves_nothing_behind(
    servers: None, tmp_path: Path, number: signal.Signals
) -> None:
    """Addresses and logins are printed, the shop answers, and a signal ends every process."""
    home = tmp_path / "demo"
    demo = subprocess.Popen(
        [sys.executable, "-m", "examples.stage.demo", "--home", str(home), "--port", "0"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert demo.stdout is not None
        said = ""
        while "orders," not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        for words in ("The workbench   http://127.0.0.1:", "Prometheus ", "Alertmanager ", "ana  ", "--rollback"):
            assert words in said
        shop = next(line.split()[-1] for line in said.splitlines() if "The shop " in line)
        with urlopen(f"{shop}health", timeout=10) as answer:
            assert answer.status == 200
        assert len(processes_naming(str(home))) >= 4
        demo.send_signal(number)
        rest, _ = demo.communicate(timeout=40)
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.communicate()
    assert demo.returncode == 0
    assert "Everything is stopped." in rest
    assert processes_naming(str(home)) == []
