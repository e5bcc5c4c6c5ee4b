"""The smallest useful tier: one nested template with a queue and its dead-letter queue."""

from __future__ import annotations

from builders.contract.template import Port, TierTemplate
from builders.parts.queues import add_dead_letter_queue, add_queue

ORDER_QUEUE_URL = Port("OrderQueueUrl", "URL of the queue of orders.")
ORDER_QUEUE_ARN = Port("OrderQueueArn", "ARN of the queue of orders.")


def build(platform: str) -> TierTemplate:
    """The queue of orders; a message that fails five times moves to the dead-letter queue."""
    template = TierTemplate(platform, "Queue of orders and its dead-letter queue.")
    dead_letters = add_dead_letter_queue(template, "OrderDeadLetters", "order-dead-letters")
    orders = add_queue(
        template, "OrderQueue", "orders", visibility_seconds=60, dead_letters=dead_letters, max_receives=5
    )
    template.export(ORDER_QUEUE_URL, orders.url)
    template.export(ORDER_QUEUE_ARN, orders.arn)
    return template
