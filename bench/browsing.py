"""People with a browser, as far as a server sees them: a session, pages, forms."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from bench.load import percentile

_CSRF = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    name: str
    session: str

    @property
    def headers(self) -> dict[str, str]:
        """What their browser sends with a form that it got from the server."""
        return {
            "Cookie": f"sessionid={self.session}; csrftoken={_CSRF}",
            "X-CSRFToken": _CSRF,
            "Content-Type": "application/x-www-form-urlencoded",
        }


def sign_in(name: str, *, role: str, everything: bool = False) -> Person:
    """A new user in *role* with a session; *everything* makes them a superuser too."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.models import User
    from accounts.roles import Role
    from accounts.services import create_user

    user = create_user(
        email=f"{name}@bench.example", name=name.title(), password=None, roles=[Role(role)]
    )
    if everything:
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return Person(name, session.session_key)


@dataclass(frozen=True)
class Times:
    """Seconds that a page took, asked for by one person, one after another."""

    seconds: list[float]

    def milliseconds(self, share: float) -> float:
        """The time under which *share* (0 to 1) of them stayed."""
        return round(percentile(self.seconds, share) * 1000, 2)


def pages(port: int, person: Person, paths: list[str], *, warm: int) -> Times:
    """The times of *paths*, after the first *warm* of them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    seconds = []
    for path in paths:
        began = time.perf_counter()
        connection.request("GET", path, headers=person.headers)
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - began)
        if answer.status != http.client.OK:
            raise SystemExit(f"{path} was answered with {answer.status}.")
    connection.close()
    return Times(seconds[warm:])


@dataclass
class Work:
    """What a team decided: cases in the order in which they were claimed, and in how long."""

    seconds: float = 0.0
    numbers: list[str] = field(default_factory=list)
    pairs: list[float] = field(default_factory=list)


def decide(port: int, team: list[Person], form: dict[str, str], *, seconds: float) -> Work:
    """*team* claims and decides for *seconds*, each one case after another."""
    work, lock, failures = Work(), threading.Lock(), list[str]()
    until = time.monotonic() + seconds

    def one(person: Person) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < until and not failures:
            began = time.perf_counter()
            place = _post(connection, person, "/review/claim-next", {})
            if not place.startswith("/cases/"):
                failures.append(f"claim-next led to {place}")
                return
            sent = _post(connection, person, f"{place}/verdict", form)
            if urlsplit(sent).path != place and not sent.startswith("/"):
                failures.append(f"the verdict led to {sent}")
                return
            with lock:
                work.numbers.append(place)
                work.pairs.append(time.perf_counter() - began)

    _together(one, team)
    if failures:
        raise SystemExit(failures[0])
    work.seconds = seconds
    return work


def _post(
    connection: http.client.HTTPConnection, person: Person, path: str, form: dict[str, str]
) -> str:
    connection.request("POST", path, urlencode(form), person.headers)
    answer = connection.getresponse()
    said = answer.read()
    return answer.headers.get("Location") or f"{answer.status}: {said[-500:]!r}"


def _together(work: Callable[[Person], None], team: list[Person]) -> None:
    threads = [threading.Thread(target=work, args=(person,), daemon=True) for person in team]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
