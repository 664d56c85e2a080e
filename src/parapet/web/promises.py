"""What the catalog tells a page about its promises: which are about speed, and how many there are."""

from __future__ import annotations

from parapet.slo.catalog import Catalog
from parapet.slo.sli import LatencyRatio


def speed_slices(catalog: Catalog) -> frozenset[str]:
    """The slices that promise to be fast enough, rather than to succeed."""
    return frozenset(one.name for one in catalog if isinstance(one.sli, LatencyRatio))
