"""How connections are protected, and what is checked of requests and responses on their way."""

from __future__ import annotations

from review.findings.strength import REQUEST_CHECKS, TLS
from review.strength.grades import transport as grades
from review.strength.measures import FLAG, Allows, Altered, Graded, Levels, Members, More, Off, On, Present, Unordered
from review.strength.order import EVERYTHING, NOTHING, Bounds
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_GROUPS = ("AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::VpcLattice::TargetGroup")
_CLUSTER_PARAMETERS = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
_FILE_SYSTEMS = ("AWS::Batch::JobDefinition", "AWS::ECS::TaskDefinition")
_DISTRIBUTION = "AWS::CloudFront::Distribution"
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"

# From the table of protocols: the policies of one line accept the same versions, and then the order is that of ciphers.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
BALANCER_POLICIES = (
    "ELBSecurityPolicy-TLS-1-0-2015-04|ELBSecurityPolicy-TLS-1-0-2017-01",
    "ELBSecurityPolicy-2016-08|ELBSecurityPolicy-2015-05|ELBSecurityPolicy-FS-2018-06|ELBSecurityPolicy-TLS13-1-0-2021-06"
    "|ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04|ELBSecurityPolicy-TLS13-1-0-PQ-2025-09"
    "|ELBSecurityPolicy-TLS13-1-0-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS-1-1-2017-01|ELBSecurityPolicy-FS-1-1-2019-08|ELBSecurityPolicy-TLS13-1-1-2021-06"
    "|ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04",
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06|ELBSecurityPolicy-FS-1-2-2019-08|ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"
    "|ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04|ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04"
    "|ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09|ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-PQ-2025-09"
    "|ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS-1-2-2017-01|ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"
    "|ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04|ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09"
    "|ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10|ELBSecurityPolicy-TLS13-1-2-Res-2021-06|ELBSecurityPolicy-TLS13-1-2-2021-06"
    "|ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04|ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04"
    "|ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09|ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09"
    "|ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06|ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04"
    "|ELBSecurityPolicy-TLS13-1-3-PQ-2025-09|ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
)

# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
API_POLICIES = (
    "TLS_1_0|TLS-1-0",
    "TLS_1_2|TLS-1-2|SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09|SecurityPolicy_TLS13_1_2_PQ_2025_09"
    "|SecurityPolicy_TLS13_1_2_2021_06|SecurityPolicy_TLS12_PFS_2025_EDGE|SecurityPolicy_TLS12_2018_EDGE"
    "|SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09|SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_3_2025_09|SecurityPolicy_TLS13_1_3_FIPS_2025_09|SecurityPolicy_TLS13_2025_EDGE",
)

# https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
TRANSFER_POLICIES = (
    "TransferSecurityPolicy-2018-11",
    "TransferSecurityPolicy-2020-06|TransferSecurityPolicy-FIPS-2020-06",
    "TransferSecurityPolicy-2022-03",
    "TransferSecurityPolicy-2023-05|TransferSecurityPolicy-FIPS-2023-05",
    "TransferSecurityPolicy-2024-01|TransferSecurityPolicy-FIPS-2024-01|TransferSecurityPolicy-FIPS-2024-05",
    "TransferSecurityPolicy-2025-03|TransferSecurityPolicy-FIPS-2025-03|TransferSecurityPolicy-AS2Restricted-2025-07",
)

