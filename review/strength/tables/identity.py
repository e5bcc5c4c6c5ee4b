"""Who may do what, apart from policy documents: authorisation, sign-in, rotation, instance metadata, isolation, integrity."""

from __future__ import annotations

import math

from review.findings.strength import AUTHORISATION, INSTANCE_METADATA, INTEGRITY, ISOLATION, ROTATION, SIGN_IN
from review.strength.grades import identity as grades
from review.strength.measures import (
    FLAG,
    NEVER,
    Allows,
    Graded,
    Less,
    Levels,
    Members,
    Missing,
    More,
    Off,
    On,
    Present,
    Unordered,
)
from review.strength.order import EVERYTHING, NOTHING, Bounds
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_API_ROUTES = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route")
_AUTHORIZERS = ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer")
_LISTENERS = ("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")
_TASK = "AWS::ECS::TaskDefinition"
_TASKS = (_TASK, "AWS::ECS::DaemonTaskDefinition")
_MACHINES = (
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::SpotFleet",
)
_JOBS = "AWS::Batch::JobDefinition"
_USER_POOL = "AWS::Cognito::UserPool"
_CLIENT = "AWS::Cognito::UserPoolClient"

_AUTHORISATION: tuple[Row, ...] = (
    *table(
        AUTHORISATION,
        # Signatures, user pools and authorizers of one's own all identify the caller; which is stronger depends on them.
        (_API_ROUTES, "AuthorizationType", Levels(("NONE", "AWS_IAM|CUSTOM|COGNITO_USER_POOLS|JWT"))),
        (_API_ROUTES, "ApiKeyRequired", On()),
        (_API_ROUTES, "AuthorizationScopes", Unordered()),
        (_API_ROUTES, "AuthorizerId", Unordered()),
        (_AUTHORIZERS, "IdentityValidationExpression", Present()),
        (_AUTHORIZERS, "AuthorizerResultTtlInSeconds", Less(absent=300)),
        (_AUTHORIZERS, ("AuthorizerUri", "IdentitySource"), Unordered()),
        ("AWS::ApiGateway::Authorizer", "ProviderARNs", Unordered()),
        ("AWS::ApiGatewayV2::Authorizer", "JwtConfiguration", Unordered()),
        ("AWS::ApiGateway::ApiKey", "Enabled", Off()),
        (("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"), "ClientCertificateId", Present()),
        (
            "AWS::AppSync::GraphQLApi",
            "AuthenticationType",
            Levels(("API_KEY", "AWS_IAM|AMAZON_COGNITO_USER_POOLS|OPENID_CONNECT|AWS_LAMBDA")),
        ),
        ("AWS::AppSync::GraphQLApi", "AdditionalAuthenticationProviders", Allows()),
        ("AWS::AppSync::GraphQLApi", "UserPoolConfig/DefaultAction", Levels(("ALLOW", "DENY"))),
        ("AWS::AppSync::GraphQLApi", "IntrospectionConfig", Levels(("ENABLED", "DISABLED"))),
        (
            ANY,
            ("EnableIAMDatabaseAuthentication", "IamAuthEnabled", "ManageMasterUserPassword", "ManageMasterPassword"),
            On(),
        ),
        (
            ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster"),
            "MasterUserAuthenticationType",
            Levels(("password", "iam-db-auth")),
        ),
        ("AWS::RDS::DBProxy", "DefaultAuthScheme", Levels(("NONE", "IAM_AUTH"))),
        ("AWS::RedshiftServerless::Namespace", "ManageAdminPassword", On()),
        ("AWS::ElastiCache::ReplicationGroup", ("AuthToken", "UserGroupIds"), Present()),
        ("AWS::ElastiCache::ServerlessCache", "UserGroupId", Present()),
        ("AWS::ElastiCache::User", "NoPasswordRequired", Off()),
        ("AWS::ElastiCache::User", "AuthenticationMode/Type", Levels(("no-password-required", "password", "iam"))),
        ("AWS::ElastiCache::UserGroup", "UserIds", Allows()),
        (("AWS::ElastiCache::User", "AWS::MemoryDB::User"), "AccessString", Unordered()),
        ("AWS::MemoryDB::Cluster", "ACLName", Levels(("open-access",), other=1)),
        ("AWS::MemoryDB::ACL", "UserNames", Allows()),
        ("AWS::MSK::Cluster", "ClientAuthentication/Unauthenticated/Enabled", Off()),
        ("AWS::MSK::Cluster", ("Sasl/Scram/Enabled", "ClientAuthentication/Tls/Enabled"), On()),
        (("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"), "Sasl/Iam/Enabled", On()),
        (_DOMAINS, ("AdvancedSecurityOptions/Enabled", "CognitoOptions/Enabled"), On()),
        ("AWS::OpenSearchService::Domain", "SAMLOptions/Enabled", On()),
        (_DOMAINS, "AdvancedSecurityOptions/AnonymousAuthEnabled", Off()),
        ("AWS::OpenSearchService::Domain", "SAMLOptions/SessionTimeoutMinutes", Less(absent=60)),
        ("AWS::CloudFront::OriginAccessControl", "SigningBehavior", Levels(("never", "no-override", "always"))),
        (
            "AWS::CloudFront::Distribution",
            ("Origins/OriginAccessControlId", "S3OriginConfig/OriginAccessIdentity"),
            Present(),
        ),
        ("AWS::CloudFront::Distribution", ("TrustedKeyGroups", "TrustedSigners"), Present()),
        (
            "AWS::CloudFront::Distribution",
            "ViewerMtlsConfig",
            Graded(grades.client_certificate, Bounds(0, 3)),
        ),
        ("AWS::CloudFront::Distribution", "ViewerMtlsConfig/TrustStoreConfig/IgnoreCertificateExpiry", Off()),
        ("AWS::CloudFront::KeyGroup", "KeyGroupConfig/Items", Allows()),
        (_LISTENERS, "OnUnauthenticatedRequest", Levels(("allow", "authenticate", "deny"), absent="authenticate")),
        (
            "AWS::ElasticLoadBalancingV2::Listener",
            "MutualAuthentication/Mode",
            Levels(("off", "passthrough", "verify")),
        ),
        ("AWS::ElasticLoadBalancingV2::Listener", "MutualAuthentication/IgnoreClientCertificateExpiry", Off()),
        (
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Conditions",
            Graded(grades.conditions, Bounds(NOTHING, EVERYTHING)),
        ),
        (
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            (
                "Conditions/Values",
                "HostHeaderConfig/Values",
                "HttpHeaderConfig/Values",
                "HttpRequestMethodConfig/Values",
                "PathPatternConfig/Values",
                "SourceIpConfig/Values",
            ),
            Allows(),
        ),
        (
            ("AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"),
            "MutualTlsAuthentication/TruststoreUri",
            Present(),
        ),
        ("AWS::EKS::Cluster", "AccessConfig/AuthenticationMode", Levels(("CONFIG_MAP", "API_AND_CONFIG_MAP", "API"))),
        ("AWS::EKS::Cluster", "AccessConfig/BootstrapClusterCreatorAdminPermissions", Off(absent=True)),
        ("AWS::EKS::AccessEntry", ("AccessPolicies", "KubernetesGroups"), Allows()),
        (
            ("AWS::VpcLattice::Service", "AWS::VpcLattice::ServiceNetwork"),
            "AuthType",
            Levels(("NONE", "AWS_IAM"), absent="NONE"),
        ),
        ("AWS::Transfer::Server", "IdentityProviderType", Unordered()),
        ("AWS::Transfer::User", ("SshPublicKeys", "HomeDirectoryMappings"), Unordered()),
        ("AWS::EC2::VerifiedAccessEndpoint", "PolicyEnabled", On()),
        ("AWS::EC2::VerifiedAccessGroup", "PolicyEnabled", On()),
        ("AWS::EC2::ClientVpnEndpoint", "AuthenticationOptions", Members()),
        ("AWS::EC2::ClientVpnEndpoint", "SessionTimeoutHours", Less(absent=24)),
        (_MACHINES, "KeyName", Missing()),
        # The project's own: what a client may read, by the entitlements of its key.
        ("Custom::ApiKeyEntitlement", ("Scopes", "Symbols"), Allows()),
        ("AWS::ECS::TaskDefinition", "AuthorizationConfig/IAM", Levels(("DISABLED", "ENABLED"))),
        (_JOBS, "AuthorizationConfig/Iam", Levels(("DISABLED", "ENABLED"))),
        ("AWS::IAM::Role", "MaxSessionDuration", Less(absent=3600)),
        ("AWS::SSO::PermissionSet", "SessionDuration", Unordered()),
        ("AWS::RolesAnywhere::Profile", "DurationSeconds", Less(absent=3600)),
        ("AWS::RolesAnywhere::Profile", "RequireInstanceProperties", On()),
        ("AWS::IoT::RoleAlias", "CredentialDurationSeconds", Less(absent=3600)),
        ("AWS::IoT::Authorizer", "SigningDisabled", Off()),
        ("AWS::IoT::CACertificate", "AutoRegistrationStatus", Levels(("ENABLE", "DISABLE"), absent="DISABLE")),
        ("AWS::IAM::OIDCProvider", ("ClientIdList", "ThumbprintList"), Allows()),
        ("AWS::IAM::SAMLProvider", "AssertionEncryptionMode", Levels(("Allowed", "Required"))),
        ("AWS::IAM::AccessKey", "Status", Levels(("Active", "Inactive"), absent="Active")),
        (
            "AWS::LakeFormation::DataLakeSettings",
            ("AllowExternalDataFiltering", "AllowFullTableExternalDataAccess"),
            Off(),
        ),
        ("AWS::LakeFormation::DataLakeSettings", "Admins", Allows()),
        ("AWS::Events::Connection", "AuthorizationType", Unordered()),
        ("AWS::Grafana::Workspace", "AuthenticationProviders", Unordered()),
        ("AWS::Grafana::Workspace", "PluginAdminEnabled", Off()),
        ("AWS::EMR::Cluster", "KerberosAttributes", Present()),
        ("AWS::EMR::Cluster", "VisibleToAllUsers", Off()),
        ("AWS::SNS::Topic", "SignatureVersion", More(absent=1)),
        ("AWS::SQS::Queue", "RedriveAllowPolicy", Unordered()),
        ("AWS::VerifiedPermissions::PolicyStore", "ValidationSettings/Mode", Levels(("OFF", "STRICT"))),
        ("AWS::Amplify::App", "BasicAuthConfig/EnableBasicAuth", On()),
        ("AWS::Organizations::Organization", "FeatureSet", Levels(("CONSOLIDATED_BILLING", "ALL"), absent="ALL")),
        ("AWS::Backup::LogicallyAirGappedBackupVault", "MpaApprovalTeamArn", Present()),
        ("AWS::MPA::ApprovalTeam", "MinApprovalsRequired", More()),
        ("AWS::Athena::WorkGroup", "WorkGroupConfiguration/EnforceWorkGroupConfiguration", On(absent=True)),
        ("AWS::Athena::WorkGroup", "ExpectedBucketOwner", Present()),
        ("AWS::Athena::WorkGroup", "RequesterPaysEnabled", Off()),
    ),
    *table(
        AUTHORISATION,
        ("AWS::RDS::DBProxy", "Auth/IAMAuth", Levels(("DISABLED", "ENABLED", "REQUIRED"))),
        # Access control lists have no effect if the owner of the bucket owns every object. Without the control they have.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
        (
            "AWS::S3::Bucket",
            "OwnershipControls/Rules/ObjectOwnership",
            Levels(("ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced")),
        ),
        without=Without.DEFAULT,
    ),
    *table(
        AUTHORISATION,
        ("AWS::CloudFront::Distribution", "Origins/OriginCustomHeaders", Members()),
        # An action that authenticates, before the one that forwards.
        (_LISTENERS, ("AuthenticateOidcConfig", "AuthenticateCognitoConfig", "JwtValidationConfig"), Present()),
        without=Without.DEFAULT,
    ),
)

