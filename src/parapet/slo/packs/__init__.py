"""Promises that many services make, one line each to adopt: `parapet.adopt(web_pack())`."""

from __future__ import annotations

from parapet.slo.pack import Guide, Pack, bundle
from parapet.slo.packs.ai import ai_pack
from parapet.slo.packs.billing import billing_pack
from parapet.slo.packs.database import database_pack
from parapet.slo.packs.deliveries import email_delivery_pack, notifications_pack
from parapet.slo.packs.jobs import jobs_pack
from parapet.slo.packs.media import media_pipeline_pack
from parapet.slo.packs.probes import probes_pack
from parapet.slo.packs.web import web_pack

__all__ = [
    "Guide",
    "Pack",
    "ai_pack",
    "billing_pack",
    "bundle",
    "database_pack",
    "email_delivery_pack",
    "jobs_pack",
    "media_pipeline_pack",
    "notifications_pack",
    "probes_pack",
    "web_pack",
]
