SECRET_KEY = "not so secret"
ROOT_URLCONF = "config.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
MIDDLEWARE = ("django.middleware.common.CommonMiddleware",)
DATABASES = {}
USE_TZ = True
