"""The command sends a file of transcripts, whatever the other side answers."""

import gzip
import json
import random
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.history_file import HistoryFile
from tests.conversations.receiving import Intake, Reply, fails

SECRET = "words that nobody may see in a summary"


def line(number: int) -> str:
    message = {"role": "user", "content": f"{SECRET} {random.random()}"}
    return json.dumps({"id": f"c{number}", "messages": [message]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl.gz"
    with gzip.open(path, "wt") as out:
        out.writelines(line(number) + "\n" for number in range(1, 502))
    return path


def send(intake: Intake, file: Path, **options: Any) -> str:
    out, err = StringIO(), StringIO()
    try:
        call_command(
            "send_transcripts",
            str(file),
            url=intake.url,
            key="rk_x",
            stdout=out,
            stderr=err,
            **options,
        )
    finally:
        assert SECRET not in out.getvalue() + err.getvalue()
    return out.getvalue()


def test_a_file_is_sent_once_however_often(intake: Intake, file: Path) -> None:
    """Without a database mark: touching the database would fail."""
    first, second = send(intake, file), send(intake, file)

    assert "501 sent: 501 accepted, 0 duplicates, 0 rejected." in first
    assert "501 sent: 0 accepted, 501 duplicates, 0 rejected." in second
    assert len(intake.stored) == 501
    assert {headers["Authorization"] for headers in intake.headers} == {"Bearer rk_x"}
    assert {headers["Content-Type"] for headers in intake.headers} == {
        "application/cloudevents-batch+json"
    }


def test_one_request_at_a_time_keeps_the_file_s_order(intake: Intake, file: Path) -> None:
    send(intake, file, concurrency=1)

    assert list(intake.stored.values()) == [f"c{number}" for number in range(1, 502)]


def test_what_is_rejected_or_unreadable_is_told_and_the_rest_goes_in(
    intake: Intake, tmp_path: Path
) -> None:
    file = tmp_path / "plain.jsonl"
    file.write_text("\n".join([line(1), "", f'{{"{SECRET}', line(4), line(5)]))
    intake.refuse = {"c4"}
    out = StringIO()

    with pytest.raises(CommandError, match="Not everything"):
        call_command("send_transcripts", str(file), url=intake.url, key="rk_x", stdout=out)

    told = out.getvalue()
    assert "3 sent: 2 accepted, 0 duplicates, 1 rejected." in told
    assert "line 4: unknown_role at /data/transcript/messages/0/role: A role is" in told
    assert "line 3 is not JSON" in told
    assert SECRET not in told


def test_a_file_that_breaks_off_is_sent_as_far_as_it_goes(intake: Intake, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2_000])

    with pytest.raises(CommandError, match="Not everything"):
        send(intake, file)
    assert 0 < len(intake.stored) < 501


def test_an_overlong_line_is_cut_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 95 + b"\nshort\n" + b"b" * 10 + b"\n" + b"c" * 30)

    with HistoryFile(path, max_line_bytes=10) as lines:
        assert list(lines) == [
            (1, b"a" * 11),
            (2, b"short\n"),
            (3, b"b" * 10 + b"\n"),
            (4, b"c" * 11),
        ]
        assert lines.fraction_read() == 1.0


def test_ctrl_c_ends_in_good_order_and_says_how_to_go_on(intake: Intake, file: Path) -> None:
    def interrupts() -> Reply:
        signal.raise_signal(signal.SIGINT)
        return intake.contract(intake.requests[-1])

    intake.first = [interrupts]
    handler = signal.getsignal(signal.SIGINT)

    with pytest.raises(CommandError, match=r"Stopped\. Run the same command again") as stopped:
        send(intake, file, concurrency=1)

    assert stopped.value.returncode == 130
    # The main thread sees the signal when it next runs: one more batch may have begun by then.
    stored = len(intake.stored)
    assert stored in (200, 400), "what was under way is waited for, nothing new begins"
    assert signal.getsignal(signal.SIGINT) is handler
    assert f"501 sent: {501 - stored} accepted, {stored} duplicates" in send(intake, file)


def test_giving_up_says_why_and_how_to_go_on(intake: Intake, file: Path) -> None:
    intake.first = [fails(401)]

    with pytest.raises(CommandError, match="refuses: 401 Not now Run the same command again"):
        send(intake, file, concurrency=1)


def test_the_demo_s_key_is_for_the_demo_alone(
    intake: Intake,
    file: Path,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RECOURSE_API_KEY", raising=False)
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="--url"):
        call_command("send_transcripts", str(file))
    demo = {"url": intake.url, "api_key": "rk_demo", "logins": {}}
    (tmp_path / "demo.json").write_text(json.dumps(demo))

    call_command("send_transcripts", str(file), stdout=StringIO())

    assert {headers["Authorization"] for headers in intake.headers} == {"Bearer rk_demo"}
    with pytest.raises(CommandError, match="RECOURSE_API_KEY"):
        call_command("send_transcripts", str(file), url="http://elsewhere.test")
