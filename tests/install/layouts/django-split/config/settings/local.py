from .base import *  # noqa: F403
from .base import INSTALLED_APPS, MIDDLEWARE

DEBUG = True
SECRET_KEY = "only on this machine"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
MIDDLEWARE += ["django.middleware.clickjacking.XFrameOptionsMiddleware"]
