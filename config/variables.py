"""Reading environment variables: typed, and refused with one sentence that says what to set."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from environs import EnvError, env
from marshmallow.validate import Range

T = TypeVar("T")

REQUIRED: Any = object()


def variable(
    read: Callable[..., T], name: str, meaning: str, default: Any = REQUIRED, **options: Any
) -> T:
    """Return the variable `name`, read by one of environs' typed readers.

    `meaning` completes the sentence "set it to …". An empty variable counts as absent.
    Raises SystemExit with that sentence when the variable is malformed, or missing without default.
    """
    state = "is malformed" if os.environ.get(name) else "is not set"
    if not os.environ.get(name):
        os.environ.pop(name, None)
    try:
        return read(name, **options) if default is REQUIRED else read(name, default, **options)
    except (EnvError, ValueError):
        raise SystemExit(f"{name} {state}: set it to {meaning}.") from None


def positive(name: str, meaning: str, default: int) -> int:
    """Return the whole number `name`, 1 or more. Raises SystemExit as `variable` does."""
    return variable(env.int, name, meaning, default, validate=Range(min=1))


def names() -> set[str]:
    """Return the names of all variables that were read so far."""
    return set(env.dump())
