"""Events reach a real HTTP server, whatever it answers meanwhile; the command sends a file."""

import gzip
import json
import random
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command

from conversations import delivery
from conversations.delivery import Answer, DeliveryError, Outgoing, Postman, StoppedError
from conversations.history_file import HistoryFile

SECRET = "words that nobody may see in a summary"
Reply = tuple[int, dict[str, str], dict[str, Any]]


class Intake:
    """Answers as CONTRACT.md says, after whatever else it was told to do first.

    ``first`` holds functions that answer one request each in another way; ``refuse`` names the
    conversations to reject.
    """

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.first: list[Callable[[], Reply | None]] = []
        self.refuse: set[str] = set()
        self.stored: dict[str, str] = {}
        self.largest = 1_000
        self.lock = threading.Lock()
        intake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reply = intake.reply(json.loads(gzip.decompress(body)), dict(self.headers))
                if reply is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, answer = reply
                content = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, events: list[dict[str, Any]], headers: dict[str, str]) -> Reply | None:
        with self.lock:
            self.requests.append(events)
            self.headers.append(headers)
            if self.first:
                return self.first.pop(0)()
            if len(events) > self.largest:
                return 413, {}, {"title": "Too large", "status": 413}
            return self.contract(events)

    def contract(self, events: list[dict[str, Any]]) -> Reply:
        results = [self.result(place, event) for place, event in enumerate(events)]
        rejected = sum(result["status"] == "rejected" for result in results)
        status = 202 if not rejected else 422 if rejected == len(results) else 207
        return status, {}, {"rejected": rejected, "results": results}

    def result(self, place: int, event: dict[str, Any]) -> dict[str, Any]:
        if event["data"]["conversation"]["id"] in self.refuse:
            error = {
                "pointer": f"/{place}/data/transcript/messages/0/role",
                "code": "unknown_role",
                "detail": "A role is\x1b[2J one of four.",
            }
            return {"id": event["id"], "status": "rejected", "errors": [error]}
        known = event["id"] in self.stored
        self.stored[event["id"]] = event["data"]["conversation"]["id"]
        return {"id": event["id"], "status": "duplicate" if known else "accepted"}


@pytest.fixture
def intake() -> Iterator[Intake]:
    served = Intake()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def postman(intake: Intake, clock: Clock) -> Iterator[Postman]:
    with httpx.Client(base_url=intake.url) as client:
        yield Postman(
            client=client,
            stop=threading.Event(),
            give_up_after=60,
            clock=clock,
            pause=clock.pause,
            random=lambda: 1.0,
        )


def outgoing(count: int, size: int = 0) -> list[Outgoing]:
    return [
        Outgoing(
            number,
            json.dumps(
                {
                    "id": f"e{number}",
                    "data": {"conversation": {"id": f"c{number}"}, "x": "x" * size},
                }
            ).encode(),
        )
        for number in range(1, count + 1)
    ]


def fails(status: int, **headers: str) -> Callable[[], Reply]:
    return lambda: (status, headers, {"title": "Not now", "status": status})


# --- Batches ------------------------------------------------------------------------------------


def test_batches_keep_the_order_and_both_limits() -> None:
    events = outgoing(450) + outgoing(3, size=4_000) + outgoing(1, size=20_000)

    made = list(delivery.batches(events, max_events=200, max_bytes=10_000))

    assert [event for batch in made for event in batch] == events
    assert all(len(batch) <= 200 for batch in made)
    bodies = [sum(len(event.body) + 1 for event in batch) + 1 for batch in made]
    assert all(size <= 10_000 for size in bodies[:-1])
    assert len(made[-1]) == 1


def test_a_full_batch_of_large_events_stays_below_what_intake_takes() -> None:
    made = list(delivery.batches(outgoing(20, size=2_000_000)))

    assert max(sum(len(event.body) for event in batch) for batch in made) < 12 * 1024 * 1024
    assert [len(batch) for batch in made] == [4, 4, 4, 4, 4]


# --- One batch ----------------------------------------------------------------------------------


def test_each_event_has_its_answer_in_order(postman: Postman, intake: Intake) -> None:
    intake.stored["e1"] = "c1"
    intake.refuse = {"c3"}

    answers = postman.post(outgoing(3))

    assert answers == [
        Answer(1, "duplicate"),
        Answer(2, "accepted"),
        Answer(
            3,
            "rejected",
            "/data/transcript/messages/0/role",
            "unknown_role",
            "A role is [2J one of four.",
        ),
    ]


def test_all_rejected_is_an_answer_too(postman: Postman, intake: Intake) -> None:
    intake.refuse = {"c1", "c2"}

    assert [answer.status for answer in postman.post(outgoing(2))] == ["rejected", "rejected"]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(
    postman: Postman, intake: Intake, clock: Clock, status: int
) -> None:
    intake.first = [fails(status, **{"Retry-After": "7"})]

    assert [answer.status for answer in postman.post(outgoing(1))] == ["accepted"]
    assert clock.pauses == [pytest.approx(7.7)]


def test_what_may_pass_is_tried_again_less_and_less_often(
    postman: Postman, intake: Intake, clock: Clock
) -> None:
    intake.first = [fails(500), lambda: None, fails(502), fails(504), fails(429)]

    assert [answer.status for answer in postman.post(outgoing(1))] == ["accepted"]
    assert clock.pauses == [0.5, 1, 2, 4, 8]


