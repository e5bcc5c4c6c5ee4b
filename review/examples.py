"""A plan for each finding that a review can print, by the code of the finding.

``docs/rules.md`` shows them, and the tests take each of them through the review. A review itself does not load them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A plan that has one finding.

    Attributes:
        before: The deployed template, in YAML.
        after: The planned template, in YAML.
        plan: What else the plan holds, in YAML: ``Changes`` as CloudFormation lists them (by default each resource that
            differs), ``StackPolicy``, ``Tags``, and ``Validation`` with the findings of CloudFormation's validation.
    """

    before: str
    after: str
    plan: str = ""


def _edited(template: str, before: str, after: str, plan: str = "") -> Example:
    """The example in which one text of a template changes."""
    return Example(template, template.replace(before, after), plan)


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


def _group(policy: str) -> Example:
    """A group that gets another version of its launch template, under an UpdatePolicy."""
    return _edited(_GROUP.replace(_ROLLING, policy), "Version: '1'", "Version: '2'")


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

_TRANSFORMED = """\
Transform: AddSubscriptions
Resources:
  Alerts: {Type: AWS::SNS::Topic}
"""

_TOPIC = """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: Alerts}
"""

_NESTED = """\
Resources:
  Network:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: network.yaml, TimeoutInMinutes: 30}
"""

_PARAMETER = """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: '{{resolve:ssm:/display-name}}'}
"""

_POLICY = """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: Alerts}
  Email:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Alerts, Protocol: email, Endpoint: desk@example.com}
"""

_INSTANCE = """\
Resources:
  Bastion:
    Type: AWS::EC2::Instance
    Properties: {ImageId: ami-1, PlacementGroupName: one}
"""

EXAMPLES: Mapping[str, Example] = {
    "R101": _edited(
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
    "R102": _edited(
        """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alerts}
""",
        "Alerts:",
        "AlertTopic:",
    ),
    "R103": _edited(
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
    "R201": Example(
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: sessions}
""",
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
""",
    ),
    "R202": _edited(
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
    "R207": _edited(
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
    "R301": Example(
        _TRANSFORMED,
        _TRANSFORMED,
        """\
Changes:
  - {Action: Add, LogicalResourceId: AlertsSubscription, ResourceType: AWS::SNS::Subscription}
""",
    ),
    "R302": Example(
        _TOPIC,
        _TOPIC,
        """\
Tags: {Owner: desk}
Changes:
  - Action: Modify
    LogicalResourceId: Alerts
    ResourceType: AWS::SNS::Topic
    Scope: [Tags]
""",
    ),
    "R303": Example(
        _NESTED,
        _NESTED,
        """\
Changes:
  - Action: Modify
    LogicalResourceId: Network
    ResourceType: AWS::CloudFormation::Stack
    Changes: []
""",
    ),
    "R304": Example(
        _PARAMETER,
        _PARAMETER,
        """\
Changes:
  - Action: Modify
    LogicalResourceId: Alerts
    ResourceType: AWS::SNS::Topic
    Replacement: 'False'
    Details:
      - Target: {Attribute: Properties, Name: DisplayName, RequiresRecreation: Never, BeforeValue: Alerts, AfterValue: Alarms}
        Evaluation: Static
        ChangeSource: DirectModification
""",
    ),
    "R305": _edited(
        _POLICY,
        "DisplayName: Alerts",
        "DisplayName: Alarms",
        """\
Changes:
  - {Action: Modify, LogicalResourceId: Alerts, ResourceType: AWS::SNS::Topic, Replacement: 'False'}
  - Action: Modify
    LogicalResourceId: Email
    ResourceType: AWS::SNS::Subscription
    Replacement: 'False'
    Details:
      - Target: {Attribute: Properties, Name: TopicArn, RequiresRecreation: Never}
        Evaluation: Dynamic
        ChangeSource: ResourceReference
""",
    ),
    "R306": _edited(
        _POLICY,
        "DisplayName: Alerts",
        "DisplayName: Alarms",
        """\
Changes:
  - {Action: Modify, LogicalResourceId: Alerts, ResourceType: AWS::SNS::Topic, Replacement: 'False'}
  - Action: Modify
    LogicalResourceId: Email
    ResourceType: AWS::SNS::Subscription
    Replacement: 'True'
    Details:
      - Target: {Attribute: Properties, Name: TopicArn, RequiresRecreation: Always}
        Evaluation: Dynamic
        ChangeSource: ResourceReference
""",
    ),
    "R307": _edited(
        """\
Resources:
  Migration:
    Type: Custom::DatabaseMigration
    Properties: {ServiceToken: arn:aws:lambda:us-east-1:111122223333:function:migrate, Key: '1'}
  Version:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !GetAtt Migration.Version}
""",
        "Key: '1'",
        "Key: '2'",
        """\
Changes:
  - {Action: Modify, LogicalResourceId: Migration, ResourceType: Custom::DatabaseMigration, Replacement: 'False'}
  - Action: Modify
    LogicalResourceId: Version
    ResourceType: AWS::SNS::Topic
    Replacement: 'False'
    Details:
      - Target: {Attribute: Properties, Name: DisplayName, RequiresRecreation: Never}
        Evaluation: Dynamic
        ChangeSource: ResourceAttribute
""",
    ),
    "R308": _edited(
        """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Metadata: {Owner: desk}
""",
        "Owner: desk",
        "Owner: operations",
        "Changes: []\n",
    ),
    "R309": _edited(_TOPIC, "DisplayName: Alerts", "DisplayName: Alarms", "Changes: []\n"),
    "R310": _edited(
        _INSTANCE,
        "PlacementGroupName: one",
        "PlacementGroupName: two",
        """\
Changes:
  - Action: Modify
    LogicalResourceId: Bastion
    ResourceType: AWS::EC2::Instance
    Replacement: 'False'
    Details:
      - Target: {Attribute: Properties, Name: PlacementGroupName, RequiresRecreation: Never}
        Evaluation: Static
        ChangeSource: DirectModification
""",
    ),
    "R311": _edited(
        """\
Parameters:
  KeyArn: {Type: String, Default: arn:aws:kms:us-east-1:111122223333:key/1}
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-mysql, BackupRetentionPeriod: 7, KmsKeyId: !Ref KeyArn}
""",
        "BackupRetentionPeriod: 7",
        "BackupRetentionPeriod: 14",
        """\
Changes:
  - Action: Modify
    LogicalResourceId: Cluster
    ResourceType: AWS::RDS::DBCluster
    Replacement: 'True'
    Details:
      - Target: {Attribute: Properties, Name: BackupRetentionPeriod, RequiresRecreation: Never}
        Evaluation: Static
        ChangeSource: DirectModification
      - Target: {Attribute: Properties, Name: KmsKeyId, RequiresRecreation: Always}
        Evaluation: Dynamic
        ChangeSource: ParameterReference
""",
    ),
    "R312": _edited(
        """\
Resources:
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: vpc-1, ServiceName: com.amazonaws.us-east-1.s3, RouteTableIds: [rtb-1]}
""",
        "RouteTableIds: [rtb-1]",
        "RouteTableIds: [rtb-2]",
        """\
Changes:
  - Action: Modify
    LogicalResourceId: Endpoint
    ResourceType: AWS::EC2::VPCEndpoint
    Replacement: Conditional
    Details:
      - Target: {Attribute: Properties, Name: RouteTableIds, RequiresRecreation: Conditionally}
        Evaluation: Static
        ChangeSource: DirectModification
""",
    ),
    "R313": _edited(_NESTED, "TimeoutInMinutes: 30", "TimeoutInMinutes: 60"),
}
