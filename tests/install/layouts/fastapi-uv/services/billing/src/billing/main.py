from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from .db import lifespan
from .routers import invoices
from .settings import get_settings

app = FastAPI(title="Billing", lifespan=lifespan)

if get_settings().cors_origins:
    app.add_middleware(
        CORSMiddleware, allow_origins=get_settings().cors_origins.split(","), allow_methods=["*"]
    )

app.include_router(invoices.router)


@app.get("/healthz")
async def healthz() -> dict[str, bool]:
    return {"ok": True}
