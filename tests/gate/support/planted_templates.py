"""Misconfigurations in small templates, in spellings that a hostile author would choose, and near misses that must pass."""

from __future__ import annotations

from tests.gate.support.plants import Plant, small


def _trust(statement: str, head: str = "") -> str:
    return small(
        f"""
        Role:
          Type: AWS::IAM::Role
          Properties:
            AssumeRolePolicyDocument:
              Version: '2012-10-17'
              Statement:
                {statement}
        """,
        head,
    )


def _policy(statement: str, head: str = "") -> str:
    return small(
        f"""
        Policy:
          Type: AWS::IAM::ManagedPolicy
          Properties:
            PolicyDocument:
              Version: '2012-10-17'
              Statement:
                {statement}
        """,
        head,
    )


def _resource(kind: str, properties: str, head: str = "") -> str:
    return small(f"It: # here\n  Type: {kind}\n  Properties: {properties}", head)


def _property(kind: str, line: str, more: str = "{}") -> str:
    """A resource with one property on a line of its own, which the rule must report."""
    extra = "" if more == "{}" else f"\n    {more}"
    return small(f"It:\n  Type: {kind}\n  Properties:{extra}\n    {line} # here")


TEMPLATES = (
    # Wildcard principals
    Plant(
        "wildcard principals",
        "E9812",
        "star by a parameter",
        _trust(
            "- {Effect: Allow, Principal: {AWS: [!Ref Who]}, Action: 'sts:AssumeRole'} # here",
            "Parameters:\n  Who: {Type: String, Default: '*'}\n",
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "star in one arm of Fn::If",
        _trust("- {Effect: Allow, Principal: !If [Open, '*', {AWS: !Ref RoleArn}], Action: 'sts:AssumeRole'} # here"),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "not a principal",
        _trust(
            "- {Effect: Allow, NotPrincipal: {AWS: 'arn:aws:iam::123456789012:role/a'}, Action: 'sts:AssumeRole'} # here"
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "own account without saying who",
        _trust(
            "- {Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'sts:AssumeRole'} # here"
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "another account as a number",
        _trust("- {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sts:AssumeRole'} # here"),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "every repository of GitHub",
        _trust(
            "- {Effect: Allow, Principal: {Federated: !Ref Provider}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: "
            "{StringEquals: {'token.actions.githubusercontent.com:aud': sts.amazonaws.com}}} # here"
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "condition only if present",
        small(
            """
            Policy:
              Type: AWS::SecretsManager::ResourcePolicy
              Properties:
                SecretId: orders
                ResourcePolicy:
                  Statement:
                    - Effect: Allow # here
                      Principal: '*'
                      Action: secretsmanager:GetSecretValue
                      Resource: '*'
                      Condition: {StringEqualsIfExists: {aws:PrincipalOrgID: o-12345}}
            """
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "condition in one arm",
        small(
            """
            Policy:
              Type: AWS::EFS::FileSystem
              Properties:
                FileSystemPolicy:
                  Statement:
                    - Effect: Allow # here
                      Principal: {AWS: ['*']}
                      Action: elasticfilesystem:ClientMount
                      Condition: !If [Strict, {StringEquals: {aws:PrincipalOrgID: o-12345}}, !Ref AWS::NoValue]
            """
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "policy as text",
        small(
            """
            Policy:
              Type: AWS::Logs::ResourcePolicy
              Properties:
                PolicyName: all
                PolicyDocument: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "logs:PutLogEvents"}]}' # here
            """
        ),
    ),
    Plant(
        "wildcard principals", "E9812", "function for everyone", _property("AWS::Lambda::Permission", "Principal: '*'")
    ),
    # Public access
    Plant("public access", "E9830", "bucket of two lines", small("It: # here\n  Type: AWS::S3::Bucket")),
    Plant(
        "public access",
        "E9830",
        "public list",
        _property("AWS::S3::Bucket", "AccessControl: PublicRead"),
    ),
    Plant(
        "public access",
        "E9831",
        "public warehouse in one arm",
        _property("AWS::Redshift::Cluster", "PubliclyAccessible: !If [Open, true, false]"),
    ),
    Plant(
        "public access",
        "E9831",
        "replication by default",
        small("It:\n  Type: AWS::DMS::ReplicationInstance\n  Properties: {EngineVersion: '3'} # here"),
    ),
    # Actions
    Plant(
        "actions", "E9813", "everything", _policy("- {Effect: Allow, Action: ['*'], Resource: !GetAtt A.Arn} # here")
    ),
    Plant(
        "actions",
        "E9813",
        "statement alone",
        small(
            """
            Policy:
              Type: AWS::IAM::Policy
              Properties:
                PolicyName: orders
                PolicyDocument:
                  Statement: {Effect: Allow, Action: 'dynamodb:**', Resource: !GetAtt A.Arn} # here
            """
        ),
    ),
    Plant(
        "actions",
        "E9813",
        "inline policy of a permission set",
        small(
            """
            Set:
              Type: AWS::SSO::PermissionSet
              Properties:
                Name: operators
                InlinePolicy: # here
                  Statement: {Effect: Allow, Action: 'ec2:*', Resource: '*'}
            """.replace(" # here", "").replace("'*'}", "'*'} # here")
        ),
    ),
    Plant(
        "actions",
        "E9813",
        "power user by Fn::Sub",
        _property(
            "AWS::IAM::User", "ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/PowerUserAccess']"
        ),
    ),
    *(
        Plant(
            "actions",
            "E9814",
            f"{action} allowed",
            _policy(f"- {{Effect: Allow, Action: '{action}', Resource: {resource}}} # here"),
        )
        for action, resource in (
            ("iam:CreatePolicyVersion", "!Sub 'arn:aws:iam::${AWS::AccountId}:policy/orders'"),
            ("iam:AttachRolePolicy", "'*'"),
            ("iam:SetDefaultPolicyVersion", "'*'"),
            ("iam:UpdateAssumeRolePolicy", "!Sub 'arn:aws:iam::${AWS::AccountId}:role/orders'"),
            ("iam:CreateAccessKey", "!Sub 'arn:aws:iam::${AWS::AccountId}:user/*'"),
            ("iam:*LoginProfile", "'*'"),
            ("iam:AddUserToGroup", "!Sub 'arn:aws:iam::${AWS::AccountId}:group/admins'"),
            ("lambda:UpdateFunctionCode", "!Sub 'arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:*'"),
            ("ssm:Send*", "'*'"),
            ("glue:UpdateDevEndpoint", "'*'"),
            ("iam:?assRole", "!Sub 'arn:aws:iam::${AWS::AccountId}:role/*'"),
        )
    ),
    Plant(
        "actions",
        "E9814",
        "instance with a role of its own",
        _policy(
            "- {Effect: Allow, Action: 'iam:PassRole', Resource: !GetAtt Role.Arn} # here\n"
            "                - {Effect: Allow, Action: 'ec2:Run*', Resource: !Sub 'arn:aws:ec2:*:${AWS::AccountId}:instance/a'}"
        ),
    ),
    # Routes and web ACLs
    Plant(
        "routes and web ACLs",
        "E9815",
        "route of an HTTP API",
        small("It:\n  Type: AWS::ApiGatewayV2::Route\n  Properties: {ApiId: a, RouteKey: GET /orders} # here"),
    ),
    Plant(
        "routes and web ACLs",
        "E9815",
        "method in one arm",
        _property("AWS::ApiGateway::Method", "AuthorizationType: !If [Open, NONE, AWS_IAM]", "HttpMethod: GET"),
    ),
    Plant(
        "routes and web ACLs",
        "E9815",
        "API by key",
        _property("AWS::AppSync::GraphQLApi", "AuthenticationType: API_KEY"),
    ),
    Plant(
        "routes and web ACLs",
        "E9815",
        "operation of a document",
        _property("AWS::ApiGateway::RestApi", "Body: {openapi: 3.0.1, paths: {/orders: {get: {responses: {}}}}}"),
    ),
    Plant(
        "routes and web ACLs",
        "E9816",
        "load balancer",
        _resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "{Type: application}"),
    ),
    Plant(
        "routes and web ACLs", "E9816", "web ACL without rules", _resource("AWS::WAFv2::WebACL", "{Scope: REGIONAL}")
    ),
    # Network
    Plant(
        "network",
        "E9817",
        "world in two halves",
        small(
            """
            Group:
              Type: AWS::EC2::SecurityGroup
              Properties:
                GroupDescription: a
                SecurityGroupEgress: [{CidrIp: 127.0.0.1/32, IpProtocol: '-1'}]
                SecurityGroupIngress:
                  - {CidrIp: 128.0.0.0/1, IpProtocol: tcp, FromPort: 443, ToPort: 443} # here
            """
        ),
    ),
    Plant(
        "network",
        "E9817",
        "world by a parameter",
        small(
            """
            Rule:
              Type: AWS::EC2::SecurityGroupIngress
              Properties: {GroupId: sg-1, CidrIp: !Ref Clients, IpProtocol: tcp, FromPort: 22, ToPort: 22} # here
            """,
            "Parameters:\n  Clients: {Type: String, Default: 0.0.0.0/0}\n",
        ),
    ),
    Plant(
        "network",
        "E9826",
        "wide range from a group",
        small(
            """
            Rule:
              Type: AWS::EC2::SecurityGroupIngress
              Properties: {GroupId: sg-1, SourceSecurityGroupId: sg-2, IpProtocol: 6, FromPort: 1024, ToPort: 2048} # here
            """
        ),
    ),
    Plant(
        "network",
        "E9817",
        "remote desktop through an ACL",
        small(
            """
            Entry:
              Type: AWS::EC2::NetworkAclEntry
              Properties: {CidrBlock: 0.0.0.0/0, RuleAction: allow, Protocol: 6, PortRange: {From: 3000, To: 4000}} # here
            """
        ),
    ),
    Plant(
        "network", "E9817", "world in a prefix list", _property("AWS::EC2::PrefixList", "Entries: [{Cidr: 0.0.0.0/0}]")
    ),
    # Transport
    Plant("transport", "E9818", "queue of two lines", small("It: # here\n  Type: AWS::SQS::Queue")),
    Plant("transport", "E9818", "topic of two lines", small("It: # here\n  Type: AWS::SNS::Topic")),
    Plant(
        "transport",
        "E9818",
        "denial of the objects only",
        small(
            """
            Policy:
              Type: AWS::S3::BucketPolicy
              Properties:
                Bucket: orders
                PolicyDocument: # here
                  Statement:
                    - Effect: Deny
                      Principal: {AWS: '*'}
                      Action: s3:*
                      Resource: arn:aws:s3:::orders/*
                      Condition: {Bool: {aws:SecureTransport: false}}
            """
        ),
    ),
    Plant(
        "transport",
        "E9819",
        "listener over HTTP",
        _property(
            "AWS::ElasticLoadBalancingV2::Listener",
            "Protocol: HTTP",
            "DefaultActions: [{Type: forward, TargetGroupArn: a}]",
        ),
    ),
    Plant(
        "transport",
        "E9836",
        "cache in plaintext",
        _property("AWS::ElastiCache::ReplicationGroup", "TransitEncryptionEnabled: false"),
    ),
    Plant(
        "transport",
        "E9836",
        "single database of PostgreSQL",
        _property(
            "AWS::RDS::DBParameterGroup", "Parameters: {shared_preload_libraries: pgaudit}", "Family: postgres17"
        ),
    ),
    Plant("transport", "E9836", "proxy without TLS", _property("AWS::RDS::DBProxy", "RequireTLS: false")),
    # Trails
    Plant("trails", "E9820", "web ACL without a log", _resource("AWS::WAFv2::WebACL", "{Rules: [{Name: a}]}")),
    Plant(
        "trails",
        "E9841",
        "trail without validation",
        _property("AWS::CloudTrail::Trail", "EnableLogFileValidation: false"),
    ),
    Plant("trails", "E9841", "trail switched off", _property("AWS::CloudTrail::Trail", "IsLogging: 'false'")),
    Plant(
        "trails",
        "E9834",
        "data trace of a route",
        _property("AWS::ApiGatewayV2::Stage", "DefaultRouteSettings: {DataTraceEnabled: 'true'}"),
    ),
    Plant(
        "trails",
        "E9835",
        "PostgreSQL without pgaudit",
        _property("AWS::RDS::DBClusterParameterGroup", "Parameters: {rds.force_ssl: 1}", "Family: aurora-postgresql17"),
    ),
    Plant(
        "trails",
        "E9835",
        "cluster without a log",
        small("It:\n  Type: AWS::RDS::DBCluster\n  Properties: {Engine: aurora-mysql} # here"),
    ),
    Plant(
        "trails",
        "E9833",
        "stage without a log",
        small("It:\n  Type: AWS::ApiGateway::Stage\n  Properties: {RestApiId: a} # here"),
    ),
    # Retention
    Plant("retention", "E9832", "group of two lines", small("It: # here\n  Type: AWS::Logs::LogGroup")),
    # Secrets
    Plant(
        "secrets",
        "E9821",
        "parameter that shows its value",
        "Parameters:\n  AdminPassword: # here\n    Type: String\n"
        "Resources: {A: {Type: AWS::CloudFormation::WaitConditionHandle}}\n",
    ),
    Plant(
        "secrets",
        "E9821",
        "default of a hidden parameter",
        "Parameters:\n  ApiToken:\n    Type: String\n    NoEcho: true\n    Default: hunter2 # here\n"
        "Resources: {A: {Type: AWS::CloudFormation::WaitConditionHandle}}\n",
    ),
    Plant(
        "secrets",
        "E9821",
        "hidden parameter in a container",
        _property(
            "AWS::ECS::TaskDefinition",
            "ContainerDefinitions: [{Name: a, Environment: [{Name: STRIPE_API_KEY, Value: !Ref StripeKey}]}]",
        ),
    ),
    Plant(
        "secrets",
        "E9821",
        "login in user data",
        small(
            """
            Server:
              Type: AWS::EC2::Instance
              Properties:
                UserData:
                  Fn::Base64: !Sub "#!/bin/sh\\nmysql --password=correct-horse -h ${Host}\\n" # here
            """
        ),
    ),
    Plant("secrets", "E9821", "key of a user", _property("AWS::SSM::Parameter", "Value: AKIAIOSFODNN7EXAMPLE")),
    Plant(
        "secrets",
        "E9821",
        "literal secret",
        _property("AWS::SecretsManager::Secret", "SecretString: !Sub 'hunter2-${AWS::Region}'"),
    ),
    Plant("secrets", "E9821", "access key", _resource("AWS::IAM::AccessKey", "{UserName: a}")),
    Plant("secrets", "E9822", "secret alone", _resource("AWS::SecretsManager::Secret", "{Name: a}")),
    # Exposure
    Plant(
        "exposure",
        "E9823",
        "trust under a wildcard",
        _trust(
            "- {Effect: Allow, Principal: {Service: [ecs-tasks.amazonaws.com]}, Action: 'sts:AssumeRole', Condition: "
            "{ArnLike: {aws:SourceArn: 'arn:aws:ecs:*:*:*'}}} # here"
        ),
    ),
    Plant(
        "exposure",
        "E9823",
        "queue for every bucket",
        small(
            """
            Policy:
              Type: AWS::SQS::QueuePolicy
              Properties:
                Queues: [a]
                PolicyDocument:
                  Statement:
                    - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: 'sqs:SendMessage', Resource: a} # here
            """
        ),
    ),
    Plant(
        "exposure",
        "E9823",
        "bucket that may be another's",
        small(
            """
            It:
              Type: AWS::Lambda::Permission
              Properties: {Principal: s3.amazonaws.com, SourceArn: 'arn:aws:s3:::orders'} # here
            """
        ),
    ),
    Plant(
        "exposure",
        "E9824",
        "endpoint by default",
        small("It:\n  Type: AWS::EC2::VPCEndpoint\n  Properties: {VpcId: a} # here"),
    ),
    Plant("exposure", "E9838", "open URL", _property("AWS::Lambda::Url", "AuthType: NONE")),
    Plant(
        "exposure",
        "E9838",
        "function alone",
        small("It:\n  Type: AWS::Lambda::Function\n  Properties: {Handler: a} # here"),
    ),
    # More spellings
    Plant(
        "secrets",
        "E9837",
        "master password in a parameter",
        small(
            """
            It:
              Type: AWS::RDS::DBInstance
              Properties: {Engine: mysql, EnableIAMDatabaseAuthentication: true, MasterUserPassword: !Ref Password} # here
            """
        ),
    ),
    Plant(
        "secrets",
        "E9821",
        "connection with its password",
        _property(
            "AWS::Lambda::Function", "Environment: {Variables: {DATABASE: Server=orders;User=app;Password=hunter2}}"
        ),
    ),
    Plant(
        "trails",
        "E9835",
        "logins without a trace",
        _property(
            "AWS::RDS::DBClusterParameterGroup",
            "Parameters: {shared_preload_libraries: pgaudit, log_connections: 0}",
            "Family: aurora-postgresql17",
        ),
    ),
    Plant(
        "transport",
        "E9825",
        "origin over HTTP in one arm",
        _property(
            "AWS::CloudFront::Distribution",
            "DistributionConfig: {Origins: [{CustomOriginConfig: {OriginProtocolPolicy: !If [A, http-only, https-only]}}]}",
        ),
    ),
    Plant(
        "transport",
        "E9825",
        "rule of a listener under a condition",
        small(
            """
            Plain:
              Type: AWS::ElasticLoadBalancingV2::Listener
              Properties: {Protocol: HTTP, DefaultActions: [{Type: fixed-response}]}
            Rule:
              Type: AWS::ElasticLoadBalancingV2::ListenerRule
              Condition: Test
              Properties:
                ListenerArn: !Ref Plain
                Actions: [{Type: forward, TargetGroupArn: a}] # here
            """
        ),
    ),
    Plant(
        "trails",
        "E9834",
        "statements with their values",
        _property("AWS::RDS::DBParameterGroup", "Parameters: {general_log: 1}", "Family: aurora-mysql8.0"),
    ),
    Plant(
        "secrets",
        "E9822",
        "yearly rotation",
        small(
            """
            Login: # here
              Type: AWS::SecretsManager::Secret
            Rotation:
              Type: AWS::SecretsManager::RotationSchedule
              Properties: {SecretId: !Ref Login, RotationRules: {AutomaticallyAfterDays: 365}}
            """
        ),
    ),
    Plant(
        "wildcard principals",
        "E9812",
        "account without a second factor",
        _trust(
            "- {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sts:AssumeRole', Condition: "
            "{BoolIfExists: {aws:MultiFactorAuthPresent: true}}} # here"
        ),
    ),
    Plant(
        "public access",
        "E9831",
        "database by default",
        small("It:\n  Type: AWS::RDS::DBInstance\n  Properties: {Engine: mysql} # here"),
    ),
    Plant(
        "transport",
        "E9819",
        "targets over HTTP",
        _property("AWS::ElasticLoadBalancingV2::TargetGroup", "Protocol: HTTP"),
    ),
    Plant(
        "public access",
        "E9830",
        "lists that work",
        _property("AWS::S3::Bucket", "OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}"),
    ),
    Plant(
        "trails",
        "E9833",
        "execution log off",
        small(
            """
            Stage:
              Type: AWS::ApiGateway::Stage
              Properties:
                AccessLogSetting: {DestinationArn: a}
                MethodSettings:
                  - LoggingLevel: 'OFF' # here
            """
        ),
    ),
    # Next after these
    Plant(
        "next",
        "E9808",
        "first version of the metadata service",
        _resource("AWS::EC2::LaunchTemplate", "{LaunchTemplateData: {MetadataOptions: {HttpTokens: optional}}}"),
    ),
    Plant(
        "next",
        "E9802",
        "key that does not rotate",
        small("It:\n  Type: AWS::KMS::Key\n  Properties: {EnableKeyRotation: false} # here"),
    ),
    Plant(
        "next",
        "E9802",
        "volume in plaintext",
        small("It:\n  Type: AWS::EC2::Volume\n  Properties: {Encrypted: false} # here"),
    ),
    Plant("next", "E9839", "database without backups", _property("AWS::RDS::DBInstance", "BackupRetentionPeriod: 0")),
)

_SERVICE = "- {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole', Condition: "
# What looks like a misconfiguration of the rule and is none.
NEAR_MISSES: dict[str, tuple[str, str]] = {
    "everyone of the organization": (
        "E9812",
        small(
            """
            Policy:
              Type: AWS::SNS::TopicPolicy
              Properties:
                Topics: [a]
                PolicyDocument:
                  Statement:
                    - Effect: Allow
                      Principal: '*'
                      Action: sns:Publish
                      Resource: a
                      Condition: {StringEquals: {aws:PrincipalOrgID: !Ref Organization}}
            """
        ),
    ),
    "everyone who is denied": ("E9812", _policy("- {Effect: Deny, Principal: '*', Action: 's3:*', Resource: a}")),
    "root of the own account in a key policy": (
        "E9813",
        small(
            """
            Key:
              Type: AWS::KMS::Key
              Properties:
                KeyPolicy:
                  Statement:
                    - Effect: Allow
                      Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}
                      Action: kms:*
                      Resource: '*'
            """
        ),
    ),
    "account with an external id": (
        "E9812",
        _trust(
            "- {Effect: Allow, Principal: {AWS: '123456789012'}, Action: 'sts:AssumeRole', Condition: "
            "{StringEquals: {sts:ExternalId: !Ref Id}}}"
        ),
    ),
    "principals in a parameter": (
        "E9812",
        _trust(
            "- {Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'sts:AssumeRole', "
            "Condition: {ArnLike: {aws:PrincipalArn: !Ref Analysts}}}",
            "Parameters:\n  Analysts: {Type: CommaDelimitedList}\n",
        ),
    ),
    "repository of GitHub": (
        "E9812",
        _trust(
            "- {Effect: Allow, Principal: {Federated: !Ref Provider}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: "
            "{StringLike: {'token.actions.githubusercontent.com:sub': 'repo:orders/orders:*'}}}"
        ),
    ),
    "writing actions of one service": (
        "E9813",
        _policy("- {Effect: Allow, Action: 's3:Put*', Resource: !GetAtt A.Arn}"),
    ),
    "reading permissions": ("E9814", _policy("- {Effect: Allow, Action: ['iam:Get*', 'iam:List*'], Resource: '*'}")),
    "one role to pass": ("E9814", _policy("- {Effect: Allow, Action: 'iam:PassRole', Resource: !GetAtt Role.Arn}")),
    "one function to change": (
        "E9814",
        _policy("- {Effect: Allow, Action: 'lambda:UpdateFunctionCode', Resource: !GetAtt Function.Arn}"),
    ),
    "preflight": ("E9815", _property("AWS::ApiGateway::Method", "AuthorizationType: NONE", "HttpMethod: OPTIONS")),
    "message of a web socket": (
        "E9815",
        small(
            """
            Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, Name: a}}
            Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $default}}
            """
        ),
    ),
    "internal load balancer": (
        "E9816",
        _resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "{Scheme: internal}"),
    ),
    "load balancer with its association": (
        "E9816",
        small(
            """
            Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
            Web: {Type: AWS::WAFv2::WebACLAssociation, Properties: {ResourceArn: !Ref Balancer, WebACLArn: a}}
            """
        ),
    ),
    "own range": (
        "E9817",
        small(
            """
            Rule:
              Type: AWS::EC2::SecurityGroupIngress
              Properties: {GroupId: sg-1, CidrIp: 10.0.0.0/8, IpProtocol: tcp, FromPort: 443, ToPort: 443}
            """
        ),
    ),
    "answers through an ACL": (
        "E9817",
        small(
            """
            Entry:
              Type: AWS::EC2::NetworkAclEntry
              Properties: {CidrBlock: 0.0.0.0/0, RuleAction: allow, Protocol: 6, PortRange: {From: 32768, To: 65535}}
            """
        ),
    ),
    "rejection": (
        "E9819",
        _property(
            "AWS::ElasticLoadBalancingV2::Listener", "Protocol: HTTP", "DefaultActions: [{Type: fixed-response}]"
        ),
    ),
    "redirect": (
        "E9819",
        _property(
            "AWS::ElasticLoadBalancingV2::Listener",
            "Protocol: HTTP",
            "DefaultActions: [{Type: redirect, RedirectConfig: {Protocol: HTTPS, StatusCode: HTTP_301}}]",
        ),
    ),
    "name of a secret in an environment": (
        "E9821",
        _property("AWS::Lambda::Function", "Environment: {Variables: {DB_SECRET_ARN: !Ref Secret, TOKEN_TTL: '60'}}"),
    ),
    "password by a dynamic reference": (
        "E9821",
        _property(
            "AWS::RDS::DBCluster", "MasterUserPassword: '{{resolve:secretsmanager:orders:SecretString:password}}'"
        ),
    ),
    "secret of a container": (
        "E9821",
        _property(
            "AWS::CodeBuild::Project",
            "Environment: {EnvironmentVariables: [{Name: TOKEN, Type: SECRETS_MANAGER, Value: orders}]}",
        ),
    ),
    "script that asks for its password": (
        "E9821",
        small(
            """
            Server:
              Type: AWS::EC2::Instance
              Properties:
                UserData:
                  Fn::Base64: |
                    DB_PASSWORD="$(aws secretsmanager get-secret-value --secret-id orders)"
                    mysql --password="$DB_PASSWORD"
            """
        ),
    ),
    "source if present": (
        "E9823",
        _trust(f"{_SERVICE}{{StringEqualsIfExists: {{aws:SourceAccount: !Ref AWS::AccountId}}}}}}"),
    ),
    "source by its ARN": (
        "E9823",
        _trust(f"{_SERVICE}{{ArnLike: {{aws:SourceArn: !Sub 'arn:aws:lambda:*:${{AWS::AccountId}}:function:*'}}}}}}"),
    ),
    "endpoint for one bucket": (
        "E9824",
        small(
            """
            Endpoint:
              Type: AWS::EC2::VPCEndpoint
              Properties:
                PolicyDocument:
                  Statement: [{Effect: Allow, Principal: '*', Action: '*', Resource: 'arn:aws:s3:::orders/*'}]
            """
        ),
    ),
    "master password of Secrets Manager": (
        "E9837",
        _property(
            "AWS::RDS::DBCluster",
            "EnableIAMDatabaseAuthentication: true",
            "MasterUserPassword: !Sub '{{resolve:secretsmanager:${Login}:SecretString:password}}'",
        ),
    ),
    "retention in both arms": ("E9832", _property("AWS::Logs::LogGroup", "RetentionInDays: !If [Long, 365, 30]")),
    "private database in both arms": (
        "E9831",
        _property("AWS::RDS::DBInstance", "PubliclyAccessible: !If [A, false, 'false']"),
    ),
    "network in both arms": (
        "E9838",
        _property("AWS::Lambda::Function", "VpcConfig: !If [A, {SubnetIds: [a]}, {SubnetIds: [b]}]"),
    ),
    "parameters of an instance of a cluster": (
        "E9836",
        _property("AWS::RDS::DBParameterGroup", "Parameters: {wait_timeout: '60'}", "Family: aurora-mysql8.0"),
    ),
    "single database of MySQL with its audit": (
        "E9835",
        _property("AWS::RDS::DBInstance", "EnableCloudwatchLogsExports: [audit, error]", "Engine: mysql"),
    ),
}
