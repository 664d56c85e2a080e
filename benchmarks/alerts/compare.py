"""Parapet's alerts beside those of its peers: when they begin and end in the same scenarios, and what their rules read.

    python benchmarks/alerts/compare.py [NAME ...] [--of Parapet] [--json | --markdown] [--write] [--without-reads]

Names are parts of scenarios' names; without any, all of them are played, each with as much past as the longest windows
have, because the peers' rules are quicker without one. Minutes are arithmetic, and samples are counted: the same on
every machine. --write keeps what was found in found.json and writes the table and the picture of docs/alerts.md; of
scenarios that were not played, as they were found before. --promtool plays them with another Prometheus's promtool.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.alerts.page import markdown, written
from benchmarks.alerts.peers import PEERS
from benchmarks.alerts.samples import STEPS, Reads, measured
from benchmarks.alerts.scenarios import Found, played
from tests.scenarios.contestants import PARAPET, Contestant
from tests.scenarios.corpus import corpus
from tests.scenarios.model import Scenario
from tests.scenarios.span import FULL

from parapet.cli.terminal import progress

CONTESTANTS = (PARAPET, *PEERS)
KEPT = Path(__file__).with_name("found.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that was found: of every scenario an outcome for each contestant, and what each reads."""

    found: tuple[Found, ...]
    reads: tuple[Reads, ...]

    def text(self) -> str:
        """As JSON, an outcome a line."""
        parts = (("found", self.found), ("reads", self.reads))
        listed = (
            f'"{name}": [\n' + ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in ones) + "\n]"
            for name, ones in parts
        )
        return "{\n" + ",\n".join(listed) + "\n}\n"


def kept() -> Comparison:
    """What was found last."""
    node = json.loads(KEPT.read_text())
    return Comparison(
        found=tuple(Found(**one) for one in node["found"]), reads=tuple(Reads(**one) for one in node["reads"])
    )


def compare(
    contestants: Sequence[Contestant], scenarios: Sequence[Scenario], step: Callable[[str], None], *, with_reads: bool
) -> Comparison:
    """Play every scenario with the rules of *contestants*, and count what they read; *step* hears how it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        found = tuple(played(contestants, scenarios, Path(folder), step))
        reads = measured(contestants, Path(folder), step) if with_reads else ()
    return Comparison(found=found, reads=reads)


def joined(new: Comparison, before: Comparison) -> Comparison:
    """*new*, and of what it does not have, what was found *before*; in the order of the corpus."""
    found = {(one.scenario, one.contestant): one for one in (*before.found, *new.found)}
    order = [(scenario.name, one.name) for scenario in corpus(FULL) for one in CONTESTANTS]
    reads = {one.contestant: one for one in (*before.reads, *new.reads)}
    return Comparison(
        found=tuple(found[pair] for pair in order if pair in found),
        reads=tuple(reads[one.name] for one in CONTESTANTS if one.name in reads),
    )


def main() -> None:
    """Print or write."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("names", nargs="*", metavar="NAME", help="part of the name of a scenario")
    options.add_argument("--of", action="append", choices=[one.name for one in CONTESTANTS], help="only whose rules")
    options.add_argument("--promtool", type=Path, metavar="FOLDER", help="where another promtool is")
    form = options.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--markdown", action="store_true", help="print tables of Markdown; so it does without an option")
    options.add_argument("--write", action="store_true", help="write found.json, docs/alerts.md and its picture")
    options.add_argument("--without-reads", action="store_true", help="do not count samples read, which takes longest")
    given = options.parse_args()
    scenarios = [one for one in corpus(FULL) if not given.names or any(part in one.name for part in given.names)]
    if not scenarios:
        options.error(f"no scenario is called like {' or '.join(given.names)}")
    if given.promtool:
        os.environ["PATH"] = f"{given.promtool}{os.pathsep}{os.environ['PATH']}"
    contestants = [one for one in CONTESTANTS if not given.of or one.name in given.of]
    steps = len(contestants) * len(scenarios) + (0 if given.without_reads else STEPS)
    with progress("Comparing", steps) as forward:
        found = compare(contestants, scenarios, lambda _: forward(1), with_reads=not given.without_reads)
    if given.write:
        whole = joined(found, kept()) if KEPT.exists() else found
        KEPT.write_text(whole.text())
        for path in written(whole.found, whole.reads):
            print(path)
        return
    print(found.text() if given.json else markdown(found.found, found.reads))


if __name__ == "__main__":
    main()
