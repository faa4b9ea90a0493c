"""Settings, addresses, the Celery app, and the servers that Recourse can run itself."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