_TLS: tuple[Row, ...] = (
    *table(
        TLS,
        ("AWS::ElasticLoadBalancingV2::Listener", "SslPolicy", Levels(BALANCER_POLICIES, absent=UNKNOWN)),
        (_DISTRIBUTION, "OriginProtocolPolicy", Levels(("http-only", "match-viewer", "https-only"))),
        (
            ("AWS::CloudFront::VpcOrigin",),
            "OriginProtocolPolicy",
            Levels(("http-only", "match-viewer", "https-only"), absent="match-viewer"),
        ),
        (
            (_DISTRIBUTION, "AWS::CloudFront::VpcOrigin"),
            "OriginSSLProtocols",
            Graded(grades.origin_version, Bounds(0, 4)),
        ),
        (_DISTRIBUTION, "ViewerCertificate", Graded(grades.viewer_version, Bounds(0, 8))),
        (
            ("AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2", "AWS::ApiGateway::RestApi"),
            "SecurityPolicy",
            Levels(API_POLICIES, absent=UNKNOWN),
        ),
        (
            "AWS::ApiGatewayV2::DomainName",
            "DomainNameConfigurations/SecurityPolicy",
            Levels(API_POLICIES, absent=UNKNOWN),
        ),
        ("AWS::ApiGateway::Method", "Integration/Uri", Graded(grades.is_encrypted_address, FLAG)),
        ("AWS::ApiGatewayV2::Integration", "IntegrationUri", Graded(grades.is_encrypted_address, FLAG)),
        ("AWS::SNS::Subscription", "Endpoint", Graded(grades.is_encrypted_address, FLAG)),
        ("AWS::SNS::Subscription", "Protocol", Levels(("http",), other=1)),
        (_DOMAINS, "DomainEndpointOptions/EnforceHTTPS", On()),
        (_DOMAINS, "NodeToNodeEncryptionOptions/Enabled", On()),
        # https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainEndpointOptions.html
        (
            _DOMAINS,
            "DomainEndpointOptions/TLSSecurityPolicy",
            Levels(
                (
                    "Policy-Min-TLS-1-0-2019-07",
                    "Policy-Min-TLS-1-2-2019-07|Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
                    "Policy-Min-TLS-1-2-PFS-2023-10",
                ),
                absent="Policy-Min-TLS-1-0-2019-07",
            ),
        ),
        (ANY, "TransitEncryptionEnabled", On()),
        (
            "AWS::ElastiCache::ReplicationGroup",
            "TransitEncryptionMode",
            Levels(("preferred", "required"), absent=UNKNOWN),
        ),
        (("AWS::MemoryDB::Cluster", "AWS::MemoryDB::MultiRegionCluster"), "TLSEnabled", On(absent=True)),
        (
            "AWS::MSK::Cluster",
            "EncryptionInTransit/ClientBroker",
            Levels(("PLAINTEXT", "TLS_PLAINTEXT", "TLS"), absent="TLS"),
        ),
        ("AWS::MSK::Cluster", "EncryptionInTransit/InCluster", On(absent=True)),
        ("AWS::KafkaConnect::Connector", "EncryptionType", Levels(("PLAINTEXT", "TLS"))),
        ("AWS::RDS::DBProxy", "RequireTLS", On()),
        (
            "AWS::RDS::DBInstance",
            "CACertificateIdentifier",
            Levels(
                ("rds-ca-2015", "rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1|rds-ca-ecc384-g1"),
                absent=UNKNOWN,
            ),
        ),
        (
            "AWS::DocDB::DBInstance",
            "CACertificateIdentifier",
            Levels(("rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1|rds-ca-ecc384-g1"), absent=UNKNOWN),
        ),
        ("AWS::DAX::Cluster", "ClusterEndpointEncryptionType", Levels(("NONE", "TLS"))),
        ("AWS::DMS::Endpoint", "SslMode", Levels(("none", "require", "verify-ca", "verify-full"))),
        (_FILE_SYSTEMS, "TransitEncryption", Levels(("DISABLED", "ENABLED"))),
        ("AWS::DataSync::LocationEFS", "InTransitEncryption", Levels(("NONE", "TLS1_2"))),
        (
            "AWS::DataSync::LocationHDFS",
            ("RpcProtection", "DataTransferProtection"),
            Levels(("DISABLED", "AUTHENTICATION", "INTEGRITY", "PRIVACY"), absent="PRIVACY"),
        ),
        ("AWS::Transfer::Server", "Protocols", Allows(absent=("SFTP",))),
        ("AWS::Transfer::Server", "SecurityPolicyName", Levels(TRANSFER_POLICIES, absent=UNKNOWN)),
        (("AWS::AppMesh::VirtualNode", "AWS::AppMesh::VirtualGateway"), "TLS/Enforce", On(absent=True)),
        (
            ("AWS::AppMesh::VirtualNode", "AWS::AppMesh::VirtualGateway"),
            "TLS/Mode",
            Levels(("DISABLED", "PERMISSIVE", "STRICT")),
        ),
        ("AWS::Glue::Connection", "ConnectionProperties/JDBC_ENFORCE_SSL", On()),
        (
            ("AWS::SES::ConfigurationSet", "AWS::SES::ReceiptRule"),
            "TlsPolicy",
            Levels(("Optional", "Require"), absent="Optional"),
        ),
        ("AWS::CodeBuild::Project", "InsecureSsl", Off()),
        (ANY, "EnableInterContainerTrafficEncryption", On()),
        (
            "AWS::EC2::VPC",
            "VpcEncryptionControl/Mode",
            Levels(("", "monitor", "enforce")),
        ),
        ("AWS::EC2::VPCEncryptionControl", "Mode", Levels(("", "monitor", "enforce"))),
        ("AWS::EC2::TransitGateway", "EncryptionSupport", Levels(("disable", "enable"))),
        ("AWS::EC2::VPNConnection", "IKEVersions", Allows(absent=("ikev1", "ikev2"))),
        ("AWS::EC2::VerifiedAccessInstance", "FipsEnabled", On()),
        ("AWS::WorkSpaces::Directory", "EndpointEncryptionMode", Levels(("STANDARD_TLS", "FIPS_VALIDATED"))),
        ("AWS::Chime::VoiceConnector", "RequireEncryption", On()),
        ("AWS::IVS::Channel", "InsecureIngest", Off()),
        ("AWS::IVS::IngestConfiguration", "InsecureIngest", Off()),
        ("AWS::RDS::DBParameterGroup", "Parameters/rds.force_ssl", On(absent=UNKNOWN)),
        ("AWS::RDS::DBClusterParameterGroup", "Parameters/rds.force_ssl", On(absent=UNKNOWN)),
        (_CLUSTER_PARAMETERS, "Parameters/require_secure_transport", On(absent=UNKNOWN)),
        (
            _CLUSTER_PARAMETERS,
            ("Parameters/tls_version", "Parameters/ssl_min_protocol_version"),
            Graded(grades.oldest_version, Bounds(0, 4)),
        ),
        (_CLUSTER_PARAMETERS, ("Parameters/ssl_ciphers", "Parameters/ssl_cipher"), Unordered()),
        ("AWS::Redshift::ClusterParameterGroup", "Parameters/require_ssl", On(absent=UNKNOWN)),
        ("AWS::RedshiftServerless::Workgroup", "ConfigParameters/require_ssl", On(absent=UNKNOWN)),
        (
            "AWS::DocDB::DBClusterParameterGroup",
            "Parameters/tls",
            Levels(("disabled", "enabled|fips-140-3|tls1.2+|tls1.3+"), absent="enabled"),
        ),
        (
            ("AWS::Neptune::DBClusterParameterGroup", "AWS::Neptune::DBParameterGroup"),
            "Parameters/neptune_enforce_ssl",
            On(absent=True),
        ),
        (
            ("AWS::ElasticBeanstalk::Environment", "AWS::ElasticBeanstalk::ConfigurationTemplate"),
            "OptionSettings/aws:elbv2:listener:443:SSLPolicy",
            Levels(BALANCER_POLICIES, absent=UNKNOWN),
        ),
    ),
    *table(
        TLS,
        ("AWS::ElasticLoadBalancingV2::Listener", "", Graded(grades.is_encrypted_listener, FLAG)),
        without=Without.SAFE,
        shows=("Protocol", "DefaultActions"),
    ),
    *table(
        TLS,
        (
            "AWS::ElasticLoadBalancing::LoadBalancer",
            ("Listeners/Protocol", "Listeners/InstanceProtocol"),
            Levels(("HTTP|TCP", "HTTPS|SSL"), absent="HTTP"),
        ),
        (_DISTRIBUTION, "ViewerProtocolPolicy", Levels(("allow-all", "redirect-to-https", "https-only"))),
        ("AWS::VpcLattice::Listener", "Protocol", Levels(("HTTP", "HTTPS|TLS_PASSTHROUGH"))),
        (_GROUPS, "Protocol", Levels(("HTTP|TCP|UDP|TCP_UDP|GENEVE", "HTTPS|TLS|QUIC|TCP_QUIC"), absent=UNKNOWN)),
        without=Without.SAFE,
    ),
)

_HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
_METHODS = ("AWS::ApiGateway::Method",)

_REQUEST_CHECKS: tuple[Row, ...] = table(
    REQUEST_CHECKS,
    (_METHODS, "RequestValidatorId", Present()),
    (_METHODS, "RequestParameters", Graded(grades.required_parameters, Bounds(NOTHING, EVERYTHING))),
    (_METHODS, "RequestModels", Graded(grades.names, Bounds(NOTHING, EVERYTHING))),
    (_METHODS, "RequestModels/application/json", Altered()),
    ("AWS::ApiGateway::RequestValidator", ("ValidateRequestBody", "ValidateRequestParameters"), On()),
    ("AWS::ApiGateway::Model", "Schema", Unordered()),
    (_BALANCER, "LoadBalancerAttributes/routing.http.drop_invalid_header_fields.enabled", On()),
    (
        _BALANCER,
        "LoadBalancerAttributes/routing.http.desync_mitigation_mode",
        Levels(("monitor", "defensive", "strictest"), absent="defensive"),
    ),
    ("AWS::ElasticLoadBalancing::LoadBalancer", "Policies", Unordered()),
    (
        _HEADERS,
        (
            "SecurityHeadersConfig/ContentSecurityPolicy",
            "SecurityHeadersConfig/ContentTypeOptions",
            "SecurityHeadersConfig/FrameOptions",
            "SecurityHeadersConfig/ReferrerPolicy",
            "SecurityHeadersConfig/StrictTransportSecurity",
            "SecurityHeadersConfig/XSSProtection",
        ),
        Present(),
    ),
    (_HEADERS, "FrameOptions/FrameOption", Levels(("SAMEORIGIN", "DENY"), absent=UNKNOWN)),
    (_HEADERS, ("ContentSecurityPolicy/ContentSecurityPolicy", "ReferrerPolicy/ReferrerPolicy"), Altered()),
    (_HEADERS, "StrictTransportSecurity/AccessControlMaxAgeSec", More(absent=0, weakest=0)),
    (_HEADERS, ("StrictTransportSecurity/IncludeSubdomains", "StrictTransportSecurity/Preload"), On()),
    (_HEADERS, "RemoveHeadersConfig/Items", Members()),
    (_DISTRIBUTION, "ResponseHeadersPolicyId", Present()),
    (_DISTRIBUTION, "DistributionConfig/DefaultRootObject", Present()),
    (
        _DISTRIBUTION,
        ("DefaultCacheBehavior/AllowedMethods", "CacheBehaviors/AllowedMethods"),
        Allows(absent=("GET", "HEAD")),
    ),
    (_DISTRIBUTION, ("LambdaFunctionAssociations", "FunctionAssociations"), Unordered()),
    ("AWS::ApiGatewayV2::Api", "DisableSchemaValidation", Off()),
    ("AWS::SES::ReceiptRule", "Rule/ScanEnabled", On()),
    ("AWS::RDS::DBParameterGroup", "Parameters/local_infile", Off(absent=UNKNOWN)),
    ("AWS::RDS::DBClusterParameterGroup", "Parameters/local_infile", Off(absent=UNKNOWN)),
)

ROWS: tuple[Row, ...] = (*_TLS, *_REQUEST_CHECKS)


PRESENCES: tuple[Presence, ...] = ()
