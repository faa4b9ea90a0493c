"""Posting events to a running Recourse: in batches, several at a time, until they are answered.

An answer of 202, 207 or 422 settles a batch, event by event. What may pass is tried again: 429,
any 5xx, and every failure to get an answer at all. The rest stops the delivery, because the next
batch would fare no better. An event may thus be posted twice; Recourse counts it once.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from secrets import SystemRandom
from typing import Any, Final

import httpx

MAX_BATCH_EVENTS: Final = 200
# Recourse takes 16 MiB a request, after decompression. Half of that leaves room for a stricter
# proxy and bounds the memory here: at most 2 × concurrency + 2 batches exist at once.
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024

_SPREAD: Final = SystemRandom()

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
TICK_S: Final = 0.2
SHOWN_CHARACTERS: Final = 200

_SETTLED: Final = (202, 207, 422)
_TOO_MUCH_OR_UNREADABLE: Final = (400, 413)
_MAY_PASS: Final = (408, 429)
# Level 1 makes chats about 3 times smaller at a third of the time that level 6, 3.5 times, takes.
_GZIP_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event as it is sent, and the line of the file that it came from."""

    line: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event: ``accepted``, ``duplicate`` or ``rejected``.

    A rejected one has a JSON Pointer into the event, a code and a detail, as Recourse gave them.
    """

    line: int
    status: str
    pointer: str = ""
    code: str = ""
    detail: str = ""


class DeliveryError(Exception):
    """The delivery cannot go on. The text says why, for the person who started it."""


class StoppedError(Exception):
    """A batch was not sent, or not sent again, because the delivery was told to stop."""


def batches(
    events: Iterable[Outgoing],
    *,
    max_events: int = MAX_BATCH_EVENTS,
    max_bytes: int = MAX_BATCH_BYTES,
) -> Iterator[list[Outgoing]]:
    """Group events, in order, into bodies of at most ``max_events`` and ``max_bytes``.

    An event that is larger than ``max_bytes`` goes alone: refusing it is for Recourse to do.
    """
    batch: list[Outgoing] = []
    size = 2
    for event in events:
        needed = len(event.body) + 1
        if batch and (len(batch) == max_events or size + needed > max_bytes):
            yield batch
            batch, size = [], 2
        batch.append(event)
        size += needed
    if batch:
        yield batch


class Postman:
    """Posts one batch and comes back with its answers. Several threads may use one.

    ``give_up_after`` is in seconds, counted for each batch from its first failure. ``stop`` ends
    every wait. The clock (seconds, monotonic), the pause (seconds in, "told to stop" out) and the
    random number (0 to 1) can be given, so that a test need not wait.
    """

    def __init__(
        self,
        *,
        client: httpx.Client,
        stop: threading.Event,
        give_up_after: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
        random: Callable[[], float] = _SPREAD.random,
    ) -> None:
        """Keep the client, whose base URL and headers are those of the installation."""
        self._client = client
        self._stop = stop
        self._give_up_after = give_up_after
        self._clock = clock
        self._pause = pause or stop.wait
        self._random = random

    def post(self, batch: list[Outgoing]) -> list[Answer]:
        """Post a batch until it is answered; the answers are in its order.

        A batch that is too large for the other side, or cannot be read there, is halved, so that
        one event cannot keep the others out. Raises :class:`DeliveryError` when there is no use
        in going on and :class:`StoppedError` when told to stop before an answer was had.
        """
        response = self._post_until_answered(batch)
        if response.status_code in _SETTLED:
            return _answers(batch, response)
        if len(batch) == 1:
            return [_rejected(batch[0], response)]
        middle = len(batch) // 2
        return self.post(batch[:middle]) + self.post(batch[middle:])

    def _post_until_answered(self, batch: list[Outgoing]) -> httpx.Response:
        body = gzip.compress(
            b"[" + b",".join(event.body for event in batch) + b"]", _GZIP_LEVEL, mtime=0
        )
        give_up_at: float | None = None
        attempt = 0
        while not self._stop.is_set():
            asked_to_wait: float | None = None
            try:
                response = self._client.post("/api/v1/events", content=body)
            except httpx.RequestError as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if response.status_code in _SETTLED + _TOO_MUCH_OR_UNREADABLE:
                    return response
                problem = _problem(response)
                if response.status_code not in _MAY_PASS and response.status_code < 500:
                    raise DeliveryError(f"Recourse refuses: {problem}")
                asked_to_wait = _retry_after(response)
            now = self._clock()
            give_up_at = now + self._give_up_after if give_up_at is None else give_up_at
            pause = self._pause_length(attempt, asked_to_wait)
            if now + pause > give_up_at:
                raise DeliveryError(
                    f"Gave up after {self._give_up_after:g} s without an answer. Last: {problem}"
                )
            attempt += 1
            self._pause(pause)
        raise StoppedError

    def _pause_length(self, attempt: int, asked_to_wait: float | None) -> float:
        """Seconds until the next attempt, spread so that the threads do not return as one."""
        if asked_to_wait is not None:
            return max(asked_to_wait, 0.1) * (1 + 0.1 * self._random())
        longest = min(FIRST_PAUSE_S * 2.0 ** min(attempt, 16), LONGEST_PAUSE_S)
        return longest * (0.5 + 0.5 * self._random())


def deliver(
    events: Iterable[Outgoing],
    *,
    post: Callable[[list[Outgoing]], list[Answer]],
    concurrency: int,
    stop: threading.Event,
    on_answers: Callable[[list[Answer]], None],
    on_tick: Callable[[], None],
) -> None:
    """Post all events, ``concurrency`` batches at a time, reading on only as they are answered.

    Batches start in the order of the events. Both callbacks run in the calling thread;
    ``on_tick`` is called at least every 0.2 s while there is something to wait for. Once ``stop``
    is set nothing new begins and what is under way is waited for. The first
    :class:`DeliveryError` does the same and is raised at the end.
    """
    failure: DeliveryError | None = None
    under_way: set[Future[list[Answer]]] = set()

    def settle(most: int) -> None:
        nonlocal under_way, failure
        while len(under_way) > most:
            done, under_way = wait(under_way, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    on_answers(future.result())
                except StoppedError:
                    pass
                except DeliveryError as error:
                    stop.set()
                    failure = failure or error
            on_tick()

    with ThreadPoolExecutor(concurrency) as pool:
        try:
            for batch in batches(events):
                if stop.is_set():
                    break
                under_way.add(pool.submit(post, batch))
                settle(most=concurrency)
            settle(most=0)
        except BaseException:
            stop.set()
            raise
    if failure:
        raise failure


def _answers(batch: list[Outgoing], response: httpx.Response) -> list[Answer]:
    body = _json_object(response)
    results = body.get("results")
    if not isinstance(results, list) or len(results) != len(batch):
        if response.status_code == 422:
            return [_rejected(event, response) for event in batch]
        raise DeliveryError(
            "What answers there does not answer as Recourse does: "
            f"{response.status_code} without one result per event."
        )
    return [_answer(event, result) for event, result in zip(batch, results, strict=True)]


def _answer(event: Outgoing, result: object) -> Answer:
    status = result.get("status") if isinstance(result, dict) else None
    if status in ("accepted", "duplicate"):
        return Answer(event.line, status)
    if status != "rejected" or not isinstance(result, dict):
        raise DeliveryError("What answers there does not answer as Recourse does.")
    error = _first_error(result)
    # The pointer begins with the event's place in the batch, which means nothing to the reader.
    place, _, rest = _shown(error.get("pointer")).lstrip("/").partition("/")
    pointer = f"/{rest}" if place.isdecimal() else _shown(error.get("pointer"))
    return Answer(
        event.line, status, pointer, _shown(error.get("code")), _shown(error.get("detail"))
    )


def _rejected(event: Outgoing, response: httpx.Response) -> Answer:
    """The answer for an event that was refused together with the whole request."""
    code = "too_large" if response.status_code == 413 else str(response.status_code)
    return Answer(event.line, "rejected", "", code, _problem(response))


def _first_error(body: dict[str, Any]) -> dict[str, Any]:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return first if isinstance(first, dict) else {}


def _problem(response: httpx.Response) -> str:
    """One line from a problem document, or from the bare status line."""
    body = _json_object(response)
    parts = [str(response.status_code), _shown(body.get("title")) or response.reason_phrase]
    if detail := _shown(body.get("detail")):
        parts.append(f"({detail})")
    if location := _shown(response.headers.get("location")):
        parts.append(f"→ {location}")
    return " ".join(part for part in parts if part)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds asked for. A date, which Recourse does not send, counts as not said."""
    value = response.headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdecimal() else None


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _shown(value: object) -> str:
    """Words of the other side as they can stand on a terminal: short and without controls."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text[:SHOWN_CHARACTERS])
