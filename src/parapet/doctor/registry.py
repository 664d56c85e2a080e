"""Every check there is, by code."""

from __future__ import annotations

from parapet.doctor.check import checks_in
from parapet.doctor.checks import (
    acting,
    alertmanager,
    artifacts,
    calling,
    evidence,
    guidance,
    host,
    processes,
    prometheus,
    promises,
    running,
    secrets,
    series,
    wiring,
)

AREAS = (
    ("Promises", promises),
    ("Guidance", guidance),
    ("Acting", acting),
    ("Calling", calling),
    ("Secrets", secrets),
    ("Wiring", wiring),
    ("Evidence", evidence),
    ("Application", host),
    ("Processes", processes),
    ("Series", series),
    ("Generated files", artifacts),
    ("Prometheus, with `--live`", prometheus),
    ("Alertmanager, with `--live`", alertmanager),
    ("What runs, with `--live`", running),
)
"""Part of a host -> the module that looks at it."""

CHECKS = tuple(check for _, module in AREAS for check in checks_in(module))
