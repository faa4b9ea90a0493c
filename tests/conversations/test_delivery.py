"""Events reach a real HTTP server, whatever it answers meanwhile."""

import json
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from conversations import delivery
from conversations.delivery import Answer, DeliveryError, Outgoing, Postman, StoppedError
from tests.conversations.receiving import Intake, fails


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

    def release(seconds: float) -> bool:
        released.set()
        return clock.pause(seconds)

    intake.first = [hangs]
    with httpx.Client(base_url=intake.url, timeout=0.1) as client:
        postman = Postman(
            client=client,
            stop=threading.Event(),
            give_up_after=60,
            clock=clock,
            pause=release,
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
