"""Parapet: a reliability operating loop for Python SaaS applications.

The public names, resolved when first used, so that importing Parapet costs a host next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_WHERE = {
    "BurnPolicy": "parapet.slo.burn",
    "IncidentPolicy": "parapet.incidents.policy",
    "Kubernetes": "parapet.core.settings",
    "Outcome": "parapet.core.vocabulary",
    "Parapet": "parapet.app",
    "ParapetError": "parapet.core.errors",
    "Runbook": "parapet.response.runbook",
    "Secrets": "parapet.core.settings",
    "Slice": "parapet.slo.slice",
    "Tls": "parapet.core.settings",
    "Wiring": "parapet.core.settings",
}

if TYPE_CHECKING:
    from parapet.app import Parapet as Parapet
    from parapet.core.errors import ParapetError as ParapetError
    from parapet.core.settings import Kubernetes as Kubernetes
    from parapet.core.settings import Secrets as Secrets
    from parapet.core.settings import Tls as Tls
    from parapet.core.settings import Wiring as Wiring
    from parapet.core.vocabulary import Outcome as Outcome
    from parapet.incidents.policy import IncidentPolicy as IncidentPolicy
    from parapet.response.runbook import Runbook as Runbook
    from parapet.slo.burn import BurnPolicy as BurnPolicy
    from parapet.slo.slice import Slice as Slice

__all__ = [  # resolved by __getattr__
    "BurnPolicy",
    "IncidentPolicy",
    "Kubernetes",
    "Outcome",
    "Parapet",
    "ParapetError",
    "Runbook",
    "Secrets",
    "Slice",
    "Tls",
    "Wiring",
]


def __getattr__(name: str) -> object:
    if name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'parapet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
