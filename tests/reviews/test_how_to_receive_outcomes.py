"""The receiver of docs/how-to/receive-outcomes.md does what it says."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.roles import Role
from conversations import signatures
from conversations.models import Source
from reviews.models import Delivery, Endpoint
from reviews.outcome_vocabulary import OutcomeType
from reviews.posting import Postman
from reviews.services import deliveries, delivering
from tests.factories import give_verdict, make_case, make_user, settle
from tests.reviews.outcomes import make_endpoint, states

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-outcomes.md"

pytestmark = pytest.mark.django_db


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's code defines, with a secret that is not ours yet."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.setenv("RECOURSE_OUTCOME_SECRETS", signatures.mint())
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    return names


@pytest.fixture
def host(program: dict[str, Any]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, program["application"], handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def endpoint(host: str, program: dict[str, Any], source: Source) -> Endpoint:
    with override_settings(WEBHOOK_HOSTS=[host]):
        made, secret = make_endpoint(source, url=f"http://{host}/")
    program["SECRETS"].append(secret)
    return made


def send(host: str) -> None:
    delivering.deliver(postman=Postman(named=[host], limit=5))


def test_a_thread_is_unlocked_as_people_decided(
    host: str, program: dict[str, Any], endpoint: Endpoint, source: Source
) -> None:
    case = make_case(source)
    give_verdict(case, make_user(Role.REVIEWER), "overturn")
    settle(case)
    send(host)
    assert program["locked"] == {case.cutoff.conversation.external_id: False}

    program["locked"].clear()
    deliveries.replay(
        delivery=Delivery.objects.get(), user=make_user(Role.ADMINISTRATOR), now=timezone.now()
    )
    send(host)
    assert states() == [("delivered", "", 2)]
    assert program["locked"] == {}, "It came twice and is done once."


def test_what_somebody_else_signed_is_refused(
    host: str, program: dict[str, Any], endpoint: Endpoint, source: Source
) -> None:
    program["SECRETS"].pop()
    make_case(source, signals={"warnings": 0})
    send(host)
    assert states() == [("waiting", "status", 1)]
    assert program["seen"] == set()


def test_every_type_is_on_the_page() -> None:
    written = PAGE.read_text()
    assert [one for one in OutcomeType if one != OutcomeType.TEST and one not in written] == []
