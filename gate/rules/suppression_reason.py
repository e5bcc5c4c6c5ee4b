"""E9801: a suppressed check carries its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

SHORTEST_REASON_CHARACTERS = 10  # rejects "because" and "n/a"


class SuppressionReason(CloudFormationLintRule):
    """Checks the Metadata of the template and of each resource.

    The rule is in ``mandatory_checks`` of .cfnlintrc, so that no template can suppress it.
    """

    id = "E9801"
    shortdesc = "A suppressed check carries its reason"
    description = (
        "Each id in Metadata.cfn-lint.config.ignore_checks has an entry of 10 characters or more in "
        "Metadata.cfn-lint.reasons. Each entry there belongs to a check that is ignored."
    )
    reason = (
        "A reviewer must be able to decide whether the check is wrong here. A reason without a suppression misleads its "
        "readers."
    )
    source_url = "https://github.com/aws-cloudformation/cfn-lint#metadata"
    tags = ["metadata"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          AuditPolicy:
            Type: AWS::IAM::Policy
            Metadata:
              cfn-lint:
                config: {ignore_checks: [E9805]}
            Properties:
              PolicyName: audit
              Roles: [auditor]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - {Effect: Allow, Action: 's3:GetBucketTagging', Resource: '*'}
    """
    passing_example = """
        Resources:
          AuditPolicy:
            Type: AWS::IAM::Policy
            Metadata:
              cfn-lint:
                config: {ignore_checks: [E9805]}
                reasons: {E9805: auditors read the tags of every bucket}
            Properties:
              PolicyName: audit
              Roles: [auditor]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - {Effect: Allow, Action: 's3:GetBucketTagging', Resource: '*'}
    """

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns the matches of the template and of each resource."""
        nodes: list[tuple[list[str | int], Any]] = [([], cfn.template)]
        nodes += [(["Resources", name], resource) for name, resource in cfn.get_resources().items()]
        return [match for path, node in nodes for match in _check(path, node)]


def _check(path: list[str | int], node: Any) -> Iterator[RuleMatch]:
    settings = node.get("Metadata", {}).get("cfn-lint")
    if not isinstance(settings, dict):
        return
    settings_path = [*path, "Metadata", "cfn-lint"]
    ignored = settings.get("config", {}).get("ignore_checks", [])
    reasons = settings.get("reasons", {})
    for check in ignored:
        reason = reasons.get(check)
        if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON_CHARACTERS:
            yield RuleMatch(
                settings_path,
                f"{check} is ignored without a reason. Write the reason to Metadata.cfn-lint.reasons.{check}",
            )
    for check in reasons:
        if check not in ignored:
            message = f"{check} has a reason but is not ignored. Delete the reason"
            yield RuleMatch([*settings_path, "reasons", check], message)
