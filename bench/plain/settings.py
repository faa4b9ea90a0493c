"""The product's settings with the plain view in its place, and no middleware in its way."""

from config.settings import *  # noqa: F403 - as settings are inherited

INSTALLED_APPS = ["bench.plain"]
MIDDLEWARE = []
ROOT_URLCONF = "bench.plain.urls"
