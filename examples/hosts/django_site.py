"""Django's own login before the workbench; over WSGI, and over ASGI with SHOP_ASGI=1. A whole site in one file."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from examples.hosts.reliability import MOUNT, parapet

ASGI = os.environ.get("SHOP_ASGI") == "1"

settings.configure(
    SECRET_KEY="an example's secret key",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    LOGIN_URL="login",
    LOGIN_REDIRECT_URL=f"/{MOUNT}/",
    LOGOUT_REDIRECT_URL="login",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"login.html": "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"},
                    )
                ]
            },
        }
    ],
)
django.setup()

from django.contrib.auth.views import LoginView, LogoutView  # noqa: E402 - after the settings are in force
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402

from parapet.web import Principal, Request, Role  # noqa: E402
from parapet.web.django import metrics, workbench  # noqa: E402


def who(request: Request) -> Principal | None:
    """Whoever Django knows; staff may act, superusers may do everything."""
    user = request.native.user  # type: ignore[attr-defined]
    if not user.is_authenticated:
        return None
    role = Role.ADMIN if user.is_superuser else Role.RESPONDER if user.is_staff else Role.VIEWER
    return Principal(id=str(user.pk), name=user.get_username(), role=role)


urlpatterns = [
    path("login", LoginView.as_view(template_name="login.html"), name="login"),
    path("logout", LogoutView.as_view()),
    path("metrics", metrics(parapet, allow_networks=["127.0.0.0/8"])),
    path(f"{MOUNT}/", include(workbench(parapet, authenticate=who, asgi=ASGI))),
]
application = get_asgi_application() if ASGI else get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()
