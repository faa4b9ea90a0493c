"""What a source's page lets one try: test events, parked ones, programs to copy."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.roles import Role
from conversations.models import Cutoff, Event, ParkedEvent, Source
from conversations.services import intake
from conversations.signals import cutoffs_recorded
from conversations.vocabulary import Scope
from tests.conversations.sources_pages import entries, said
from tests.factories import make_key, make_source, make_user, parsed, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    """A source without anything."""
    return make_source("chat")


# --- Test events and parked ones ----------------------------------------------------------------


def test_a_test_event_goes_through_intake_and_leads_to_its_case(
    client: Client, ida: User, source: Source
) -> None:
    response = client.post("/sources/chat/test", follow=True)
    cutoff = Cutoff.objects.select_related("conversation", "case").get()
    assert cutoff.conversation.external_id.startswith("recourse-test-")
    assert "The test event was accepted." in response.text
    assert f'href="/cases/{cutoff.case.number}"' in response.text
    assert client.get(f"/cases/{cutoff.case.number}").status_code == 200
    assert not cutoff.case.breach
    (entry,) = entries("source.tested")
    assert (entry.actor, entry.details["status"]) == (ida, "accepted")
    assert client.post("/sources/chat/test").status_code == 302
    assert Event.objects.count() == 2


def test_a_test_event_without_its_ledger_line_is_none(
    client: Client, ida: User, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("conversations.services.trial.record", broken)
    with pytest.raises(RuntimeError):
        client.post("/sources/chat/test")
    assert not Event.objects.exists()


def test_the_result_of_another_sources_test_is_not_shown(
    client: Client, ida: User, source: Source
) -> None:
    make_source("other")
    client.post("/sources/other/test")
    page = client.get(f"/sources/chat?tested={Cutoff.objects.get().pk}")
    assert "The test event was accepted." not in page.text
    assert client.get("/sources/chat?tested=nonsense").status_code == 200


@pytest.fixture
def fault() -> Any:
    """A receiver behind intake that fails until it is mended."""

    class Fault:
        def __call__(self, **_: object) -> None:
            raise ValueError("the-very-words")

        def mend(self) -> None:
            cutoffs_recorded.disconnect(self)

    broken = Fault()
    cutoffs_recorded.connect(broken, weak=False)
    yield broken
    broken.mend()


def test_a_parked_event_is_shown_without_its_words_and_tried_again(
    client: Client, ida: User, source: Source, fault: Any
) -> None:
    now = timezone.now() - timedelta(minutes=10)
    event = said(
        id="stuck", transcript={"messages": [{"role": "user", "content": "the-very-words"}]}
    )
    (result,) = intake.record(source=source, items=parsed(event, now=now), now=now)
    assert "parked" in result.warnings
    parked = ParkedEvent.objects.get()
    page = client.get("/sources/chat").text
    assert "stuck" in page
    assert "ValueError" in page
    assert "the-very-words" not in page
    assert "1 parked" in client.get("/sources").text

    address = f"/sources/chat/parked/{parked.pk}"
    assert "stays here" in client.post(address, follow=True).text
    assert ParkedEvent.objects.exists()

    fault.mend()
    assert "The event is stored." in client.post(address, follow=True).text
    assert not ParkedEvent.objects.exists()
    stored = Event.objects.get()
    assert (stored.ce_id, stored.time, stored.received_at) == ("stuck", now, now)
    assert [entry.details["stored"] for entry in entries("event.replayed")] == [True, False]
    assert client.post(address).status_code == 404


def test_a_parked_event_whose_id_was_taken_meanwhile_stays(
    client: Client, ida: User, source: Source
) -> None:
    event = said(id="taken")
    other = said(id="taken", conversation={"id": "another"})
    record(source, event, now=timezone.now())
    parked = ParkedEvent.objects.create(
        source=source,
        ce_source=other["source"],
        ce_id="taken",
        raw=msgspec.json.encode(other),
        failure="ValueError",
    )
    page = client.post(f"/sources/chat/parked/{parked.pk}", follow=True)
    assert "id_reused" in page.text
    assert ParkedEvent.objects.exists()


# --- The programs to copy -----------------------------------------------------------------------


def _curl(text: str, folder: Path) -> list[str]:
    (folder / "send.sh").write_text(text)
    return ["sh", "send.sh"]


def _python(text: str, folder: Path) -> list[str]:
    (folder / "send.py").write_text(text)
    return [sys.executable, "send.py"]


def _typescript(text: str, folder: Path) -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("TypeScript needs Node on the PATH to be run.")
    (folder / "send.mjs").write_text(text)
    return ["node", "send.mjs"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("slug", "prepare"), [("curl", _curl), ("python", _python), ("typescript", _typescript)]
)
def test_the_programs_run_as_printed(
    client: Client,
    live_server: LiveServer,
    settings: Settings,
    tmp_path: Path,
    slug: str,
    prepare: Callable[[str, Path], list[str]],
) -> None:
    settings.RECOURSE_PUBLIC_URL = live_server.url
    source = make_source("chat")
    client.force_login(make_user(Role.ADMINISTRATOR))
    page = client.get("/sources/chat").text
    found = re.search(rf'<code id="snippet-{slug}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    program = prepare(html.unescape(found[1]), tmp_path)
    key = make_key(source, Scope.EVENTS_WRITE)

    def run(key: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            program,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "RECOURSE_KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    first, second, refused = run(key), run(key), run("rk_wrong")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "accepted" in first.stdout
    assert "duplicate" in second.stdout
    assert refused.returncode != 0
    assert Event.objects.get().conversation_external_id == f"recourse-test-{slug}"
