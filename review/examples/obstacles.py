"""Examples of the findings R1xx: the execution would fail."""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example, edited

OBSTACLES: Mapping[str, Example] = {
    "R101": edited(
        """\
Resources:
  Database:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupName: database
      GroupDescription: Database
""",
        "GroupDescription: Database",
        "GroupDescription: Database, reached by functions only",
    ),
    "R102": edited(
        """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alerts}
""",
        "Alerts:",
        "AlertTopic:",
    ),
    "R103": edited(
        """\
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-mysql, BackupRetentionPeriod: 7}
""",
        "BackupRetentionPeriod: 7",
        "BackupRetentionPeriod: 14",
        """\
StackPolicy:
  Statement:
    - {Effect: Allow, Action: 'Update:*', Principal: '*', Resource: '*'}
    - Effect: Deny
      Action: 'Update:*'
      Principal: '*'
      Resource: '*'
      Condition: {StringEquals: {ResourceType: [AWS::RDS::DBCluster]}}
""",
    ),
    "R104": edited(
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
""",
        "AWS::SNS::Topic",
        "AWS::Events::EventBus",
    ),
}
