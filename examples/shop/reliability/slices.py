"""What is promised of the whole service, and alerted on when it burns. Every pack brings its own runbooks."""

from __future__ import annotations

from parapet.slo.packs import web_pack

from examples.shop.reliability.service import parapet

JOURNEY_ROUTES = ("/login", "/checkout")
"""Promised as journeys, so not again among all pages: one trouble should be one incident."""

parapet.adopt(web_pack(title="Other pages", except_routes=JOURNEY_ROUTES))
