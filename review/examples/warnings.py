"""Examples of the findings R2xx: look at these changes."""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example, edited

_GROUP = """\
Resources:
  Web:
    Type: AWS::AutoScaling::AutoScalingGroup
    UpdatePolicy:
      AutoScalingRollingUpdate: {MaxBatchSize: 1, MinInstancesInService: 2}
    Properties:
      MinSize: '2'
      MaxSize: '4'
      LaunchTemplate: {LaunchTemplateId: lt-1, Version: '1'}
"""

_ROLLING = "AutoScalingRollingUpdate: {MaxBatchSize: 1, MinInstancesInService: 2}"

_ADDRESS = Example(
    """\
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
""",
    """\
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Address:
    Type: AWS::EC2::EIP
    Properties: {Domain: vpc}
""",
)

_TOPIC = """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: Alerts}
"""

_EXPORTED = """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
Outputs:
  Version:
    Value: '1'
    Export: {Name: alerts-version}
"""


def _group(policy: str) -> Example:
    """A group that gets another version of its launch template, under an UpdatePolicy."""
    return edited(_GROUP.replace(_ROLLING, policy), "Version: '1'", "Version: '2'")


def _removed(attribute: str) -> Example:
    """A table that leaves the template."""
    rest = "Resources:\n  Alerts: {Type: AWS::SNS::Topic}\n"
    table = f"  Sessions:\n    Type: AWS::DynamoDB::Table\n{attribute}    Properties: {{TableName: sessions}}\n"
    return Example(f"{rest}{table}", rest)


WARNINGS: Mapping[str, Example] = {
    "R201": _removed(""),
    "R202": edited(
        """\
Resources:
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: sessions-dev}
""",
        "sessions-dev",
        "sessions-qa",
    ),
    "R203": _group("AutoScalingReplacingUpdate: {WillReplace: true}"),
    "R204": _group("AutoScalingInstanceRefresh: {Strategy: Rolling}"),
    "R205": _group(
        """\
AutoScalingRollingUpdate:
        MaxBatchSize: 1
        MinInstancesInService: 2
        WaitOnResourceSignals: true
        PauseTime: PT10M"""
    ),
    "R206": _group(_ROLLING),
    "R207": edited(
        _GROUP.replace(f"    UpdatePolicy:\n      {_ROLLING}\n", ""),
        "Version: '1'",
        "Version: '2'",
    ),
    "R208": Example(
        _ADDRESS.before,
        _ADDRESS.after,
        """\
Validation:
  - stack: small-dev
    place: /Resources/Address
    reason: The quota of 5 elastic addresses would be exceeded
""",
    ),
    "R209": Example(
        _ADDRESS.before,
        _ADDRESS.after,
        """\
Validation:
  - stack: small-dev
    place: /Resources/Address
    reason: not authorized to perform servicequotas:GetServiceQuota
    skipped: true
""",
    ),
    "R210": _removed("    DeletionPolicy: Retain\n"),
    "R211": Example(
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-mysql}
""",
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
""",
    ),
    "R212": edited(
        """\
Resources:
  Sessions:
    Type: AWS::DynamoDB::Table
    UpdateReplacePolicy: Retain
    Properties: {TableName: sessions-dev}
""",
        "sessions-dev",
        "sessions-qa",
    ),
    "R213": Example(
        _EXPORTED,
        _EXPORTED[: _EXPORTED.index("Outputs:")],
    ),
    "R214": edited(_EXPORTED, "Value: '1'", "Value: '2'"),
    "R215": edited(
        """\
Parameters:
  Password: {Type: String, Default: none, NoEcho: true}
Resources:
  Alerts: {Type: AWS::SNS::Topic}
""",
        ", NoEcho: true",
        "",
    ),
    "R216": Example(_TOPIC, _TOPIC, "TerminationProtection: {Deployed: true, Planned: false}\n"),
    "R217": Example(
        _TOPIC,
        _TOPIC,
        """\
DeployedStackPolicy:
  Statement:
    - {Effect: Deny, Action: 'Update:Delete', Principal: '*', Resource: '*'}
    - {Effect: Allow, Action: 'Update:*', Principal: '*', Resource: '*'}
StackPolicy:
  Statement:
    - {Effect: Allow, Action: 'Update:*', Principal: '*', Resource: '*'}
""",
    ),
}
