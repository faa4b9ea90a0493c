"""Django's settings of e-mail, out of one address. Without it no e-mail is sent."""

from urllib.parse import unquote, urlsplit

from environs import env

from config.variables import variable

__all__ = [
    "DEFAULT_FROM_EMAIL",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_HOST_USER",
    "EMAIL_PORT",
    "EMAIL_TIMEOUT",
    "EMAIL_USE_SSL",
    "EMAIL_USE_TLS",
]

_MEANING = "the address of a mail server, smtp://…, smtps://… or smtp+plain://…"
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


def _read(value: str) -> tuple[str, str, int, str, str]:
    """Scheme, host, port, user and password of a mail server's address."""
    url = urlsplit(value)
    if not value:
        return "", "", 0, "", ""
    try:
        port = url.port or _PORTS[url.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not url.hostname:
        raise SystemExit(f"RECOURSE_EMAIL_URL is malformed: set it to {_MEANING}.")
    return url.scheme, url.hostname, port, unquote(url.username or ""), unquote(url.password or "")


_scheme, EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _read(
    variable(env.str, "RECOURSE_EMAIL_URL", _MEANING, "")
)
EMAIL_USE_TLS = _scheme == "smtp"
EMAIL_USE_SSL = _scheme == "smtps"
EMAIL_TIMEOUT = 10
_public = urlsplit(variable(env.str, "RECOURSE_PUBLIC_URL", "an address", "")).hostname
DEFAULT_FROM_EMAIL = variable(
    env.str, "RECOURSE_EMAIL_FROM", "an e-mail address", f"recourse@{_public or 'localhost'}"
)
