"""``make bench-asking``: what a chat service asks, at a constant rate, of a full database.

``GET …/status`` and ``GET /policies/active`` at 500 requests a second, ``POST /policies/evaluate``
at 300, against a million conversations that were ended. Ids are drawn over all of them; half of
the requests name an ETag that they were given before. The peer, in the same run: a bare Django
view, without middleware, behind the same server, that makes one indexed read of the same table.
``ratio`` is the slower p99 of the two calls over the peer's; less is better.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from bench import events, harness, openloop
from bench.openloop import Answers, request

RATE = 500
EVALUATIONS = 300
STORED = 1_000_000
_OK, _NOT_MODIFIED = 200, 304


def main() -> None:
    """Fill, ask, report."""
    stored = harness.scale(STORED, least=10_000)
    seconds = harness.scale(30, least=5)
    with harness.servers():
        harness.set_up_django()
        key = harness.source_key()
        _fill(stored)
        drawn = _labels(stored, RATE * seconds)
        with harness.web("bench.plain.wsgi:application") as web:
            peer = _peer(web.port, drawn)
        with harness.web("config.wsgi:application") as web:
            asked = {
                "status": _conditional(web.port, key, [_status(label) for label in drawn]),
                "active": _conditional(web.port, key, [_active(label) for label in drawn]),
                "evaluate": _evaluate(web.port, key, drawn[: EVALUATIONS * seconds]),
            }
            memory = web.peak_mib()
    slowest = max(asked[name].milliseconds(0.99) for name in ("status", "active"))
    harness.report(
        "asking",
        ratio=round(slowest / peer.milliseconds(0.99), 2),
        **_figures("peer", peer),
        **{k: v for name, answers in asked.items() for k, v in _figures(name, answers).items()},
        server_process_peak_mib=memory,
        stored=stored,
    )


def _fill(stored: int) -> None:
    from bench.stored import fill
    from conversations.models import Source

    fill(source=Source.objects.get(), count=stored)


def _labels(stored: int, count: int) -> list[str]:
    dice = random.Random(7)
    return [events.label(dice.randrange(stored)) for _ in range(count)]


def _status(label: str) -> str:
    return f"/api/v1/conversations/conv-{label}/status"


def _active(label: str) -> str:
    return (
        "/api/v1/policies/active?model=some-model-4-1&surface=web&locale=en-US"
        f"&conversation_id=conv-{label}"
    )


def _peer(port: int, drawn: Sequence[str]) -> Answers:
    harness.say(f"The peer, {RATE} a second …")
    requests = [request("GET", f"/one/conv-{label}") for label in drawn]
    openloop.run(requests[:RATE], port=port, rate=RATE)
    return openloop.run(requests, port=port, rate=RATE)


def _conditional(port: int, key: str, paths: Sequence[str]) -> Answers:
    """Ask for *paths*, every other one with the ETag that it was given a while ago."""
    harness.say(f"GET {paths[0].partition('?')[0]} and so on, {RATE} a second …")
    headers = {"Authorization": f"Bearer {key}"}
    asked_before = [request("GET", path, headers=headers) for path in paths[::2]]
    known = openloop.run(asked_before, port=port, rate=RATE).etags
    return openloop.run(_with_etags(paths, headers, known), port=port, rate=RATE)


def _with_etags(
    paths: Sequence[str], headers: dict[str, str], known: dict[int, bytes]
) -> Iterator[bytes]:
    for number, path in enumerate(paths):
        etag = {} if number % 2 else {"If-None-Match": known[number // 2].decode()}
        yield request("GET", path, headers=headers | etag)


def _evaluate(port: int, key: str, drawn: Sequence[str]) -> Answers:
    harness.say(f"POST /api/v1/policies/evaluate, {EVALUATIONS} a second …")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    sent = json.loads(events.event(0))["data"]
    question = {
        "initiator": "model",
        "category": sent["cutoff"]["category"],
        "user_confirmed": None,
        "signals": sent["signals"],
    }
    requests = []
    for label in drawn:
        conversation = sent["conversation"] | {"id": f"asks-{label}"}
        body = json.dumps(question | {"conversation": conversation}).encode()
        requests.append(request("POST", "/api/v1/policies/evaluate", headers=headers, body=body))
    openloop.run(requests[:EVALUATIONS], port=port, rate=EVALUATIONS)
    return openloop.run(requests, port=port, rate=EVALUATIONS)


def _figures(name: str, answers: Answers) -> dict[str, object]:
    return {
        f"{name}_p50_ms": answers.milliseconds(0.5),
        f"{name}_p99_ms": answers.milliseconds(0.99),
        f"{name}_per_second": round(len(answers.latencies) / answers.seconds),
        f"{name}_errors": answers.errors(_OK, _NOT_MODIFIED),
    }


if __name__ == "__main__":
    main()
