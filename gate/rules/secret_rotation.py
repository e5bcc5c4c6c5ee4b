"""E9822: every secret rotates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

mentions = import_filename("_texts", str(Path(__file__).parent)).mentions  # by path, as cfn-lint loads this file

SCHEDULE = "AWS::SecretsManager::RotationSchedule"
MOST_DAYS = 90  # https://docs.aws.amazon.com/securityhub/latest/userguide/secretsmanager-controls.html, control 4


class SecretRotation(CloudFormationLintRule):
    """Checks that a schedule refers to each secret. A secret that rotates in another way says so as a suppression."""

    id = "E9822"
    shortdesc = "Every secret rotates on a schedule"
    description = (
        "A RotationSchedule in the same template refers to each secret, under the same condition, with an expression or "
        "an interval of at most 90 days. A secret that cannot rotate on a schedule suppresses the rule with its reason."
    )
    reason = "PCI DSS 8.6.3 demands that passwords of applications and systems change periodically."
    source_url = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html"
    tags = ["resources", "secrets"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Login:
            Type: AWS::SecretsManager::Secret
            DeletionPolicy: Delete
            UpdateReplacePolicy: Delete
            Properties:
              KmsKeyId: alias/orders
              GenerateSecretString: {PasswordLength: 32}
              Tags:
                - {Key: Environment, Value: dev}
                - {Key: CostCenter, Value: orders}
                - {Key: Compliance, Value: none}
                - {Key: DataClassification, Value: Internal}
    """
    passing_example = (
        failing_example
        + """
          LoginRotation:
            Type: AWS::SecretsManager::RotationSchedule
            Properties:
              SecretId: !Ref Login
              RotationLambdaARN: !Sub arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:rotate
              RotationRules: {AutomaticallyAfterDays: 30}
"""
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each secret without a schedule."""
        schedules = [
            (schedule.get("Properties") or {}, schedule.get("Condition"))
            for schedule in cfn.get_resources(SCHEDULE).values()
        ]
        return [
            RuleMatch(["Resources", name], "no RotationSchedule of this template rotates the secret")
            for name, secret in cfn.get_resources("AWS::SecretsManager::Secret").items()
            if not any(
                mentions(properties.get("SecretId"), name)
                and condition in (None, secret.get("Condition"))
                and _is_frequent(properties.get("RotationRules"))
                for properties, condition in schedules
            )
        ]


def _is_frequent(rules: Any) -> bool:
    """Whether a schedule has an expression, or an interval that is short enough or unknown."""
    if not isinstance(rules, dict):
        return False
    days = str(rules.get("AutomaticallyAfterDays", ""))
    return "ScheduleExpression" in rules or (bool(days) and not (days.isdecimal() and int(days) > MOST_DAYS))
