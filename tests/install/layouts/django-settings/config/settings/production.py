from .base import *

ALLOWED_HOSTS = ["clinic.example.com"]
