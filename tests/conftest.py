"""What holds for every test: fast passwords, plain static files, a clean cache and log context.

Hostile on purpose, by pyproject.toml: warnings are errors, undefined template variables fail.
"""

from collections.abc import Iterator

import pytest
import structlog
from django.core.cache import cache
from django.test import override_settings
from hypothesis import settings

from reviews.services import quality_shares

# No test is timed: on a busy machine any example may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _fast_and_plain() -> Iterator[None]:
    """Hash passwords fast, and serve static files from where they lie, uncollected."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        WHITENOISE_USE_FINDERS=True,
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _nothing_drawn_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check no agreement and deal no gold case unless a test sets the shares."""
    monkeypatch.setattr(quality_shares, "FIRST", quality_shares.Shares(agreement=0, gold=0))


@pytest.fixture(autouse=True)
def _clean_slate() -> None:
    """Empty the cache and the context of logs that the test before left."""
    cache.clear()
    structlog.contextvars.clear_contextvars()
