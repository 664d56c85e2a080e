"""FastAPI Users before the workbench: its cookie is read by its own strategy."""

# mypy: ignore-errors
# Its libraries have an environment of their own: scripts/make-env logins.

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from examples.hosts.reliability import MOUNT, parapet
from fastapi import Depends, FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.security import OAuth2PasswordRequestForm
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport, JWTStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.routing import Route

from parapet.web import Principal, Request, Role, metrics, workbench

COOKIE = "shop"
FORM = """<!doctype html><title>Sign in</title><form method="post">
<label>E-mail <input name="username"></label> <label>Password <input name="password" type="password"></label>
<button>Sign in</button></form>"""
engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['SHOP_DATABASE']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The host's own tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """Somebody who signed up."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """What FastAPI Users asks for."""


async def session() -> AsyncIterator[AsyncSession]:
    """One for each request."""
    async with sessions() as opened:
        yield opened


async def users(opened: AsyncSession = Depends(session)) -> AsyncIterator[UserManager]:  # noqa: B008
    """The manager of one request."""
    yield UserManager(SQLAlchemyUserDatabase(opened, User))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Real ones migrate instead."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


backend = AuthenticationBackend(
    name="cookie",
    transport=CookieTransport(cookie_name=COOKIE, cookie_secure=False),
    get_strategy=lambda: JWTStrategy("an example's secret of 32 characters", 3600),
)
fastapi_users = FastAPIUsers[User, uuid.UUID](users, [backend])


async def signed_in(cookie: str | None) -> User | None:
    """Whose cookie it is."""
    async with sessions() as opened:
        manager = UserManager(SQLAlchemyUserDatabase(opened, User))
        return await backend.get_strategy().read_token(cookie, manager)


def who(request: Request) -> Principal | None:
    """Whoever FastAPI Users knows. Asked in a thread of Parapet's, so what is asynchronous goes back to the loop."""
    user = anyio.from_thread.run(signed_in, request.cookies.get(COOKIE))
    if user is None or not user.is_active:
        return None
    return Principal(id=str(user.id), name=user.email, role=Role.ADMIN if user.is_superuser else Role.RESPONDER)


app = FastAPI(lifespan=lifespan)
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth")
app.include_router(
    fastapi_users.get_register_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserCreate), prefix="/auth"
)


@app.get("/login", response_class=HTMLResponse)
def ask_to_sign_in() -> str:
    """FastAPI Users has addresses for programs only: the page for people is the host's."""
    return FORM


@app.post("/login")
async def sign_in(
    asked: HttpRequest,
    next: str = "",  # noqa: A002
    told: OAuth2PasswordRequestForm = Depends(),  # noqa: B008
    manager: UserManager = Depends(users),  # noqa: B008
) -> Response:
    """Back to where somebody came from, which is always a path of this site."""
    user = await manager.authenticate(told)
    if user is None or not user.is_active:
        return HTMLResponse(FORM, 403)
    is_ours = next.startswith("/") and not next.startswith(("//", "/\\"))
    answer = RedirectResponse(next if is_ours else f"{asked.scope['root_path']}/{MOUNT}/", 303)
    answer.headers["set-cookie"] = (await backend.login(backend.get_strategy(), user)).headers["set-cookie"]
    return answer


app.routes.append(Route("/metrics", metrics(parapet, allow_networks=["127.0.0.0/8"])))
app.mount(f"/{MOUNT}", workbench(parapet, authenticate=who, login_url="../login"))