_PASSWORD_RULES = ("RequireLowercase", "RequireNumbers", "RequireSymbols", "RequireUppercase")

_SIGN_IN: tuple[Row, ...] = table(
    SIGN_IN,
    (_USER_POOL, "MfaConfiguration", Levels(("OFF", "OPTIONAL", "ON"))),
    (_USER_POOL, "EnabledMfas", Unordered()),
    (_USER_POOL, "UserPoolAddOns/AdvancedSecurityMode", Levels(("OFF", "AUDIT", "ENFORCED"))),
    (_USER_POOL, "CustomAuthMode", Levels(("", "AUDIT", "ENFORCED"))),
    (_USER_POOL, "UserPoolTier", Levels(("LITE", "ESSENTIALS", "PLUS"), absent="ESSENTIALS")),
    (_USER_POOL, "AdminCreateUserConfig/AllowAdminCreateUserOnly", On()),
    # https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
    (_USER_POOL, "PasswordPolicy/MinimumLength", More(absent=8)),
    (_USER_POOL, tuple(f"PasswordPolicy/{name}" for name in _PASSWORD_RULES), On()),
    (_USER_POOL, "PasswordPolicy/TemporaryPasswordValidityDays", Less(absent=7)),
    (_USER_POOL, "PasswordPolicy/PasswordHistorySize", More(absent=0, weakest=0)),
    (_USER_POOL, "SignInPolicy/AllowedFirstAuthFactors", Allows()),
    (_USER_POOL, "DeviceConfiguration/ChallengeRequiredOnNewDevice", On()),
    (_USER_POOL, "AutoVerifiedAttributes", Members()),
    (_USER_POOL, "UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate", Members()),
    (_USER_POOL, "AccountRecoverySetting", Unordered()),
    (_CLIENT, ("ExplicitAuthFlows", "AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs", "LogoutURLs"), Allows()),
    (_CLIENT, "SupportedIdentityProviders", Allows()),
    (_CLIENT, "GenerateSecret", On()),
    (_CLIENT, "PreventUserExistenceErrors", Levels(("LEGACY", "ENABLED"))),
    (_CLIENT, "EnableTokenRevocation", On(absent=True)),
    (_CLIENT, "RefreshTokenRotation/Feature", Levels(("DISABLED", "ENABLED"))),
    # The units are in another property, so an absent value has no rank.
    (_CLIENT, ("AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity"), Less()),
    (
        _CLIENT,
        ("TokenValidityUnits/AccessToken", "TokenValidityUnits/IdToken", "TokenValidityUnits/RefreshToken"),
        Unordered(),
    ),
    ("AWS::Cognito::IdentityPool", "AllowClassicFlow", Off()),
    ("AWS::Cognito::IdentityPool", "CognitoIdentityProviders/ServerSideTokenCheck", On()),
    (
        "AWS::Cognito::UserPoolRiskConfigurationAttachment",
        ("AccountTakeoverRiskConfiguration", "CompromisedCredentialsRiskConfiguration", "RiskExceptionConfiguration"),
        Unordered(),
    ),
    ("AWS::IAM::User", "LoginProfile", Missing()),
    ("AWS::IAM::User", "LoginProfile/PasswordResetRequired", On()),
    ("AWS::SecretsManager::Secret", "GenerateSecretString/PasswordLength", More(absent=32)),
    (
        "AWS::SecretsManager::Secret",
        ("ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase"),
        Off(),
    ),
    ("AWS::SecretsManager::Secret", "RequireEachIncludedType", On(absent=True)),
    ("AWS::SecretsManager::Secret", "ExcludeCharacters", Allows()),
)

