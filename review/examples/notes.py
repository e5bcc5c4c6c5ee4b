"""Examples of the findings R3xx: why the review judges a change so."""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example, edited

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

NOTES: Mapping[str, Example] = {
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
    "R305": edited(
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
    "R306": edited(
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
    "R307": edited(
        """\
Resources:
  Door:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcEndpointType: Interface
      VpcId: vpc-1
      ServiceName: com.amazonaws.us-east-1.sqs
      SubnetIds: [subnet-1]
  DoorNames:
    Type: AWS::SSM::Parameter
    Properties: {Type: StringList, Value: !Join [",", !GetAtt Door.DnsEntries]}
""",
        "[subnet-1]",
        "[subnet-1, subnet-2]",
        """\
Changes:
  - {Action: Modify, LogicalResourceId: Door, ResourceType: AWS::EC2::VPCEndpoint, Replacement: 'False'}
  - Action: Modify
    LogicalResourceId: DoorNames
    ResourceType: AWS::SSM::Parameter
    Replacement: 'False'
    Details:
      - Target: {Attribute: Properties, Name: Value, RequiresRecreation: Never}
        Evaluation: Dynamic
        ChangeSource: ResourceAttribute
""",
    ),
    "R308": edited(
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
    "R309": edited(_TOPIC, "DisplayName: Alerts", "DisplayName: Alarms", "Changes: []\n"),
    "R310": edited(
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
    "R311": edited(
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
    "R312": edited(
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
    "R313": edited(_NESTED, "TimeoutInMinutes: 30", "TimeoutInMinutes: 60"),
    "R314": edited(
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
  Alarms:
    Type: AWS::SNS::Topic
    DependsOn: Alerts
""",
        "    DependsOn: Alerts\n",
        "",
        "Changes: []\n",
    ),
    "R315": Example(
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
  Alarms:
    Type: AWS::SNS::Topic
    DeletionPolicy: Retain
""",
        """\
Resources:
  Alerts: {Type: AWS::SNS::Topic}
""",
    ),
    "R316": edited(
        """\
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Database:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: Database, VpcId: !Ref Vpc}
""",
        "10.0.0.0/16",
        "10.1.0.0/16",
        """\
Changes:
  - {Action: Modify, LogicalResourceId: Vpc, ResourceType: AWS::EC2::VPC, Replacement: 'True'}
  - Action: Modify
    LogicalResourceId: Database
    ResourceType: AWS::EC2::SecurityGroup
    Replacement: Conditional
    Details:
      - Target: {Attribute: Properties, Name: VpcId, RequiresRecreation: Always}
        Evaluation: Dynamic
        ChangeSource: ResourceReference
""",
    ),
    "R317": edited(
        """\
Resources:
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: Alerts}
""",
        "DisplayName: Alerts",
        "DisplayName: Alarms",
        "Incomplete: 'Logical Id: Alerts, failed property validation'\n",
    ),
}
