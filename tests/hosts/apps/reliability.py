"""What every application under test is measured by: one Parapet, and a journey measured by a route."""

from __future__ import annotations

import os

from parapet import Parapet

parapet = Parapet(service="shop", multiprocess_dir=os.environ.get("SHOP_METRICS"))
parapet.journey("checkout", objective=0.99, routes=["POST /checkout/{cart}"])