_ROTATION: tuple[Row, ...] = table(
    ROTATION,
    ("AWS::KMS::Key", "EnableKeyRotation", On()),
    ("AWS::KMS::Key", "RotationPeriodInDays", Less(absent=365)),
    (
        "AWS::SecretsManager::RotationSchedule",
        "RotationRules",
        Graded(grades.rotation_days, Bounds(-math.inf, UNKNOWN)),
    ),
    ("AWS::SecretsManager::RotationSchedule", ("RotationLambdaARN", "HostedRotationLambda/RotationType"), Unordered()),
    ("AWS::IAM::AccessKey", "Serial", More(absent=0)),
    ("AWS::AppSync::ApiKey", "Expires", Less(absent=NEVER)),
    ("AWS::Location::APIKey", "NoExpiry", Off()),
)

_METADATA: tuple[Row, ...] = table(
    INSTANCE_METADATA,
    # Without the property the image decides, and most images allow the first version.
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    (ANY, "HttpTokens", Levels(("optional", "required"))),
    (ANY, "HttpPutResponseHopLimit", Less(absent=UNKNOWN)),
    ("AWS::EC2::Instance", "MetadataOptions/HttpPutResponseHopLimit", Less(absent=1)),
    (ANY, "HttpEndpoint", Levels(("enabled", "disabled"))),
    (ANY, "InstanceMetadataTags", Levels(("enabled", "disabled"), absent="disabled")),
    (ANY, "DisableIMDSV1", On()),
    (
        "AWS::SageMaker::NotebookInstance",
        "InstanceMetadataServiceConfiguration/MinimumInstanceMetadataServiceVersion",
        More(absent=1, weakest=1),
    ),
    (
        ("AWS::ElasticBeanstalk::Environment", "AWS::ElasticBeanstalk::ConfigurationTemplate"),
        "OptionSettings/aws:autoscaling:launchconfiguration:DisableIMDSv1",
        On(),
    ),
)

