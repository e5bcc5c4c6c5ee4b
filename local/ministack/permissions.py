"""What the emulator's policies allow: a principal by its access key, and a service by a resource policy."""

from __future__ import annotations

from typing import Any

from local.host.errors import LocalError
from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require

_evaluator = emulator_module("core.iam_evaluator")
_core = emulator_module("core.responses")

require(_evaluator, "resolve_principal", "evaluate", "evaluate_resource_policy", "EvalContext", "AuthError")

ALLOW = "Allow"

CREDENTIALS_LIFETIME_SECONDS = 365 * 24 * 3600.0
"""How long the credentials of a function or an instance are valid. Its process keeps them for life, so their end is
farther away than on AWS, where it comes after hours."""


class UnknownPrincipalError(LocalError):
    """No principal has the access key. The message is the emulator's reason."""


def principal_of(access_key: str) -> Any:
    """Return the emulator's record of the principal with an access key. Raises UnknownPrincipalError."""
    principal = _evaluator.resolve_principal(access_key, ACCOUNT)
    if isinstance(principal, _evaluator.AuthError):
        raise UnknownPrincipalError(principal.message)
    return principal


def decision(principal: Any, action: str, resource: str) -> str:
    """Return what a principal's policies say: ``ALLOW``, or the kind of denial. The account's root has no policies."""
    if principal.policies is None:
        return ALLOW
    context = _evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=_core.get_region(),
        principal_keys=principal.keys,
    )
    return str(_evaluator.evaluate(context, principal.policies, *principal.limits).decision)


def service_may(service: str, action: str, resource: str, *, policy: Any, source: str) -> bool:
    """Return whether a resource policy allows a call by an AWS service.

    Args:
        service: the service principal.
        action: what it calls.
        resource: the ARN of what it calls the action on.
        policy: the policy's document; None if the resource has no policy.
        source: the ARN of the resource for which the service calls (aws:SourceArn).
    """
    if not policy:
        return False
    context = _evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=True,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": ACCOUNT},
    )
    return bool(_evaluator.evaluate_resource_policy(policy, context, service=service).decision == ALLOW)