def test_an_answer_that_was_lost_counts_nothing_twice(postman: Postman, intake: Intake) -> None:
    def stores_and_hangs_up() -> None:
        intake.contract(intake.requests[-1])

    intake.first = [stores_and_hangs_up]

    assert [answer.status for answer in postman.post(outgoing(2))] == ["duplicate", "duplicate"]


def test_it_gives_up(postman: Postman, intake: Intake, clock: Clock) -> None:
    intake.first = [fails(503)] * 100

    with pytest.raises(
        DeliveryError, match=r"Gave up after 60 s without an answer\. Last: 503 Not"
    ):
        postman.post(outgoing(1))
    assert 30 < clock.now <= 60


def test_a_pause_beyond_the_limit_is_not_begun(
    postman: Postman, intake: Intake, clock: Clock
) -> None:
    intake.first = [fails(429, **{"Retry-After": "3600"})]

    with pytest.raises(DeliveryError, match="429"):
        postman.post(outgoing(1))
    assert clock.pauses == []


def test_nobody_there_is_tried_again_and_given_up(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        postman = Postman(
            client=client,
            stop=threading.Event(),
            give_up_after=10,
            clock=clock,
            pause=clock.pause,
        )
        with pytest.raises(DeliveryError, match="ConnectError"):
            postman.post(outgoing(1))
    assert len(clock.pauses) > 3


def test_a_silent_server_times_out_and_is_tried_again(intake: Intake, clock: Clock) -> None:
    released = threading.Event()

    def hangs() -> None:
        released.wait(10)

    intake.first = [hangs]
    with httpx.Client(base_url=intake.url, timeout=0.1) as client:
        postman = Postman(
            client=client,
            stop=threading.Event(),
            give_up_after=60,
            clock=clock,
            pause=lambda seconds: released.set() or clock.pause(seconds),  # type: ignore[func-returns-value]
        )
        assert [answer.status for answer in postman.post(outgoing(1))] == ["accepted"]
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("status", [301, 401, 403, 404, 415])
def test_a_refusal_is_not_tried_again(postman: Postman, intake: Intake, status: int) -> None:
    intake.first = [fails(status)]

    with pytest.raises(DeliveryError, match=f"refuses: {status} Not now"):
        postman.post(outgoing(1))
    assert len(intake.requests) == 1


def test_something_else_that_answers_is_told(postman: Postman, intake: Intake) -> None:
    intake.first = [fails(202)]

    with pytest.raises(DeliveryError, match="does not answer as Recourse does"):
        postman.post(outgoing(1))


def test_a_batch_too_large_for_the_other_side_is_halved(postman: Postman, intake: Intake) -> None:
    intake.largest = 2

    answers = postman.post(outgoing(7))

    assert [(answer.line, answer.status) for answer in answers] == [
        (number, "accepted") for number in range(1, 8)
    ]


def test_one_event_that_cannot_be_read_keeps_no_other_out(postman: Postman, intake: Intake) -> None:
    intake.first = [fails(400), fails(400), fails(400)]  # all four, the first two, the first

    answers = postman.post(outgoing(4))

    assert [answer.status for answer in answers] == ["rejected", "accepted", "accepted", "accepted"]
    assert (answers[0].code, answers[0].detail) == ("400", "400 Not now")


def test_told_to_stop_it_does_not_try_again(intake: Intake) -> None:
    stop = threading.Event()
    intake.first = [fails(503, **{"Retry-After": "50"})]
    with httpx.Client(base_url=intake.url) as client:
        postman = Postman(client=client, stop=stop, give_up_after=60)
        threading.Timer(0.1, stop.set).start()
        with pytest.raises(StoppedError):
            postman.post(outgoing(1))
    assert len(intake.requests) == 1


# --- Many batches -------------------------------------------------------------------------------


def test_reading_waits_for_the_answers() -> None:
    """However long the file: no more is read than the threads and one waiting batch can hold."""
    read = 0
    answered = 0
    ahead = 0
    lock = threading.Lock()

    def events() -> Iterator[Outgoing]:
        nonlocal read, ahead
        for event in outgoing(5_000):
            read += 1
            with lock:
                ahead = max(ahead, read - answered)
            yield event

    def post(batch: list[Outgoing]) -> list[Answer]:
        return [Answer(event.line, "accepted") for event in batch]

    def on_answers(answers: list[Answer]) -> None:
        nonlocal answered
        with lock:
            answered += len(answers)

    delivery.deliver(
        events(),
        post=post,
        concurrency=3,
        stop=threading.Event(),
        on_answers=on_answers,
        on_tick=lambda: None,
    )

    assert answered == 5_000
    assert ahead <= (3 + 2) * delivery.MAX_BATCH_EVENTS


def test_a_failure_stops_the_rest_and_keeps_what_was_answered() -> None:
    answers: list[Answer] = []

    def post(batch: list[Outgoing]) -> list[Answer]:
        if batch[0].line > 200:
            raise DeliveryError("refused")
        return [Answer(event.line, "accepted") for event in batch]

    with pytest.raises(DeliveryError, match="refused"):
        delivery.deliver(
            outgoing(100_000),
            post=post,
            concurrency=1,
            stop=threading.Event(),
            on_answers=answers.extend,
            on_tick=lambda: None,
        )

    assert len(answers) == 200


# --- The file and the command -------------------------------------------------------------------


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