_ISOLATION: tuple[Row, ...] = (
    *table(
        ISOLATION,
        (_TASKS, "ContainerDefinitions/ReadonlyRootFilesystem", On()),
        (_TASK, "ContainerDefinitions/DisableNetworking", On()),
        (_TASKS, "ContainerDefinitions/User", Graded(grades.is_not_root, FLAG)),
        (_JOBS, ("ContainerProperties/ReadonlyRootFilesystem", "SecurityContext/ReadOnlyRootFilesystem"), On()),
        (_JOBS, "SecurityContext/RunAsNonRoot", On()),
        (_JOBS, "SecurityContext/AllowPrivilegeEscalation", Off()),
        (_TASKS, "LinuxParameters/Capabilities/Drop", Members(all_words=("ALL",))),
        ("AWS::SageMaker::NotebookInstance", "RootAccess", Levels(("Enabled", "Disabled"), absent="Enabled")),
        (ANY, "EnableNetworkIsolation", On()),
        ("AWS::EC2::Instance", "EnclaveOptions/Enabled", On()),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/EnclaveOptions/Enabled", On()),
        ("AWS::Lambda::Function", "TenancyConfig/TenantIsolationMode", Present()),
        ("AWS::WorkSpaces::Directory", "UserEnabledAsLocalAdministrator", Off()),
    ),
    *table(
        ISOLATION,
        (ANY, "Privileged", Off()),
        ("AWS::CodeBuild::Project", "Environment/PrivilegedMode", Off()),
        (_TASKS, "LinuxParameters/Capabilities/Add", Allows(all_words=("ALL",))),
        (_TASKS, "LinuxParameters/Devices", Missing()),
        (_TASKS, "Volumes/Host/SourcePath", Missing()),
        (_TASK, "DockerSecurityOptions", Unordered()),
        (_TASK, "NetworkMode", Levels(("host",), absent="bridge", other=1)),
        (_TASKS, ("PidMode", "IpcMode"), Levels(("host",), absent="task", other=1)),
        (_TASK, "EnableFaultInjection", Off()),
        (ANY, "EnableExecuteCommand", Off()),
        (_JOBS, ("PodProperties/HostNetwork", "PodProperties/ShareProcessNamespace"), Off()),
        (_JOBS, "Volumes/Host/SourcePath", Missing()),
        (_TASKS, "MountPoints/ReadOnly", On()),
        without=Without.SAFE,
    ),
)

