"""What measuring a request costs: bare, Parapet, a careful middleware by hand, and peers where they are installed.

Run as `python benchmarks/signals/http.py [--short] [--only FRAMEWORK]`, with the interpreter of
`scripts/make-env http-peers` to have the peers beside us. `steady.py` says how a process measures; the median over
processes is what is printed, with the lowest and the highest of them. Ratios travel between machines, microseconds do
not.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where this file would hide the standard library's `http`.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import argparse
import json
import logging
import os
import subprocess
import tempfile
from statistics import median

from benchmarks.signals.contestants import BARE, NATIVE, OPENTELEMETRY, PARAPET, PEERS, build, is_there, present
from benchmarks.signals.steady import CALLS_BEFORE_A_SLICE, WARM_UP_CALLS, compare

from parapet.signals.recorder import Recorder

ROUTES, FEW_ROUTES, MANY_ROUTES = 20, 2, 200
CALLS = 40
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
ALONE = {OPENTELEMETRY, NATIVE}  # have no way to count over several processes
BARS_US = {"starlette": 1.2, "fastapi": 3.5, "flask": 3.5, "django": 2.5}


def child(framework: str, name: str, routes: int, rounds: int) -> tuple[float, float]:
    """One process' figures: microseconds of the bare request, and what a contestant adds to it.

    Where `PROMETHEUS_MULTIPROC_DIR` is set, everybody counts into that directory, as if there were other processes.
    """
    logging.disable(logging.CRITICAL)
    recorder = Recorder(max_routes=MANY_ROUTES + 1, multiprocess_dir=os.environ.get(DIRECTORY))
    both = {one: build(framework, one, routes, recorder) for one in (BARE, name)}
    took = compare(both, rounds=rounds, calls=CALLS)
    if name == PARAPET:
        counted = sum(int(sum(cells[:-1])) for cells in recorder.http.snapshot().series.values())
        expected = WARM_UP_CALLS + rounds * (CALLS_BEFORE_A_SLICE + CALLS)
        if counted != expected:
            raise SystemExit(f"Parapet counted {counted} of {expected} requests.")
    return took[BARE], took[name] - took[BARE]


def figures(
    framework: str, name: str, routes: int, rounds: int, processes: int, *, shared: bool = False
) -> list[tuple[float, float]]:
    """The figures of so many processes; *shared*: each counts as processes do that share a directory."""
    command = [sys.executable, __file__, "--child", framework, name, str(routes), str(rounds)]
    found = []
    for _ in range(processes):
        with tempfile.TemporaryDirectory() as directory:
            environment = {**os.environ, DIRECTORY: directory} if shared else None
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
            found.append(json.loads(run.stdout.splitlines()[-1]))
    return found


def table(framework: str, rounds: int, processes: int) -> None:
    """Measure one framework and print what came out."""
    names = present(framework)[1:]
    added = compared(framework, names, rounds, processes, shared=False)
    compared(framework, [name for name in names if name not in ALONE], rounds, processes, shared=True)
    verdict = "within" if added[PARAPET] <= BARS_US[framework] else "ABOVE"
    print(f"Parapet's bar is {BARS_US[framework]} us: {verdict}", flush=True)
    print(f"{'the same, by number of routes':<46}{f'at {FEW_ROUTES}':>9}{f'at {MANY_ROUTES}':>9}{'growth':>9}")
    for name in names:
        few, many = (
            median(us for _, us in figures(framework, name, routes, rounds // 2, processes))
            for routes in (FEW_ROUTES, MANY_ROUTES)
        )
        print(f"{name:<46}{few:>9.2f}{many:>9.2f}{many - few:>+9.2f}", flush=True)


def compared(framework: str, names: list[str], rounds: int, processes: int, *, shared: bool) -> dict[str, float]:
    """Print what each contestant adds, and return it."""
    found = {}
    for name in names:
        print(f"  measuring {framework}: {name}", file=sys.stderr, flush=True)
        found[name] = figures(framework, name, ROUTES, rounds, processes, shared=shared)
    bare = median(us for figure in found.values() for us, _ in figure)
    added = {name: median(us for _, us in figure) for name, figure in found.items()}
    title = f"{framework}, {ROUTES} routes{', many processes' if shared else ''}"
    print(f"\n{title:<46}{'added us':>9}{'lowest':>9}{'highest':>9}{'of bare':>9}{'x Parapet':>11}")
    print(f"{BARE:<46}{bare:>9.2f}")
    for name, value in added.items():
        spread = "".join(f"{extreme(us for _, us in found[name]):>9.2f}" for extreme in (min, max))
        print(f"{name:<46}{value:>9.2f}{spread}{value / bare:>9.1%}{value / added[PARAPET]:>11.1f}", flush=True)
    return added


def main() -> None:
    """Run the child processes and print the tables."""
    if sys.argv[1:2] == ["--child"]:
        framework, name, routes, rounds = sys.argv[2:]
        print(json.dumps(child(framework, name, int(routes), int(rounds))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one process for each figure, fewer rounds")
    parser.add_argument("--only", choices=list(PEERS), help="one framework")
    options = parser.parse_args()
    few = (100, 1) if options.short else (300, 5)
    print(f"{few[1]} process(es) x {few[0]} rounds x {CALLS} requests, CPU time, tenth percentile")
    for framework, peers in PEERS.items():
        if options.only in {None, framework}:
            table(framework, *few)
            for peer, module in peers.items():
                if not is_there(module):
                    print(f"{peer} is not installed here; it would join if it were.")


if __name__ == "__main__":
    main()
