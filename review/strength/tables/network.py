"""What can be reached, and from where: public exposure, ways into and out of a network, and other origins.

Rules of security groups and network ACLs are in ``ports``.
"""

from __future__ import annotations

from review.findings.strength import AVAILABILITY, CORS, EXPOSURE, REACH
from review.strength.grades import network as grades
from review.strength.measures import FLAG, Allows, Graded, Levels, Missing, Off, On, Present, Unordered
from review.strength.order import EVERYBODY, EVERYTHING, NOBODY, NOTHING, Bounds
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_ACCESS_POINTS = ("AWS::S3::AccessPoint", "AWS::S3::MultiRegionAccessPoint", "AWS::S3Express::AccessPoint")
_LAUNCHES = (
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EC2::EC2Fleet",
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::SpotFleet",
)
_TASKS = ("AWS::ECS::Service", "AWS::ECS::TaskSet", "AWS::Events::Rule", "AWS::Pipes::Pipe", "AWS::Scheduler::Schedule")
_API_ROUTES = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route")
_BLOCKED = Bounds(NOTHING, EVERYTHING)
_REACHED = Bounds(EVERYBODY, NOBODY)

_EXPOSURE: tuple[Row, ...] = (
    *table(
        EXPOSURE,
        (ANY, ("PubliclyAccessible", "PublicConnectivity", "AllowPublicOverrides"), Off()),
        # What an instance of RDS does without the property depends on its subnets.
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
        ("AWS::RDS::DBInstance", "PubliclyAccessible", Off(absent=UNKNOWN)),
        ("AWS::DMS::ReplicationInstance", "PubliclyAccessible", Off(absent=True)),
        ("AWS::AppRunner::Service", "IngressConfiguration/IsPubliclyAccessible", Off(absent=True)),
        ("AWS::EKS::Cluster", "ResourcesVpcConfig/EndpointPublicAccess", Off(absent=True)),
        (
            "AWS::EKS::Cluster",
            "ResourcesVpcConfig/PublicAccessCidrs",
            Allows(absent=EVERYBODY, all_words=("0.0.0.0/0", "::/0")),
        ),
        ("AWS::EKS::Nodegroup", "RemoteAccess", Graded(grades.is_closed_to_ssh, FLAG)),
        ("AWS::MSK::Cluster", "PublicAccess/Type", Levels(("SERVICE_PROVIDED_EIPS", "DISABLED"), absent="DISABLED")),
        (
            "AWS::MWAA::Environment",
            "WebserverAccessMode",
            Levels(("PUBLIC_ONLY", "PRIVATE_ONLY"), absent="PRIVATE_ONLY"),
        ),
        (_DOMAINS, ("VPCOptions/SubnetIds",), Present()),
        ("AWS::OpenSearchServerless::SecurityPolicy", "Policy", Graded(grades.is_private_policy, FLAG)),
        (
            ("AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
            "Scheme",
            Levels(("internet-facing", "internal"), absent="internet-facing"),
        ),
        (
            "AWS::S3::Bucket",
            "AccessControl",
            Levels(("PublicReadWrite", "PublicRead", "AuthenticatedRead", "Private"), absent="Private", other=3),
        ),
        ("AWS::Lightsail::Bucket", "AccessRules/GetObject", Levels(("public", "private"), absent="private")),
        (
            ("AWS::StorageGateway::NFSFileShare", "AWS::StorageGateway::SMBFileShare"),
            "ObjectACL",
            Levels(("public-read-write", "public-read", "authenticated-read", "private"), absent="private", other=3),
        ),
        (
            "AWS::IoT::TopicRule",
            "S3/CannedAcl",
            Levels(("public-read-write", "public-read", "authenticated-read", "private"), absent="private", other=3),
        ),
        ("AWS::Lambda::Url", "AuthType", Levels(("NONE", "AWS_IAM"))),
        ("AWS::Transfer::Server", "EndpointType", Levels(("PUBLIC", "VPC|VPC_ENDPOINT"), absent="PUBLIC")),
        ("AWS::CodeBuild::Project", "Visibility", Levels(("PUBLIC_READ", "PRIVATE"), absent="PRIVATE")),
        ("AWS::Cognito::IdentityPool", "AllowUnauthenticatedIdentities", Off()),
        (
            "AWS::ImageBuilder::DistributionConfiguration",
            "LaunchPermissionConfiguration/UserGroups",
            Allows(all_words=("all",)),
        ),
        (
            "AWS::EC2::SnapshotBlockPublicAccess",
            "State",
            Levels(("unblocked", "block-new-sharing", "block-all-sharing")),
        ),
        (
            "AWS::EC2::VPCBlockPublicAccessOptions",
            "InternetGatewayBlockMode",
            Levels(("off", "block-ingress", "block-bidirectional")),
        ),
        ("AWS::CodeStar::GitHubRepository", "IsPrivate", On()),
        ("AWS::Grafana::Workspace", "NetworkAccessControl", Present()),
        (
            "AWS::SageMaker::NotebookInstance",
            "DirectInternetAccess",
            Levels(("Enabled", "Disabled"), absent="Enabled"),
        ),
        without=Without.SAFE,
    ),
    *table(
        EXPOSURE,
        (
            "AWS::S3::Bucket",
            "PublicAccessBlockConfiguration",
            Graded(grades.public_access_block(absent=False), _BLOCKED),
        ),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html: all on by default
        (_ACCESS_POINTS, "PublicAccessBlockConfiguration", Graded(grades.public_access_block(absent=True), _BLOCKED)),
    ),
    *table(
        EXPOSURE,
        (_API_ROUTES, "", Graded(grades.is_closed_method, FLAG)),
        without=Without.SAFE,
        shows=("AuthorizationType", "ApiKeyRequired", "HttpMethod"),
    ),
    *table(
        EXPOSURE,
        (_LAUNCHES, "AssociatePublicIpAddress", Off(absent=UNKNOWN)),
        (_TASKS, "AssignPublicIp", Levels(("ENABLED", "DISABLED"), absent="DISABLED")),
        without=Without.SAFE,
    ),
)

ATTACHED_GROUPS = (
    "ClusterSecurityGroups",
    "DBSecurityGroups",
    "GroupSet",
    "SecurityGroupIds",
    "SecurityGroups",
    "VPCSecurityGroups",
    "VpcSecurityGroupIds",
)
"""The properties that attach security groups: a resource can be reached by what any of its groups lets pass."""

_REACH: tuple[Row, ...] = (
    *table(
        REACH,
        (ANY, ATTACHED_GROUPS, Allows()),
        (ANY, ("VpcConfig", "VPCConfig"), Graded(grades.attached_subnets, FLAG)),
        ("AWS::EC2::Subnet", ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"), Off()),
        ("AWS::EC2::PrefixList", "Entries", Graded(grades.entries, _REACHED)),
        (("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"), "SourceDestCheck", On(absent=True)),
        ("AWS::EC2::VPCEndpoint", "PrivateDnsEnabled", On()),
        ("AWS::EC2::VPCEndpoint", ("SubnetIds", "RouteTableIds"), Unordered()),
        ("AWS::EC2::VPCEndpointService", "AcceptanceRequired", On(absent=True)),
        ("AWS::EC2::VPCEndpointServicePermissions", "AllowedPrincipals", Allows()),
        ("AWS::EC2::TransitGateway", "AutoAcceptSharedAttachments", Levels(("enable", "disable"), absent="disable")),
        (
            "AWS::EC2::TransitGateway",
            ("DefaultRouteTableAssociation", "DefaultRouteTablePropagation"),
            Levels(("enable", "disable"), absent="enable"),
        ),
        ("AWS::EC2::ClientVpnEndpoint", "SplitTunnel", Off()),
        ("AWS::EC2::ClientVpnAuthorizationRule", "AuthorizeAllGroups", Off()),
        ("AWS::EC2::ClientVpnAuthorizationRule", "TargetNetworkCidr", Unordered()),
        (
            "AWS::EC2::VPCBlockPublicAccessExclusion",
            "InternetGatewayExclusionMode",
            Levels(("allow-bidirectional", "allow-egress")),
        ),
        (
            "AWS::EC2::Route",
            (
                "CarrierGatewayId",
                "CoreNetworkArn",
                "DestinationCidrBlock",
                "DestinationIpv6CidrBlock",
                "DestinationPrefixListId",
                "EgressOnlyInternetGatewayId",
                "GatewayId",
                "InstanceId",
                "LocalGatewayId",
                "NatGatewayId",
                "NetworkInterfaceId",
                "TransitGatewayId",
                "VpcEndpointId",
                "VpcPeeringConnectionId",
            ),
            Unordered(),
        ),
        (
            ("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::GatewayRouteTableAssociation"),
            "RouteTableId",
            Unordered(),
        ),
        ("AWS::EC2::SubnetNetworkAclAssociation", "NetworkAclId", Unordered()),
        ("AWS::Redshift::Cluster", "EnhancedVpcRouting", On()),
        ("AWS::RedshiftServerless::Workgroup", "EnhancedVpcRouting", On()),
        ("AWS::RDS::DBCluster", "EnableHttpEndpoint", Off()),
        ("AWS::EKS::Cluster", "ResourcesVpcConfig/EndpointPrivateAccess", On()),
        ("AWS::ApiGateway::RestApi", "EndpointConfiguration/Types", Graded(grades.api_types, FLAG)),
        ("AWS::ApiGateway::RestApi", "EndpointConfiguration/VpcEndpointIds", Allows()),
        (("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"), "DisableExecuteApiEndpoint", On()),
        ("AWS::ApiGateway::RestApi", "EndpointAccessMode", Levels(("BASIC", "STRICT"))),
        ("AWS::AppSync::GraphQLApi", "Visibility", Levels(("GLOBAL", "PRIVATE"))),
        ("AWS::AppRunner::Service", "EgressConfiguration/EgressType", Levels(("DEFAULT", "VPC"))),
        ("AWS::SageMaker::Domain", "AppNetworkAccessType", Levels(("PublicInternetOnly", "VpcOnly"))),
        (
            ("AWS::AppStream::Fleet", "AWS::AppStream::ImageBuilder", "AWS::AppStream::AppBlockBuilder"),
            "EnableDefaultInternetAccess",
            Off(),
        ),
        ("AWS::WorkSpaces::Directory", "WorkspaceCreationProperties/EnableInternetAccess", Off()),
        ("AWS::WorkSpaces::WorkspaceIpGroup", "UserRules", Unordered()),
        ("AWS::S3::Bucket", "WebsiteConfiguration", Missing()),
        ("AWS::S3::AccessPoint", "VpcConfiguration/VpcId", Present()),
        ("AWS::RAM::ResourceShare", "AllowExternalPrincipals", Off(absent=True)),
        ("AWS::RAM::ResourceShare", ("Principals", "ResourceArns"), Allows()),
        ("AWS::ImageBuilder::DistributionConfiguration", "LaunchPermissionConfiguration/UserIds", Allows()),
        ("AWS::DRS::ReplicationConfigurationTemplate", "CreatePublicIP", Off()),
        ("AWS::DRS::ReplicationConfigurationTemplate", "DataPlaneRouting", Levels(("PUBLIC_IP", "PRIVATE_IP"))),
        ("AWS::EventSchemas::Discoverer", "CrossAccount", Off(absent=True)),
    ),
)

_ORIGINS = ("AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders")

_CORS: tuple[Row, ...] = (
    *table(
        CORS,
        ("AWS::ApiGatewayV2::Api", tuple(f"CorsConfiguration/{name}" for name in _ORIGINS), Allows()),
        ("AWS::Lambda::Url", tuple(f"Cors/{name}" for name in _ORIGINS), Allows()),
        (("AWS::ApiGatewayV2::Api", "AWS::Lambda::Url"), "AllowCredentials", Off()),
        (
            "AWS::CloudFront::ResponseHeadersPolicy",
            (
                "AccessControlAllowOrigins/Items",
                "AccessControlAllowMethods/Items",
                "AccessControlAllowHeaders/Items",
                "AccessControlExposeHeaders/Items",
            ),
            Allows(all_words=("ALL",)),
        ),
        ("AWS::CloudFront::ResponseHeadersPolicy", "AccessControlAllowCredentials", Off()),
        (
            "AWS::ApiGateway::GatewayResponse",
            "ResponseParameters/gatewayresponse.header.Access-Control-Allow-Origin",
            Allows(all_words=("'*'",)),
        ),
        (
            "AWS::ApiGateway::Method",
            "IntegrationResponses/ResponseParameters/method.response.header.Access-Control-Allow-Origin",
            Allows(all_words=("'*'",)),
        ),
        without=Without.SAFE,
    ),
    *table(
        CORS,
        (
            "AWS::S3::Bucket",
            (
                "CorsRules/AllowedOrigins",
                "CorsRules/AllowedMethods",
                "CorsRules/AllowedHeaders",
                "CorsRules/ExposedHeaders",
            ),
            Allows(),
        ),
        (
            "AWS::MediaStore::Container",
            ("CorsPolicy/AllowedOrigins", "CorsPolicy/AllowedMethods", "CorsPolicy/AllowedHeaders"),
            Allows(),
        ),
        without=Without.SAFE,
    ),
)

ROWS: tuple[Row, ...] = (*_EXPOSURE, *_REACH, *_CORS)

PRESENCES: tuple[Presence, ...] = (
    Presence(("AWS::EC2::SnapshotBlockPublicAccess", "AWS::EC2::VPCBlockPublicAccessOptions"), EXPOSURE),
    Presence(
        (
            "AWS::EC2::CarrierGateway",
            "AWS::EC2::ClientVpnAuthorizationRule",
            "AWS::EC2::ClientVpnEndpoint",
            "AWS::EC2::ClientVpnRoute",
            "AWS::EC2::ClientVpnTargetNetworkAssociation",
            "AWS::EC2::EIPAssociation",
            "AWS::EC2::EgressOnlyInternetGateway",
            "AWS::EC2::InstanceConnectEndpoint",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::LocalGatewayRoute",
            "AWS::EC2::NetworkInterfacePermission",
            "AWS::EC2::Route",
            "AWS::EC2::SecurityGroupVpcAssociation",
            "AWS::EC2::TrafficMirrorSession",
            "AWS::EC2::TransitGatewayAttachment",
            "AWS::EC2::TransitGatewayPeeringAttachment",
            "AWS::EC2::TransitGatewayRoute",
            "AWS::EC2::TransitGatewayRouteTablePropagation",
            "AWS::EC2::TransitGatewayVpcAttachment",
            "AWS::EC2::VPCBlockPublicAccessExclusion",
            "AWS::EC2::VPCCidrBlock",
            "AWS::EC2::VPCEndpointService",
            "AWS::EC2::VPCEndpointServicePermissions",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::EC2::VPCPeeringConnection",
            "AWS::EC2::VPNConnection",
            "AWS::EC2::VPNConnectionRoute",
            "AWS::EC2::VPNGatewayRoutePropagation",
            "AWS::DirectConnect::PrivateVirtualInterface",
            "AWS::DirectConnect::PublicVirtualInterface",
            "AWS::DirectConnect::TransitVirtualInterface",
            "AWS::NetworkManager::ConnectAttachment",
            "AWS::NetworkManager::SiteToSiteVpnAttachment",
            "AWS::NetworkManager::VpcAttachment",
            "AWS::RAM::ResourceShare",
            "AWS::Redshift::EndpointAuthorization",
            "AWS::VpcLattice::ServiceNetworkServiceAssociation",
            "AWS::VpcLattice::ServiceNetworkVpcAssociation",
        ),
        REACH,
        is_risk=True,
    ),
    # Without the endpoint, calls to the service leave the network through the internet, or fail.
    Presence(("AWS::EC2::VPCEndpoint", "AWS::OpenSearchServerless::VpcEndpoint"), REACH),
    Presence(("Custom::ClosedDefaultSecurityGroup",), REACH),
    Presence(("AWS::EC2::NatGateway",), AVAILABILITY),
)
