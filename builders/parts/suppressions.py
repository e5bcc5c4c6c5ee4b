"""Suppressions of findings that a requirement forces, at the resource, each with its reason, in each tool's own format.

A tool with another format still finds the reason in the resource's metadata.
"""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import AWSObject


def suppress(
    resource: AWSObject,
    reason: str,
    *,
    cfn_lint: Sequence[str] = (),
    checkov: Sequence[str] = (),
    cfn_nag: Sequence[str] = (),
) -> None:
    """Suppresses checks for one resource, with one reason for all of them."""
    metadata = dict(resource.resource.get("Metadata", {}))
    if cfn_lint:
        before = metadata.get("cfn-lint", {"config": {"ignore_checks": []}, "reasons": {}})
        metadata["cfn-lint"] = {
            "config": {"ignore_checks": [*before["config"]["ignore_checks"], *cfn_lint]},
            "reasons": {**before["reasons"], **dict.fromkeys(cfn_lint, reason)},
        }
    if checkov:
        before = metadata.get("checkov", {"skip": []})
        metadata["checkov"] = {"skip": [*before["skip"], *({"id": check, "comment": reason} for check in checkov)]}
    if cfn_nag:
        before = metadata.get("cfn_nag", {"rules_to_suppress": []})
        rows = [{"id": check, "reason": reason} for check in cfn_nag]
        metadata["cfn_nag"] = {"rules_to_suppress": [*before["rules_to_suppress"], *rows]}
    resource.Metadata = metadata
