"""What the tests of packs share: a shop, and every pack there is."""

from __future__ import annotations

import pytest

from parapet import Parapet
from parapet.testing import ManualClock


@pytest.fixture
def shop() -> Parapet:
    """A shop that promises nothing yet."""
    return Parapet(service="shop", owner="Shop team", clock=ManualClock())
