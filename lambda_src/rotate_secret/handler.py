"""Secrets Manager → one step of a rotation. Source: "Rotation by Lambda function", Secrets Manager User Guide.

Secrets Manager calls the function four times with the same token. After a failed or unanswered step it begins again.
"""

from __future__ import annotations

from typing import Any

from common.clients import client
from common.observe import count, logger, observed

from .rotation import Rotation, run_step


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Entry point of the Lambda function. After a FunctionError or botocore's ClientError, Secrets Manager retries."""
    rotation = Rotation.from_event(event)
    logger.append_keys(step=rotation.step, secret_arn=rotation.secret_id, version=rotation.token)
    outcome = run_step(client("secretsmanager"), rotation)
    count("RotationSteps")
    logger.info("rotation step done", extra={"outcome": outcome})
    return {"step": rotation.step, "outcome": outcome}