_INTEGRITY: tuple[Row, ...] = table(
    INTEGRITY,
    ("AWS::CloudTrail::Trail", "EnableLogFileValidation", On()),
    ("AWS::Lambda::Function", "CodeSigningConfigArn", Present()),
    ("AWS::Lambda::CodeSigningConfig", "UntrustedArtifactOnDeployment", Levels(("Warn", "Enforce"), absent="Warn")),
    ("AWS::Lambda::CodeSigningConfig", "AllowedPublishers/SigningProfileVersionArns", Allows()),
    (
        ("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"),
        "ImageTagMutability",
        Levels(("MUTABLE", "MUTABLE_WITH_EXCLUSION|IMMUTABLE_WITH_EXCLUSION", "IMMUTABLE")),
    ),
    ("AWS::ECR::Repository", "ImageTagMutabilityExclusionFilters", Unordered()),
    ("AWS::ECR::SigningConfiguration", "Rules", Unordered()),
    ("AWS::Route53::KeySigningKey", "Status", Levels(("INACTIVE", "ACTIVE"))),
    ("AWS::Route53GlobalResolver::DnsView", "DnssecValidation", Levels(("DISABLED", "ENABLED"))),
    ("AWS::SES::EmailIdentity", "DkimAttributes/SigningEnabled", On(absent=True)),
    ("AWS::Transfer::Agreement", "EnforceMessageSigning", Levels(("DISABLED", "ENABLED"))),
    ("AWS::CertificateManager::Certificate", "CertificateTransparencyLoggingPreference", On(absent="ENABLED")),
    ("AWS::CertificateManager::Certificate", "CertificateExport", Off(absent="DISABLED")),
    ("AWS::ACMPCA::CertificateAuthority", ("CrlConfiguration/Enabled", "OcspConfiguration/Enabled"), On()),
    ("AWS::CodeArtifact::PackageGroup", "OriginConfiguration/Restrictions", Unordered()),
)

