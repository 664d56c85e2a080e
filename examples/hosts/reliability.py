"""The Parapet of these hosts. Real ones keep their secrets where their other secrets are."""

from __future__ import annotations

import os

from parapet import Parapet, Secrets

MOUNT = os.environ.get("SHOP_MOUNT", "parapet")
"""Where the workbench is; a host of one's own just writes it down."""

parapet = Parapet(
    service="shop",
    evidence=os.environ["SHOP_EVIDENCE"],
    secrets=Secrets(
        form_key="an example's form key",
        webhook_tokens=("an example's webhook token",),
        api_tokens=("an example's API token",),
    ),
)
parapet.journey("checkout", objective=0.999)
