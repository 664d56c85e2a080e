"""What a request pays for being counted, in instructions of the interpreter: the same on every machine, at any load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEW_ROUTES, MANY_ROUTES = 2, 200

# Every framework has a process of its own: Django can be set up once only, and tracing must not meet what others left.
COUNT = """
import gc, sys
from benchmarks.signals.contestants import BARE, PARAPET, build
from parapet.signals.recorder import Recorder

framework, routes = sys.argv[1], int(sys.argv[2])
executed = 0

def trace(frame, event, argument):
    global executed
    frame.f_trace_lines, frame.f_trace_opcodes = False, True
    executed += event == "opcode"
    return trace

sys._getframe().f_trace_opcodes = True  # 3.12 tells of instructions if somebody asked before tracing began
counts = []
for name in (BARE, PARAPET):
    recorder = Recorder(max_routes=routes + 1)
    recorder.http.exemplars.due[:] = [sys.float_info.max] * len(recorder.http.exemplars.due)  # which come by time
    run = build(framework, name, routes, recorder)
    run(40)
    gc.collect()
    gc.disable()
    executed = 0
    sys.settrace(trace)
    run(10)
    sys.settrace(None)
    gc.enable()
    counts.append(executed)
print((counts[1] - counts[0]) / 10)
"""


def added(framework: str, routes: int) -> float:
    """Instructions that Parapet adds to a request."""
    command = [sys.executable, "-c", COUNT, framework, str(routes)]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(run.stdout.splitlines()[-1])


@pytest.mark.parametrize(("framework", "most"), [("starlette", 200), ("fastapi", 200), ("flask", 240), ("django", 150)])
def test_a_request_costs_as_little_at_200_routes_as_at_2(framework: str, most: int) -> None:
    """No route is matched again, and the way to a request's numbers does not depend on how many there are."""
    few = added(framework, FEW_ROUTES)
    # Where a slow bucket is looked up, that takes an instruction or two.
    assert added(framework, MANY_ROUTES) == pytest.approx(few, abs=4)
    assert 0 < few <= most
