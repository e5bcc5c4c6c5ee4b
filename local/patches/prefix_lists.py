"""Gap: the emulator invents the ids of AWS's own prefix lists. Here those of us-east-1 that params/ names are AWS's.

Source: ``aws ec2 describe-managed-prefix-lists --region us-east-1``, as AWS's documentation and public templates quote it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, wrap

AWS_IDS = {
    "com.amazonaws.us-east-1.s3": "pl-63a5400a",
    "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b",
    "com.amazonaws.global.cloudfront.origin-facing": "pl-3b927c52",
}

_ec2 = emulator_module("services.ec2")


def install() -> None:
    """Wrap the function that gives a list its id."""
    wrap(_ec2, "_aws_pl_id_from_name", _with_aws_ids)


def _with_aws_ids(original: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda name: AWS_IDS.get(name) or original(name)
