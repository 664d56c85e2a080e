"""Writes the outputs in docs/slo-commands.md: every command in it is run in a small shop with a month of history.

With --check nothing is written; each command must end as the page says, and begin its output in the same way.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the examples are no part of what is installed

from examples.stage.machine import LOOPBACK, StackError, choose_ports, end, program, tied_to_us
from examples.stage.probes import answers

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "slo-commands.md"
DRAWING = ROOT / "docs" / "images" / "backtest.svg"
COLUMNS = 88
BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]*)\n(?P<output>.*?)```\n", re.DOTALL)

BEFORE = '''"""What the shop promises: the demo's definitions, at the intervals of production."""

from examples.shop.reliability import parapet

from parapet import Wiring

parapet.wiring = Wiring(prometheus_url="{prometheus}")
parapet.journey("newsletter", title="Newsletter", objective=0.95)
'''
AFTER = BEFORE.replace("0.95", "0.9").replace('title="Newsletter"', 'title="Newsletter", latency=(2.0, 0.9)')

UNTIL = 1_796_083_200
"""1 December 2026, a midnight in UTC."""
DAY = 86_400
DAYS = 33
CHECKED_DAYS = 3
"""As much history as it takes to see that the commands run."""
OUTAGES = ((8.62, 0.012, 0.6), (15.4, 0.02, 0.15), (22.6, 0.25, 0.009))
"""Of checkout: day of the history, length in days, share of attempts that fail."""
SLOW = (19.3, 0.25, 0.2)
GAP = (11.15, 0.6)
INCIDENTS = (("Payment provider down", 8.62, 16, 0.014), ("Card form broken in one browser", 26.3, 240, 0.5))
"""Title, onset, minutes until somebody noticed, length in days."""


def history(days: int) -> Iterator[str]:
    """The last days of a small shop's month, as OpenMetrics: days and nights, troubles, and a night nobody scraped."""
    chance = random.Random(7)  # noqa: S311  # the same month every time
    begin = UNTIL - DAYS * DAY
    for journey, peak in (("login", 160.0), ("checkout", 70.0), ("newsletter", 3.0)):
        good = bad = quick = 0.0
        lines: dict[str, list[str]] = {"success": [], "failure": [], "quick": []}
        for at in range(UNTIL - days * DAY, UNTIL + 60, 60):
            day = (at - begin) / DAY
            usual = peak * (0.1 + 0.9 * math.exp(-(((((at % DAY) / 3_600) - 14) / 4.5) ** 2)))
            attempts = max(round(chance.gauss(usual, math.sqrt(usual))), 0)
            broken = next((share for start, long, share in OUTAGES if start <= day < start + long), 0.0003)
            failing = broken if journey == "checkout" else 0.0003
            failed = sum(chance.random() < failing for _ in range(attempts))
            slow = SLOW[2] if SLOW[0] <= day < SLOW[0] + SLOW[1] else 0.002
            good, bad = good + attempts - failed, bad + failed
            quick += (attempts - failed) * (1 - slow)
            if not GAP[0] <= day < GAP[0] + GAP[1]:
                for name, value in (("success", good), ("failure", bad), ("quick", quick)):
                    lines[name].append(f"{value:.10g} {at}")
        for outcome in ("success", "failure"):
            series = f'parapet_journey_duration_seconds_count{{job="shop",journey="{journey}",outcome="{outcome}"}}'
            yield from (f"{series} {line}\n" for line in lines[outcome])
        bound = {"checkout": "1.0", "newsletter": "2.0"}.get(journey)
        if bound:
            labels = f'job="shop",journey="{journey}",outcome="success",le="{bound}"'
            yield from (f"parapet_journey_duration_seconds_bucket{{{labels}}} {line}\n" for line in lines["quick"])
    yield "# EOF\n"


@contextmanager
def shop(days: int) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A folder with the shop under git, and the environment to run commands in it, beside a Prometheus."""
    with tempfile.TemporaryDirectory(prefix="parapet-docs-") as folder:
        home = Path(folder)
        with prometheus(home, days) as url:
            project = home / "project"
            (project / "shop").mkdir(parents=True)
            (project / "shop" / "__init__.py").touch()
            reliability = project / "shop" / "reliability.py"
            reliability.write_text(BEFORE.format(prometheus=url))
            git = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@shop.test", "-c", "init.defaultBranch=main"]
            for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "promises"]):
                subprocess.run([*git, *words], cwd=project, check=True)
            reliability.write_text(AFTER.format(prometheus=url))
            (project / "incidents.json").write_text(json.dumps(list(incidents()), indent=2))
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith(("PARAPET_", "SHOP_"))},
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
                "PARAPET_APP": "shop.reliability:parapet",
                "SHOP_HOME": str(home),  # not what a demonstration left behind
                "COLUMNS": str(COLUMNS),
                "NO_COLOR": "1",
            }
            yield project, environment


@contextmanager
def prometheus(home: Path, days: int) -> Iterator[str]:
    """The address of a Prometheus that remembers the month; it ends with the block."""
    (home / "history.txt").write_text("".join(history(days)))
    (home / "prometheus.yml").write_text("global: {}\n")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
    subprocess.run(backfill, cwd=home, check=True, stdout=subprocess.DEVNULL)
    port = choose_ports(None).prometheus
    command = [
        *tied_to_us(),
        program("prometheus", "prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    with (home / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
    try:
        url = f"http://{LOOPBACK}:{port}"
        wait_until_ready(url, process)
        yield url
    finally:
        end(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers.

    Raises:
        StackError: it ended, or did not answer in a minute.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if answers(f"{url}/-/ready"):
            return
        time.sleep(0.1)
    raise StackError("Prometheus did not become ready.")


def incidents() -> Iterator[dict[str, str]]:
    """What people remember of the month."""
    for title, onset, noticed, long in INCIDENTS:
        start = UNTIL - DAYS * DAY + onset * DAY
        times = {"start": start, "noticed": start + 60 * noticed, "end": start + long * DAY}
        written = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in times.items()}
        yield {"title": title, "slice": "checkout", **written}


def run(command: str, project: Path, environment: Mapping[str, str]) -> str:
    """What *command* prints in the shop, and its exit status if it is not 0."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, env=dict(environment), capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).rstrip().replace(f"{project}/", "")
    return f"{said}\n" + (f"(exit status {done.returncode})\n" if done.returncode else "")


def main(check: bool) -> int:
    """Rewrite the page, or say where it is not true any more."""
    page = PAGE.read_text()
    wrong: list[str] = []
    with shop(CHECKED_DAYS if check else DAYS) as (project, environment):

        def block(match: re.Match[str]) -> str:
            said = run(match["command"], project, environment)
            ended = [text.partition("(exit status")[1:] for text in (match["output"], said)]
            if match["output"].splitlines()[:1] != said.splitlines()[:1] or ended[0] != ended[1]:
                wrong.append(f"$ {match['command']}\n{said}")
            return f"```console\n$ {match['command']}\n{said}```\n"

        written = BLOCK.sub(block, page)
        if not check:
            PAGE.write_text(written)
            shutil.copyfile(project / "backtest.svg", DRAWING)
    if check and wrong:
        print("docs/slo-commands.md is not current; run `make slo-docs`:", *wrong, sep="\n")
    return int(check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
