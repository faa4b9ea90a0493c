"""The Valkey that Recourse runs itself, as broker and cache, when no other is named."""

from pathlib import Path

from config.embedded import socket_directory

_SOCKET = "valkey.sock"


def _socket(directory: Path) -> Path:
    return socket_directory(directory.absolute(), _SOCKET) / _SOCKET


def broker_url(directory: Path) -> str:
    """Return the address, as Celery writes it, of the Valkey in `directory`."""
    return f"redis+socket://{_socket(directory)}"


def cache_url(directory: Path) -> str:
    """Return the address, as redis-py writes it, of the cache in `directory`'s Valkey.

    A database of its own: a flushed cache leaves the queue alone.
    """
    return f"unix://{_socket(directory)}?db=1"
