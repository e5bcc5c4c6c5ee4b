"""Misconfigurations planted into the project's own templates, each by an edit of one resource."""

from __future__ import annotations

from tests.gate.support.plants import HERE, Plant, edited

STATEMENT = "        Statement:\n"


def _grant(action: str, resource: str, extra: str = "") -> tuple[str, str]:
    """An edit that adds a statement to an identity policy."""
    lines = f"        - Effect: Allow {HERE}\n          Action: {action}\n          Resource: {resource}\n"
    return STATEMENT, STATEMENT + lines + (f"          {extra}\n" if extra else "")


PRINCIPALS = (
    Plant(
        "wildcard principals",
        "E9812",
        "bucket policy for everyone",
        edited(
            "trading/storage",
            "RawBucketPolicy",
            (
                STATEMENT,
                f"{STATEMENT}        - Effect: Allow {HERE}\n          Principal: '*'\n          Action: s3:GetObject\n"
                "          Resource: !Sub ${RawBucket.Arn}/*\n",
            ),
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "role that everyone assumes",
        edited(
            "trading/functions",
            "IngestRole",
            ("- Sid: AssumedByService\n", f"- Sid: AssumedByService {HERE}\n"),
            ("            Service:\n            - lambda.amazonaws.com", "            AWS: ['*']"),
            ("StringEqualsIfExists", "StringEqualsIfExists"),
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "topic for everyone under a condition that admits everyone",
        edited(
            "trading/alerts",
            "AlertTopicPolicy",
            ("- Sid: Alarms\n", f"- Sid: Alarms {HERE}\n"),
            ("            Service:\n            - cloudwatch.amazonaws.com", "            AWS: '*'"),
            (
                "StringEquals:\n              aws:SourceAccount: !Ref AWS::AccountId",
                "StringLike: {aws:SourceAccount: '*'}",
            ),
            ("            ArnLike:\n", "            ForAllValues:ArnLike:\n"),
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "key for another account",
        edited(
            "trading/keys",
            "DataKey",
            (
                "        Statement:\n",
                f"        Statement:\n        - Effect: Allow {HERE}\n          Principal:\n            AWS: "
                "arn:aws:iam::123456789012:root\n          Action: kms:Decrypt\n          Resource: '*'\n",
            ),
        ),
    ),
)
PUBLIC = (
    Plant(
        "public access",
        "E9830",
        "one flag of the block is false",
        edited("trading/storage", "RawBucket", ("IgnorePublicAcls: true", f"IgnorePublicAcls: false {HERE}")),
    ),
    Plant(
        "public access",
        "E9830",
        "no block",
        edited(
            "transactions/edge",
            "StaticBucket",
            (
                "      PublicAccessBlockConfiguration:\n        BlockPublicAcls: true\n        BlockPublicPolicy: true\n"
                "        IgnorePublicAcls: true\n        RestrictPublicBuckets: true\n",
                "",
            ),
            ("    Properties:\n", f"    Properties: {HERE}\n"),
        ),
    ),
    Plant(
        "public access",
        "E9830",
        "a flag only in one arm of Fn::If",
        edited(
            "trading/storage",
            "RawBucket",
            ("BlockPublicPolicy: true", f"BlockPublicPolicy: !If [IsOpen, false, true] {HERE}"),
        ),
    ),
    Plant(
        "public access",
        "E9831",
        "public database",
        edited("trading/database", "DatabaseWriter", ("PubliclyAccessible: false", f"PubliclyAccessible: true {HERE}")),
    ),
    Plant(
        "public access",
        "E9831",
        "subnet with public addresses",
        edited(
            "trading/network", "PublicSubnetA", ("MapPublicIpOnLaunch: false", f"MapPublicIpOnLaunch: 'true' {HERE}")
        ),
    ),
)
ACTIONS = (
    Plant(
        "actions",
        "E9813",
        "all of S3 on one bucket",
        edited("trading/functions", "ProcessPolicy", _grant("s3:*", "!Sub '${RawBucketArn}/*'")),
    ),
    Plant(
        "actions",
        "E9813",
        "NotAction in an Allow",
        edited(
            "trading/functions",
            "QueryPolicy",
            (
                STATEMENT,
                f"{STATEMENT}        - Effect: Allow {HERE}\n          NotAction: iam:*\n          Resource: !GetAtt A.Arn\n",
            ),
        ),
    ),
    Plant(
        "actions",
        "E9813",
        "administrator",
        edited(
            "transactions/web",
            "InstanceRole",
            (
                "      ManagedPolicyArns:\n",
                f"      ManagedPolicyArns: {HERE}\n      - arn:aws:iam::aws:policy/AdministratorAccess\n",
            ),
        ),
    ),
    Plant(
        "actions",
        "E9813",
        "all of KMS for a role",
        edited(
            "trading/keys",
            "DataKey",
            (
                "        Statement:\n",
                f"        Statement:\n        - Effect: Allow {HERE}\n          Principal:\n            AWS: "
                "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/admin'\n          Action: kms:*\n"
                "          Resource: '*'\n",
            ),
        ),
    ),
    Plant(
        "actions",
        "E9814",
        "policies of roles below a path",
        edited(
            "trading/functions",
            "IngestPolicy",
            _grant("iam:PutRolePolicy", "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*'"),
        ),
    ),
    Plant(
        "actions",
        "E9814",
        "policies of roles by a pattern of actions",
        edited(
            "trading/functions",
            "SessionsPolicy",
            _grant("[logs:PutLogEvents, 'IAM:put*']", "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/app'"),
        ),
    ),
    Plant(
        "actions",
        "E9814",
        "roles to pass",
        edited(
            "transactions/secrets",
            "RotateSecretPolicy",
            _grant(
                "[iam:PassRole]",
                "[!Join ['', ['arn:', !Ref AWS::Partition, ':iam::', !Ref AWS::AccountId, ':role/*']]]",
            ),
        ),
    ),
    Plant(
        "actions",
        "E9814",
        "another role to assume",
        edited("transactions/web", "BalancerLogsPolicy", _grant("sts:AssumeRole", "'*'")),
    ),
)
ROUTES = (
    Plant(
        "routes and web ACLs",
        "E9815",
        "open method",
        edited("trading/api", "PostV1MarketData", ("AuthorizationType: AWS_IAM", f"AuthorizationType: NONE {HERE}")),
    ),
    Plant(
        "routes and web ACLs",
        "E9815",
        "method without a type",
        edited(
            "trading/api",
            "GetV1BarsSymbol",
            ("      AuthorizationType: AWS_IAM\n", ""),
            ("    Properties:\n", f"    Properties: {HERE}\n"),
        ),
    ),
    Plant(
        "routes and web ACLs",
        "E9816",
        "stage without a web ACL",
        edited("trading/api", "WebAclAssociation", ("AWS::WAFv2::WebACLAssociation", "Custom::Nothing")).replace(
            "\n  Stage:\n", f"\n  Stage: {HERE}\n"
        ),
    ),
    Plant(
        "routes and web ACLs",
        "E9816",
        "distribution without a web ACL",
        edited(
            "transactions/edge",
            "Distribution",
            ("  Distribution:\n", f"  Distribution: {HERE}\n"),
            ("        WebACLId: !GetAtt WebAcl.Arn\n", ""),
        ),
    ),
    Plant(
        "routes and web ACLs",
        "E9816",
        "distribution with a web ACL in one arm",
        edited(
            "transactions/edge",
            "Distribution",
            ("  Distribution:\n", f"  Distribution: {HERE}\n"),
            ("WebACLId: !GetAtt WebAcl.Arn", "WebACLId: !If [WithCertificate, !GetAtt WebAcl.Arn, '']"),
        ),
    ),
)
NETWORK = (
    Plant(
        "network",
        "E9817",
        "database open to the world",
        edited(
            "trading/network",
            "DatabaseFromFunction",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("SourceSecurityGroupId: !GetAtt FunctionSecurityGroup.GroupId", "CidrIp: 0.0.0.0/0"),
        ),
    ),
    Plant(
        "network",
        "E9826",
        "all protocols from a neighbour",
        edited(
            "trading/network",
            "EndpointFromFunction",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("IpProtocol: tcp", "IpProtocol: -1"),
        ),
    ),
    Plant(
        "network",
        "E9826",
        "all ports",
        edited(
            "transactions/network",
            "InstanceFromBalancer",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("FromPort: 8080", "FromPort: 0"),
            ("ToPort: 8080", "ToPort: 65535"),
        ),
    ),
    Plant(
        "network",
        "E9817",
        "group that lets everything out",
        edited(
            "transactions/network",
            "DatabaseSecurityGroup",
            ("      - CidrIp: 127.0.0.1/32", f"      - CidrIpv6: ::/0 {HERE}"),
        ),
    ),
    Plant(
        "network",
        "E9817",
        "group without an egress rule",
        edited(
            "trading/network",
            "FunctionSecurityGroup",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            (
                "      SecurityGroupEgress:\n      - CidrIp: 127.0.0.1/32\n        IpProtocol: '-1'\n"
                "        Description: Nothing leaves but by rules of their own\n",
                "",
            ),
        ),
    ),
)
TRANSPORT = (
    Plant(
        "transport",
        "E9818",
        "bucket policy that denies reading only",
        edited(
            "trading/storage",
            "AccessLogBucketPolicy",
            ("      PolicyDocument:\n", f"      PolicyDocument: {HERE}\n"),
            (
                "- Sid: DenyPlainTransport\n          Effect: Deny\n          Principal: '*'\n"
                "          Action:\n          - s3:*",
                "- Sid: DenyPlainTransport\n          Effect: Deny\n          Principal: '*'\n          Action: s3:Get*",
            ),
        ),
    ),
    Plant(
        "transport",
        "E9818",
        "queue policy whose denial has another condition",
        edited(
            "trading/storage",
            "ObjectQueuePolicy",
            ("      PolicyDocument:\n", f"      PolicyDocument: {HERE}\n"),
            (
                "            Bool:\n              aws:SecureTransport: 'false'",
                "            Bool: {aws:SecureTransport: false}\n            StringNotEquals: {aws:PrincipalOrgID: o-1}",
            ),
        ),
    ),
    Plant(
        "transport",
        "E9818",
        "topic policy that denies with TLS",
        edited(
            "transactions/alerts",
            "AlertTopicPolicy",
            ("      PolicyDocument:\n", f"      PolicyDocument: {HERE}\n"),
            ("aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'"),
        ),
    ),
    Plant(
        "transport",
        "E9818",
        "bucket without a policy",
        edited("trading/storage", "RawBucketPolicy", ("Bucket: !Ref RawBucket", "Bucket: another")).replace(
            "\n  RawBucket:\n", f"\n  RawBucket: {HERE}\n"
        ),
    ),
    Plant(
        "transport",
        "E9836",
        "rds.force_ssl off",
        edited("trading/database", "DatabaseClusterParameters", ("rds.force_ssl: '1'", f"rds.force_ssl: '0' {HERE}")),
    ),
    Plant(
        "transport",
        "E9836",
        "require_secure_transport missing",
        edited(
            "transactions/database",
            "DatabaseClusterParameters",
            ("        require_secure_transport: 'ON'\n", ""),
            ("      Parameters:\n", f"      Parameters: {HERE}\n"),
        ),
    ),
    Plant(
        "transport",
        "E9809",
        "old TLS policy",
        edited(
            "transactions/edge",
            "Distribution",
            ("  Distribution:\n", f"  Distribution: {HERE}\n"),
            ("MinimumProtocolVersion: TLSv1.2_2021", "MinimumProtocolVersion: TLSv1.1_2016"),
        ),
    ),
)
CONDITIONAL = (
    Plant(
        "transport",
        "E9819",
        "listener that forwards over HTTP",
        edited(
            "transactions/web",
            "HttpListener",
            ("      Protocol: HTTP\n", f"      Protocol: HTTP {HERE}\n"),
            (
                "      DefaultActions:\n",
                "      DefaultActions:\n      - Type: forward\n        TargetGroupArn: !Ref TargetGroup\n",
            ),
        ),
    ),
    Plant(
        "transport",
        "E9819",
        "origin over HTTP always",
        edited(
            "transactions/edge",
            "Distribution",
            ("        Origins:\n", f"        Origins: {HERE}\n"),
            ("OriginProtocolPolicy: !If", "OriginProtocolPolicy: http-only\n            Unused: !If"),
        ),
    ),
    Plant(
        "network",
        "E9826",
        "all protocols where the world is suppressed",
        edited(
            "trading/network",
            "FunctionToApis",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("IpProtocol: tcp", "IpProtocol: '-1'"),
        ),
    ),
)
TRAILS = (
    Plant(
        "trails",
        "E9820",
        "flow log of rejected traffic only",
        edited("trading/network", "FlowLog", ("TrafficType: ALL", f"TrafficType: REJECT {HERE}")),
    ),
    Plant(
        "trails",
        "E9820",
        "network without a flow log",
        edited("transactions/network", "FlowLog", ("AWS::EC2::FlowLog", "Custom::Nothing")).replace(
            "\n  Vpc:\n", f"\n  Vpc: {HERE}\n"
        ),
    ),
    Plant(
        "trails",
        "E9820",
        "distribution whose log nobody takes",
        edited("transactions/edge", "EdgeLogDelivery", ("AWS::Logs::Delivery", "Custom::Nothing")).replace(
            "\n  Distribution:\n", f"\n  Distribution: {HERE}\n"
        ),
    ),
    Plant(
        "trails",
        "E9820",
        "load balancer with its log switched off",
        edited(
            "transactions/web",
            "LoadBalancer",
            ("  LoadBalancer:\n", f"  LoadBalancer: {HERE}\n"),
            ("access_logs.s3.enabled\n        Value: 'true'", "access_logs.s3.enabled\n        Value: 'false'"),
        ),
    ),
    Plant(
        "trails",
        "E9833",
        "bucket without a log",
        edited(
            "trading/storage",
            "RawBucket",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            (
                "      LoggingConfiguration:\n        DestinationBucketName: !Ref AccessLogBucket\n        LogFilePrefix: raw/\n",
                "",
            ),
        ),
    ),
    Plant(
        "trails",
        "E9834",
        "data trace on",
        edited("trading/api", "Stage", ("DataTraceEnabled: false", f"DataTraceEnabled: true {HERE}")),
    ),
    Plant(
        "trails",
        "E9835",
        "audit of the database off",
        edited(
            "transactions/database",
            "DatabaseClusterParameters",
            ("server_audit_logging: '1'", f"server_audit_logging: '0' {HERE}"),
        ),
    ),
    Plant(
        "trails",
        "E9835",
        "audit log not exported",
        edited("transactions/database", "DatabaseCluster", ("      - audit\n", f"      - slowquery {HERE}\n")),
    ),
    Plant(
        "trails",
        "E9841",
        "recorder without global types",
        edited(
            "trading/compliance",
            "ConfigRecorder",
            ("IncludeGlobalResourceTypes: true", f"IncludeGlobalResourceTypes: false {HERE}"),
        ),
    ),
)
RETENTION = (
    Plant(
        "retention",
        "E9832",
        "log group without a retention",
        edited(
            "trading/alerts",
            "LogAlertsLogGroup",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("      RetentionInDays: !Ref LogRetentionDays\n", ""),
        ),
    ),
    Plant(
        "retention",
        "E9832",
        "log group with a retention in one arm",
        edited(
            "trading/alerts",
            "LogAlertsLogGroup",
            (
                "RetentionInDays: !Ref LogRetentionDays",
                f"RetentionInDays: !If\n      - WithAlertEmail\n      - 30\n      - !Ref AWS::NoValue {HERE}",
            ),
        ),
    ),
    Plant(
        "retention",
        "E9802",
        "log group without a key",
        edited(
            "trading/alerts",
            "LogAlertsLogGroup",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("      KmsKeyId: !Ref LogsKeyArn\n", ""),
        ),
    ),
)
SECRETS = (
    Plant(
        "secrets",
        "E9821",
        "password in an environment",
        edited(
            "trading/functions",
            "IngestFunction",
            ("      Environment:\n", f"      Environment: {HERE}\n"),
            ("LOG_LEVEL: !Ref LogLevel", "DB_PASSWORD: hunter2"),
        ),
    ),
    Plant(
        "secrets",
        "E9821",
        "resolved secret in an environment",
        edited(
            "trading/functions",
            "QueryFunction",
            ("      Environment:\n", f"      Environment: {HERE}\n"),
            ("LOG_LEVEL: !Ref LogLevel", "API_TOKEN: '{{resolve:secretsmanager:orders}}'"),
        ),
    ),
    Plant(
        "secrets",
        "E9821",
        "password of the database",
        edited(
            "trading/database",
            "DatabaseCluster",
            ("ManageMasterUserPassword: true", f"MasterUserPassword: correct-horse {HERE}"),
        ),
    ),
    Plant(
        "secrets",
        "E9822",
        "secret without a rotation",
        edited("transactions/secrets", "DatabaseSecretRotation", ("!Ref DatabaseSecret", "!Ref Another")).replace(
            "\n  DatabaseSecret:\n", f"\n  DatabaseSecret: {HERE}\n"
        ),
    ),
    Plant(
        "secrets",
        "E9837",
        "no login by IAM",
        edited(
            "transactions/database",
            "DatabaseCluster",
            ("EnableIAMDatabaseAuthentication: true", f"EnableIAMDatabaseAuthentication: false {HERE}"),
        ),
    ),
)
EXPOSURE = (
    Plant(
        "exposure",
        "E9823",
        "permission without a source",
        edited(
            "trading/api",
            "GetHealthPermission",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("      SourceArn:", "      # SourceArn:"),
        ),
    ),
    Plant(
        "exposure",
        "E9823",
        "permission whose source is every API",
        edited(
            "trading/api",
            "PostV1SessionsPermission",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("${AWS::Region}:${AWS::AccountId}:${RestApi}", "*:*:*"),
        ),
    ),
    Plant(
        "exposure",
        "E9823",
        "trust without a source",
        edited(
            "trading/functions",
            "ProcessRole",
            ("- Sid: AssumedByService\n", f"- Sid: AssumedByService {HERE}\n"),
            (
                "          Condition:\n            StringEqualsIfExists:\n              aws:SourceAccount: !Ref AWS::AccountId\n",
                "",
            ),
        ),
    ),
    Plant(
        "exposure",
        "E9824",
        "endpoint without a policy",
        edited(
            "trading/network",
            "S3Endpoint",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("      PolicyDocument:\n", "      Ignored:\n"),
        ),
    ),
    Plant(
        "exposure",
        "E9824",
        "endpoint for everyone",
        edited(
            "transactions/network",
            "LogsEndpoint",
            ("- Sid: ThisAccountOnly\n", f"- Sid: ThisAccountOnly {HERE}\n"),
            ("              aws:PrincipalAccount: !Ref AWS::AccountId\n", "              aws:PrincipalType: User\n"),
            ("              aws:ResourceAccount: !Ref AWS::AccountId\n", ""),
        ),
    ),
    Plant(
        "exposure",
        "E9838",
        "function outside of the network",
        edited(
            "trading/alerts",
            "LogAlertsFunction",
            ("    Properties:\n", f"    Properties: {HERE}\n"),
            ("      VpcConfig:\n", "      Ignored:\n"),
        ),
    ),
)
NEXT = (
    Plant(
        "next",
        "E9839",
        "table without recovery",
        edited(
            "trading/tables",
            "ApiKeysTable",
            ("PointInTimeRecoveryEnabled: true", f"PointInTimeRecoveryEnabled: false {HERE}"),
        ),
    ),
    Plant(
        "next",
        "E9839",
        "bucket without versions",
        edited("trading/storage", "RawBucket", ("Status: Enabled", f"Status: Suspended {HERE}")),
    ),
    Plant(
        "next",
        "E9839",
        "cluster without backups",
        edited(
            "trading/database",
            "DatabaseCluster",
            ("BackupRetentionPeriod: !Ref BackupRetentionDays", f"BackupRetentionPeriod: 0 {HERE}"),
        ),
    ),
    Plant(
        "next",
        "E9840",
        "load balancer that keeps invalid headers",
        edited(
            "transactions/web",
            "LoadBalancer",
            (
                "routing.http.drop_invalid_header_fields.enabled\n        Value: 'true'",
                f"routing.http.drop_invalid_header_fields.enabled\n        Value: 'false' {HERE}",
            ),
        ),
    ),
)
EDITS = (
    *PRINCIPALS,
    *PUBLIC,
    *ACTIONS,
    *ROUTES,
    *NETWORK,
    *TRANSPORT,
    *CONDITIONAL,
    *TRAILS,
    *RETENTION,
    *SECRETS,
    *EXPOSURE,
    *NEXT,
)
