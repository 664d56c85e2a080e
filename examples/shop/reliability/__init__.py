"""How shop is watched over by Parapet. Yours to edit.

service: the Parapet object. journeys, slices, runbooks: what is promised, and what to do when it breaks.
mounting: what is put into the application. access: who may see the workbench.
"""

from __future__ import annotations

from examples.shop.reliability import journeys, runbooks, slices
from examples.shop.reliability.service import parapet
from examples.shop.reliability.statements import count_statements

__all__ = ["count_statements", "journeys", "parapet", "runbooks", "slices"]
