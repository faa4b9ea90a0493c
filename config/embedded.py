"""The PostgreSQL that Recourse runs itself when no other is named."""

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import quote

# The operating system allows 107 bytes for a socket's path (103 on macOS).
_LONGEST_SOCKET = 103


def socket_directory(directory: Path, name: str) -> Path:
    """Return where the socket `name` of the server in `directory` lies.

    In `directory` itself, or, where its path would be too long, below the directory for temporary
    files, named by a digest of `directory`.
    """
    if len(bytes(directory / name)) <= _LONGEST_SOCKET:
        return directory
    digest = hashlib.sha256(bytes(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"recourse-{digest}"


def database_url(directory: Path) -> str:
    """Return the address of the database that the server in `directory` holds."""
    sockets = socket_directory(directory.absolute(), ".s.PGSQL.5432")
    return f"postgresql://recourse@{quote(str(sockets), safe='')}/recourse"
