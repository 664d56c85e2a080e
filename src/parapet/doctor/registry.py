"""Every check there is, by code."""

from __future__ import annotations

from parapet.doctor.check import checks_in
from parapet.doctor.checks import artifacts, evidence, guidance, host, processes, promises, secrets, series, wiring

AREAS = (
    ("Promises", promises),
    ("Guidance", guidance),
    ("Secrets", secrets),
    ("Wiring", wiring),
    ("Evidence", evidence),
    ("Application", host),
    ("Processes", processes),
    ("Series", series),
    ("Generated files", artifacts),
)
"""Part of a host -> the module that looks at it."""

CHECKS = tuple(check for _, module in AREAS for check in checks_in(module))
