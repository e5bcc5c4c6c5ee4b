"""The keys tier: customer-managed KMS keys, and the region guardrail of every role."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from troposphere import GetAtt, Ref

from builders.contract import ports
from builders.contract.names import Names
from builders.contract.template import TierTemplate
from builders.iam.regions import add_region_deny_policy
from builders.parts.keys import KeyRow, add_key


def build(
    platform: str,
    names: Names,
    rows: Callable[[str, Names], Sequence[KeyRow]],
    add_principals: Callable[[TierTemplate], None] = lambda template: None,
) -> TierTemplate:
    """Builds the keys, their aliases, and the region guardrail.

    Args:
        platform: the platform's name.
        names: the names of the platform's resources.
        rows: creates the keys' rows for the platform's name and those names.
        add_principals: adds principals that key policies of later tiers name, such as a service's role. They must exist long
            before, because KMS rejects a principal that IAM has not propagated yet.
    """
    template = TierTemplate(
        platform, "KMS keys, one per kind of data, and the region guardrail that every role carries."
    )
    for row in rows(platform, names):
        key = add_key(template, row)
        if row.port:
            template.export(row.port, GetAtt(key, "Arn"))
    add_principals(template)
    guardrail = add_region_deny_policy(template)
    template.export(ports.REGION_DENY_POLICY, Ref(guardrail))
    return template
