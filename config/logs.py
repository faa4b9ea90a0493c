"""Structured logs: one JSON object a line, with the request's id, and without anybody's words.

What must never stand in a log: a body, a transcript, a query string, the token of a notice.
"""

import logging
import re
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# Addresses that are keys: a user's notice, links that were mailed, and that to a first password.
_SECRET = re.compile(r"(/n/+|/answers/+|/welcome/[^/\s]+/+)[^/\s?#\"'<>]+")

# Exceptions whose messages speak of code and machines. The message of any other can quote data: a
# violated constraint prints the row, a failed conversion prints the text.
_TELLING = (
    "ImproperlyConfigured",
    "ImportError",
    "ModuleNotFoundError",
    "AttributeError",
    "NameError",
    "TypeError",
    "OSError",
    "ConnectionError",
    "OperationalError",
    "PoolTimeout",
    "ProgrammingError",
    "TemplateDoesNotExist",
    "NoReverseMatch",
)


def redact_links(text: str) -> str:
    """Return `text` with the token of every path that is a key struck out."""
    return _SECRET.sub(r"\1[redacted]", text)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: redact_links(value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def describe(error: BaseException) -> str:
    """Return type, place and cause of `error`, and its message only if it cannot quote data."""
    told = traceback.TracebackException.from_exception(error, capture_locals=False)
    lines: list[str] = []
    step: traceback.TracebackException | None = told
    while step:
        name = _name(step)
        first_line = (str(step).splitlines() or [""])[0]
        message = f": {first_line}" if name.rpartition(".")[2] in _TELLING else ""
        lines += [f"{name}{message}", *(line.rstrip() for line in step.stack.format())]
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return "\n".join(lines)


def _name(step: traceback.TracebackException) -> str:
    kind = step.exc_type
    return f"{kind.__module__}.{kind.__qualname__}" if kind else "unknown"


def _exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    info: Any = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


class WithoutValues(logging.Filter):
    """Strikes the values out of Celery's lines on failed tasks, which quote error and arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record; the exception itself is told by its type and place."""
        if record.name == "celery.app.trace" and isinstance(record.args, dict):
            hidden = dict.fromkeys(("exc", "traceback", "args", "kwargs", "return_value"), "-")
            record.args = {**record.args, **hidden}
        return True


def configuration(level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything from `level` up goes to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_values": {"()": WithoutValues}},
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _exception,
                    _redact,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["without_values"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # config.middleware writes one line a request.
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # Its pool warns of every attempt to reach a database that is away; readyz says so once.
            "psycopg": {"handlers": [], "level": "ERROR", "propagate": True},
            "_granian": {"handlers": [], "level": level, "propagate": True},
        },
    }
