"""Secrets Manager → one step of a rotation. Source: "Rotation by Lambda function", Secrets Manager User Guide.

The service calls it four times with the same token, and again from the start when a step fails or does not answer.
"""

from __future__ import annotations

from typing import Any

from common.clients import client
from common.observe import count, logger, observed

from .rotation import Rotation, run


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Entry point of the Lambda function. Raises FunctionError and botocore's ClientError: the service tries again."""
    rotation = Rotation.from_event(event)
    logger.append_keys(step=rotation.step, secret_arn=rotation.secret_id, version=rotation.token)
    outcome = run(client("secretsmanager"), rotation)
    count("RotationSteps")
    logger.info("rotation step done", extra={"outcome": outcome})
    return {"step": rotation.step, "outcome": outcome}
