"""A change for each finding on strength and interruption, by the code of the finding.

``docs/rules.md`` shows them, and the tests grade each of them. A review itself does not load them.
"""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example


def _resource(resource_type: str, before: str, after: str, *, attribute: bool = False) -> Example:
    """The example of one resource, of which one line of the properties, or one attribute, changes."""
    lines = ("    {line}\n" if attribute else "    Properties:\n      {line}\n").format
    head = f"Resources:\n  Example:\n    Type: {resource_type}\n"
    return Example(head + lines(line=before), head + lines(line=after))


def _removed(resource_type: str, properties: str) -> Example:
    """The example of a resource that is removed from beside another."""
    kept = "Resources:\n  Alerts: {Type: AWS::SNS::Topic}\n"
    return Example(f"{kept}  Example:\n    Type: {resource_type}\n    Properties: {properties}\n", kept)


EXAMPLES: Mapping[str, Example] = {
    "R401": _resource(
        "AWS::EFS::FileSystem",
        "Encrypted: true",
        "Encrypted: false",
    ),
    "R402": _resource("AWS::RDS::DBCluster", "BackupRetentionPeriod: 35", "BackupRetentionPeriod: 1"),
    "R403": _resource(
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}",
        "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}",
    ),
    "R404": _resource(
        "AWS::S3::Bucket", "VersioningConfiguration: {Status: Enabled}", "VersioningConfiguration: {Status: Suspended}"
    ),
    "R405": _resource("AWS::CloudTrail::Trail", "IsLogging: true", "IsLogging: false"),
    "R406": _resource("AWS::RDS::DBInstance", "PubliclyAccessible: false", "PubliclyAccessible: true"),
    "R407": _resource("AWS::RDS::DBCluster", "DeletionProtection: true", "DeletionProtection: false"),
    "R408": _resource("AWS::S3::Bucket", "DeletionPolicy: Retain", "DeletionPolicy: Delete", attribute=True),
    "R409": _resource(
        "AWS::EC2::SecurityGroup",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}]",
    ),
    "R410": _resource(
        "AWS::EC2::SecurityGroup",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}]",
        "SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]",
    ),
    "R411": _resource("AWS::EC2::Subnet", "MapPublicIpOnLaunch: false", "MapPublicIpOnLaunch: true"),
    "R412": _resource(
        "AWS::ApiGatewayV2::Api",
        "CorsConfiguration: {AllowOrigins: ['https://desk.example.com']}",
        "CorsConfiguration: {AllowOrigins: ['*']}",
    ),
    "R413": _resource(
        "AWS::RDS::DBCluster", "EnableIAMDatabaseAuthentication: true", "EnableIAMDatabaseAuthentication: false"
    ),
    "R414": _resource("AWS::Cognito::UserPool", "MfaConfiguration: 'ON'", "MfaConfiguration: OPTIONAL"),
    "R415": _resource(
        "AWS::ElasticLoadBalancingV2::Listener",
        "SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06",
        "SslPolicy: ELBSecurityPolicy-2016-08",
    ),
    "R416": _resource("AWS::ApiGateway::RequestValidator", "ValidateRequestBody: true", "ValidateRequestBody: false"),
    "R417": _removed(
        "AWS::WAFv2::WebACLAssociation", "{WebACLArn: arn:aws:wafv2:acl, ResourceArn: arn:aws:apigateway:api}"
    ),
    "R418": _resource(
        "AWS::EC2::Instance", "MetadataOptions: {HttpTokens: required}", "MetadataOptions: {HttpTokens: optional}"
    ),
    "R419": _resource(
        "AWS::CodeBuild::Project", "Environment: {PrivilegedMode: false}", "Environment: {PrivilegedMode: true}"
    ),
    "R420": _resource("AWS::CloudTrail::Trail", "EnableLogFileValidation: true", "EnableLogFileValidation: false"),
    "R421": _resource("AWS::RDS::DBInstance", "AutoMinorVersionUpgrade: true", "AutoMinorVersionUpgrade: false"),
    "R422": _resource(
        "AWS::ApiGatewayV2::Stage",
        "DefaultRouteSettings: {DataTraceEnabled: false}",
        "DefaultRouteSettings: {DataTraceEnabled: true}",
    ),
    "R423": _resource(
        "AWS::RDS::DBCluster", "EnableCloudwatchLogsExports: [audit, error]", "EnableCloudwatchLogsExports: [error]"
    ),
    "R424": _resource("AWS::Logs::LogGroup", "RetentionInDays: 365", "RetentionInDays: 30"),
    "R425": _resource(
        "AWS::S3::Bucket",
        "ObjectLockConfiguration: {Rule: {DefaultRetention: {Mode: COMPLIANCE, Days: 365}}}",
        "ObjectLockConfiguration: {Rule: {DefaultRetention: {Mode: COMPLIANCE, Days: 30}}}",
    ),
    "R426": _removed("AWS::CloudWatch::Alarm", "{MetricName: Errors, Namespace: Payments, Threshold: 1}"),
    "R427": _removed("AWS::Config::ConfigRule", "{Source: {Owner: AWS, SourceIdentifier: RDS_STORAGE_ENCRYPTED}}"),
    "R428": _resource("AWS::GuardDuty::Detector", "Enable: true", "Enable: false"),
    "R429": _resource("AWS::KMS::Key", "EnableKeyRotation: true", "EnableKeyRotation: false"),
    "R430": _resource("AWS::ApiGateway::UsagePlan", "Throttle: {RateLimit: 1000}", "Throttle: {RateLimit: 100000}"),
    "R431": _resource("AWS::ECS::Service", "DesiredCount: 3", "DesiredCount: 1"),
    "R432": _resource(
        "AWS::DynamoDB::GlobalTable",
        "Replicas: [{Region: us-east-1}, {Region: eu-west-1}]",
        "Replicas: [{Region: us-east-1}]",
    ),
    "R433": _resource(
        "AWS::Lambda::Function", "DeadLetterConfig: {TargetArn: arn:aws:sqs:dead-letters}", "DeadLetterConfig: {}"
    ),
    "R499": _resource("AWS::CloudWatch::Alarm", "Period: 60", "Period: 300"),
    "R501": _resource("AWS::RDS::DBInstance", "DBInstanceClass: db.r6g.large", "DBInstanceClass: db.r6g.xlarge"),
}
