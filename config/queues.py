"""The queue of tasks on RabbitMQ. Redis and Valkey need nothing said."""

from kombu import Exchange, Queue

#: How often a message that came back, because its worker died of it, is handed on again. After
#: that it is dropped, or goes where a policy of RabbitMQ sends dead letters. Releases before 4.0
#: have no limit of their own.
REDELIVERIES = 5

_NAME = "celery"


def quorum() -> list[Queue]:
    """A quorum queue: replicated, and each message counts how often it was delivered.

    RabbitMQ refuses to declare a queue that is there with other arguments: whoever changes them
    deletes the queue first (docs/how-to/run-on-rabbitmq.md).
    """
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": REDELIVERIES}
    return [Queue(_NAME, Exchange(_NAME), routing_key=_NAME, queue_arguments=arguments)]
