"""CloudWatch Logs subscription → SNS, one message for each delivery."""

from __future__ import annotations

import os
from typing import Any

from common import settings
from common.clients import client
from common.observe import count, logger, observed

from .alert import decode, group_errors, message, subject


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Publish the delivered errors. After a PayloadError or botocore's ClientError, Lambda retries."""
    delivery = decode(event)
    if delivery.is_control or not delivery.events or delivery.log_group == _own_log_group():
        # A subscription on this function's own log group would cause an alert for each alert.
        return {"published": 0, "groups": 0}
    groups = group_errors(delivery)
    client("sns").publish(
        TopicArn=settings.required("ALERT_TOPIC_ARN"),
        Subject=subject(delivery, settings.optional("ENVIRONMENT", "unknown")),
        Message=message(delivery, groups),
    )
    count("AlertsPublished")
    logger.info("alert published", extra={"source": delivery.log_group, "errors": len(delivery.events)})
    return {"published": 1, "groups": len(groups)}


def _own_log_group() -> str:
    default = f"/aws/lambda/{os.environ.get('AWS_LAMBDA_FUNCTION_NAME', '')}"
    return os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", default)
