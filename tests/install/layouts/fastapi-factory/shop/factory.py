"""Makes the shop."""
from __future__ import annotations

from typing import Optional

import fastapi

from .routers import orders
from .settings import Settings


def create_app(settings: Optional[Settings] = None) -> fastapi.FastAPI:
    """The shop of one deployment."""
    settings = settings or Settings()
    app = fastapi.FastAPI(debug=settings.debug)
    app.include_router(orders.router, prefix="/orders")
    # Everything below is health.

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app   # trailing spaces stay   
