"""Telling Celery of work that the database holds already: soon where that can be, else a sweep's.

A request that has stored what it was sent answers, whatever the broker is doing.
"""

from __future__ import annotations

import time

import structlog
from amqp import Connection
from celery import current_app
from kombu import Producer
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

#: Seconds that a request waits, twice at most, for the broker to take a message. RabbitMQ out of
#: memory or disk space answers nothing until there is room again.
PATIENCE_SECONDS = 1.0
#: Seconds for which a broker that failed is not asked again; the sweeps go on without it.
REST_SECONDS = 5.0

_resting_until = 0.0


def hurry(task: str, *arguments: object) -> None:
    """Send *task* with *arguments*, unless the broker is away. Raises nothing of the broker's."""
    global _resting_until
    if time.monotonic() < _resting_until:
        return
    try:
        try:
            _send(task, arguments)
        except (OperationalError, OSError):
            # A broker that was restarted left a connection that only looks open. The next is new.
            _send(task, arguments)
    except (OperationalError, OSError) as error:
        _resting_until = time.monotonic() + REST_SECONDS
        log.warning("hurrying.broker_unreachable", task=task, failure=type(error).__name__)


def _send(task: str, arguments: tuple[object, ...]) -> None:
    with current_app.producer_or_acquire() as producer:
        try:
            current_app.send_task(
                task,
                args=arguments,
                producer=producer,
                retry=False,
                timeout=PATIENCE_SECONDS,
                confirm_timeout=PATIENCE_SECONDS,
            )
        except (OperationalError, OSError):
            _hang_up(producer)
            raise


def _hang_up(producer: Producer) -> None:
    """Close the socket without the farewell, whose answer a silent broker would owe for ever."""
    connection = getattr(producer.channel, "connection", None)
    if isinstance(connection, Connection):
        connection.collect()
