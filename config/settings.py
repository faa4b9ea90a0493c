"""The one settings module. Every environment variable is documented in docs/reference/settings.md.

Importing it reads the environment and computes; it starts nothing and writes nothing.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from environs import env
from marshmallow.validate import Length, OneOf

from config import embedded, languages, logs, queues, secrets, valkey
from config.mail import *  # noqa: F403 - settings, in a file of their own
from config.rest import *  # noqa: F403 - likewise
from config.variables import REQUIRED, positive, variable

# Lets `ModelForm[User]` and its like, which type checkers ask for, be written as they are.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where things are ---------------------------------------------------------------------------

DATA_DIR = variable(
    env.path,
    "RECOURSE_DATA_DIR",
    "a directory in which the embedded servers keep their data",
    BASE_DIR / ".recourse",
).absolute()
DATABASE_URL = variable(
    env.str, "DATABASE_URL", "the address of a PostgreSQL database, postgresql://…", ""
)
CELERY_BROKER_URL = variable(
    env.str, "CELERY_BROKER_URL", "the address of RabbitMQ (amqp://…) or Redis (redis://…)", ""
)
_scheme = urlsplit(CELERY_BROKER_URL).scheme
_EMBEDDED_BROKER = not CELERY_BROKER_URL
_AMQP = _scheme in {"amqp", "amqps", "pyamqp"}
if CELERY_BROKER_URL and not _AMQP and _scheme not in {"redis", "rediss", "redis+socket"}:
    raise SystemExit(
        "CELERY_BROKER_URL is malformed: set it to the address of RabbitMQ (amqp://…) "
        "or Redis (redis://…)."
    )
if _EMBEDDED_BROKER:
    CELERY_BROKER_URL = valkey.broker_url(DATA_DIR / "valkey")

# Redis serves as cache too; RabbitMQ cannot.
CACHE_URL = variable(
    env.str,
    "CACHE_URL",
    "the address of a Redis or Valkey server for the cache, redis://…",
    REQUIRED if _AMQP else "",
)
if not CACHE_URL:
    CACHE_URL = (
        valkey.cache_url(DATA_DIR / "valkey")
        if _EMBEDDED_BROKER
        else CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    )

# --- What kind of installation ------------------------------------------------------------------

# On a laptop the servers are embedded and there is nobody to set anything: the supervisor generates
# the secrets. Before it ever ran there is no data for them to guard, so that throwaway ones let
# linters and type checkers load this module. An installation with a database of its own sets them.
_own_secrets = secrets.read(DATA_DIR) or ({} if DATABASE_URL else secrets.generate())


def _secret(name: str, meaning: str, shortest: int) -> str:
    return variable(
        env.str, name, meaning, _own_secrets.get(name, REQUIRED), validate=Length(min=shortest)
    )


SECRET_KEY = _secret("RECOURSE_SECRET_KEY", "50 or more random characters", 50)
RECOURSE_SUBJECT_KEY = _secret(
    "RECOURSE_SUBJECT_KEY",
    "32 or more random characters that never change, the key of the subjects' pseudonyms",
    32,
)
RECOURSE_AUDIT_SALT = _secret(
    "RECOURSE_AUDIT_SALT",
    "16 or more random characters that never change, the salt of the audit draws",
    16,
)

DEBUG = variable(env.bool, "RECOURSE_DEBUG", "true or false", False)
INSECURE_HTTP = variable(
    env.bool,
    "RECOURSE_INSECURE_HTTP",
    "true to serve plain http, on a loopback address only, or false",
    False,
)
RECOURSE_PUBLIC_URL = variable(
    env.str,
    "RECOURSE_PUBLIC_URL",
    "the address at which people reach this installation, https://…",
    REQUIRED if DATABASE_URL else "https://localhost",
).rstrip("/")
_public = urlsplit(RECOURSE_PUBLIC_URL)
if not _public.hostname or _public.scheme not in (
    {"http", "https"} if INSECURE_HTTP else {"https"}
):
    raise SystemExit(
        "RECOURSE_PUBLIC_URL is malformed: set it to the address at which people reach this "
        "installation, https://… (http://… only with RECOURSE_INSECURE_HTTP=true)."
    )
RECOURSE_TRUSTED_PROXY = variable(
    env.bool,
    "RECOURSE_TRUSTED_PROXY",
    "true when a reverse proxy in front ends TLS and overwrites X-Forwarded-Proto, or false",
    False,
)
RECOURSE_METRICS_TOKEN = variable(
    env.str,
    "RECOURSE_METRICS_TOKEN",
    "16 or more random characters, the token with which /metrics is read off loopback",
    None,
    validate=Length(min=16),
)

ALLOWED_HOSTS = [
    _public.hostname,
    "localhost",
    "127.0.0.1",
    "[::1]",
    *variable(env.list, "RECOURSE_ALLOWED_HOSTS", "further host names, separated by commas", []),
]

# --- What the apps read -------------------------------------------------------------------------

MIB = 1024 * 1024
# Intake limits of the contract; all but the first count after decompression too.
INTAKE_MAX_BODY = positive("RECOURSE_INTAKE_MAX_BODY", "a number of bytes a request", 16 * MIB)
INTAKE_MAX_EVENT = positive("RECOURSE_INTAKE_MAX_EVENT", "a number of bytes an event", 4 * MIB)
INTAKE_MAX_TRANSCRIPT = positive(
    "RECOURSE_INTAKE_MAX_TRANSCRIPT", "a number of bytes of text a transcript", 2 * MIB
)
INTAKE_MAX_MESSAGES = positive(
    "RECOURSE_INTAKE_MAX_MESSAGES", "a number of messages a transcript", 2000
)
INTAKE_MAX_BATCH = positive("RECOURSE_INTAKE_MAX_BATCH", "a number of events a request", 1000)
CLAIM_LEASE_SECONDS = positive(
    "RECOURSE_CLAIM_LEASE_SECONDS", "the seconds for which a claim holds without heartbeat", 600
)
UNDO_SECONDS = positive("RECOURSE_UNDO_SECONDS", "the seconds in which a verdict can be undone", 30)
WEBHOOK_HOSTS = variable(env.list, "RECOURSE_WEBHOOK_HOSTS", "hosts, separated by commas", [])
REOPEN_IN_DANGER = variable(env.bool, "RECOURSE_REOPEN_IN_DANGER", "true or false", True)
TRANSPARENCY = variable(env.bool, "RECOURSE_TRANSPARENCY", "true or false", False)
# Where these come from: docs/explanation/looking-after-reviewers.md.
SEVERE_PER_SHIFT = positive(
    "RECOURSE_SEVERE_PER_SHIFT", "the most severe cases that one person takes in a shift", 24
)
PAUSE_AFTER_MINUTES = positive(
    "RECOURSE_PAUSE_AFTER_MINUTES", "the minutes of work after which a pause is suggested", 50
)

# --- Django -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django_prometheus",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "csp",
    "accounts",
    "conversations",
    "policies",
    "reviews",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "config.middleware.request_log",
    "config.middleware.LengthRequired",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.signed_out",
    "accounts.middleware.LoginRequired",
    "accounts.middleware.ReaderTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # every address is exact, as the contract writes it

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reviews.navigation.navigation",
                "policies.banner.banner",
            ],
        },
    },
]

try:
    _database = dj_database_url.parse(DATABASE_URL or embedded.database_url(DATA_DIR / "postgres"))
except ValueError as _error:
    raise SystemExit(
        "DATABASE_URL is malformed: set it to the address of a PostgreSQL database, postgresql://…."
    ) from _error
if _database["ENGINE"] != "django.db.backends.postgresql":
    raise SystemExit(
        "DATABASE_URL is malformed: set it to the address of a PostgreSQL database, postgresql://…."
    )
# A pool, not CONN_MAX_AGE: granian's threads come and go (an idle one ends after 30 s), and with
# each would go its connection. The pool outlives them, bounds the connections of a process, and
# replaces those that a restart of the database broke before a request meets them.
_database["ENGINE"] = "config.postgresql"
_database["OPTIONS"] = {
    **_database.get("OPTIONS", {}),
    "pool": {
        "min_size": 1,
        "max_size": positive(
            "RECOURSE_DATABASE_CONNECTIONS", "the most connections that one process may open", 8
        ),
        "timeout": 5,
        # By default a pool doubles its pause between attempts for five minutes, and so notices
        # the end of a long outage up to as much later. This way every request begins anew.
        "reconnect_timeout": 5,
    },
}
DATABASES = {"default": _database}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "recourse",
        # Nobody waits for a cache that is away.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SESSION_ENGINE = "accounts.sessions"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.OneQueryBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = languages.LANGUAGES
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Security -----------------------------------------------------------------------------------

_SECURE = not INSECURE_HTTP
SECURE_SSL_REDIRECT = _SECURE
# Probes come from the machine itself, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _SECURE
SECURE_HSTS_PRELOAD = _SECURE
if RECOURSE_TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = _SECURE
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = _SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    # JSON runs nothing, and to write the header took a twelfth of a call.
    "EXCLUDE_URL_PREFIXES": ["/api/v1/"],
    "DIRECTIVES": {
        "default-src": [NONE],
        **{f"{kind}-src": [SELF] for kind in ("script", "style", "img", "font", "connect")},
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- Celery -------------------------------------------------------------------------------------

CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
# A message is acknowledged when its task is done: one that a killed worker held is done again.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 210
CELERY_TASK_TIME_LIMIT = 240
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A request that cannot reach the broker goes on soon; the sweep finds what was not sent.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
if _AMQP:
    CELERY_TASK_QUEUES = queues.quorum()
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {"confirm_publish": True}
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # Above the longest task's hard limit, or a task would be done twice at once.
        "visibility_timeout": 300,
        # By default what a dead worker held is looked for every 100 s only.
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
    }
# Django's LOGGING below stands in the worker too.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Logs ---------------------------------------------------------------------------------------

_LEVELS = OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_LEVEL = variable(
    env.str, "RECOURSE_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO", validate=_LEVELS
)
LOGGING = logs.configuration(LOG_LEVEL)

# Several processes count together only when each writes its counts to one directory. The library
# reads this variable itself when it is first imported, which is after these settings.
PROMETHEUS_MULTIPROC_DIR = variable(
    env.str, "PROMETHEUS_MULTIPROC_DIR", "a directory that exists, emptied at each start", ""
)
if PROMETHEUS_MULTIPROC_DIR and not os.access(PROMETHEUS_MULTIPROC_DIR, os.W_OK):
    raise SystemExit(
        "PROMETHEUS_MULTIPROC_DIR is malformed: set it to a directory that exists, "
        "emptied at each start."
    )
