"""Parapet for notes: where its evidence lives, what it is told by, and its secrets.

This package is yours: `parapet install` wrote it once, and never touches what you change.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import gettempdir

from parapet import Parapet, Secrets, Wiring

HERE = Path(__file__).resolve().parent
DATABASE = HERE.parents[1] / "parapet-evidence.db"
SIGNALS = Path(gettempdir()) / f"parapet-notes-{os.getuid()}"
"""Where its processes count together, and the worker of Parapet with them: on one machine, for one user."""
ADDRESS = "127.0.0.1:8000"
"""Where Prometheus and Alertmanager reach this service, as host:port."""


def _secret(name: str) -> tuple[str, ...]:
    """The variable *name*. Without it the door that it opens stays closed, and says so to whoever knocks."""
    value = os.environ.get(name)
    return (value,) if value else ()


parapet = Parapet(
    service="notes",
    owner="notes",  # the team that answers for it
    # One database for all processes. SQLite will do on one machine; on several: postgresql://...
    evidence=os.environ.get("PARAPET_EVIDENCE") or f"sqlite:///{DATABASE}",
    multiprocess_dir=os.environ.get("PARAPET_MULTIPROCESS_DIR") or SIGNALS,
    wiring=Wiring(
        scrape_targets=(ADDRESS,),
        webhook_url=f"http://{ADDRESS}/parapet/hooks/alertmanager",
        workbench_url=f"http://{ADDRESS}/parapet",
        prometheus_url=os.environ.get("PARAPET_PROMETHEUS_URL") or None,
        alertmanager_urls=tuple(os.environ.get("PARAPET_ALERTMANAGER_URL", "").split()),
        dashboards=False,
    ),
    secrets=Secrets(
        webhook_tokens=_secret("PARAPET_WEBHOOK_TOKEN"),
        metrics_tokens=_secret("PARAPET_METRICS_TOKEN"),
        api_tokens=_secret("PARAPET_API_TOKEN"),
        form_key=os.environ.get("PARAPET_FORM_KEY") or None,
    ),
)
