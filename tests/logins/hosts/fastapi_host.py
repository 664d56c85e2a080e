"""A FastAPI application with FastAPI Users, served by uvicorn, and a browser that signs up and logs in."""

# mypy: ignore-errors
# Its libraries have an environment of their own.

from __future__ import annotations

import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import requests
import uvicorn
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from httpx_oauth.oauth2 import OAuth2
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import StaticPool
from told import login, recorder, report, signup

from parapet.core.errors import ConfigurationError
from parapet.core.guard import swallowed
from parapet.integrations.fastapi_users import instrument
from parapet.signals.asgi import instrument as measure

SECRET = "a secret of 32 characters or more"
engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
sessions = async_sessionmaker(engine, expire_on_commit=False)
trouble: set[str] = set()


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    async def on_after_login(self, user: User, request: Any = None, response: Any = None) -> None:
        if "callback" in trouble:
            raise RuntimeError("a callback is broken")


async def session() -> AsyncIterator[AsyncSession]:
    if "database" in trouble:
        raise RuntimeError("the database is gone")
    async with sessions() as opened:
        yield opened


async def users(opened: AsyncSession = Depends(session)) -> AsyncIterator[UserManager]:  # noqa: B008
    yield UserManager(SQLAlchemyUserDatabase(opened, User))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


backend = AuthenticationBackend(
    name="jwt", transport=BearerTransport(tokenUrl="auth/login"), get_strategy=lambda: JWTStrategy(SECRET, 3600)
)
provider = OAuth2("id", "secret", "http://127.0.0.1:9/authorize", "http://127.0.0.1:9/token", name="provider")
fastapi_users = FastAPIUsers[User, uuid.UUID](users, [backend])
app = FastAPI(lifespan=lifespan)
try:
    instrument(app, login=login)
    raise SystemExit("an application without logins was taken")
except ConfigurationError:
    pass
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth")
app.include_router(
    fastapi_users.get_register_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserCreate), prefix="/auth"
)
app.include_router(fastapi_users.get_oauth_router(provider, backend, SECRET), prefix="/auth/provider")
instrument(app, login=login, signup=signup)
server = uvicorn.Server(uvicorn.Config(measure(app, recorder), port=0, log_level="critical"))
thread = threading.Thread(target=server.run, daemon=True)
thread.start()
while not server.started:
    thread.join(0.01)
URL = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
browser = requests.Session()
browser.headers["Connection"] = "close"
answers = 0


def heard(answer: requests.Response, **_: object) -> None:
    global answers
    answers += 1


browser.hooks["response"].append(heard)


def settled() -> bool:
    """Whether every request that was answered is counted: that happens when the answer is on its way."""
    return sum(int(sum(cells[:-1])) for cells in recorder.histograms()[0].series.values()) == answers


def register(email: str, password: str = "a good password") -> int:
    return browser.post(f"{URL}/auth/register", json={"email": email, "password": password}).status_code


def post(password: str) -> int:
    form = {"username": "ana@shop.example", "password": password}
    return browser.post(f"{URL}/auth/login", data=form).status_code


def signed_up() -> int:
    return register("ana@shop.example")


def signed_up_twice() -> int:
    return register("ana@shop.example")


def signed_up_wrongly() -> int:
    return register("nonsense")


def right() -> int:
    return post("a good password")


def wrong() -> int:
    return post("wrong")


def incomplete() -> int:
    return browser.post(f"{URL}/auth/login", data={}).status_code


def broken() -> int:
    trouble.add("database")
    try:
        return post("a good password")
    finally:
        trouble.clear()


def broken_callback() -> int:
    trouble.add("callback")
    try:
        return post("a good password")
    finally:
        trouble.clear()


def from_provider_stale() -> int:
    return browser.get(f"{URL}/auth/provider/callback?error=access_denied").status_code


def from_provider_broken() -> int:
    state = browser.get(f"{URL}/auth/provider/authorize").json()["authorization_url"].split("state=")[1]
    return browser.get(f"{URL}/auth/provider/callback?code=x&state={state}").status_code


def counting_is_broken() -> int:
    """Before anything is cached, so that whoever counts must ask what is broken."""
    global answers

    def fails(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    kept, recorder.admission.labels = recorder.admission.labels, fails
    try:
        return post("nobody is known yet")
    finally:
        while not swallowed["signals.request", "RuntimeError"]:  # it is counted when the answer is on its way
            thread.join(0.002)
        recorder.admission.labels = kept
        answers -= 1


def elsewhere() -> int:
    return browser.get(f"{URL}/auth/login").status_code


report(
    [
        counting_is_broken,
        signed_up,
        signed_up_twice,
        signed_up_wrongly,
        right,
        wrong,
        incomplete,
        broken,
        broken_callback,
        from_provider_stale,
        from_provider_broken,
        elsewhere,
    ],
    settled,
)
server.should_exit = True
thread.join(10)
