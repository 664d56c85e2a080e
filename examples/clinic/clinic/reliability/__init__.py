"""How clinic is watched over by Parapet. Yours to edit.

service: the Parapet object. journeys, slices, runbooks: what is promised, and what to do when it breaks.
mounting: what is put into the application. access: who may see the workbench.
"""

from __future__ import annotations

from clinic.reliability import journeys, runbooks, slices
from clinic.reliability.jobs import count_jobs
from clinic.reliability.service import parapet

__all__ = ["count_jobs", "journeys", "parapet", "runbooks", "slices"]