ROWS: tuple[Row, ...] = (*_AUTHORISATION, *_SIGN_IN, *_ROTATION, *_METADATA, *_ISOLATION, *_INTEGRITY)

PRESENCES: tuple[Presence, ...] = (
    Presence(("AWS::SecretsManager::RotationSchedule",), ROTATION),
    Presence(("AWS::Cognito::UserPoolRiskConfigurationAttachment", "AWS::IAM::VirtualMFADevice"), SIGN_IN),
    Presence(
        (
            "AWS::EKS::AccessEntry",
            "AWS::EKS::PodIdentityAssociation",
            "AWS::IAM::AccessKey",
            "AWS::LakeFormation::Permissions",
            "AWS::LakeFormation::PrincipalPermissions",
            "AWS::SSO::Assignment",
            "AWS::Transfer::User",
            "Custom::ApiKeyEntitlement",
        ),
        AUTHORISATION,
        is_risk=True,
    ),
    Presence(
        (
            "AWS::ECR::RegistryPolicy",
            "AWS::Logs::ResourcePolicy",
            "AWS::S3::BucketPolicy",
            "AWS::S3Express::BucketPolicy",
            "AWS::S3Tables::TableBucketPolicy",
            "AWS::SNS::TopicInlinePolicy",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueueInlinePolicy",
            "AWS::SQS::QueuePolicy",
            "AWS::SecretsManager::ResourcePolicy",
        ),
        AUTHORISATION,
        applies=grades.denies,
    ),
    Presence(
        (
            "AWS::ECR::SigningConfiguration",
            "AWS::Lambda::CodeSigningConfig",
            "AWS::Route53::DNSSEC",
            "AWS::Route53::KeySigningKey",
            "AWS::Route53Resolver::ResolverDNSSECConfig",
        ),
        INTEGRITY,
    ),
)
