"""What is recorded: audit trails, logs, traces, and what logs must not hold."""

from __future__ import annotations

from review.findings.strength import AUDIT_TRAIL, DATA_PROTECTION, LOGGING
from review.strength.grades import records as grades
from review.strength.measures import Allows, Altered, Graded, Less, Levels, Members, More, Off, On, Present, Unordered
from review.strength.order import EVERYTHING, NOTHING, Bounds
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_TRAIL = "AWS::CloudTrail::Trail"
_STORE = "AWS::CloudTrail::EventDataStore"
_RECORDER = "AWS::Config::ConfigurationRecorder"
_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_PARAMETERS = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
_REST_STAGES = ("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment")
_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_WEB_ACL = "AWS::WAFv2::WebACL"
_COVERED = Bounds(NOTHING, EVERYTHING)

_AUDIT_TRAIL: tuple[Row, ...] = table(
    AUDIT_TRAIL,
    (_TRAIL, ("IsLogging", "IsMultiRegionTrail", "IsOrganizationTrail"), On()),
    (_TRAIL, "IncludeGlobalServiceEvents", On(absent=UNKNOWN)),
    (_STORE, ("IngestionEnabled", "MultiRegionEnabled"), On(absent=True)),
    (_STORE, "OrganizationEnabled", On()),
    (_RECORDER, "RecordingGroup", Graded(grades.recorded_types, Bounds(UNKNOWN, grades.EVERY_TYPE))),
    (_RECORDER, "StartedOnCreate", On(absent=True)),
)

# More is logged the more a level lets pass.
_API_LEVELS = Levels(("OFF", "ERROR", "INFO"))
_EVENT_LEVELS = Levels(("OFF", "FATAL", "ERROR|INFO", "ALL|TRACE"))

_LOGGING: tuple[Row, ...] = (
    *table(
        LOGGING,
        # Audit trails
        (_TRAIL, ("CloudWatchLogsLogGroupArn", "SnsTopicName"), Present()),
        (_TRAIL, "EventSelectors", Graded(grades.logged_events, _COVERED)),
        (_TRAIL, "EventSelectors/ExcludeManagementEventSources", Allows()),
        (_TRAIL, "AdvancedEventSelectors", Unordered()),
        (_TRAIL, "InsightSelectors", Members()),
        (_TRAIL, "S3BucketName", Unordered()),
        (_STORE, "AdvancedEventSelectors", Unordered()),
        (_STORE, "InsightSelectors", Members()),
        (_RECORDER, "RecordingGroup/IncludeGlobalResourceTypes", On()),
        (_RECORDER, "RecordingMode/RecordingFrequency", Levels(("DAILY", "CONTINUOUS"), absent="CONTINUOUS")),
        (_RECORDER, "RecordingMode/RecordingModeOverrides", Unordered()),
        (
            "AWS::Config::DeliveryChannel",
            "ConfigSnapshotDeliveryProperties/DeliveryFrequency",
            Levels(("", "TwentyFour_Hours", "Twelve_Hours", "Six_Hours", "Three_Hours", "One_Hour")),
        ),
        ("AWS::Config::DeliveryChannel", "SnsTopicARN", Present()),
        # Network
        ("AWS::EC2::FlowLog", "TrafficType", Graded(grades.traffic, _COVERED)),
        ("AWS::EC2::FlowLog", "MaxAggregationInterval", Less(absent=600)),
        ("AWS::EC2::FlowLog", ("LogFormat", "LogDestination", "LogGroupName", "ResourceId"), Unordered()),
        ("AWS::GlobalAccelerator::Accelerator", "FlowLogsEnabled", On()),
        ("AWS::EC2::ClientVpnEndpoint", "ConnectionLogOptions/Enabled", On()),
        ("AWS::EC2::VPNConnection", ("LogEnabled", "BgpLogEnabled"), On()),
        ("AWS::EC2::VerifiedAccessInstance", "LoggingConfigurations", Present()),
        ("AWS::Route53::HostedZone", "QueryLoggingConfig", Present()),
        ("AWS::NetworkFirewall::LoggingConfiguration", "LogDestinationConfigs", Members()),
        # Storage, load balancers, APIs and the edge
        ("AWS::S3::Bucket", "LoggingConfiguration", Present()),
        (
            _BALANCER,
            (
                "LoadBalancerAttributes/access_logs.s3.enabled",
                "LoadBalancerAttributes/connection_logs.s3.enabled",
                "LoadBalancerAttributes/health_check_logs.s3.enabled",
            ),
            On(),
        ),
        ("AWS::ElasticLoadBalancing::LoadBalancer", "AccessLoggingPolicy/Enabled", On()),
        (("AWS::ApiGateway::Stage",), "AccessLogSetting/DestinationArn", Present()),
        ("AWS::ApiGatewayV2::Stage", "AccessLogSettings/DestinationArn", Present()),
        ("AWS::ApiGateway::Stage", "AccessLogSetting/Format", Altered()),
        ("AWS::ApiGatewayV2::Stage", "AccessLogSettings/Format", Altered()),
        ("AWS::ApiGateway::Account", "CloudWatchRoleArn", Present()),
        (("AWS::ApiGatewayV2::Stage",), "DefaultRouteSettings/LoggingLevel", _API_LEVELS),
        ("AWS::ApiGatewayV2::Stage", "DefaultRouteSettings/DetailedMetricsEnabled", On()),
        (_REST_STAGES, "TracingEnabled", On()),
        ("AWS::CloudFront::Distribution", ("DistributionConfig/Logging", "RealtimeLogConfigArn"), Present()),
        ("AWS::CloudFront::RealtimeLogConfig", "Fields", Members()),
        ("AWS::CloudFront::RealtimeLogConfig", "SamplingRate", More()),
        (
            "AWS::AppSync::GraphQLApi",
            "LogConfig/FieldLogLevel",
            Levels(("NONE", "ERROR", "INFO", "DEBUG", "ALL")),
        ),
        ("AWS::AppSync::GraphQLApi", "XrayEnabled", On()),
        ((_WEB_ACL, "AWS::WAFv2::RuleGroup"), ("CloudWatchMetricsEnabled", "SampledRequestsEnabled"), On()),
        ("AWS::WAFv2::LoggingConfiguration", "LoggingFilter/DefaultBehavior", Levels(("DROP", "KEEP"), absent="KEEP")),
        ("AWS::WAFv2::LoggingConfiguration", "LoggingFilter/Filters", Unordered()),
        ("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs", Unordered()),
        # Compute
        # Without a group of its own, Lambda makes one without a key and without an end of its retention.
        ("AWS::Lambda::Function", "LoggingConfig/LogGroup", Present()),
        ("AWS::Lambda::Function", "TracingConfig/Mode", Levels(("PassThrough", "Active"))),
        (
            "AWS::Lambda::Function",
            "LoggingConfig/ApplicationLogLevel",
            Levels(("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"), absent="INFO"),
        ),
        (
            ("AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"),
            "LoggingConfig/SystemLogLevel",
            Levels(("WARN", "INFO", "DEBUG"), absent="INFO"),
        ),
        ("AWS::EC2::Instance", "Monitoring", On()),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/Monitoring/Enabled", On()),
        ("AWS::AutoScaling::LaunchConfiguration", "InstanceMonitoring", On(absent=True)),
        ("AWS::StepFunctions::StateMachine", "TracingConfiguration/Enabled", On()),
        ("AWS::StepFunctions::StateMachine", "LoggingConfiguration/Level", Levels(("OFF", "FATAL", "ERROR", "ALL"))),
        ("AWS::StepFunctions::StateMachine", "LoggingConfiguration/Destinations", Present()),
        (
            ("AWS::ECS::TaskDefinition", "AWS::ECS::DaemonTaskDefinition"),
            "ContainerDefinitions/LogConfiguration",
            Present(),
        ),
        ("AWS::ECS::Cluster", "ClusterSettings/containerInsights", Levels(("disabled", "enabled", "enhanced"))),
        (
            "AWS::ECS::Cluster",
            "ExecuteCommandConfiguration/Logging",
            Levels(("NONE", "DEFAULT", "OVERRIDE"), absent="DEFAULT"),
        ),
        ("AWS::EKS::Cluster", "Logging/ClusterLogging/EnabledTypes", Graded(grades.cluster_logs, _COVERED)),
        ("AWS::Batch::JobDefinition", "LogConfiguration", Present()),
        ("AWS::EMR::Cluster", "LogUri", Present()),
        (
            "AWS::CodeBuild::Project",
            "LogsConfig/CloudWatchLogs/Status",
            Levels(("DISABLED", "ENABLED"), absent="ENABLED"),
        ),
        ("AWS::CodeBuild::Project", "LogsConfig/S3Logs/Status", Levels(("DISABLED", "ENABLED"))),
        ("AWS::Synthetics::Canary", "RunConfig/ActiveTracing", On()),
        ("AWS::AppRunner::Service", "ObservabilityConfiguration/ObservabilityEnabled", On()),
        ("AWS::MWAA::Environment", "Enabled", On()),
        (
            "AWS::MWAA::Environment",
            "LogLevel",
            Levels(("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"), absent="INFO"),
        ),
        ("AWS::EMRServerless::Application", "MonitoringConfiguration/CloudWatchLoggingConfiguration/Enabled", On()),
        ("AWS::SageMaker::EndpointConfig", "DataCaptureConfig/EnableCapture", On()),
        # Data stores
        (ANY, "EnableCloudwatchLogsExports", Members()),
        (
            ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster"),
            "MonitoringInterval",
            Graded(grades.is_monitored, Bounds(False, True)),
        ),
        ("AWS::Redshift::Cluster", "LoggingProperties", Present()),
        ("AWS::Redshift::Cluster", "LoggingProperties/LogExports", Members()),
        ("AWS::RedshiftServerless::Namespace", "LogExports", Members()),
        (
            _DOMAINS,
            (
                "LogPublishingOptions/AUDIT_LOGS/Enabled",
                "LogPublishingOptions/ES_APPLICATION_LOGS/Enabled",
                "LogPublishingOptions/INDEX_SLOW_LOGS/Enabled",
                "LogPublishingOptions/SEARCH_SLOW_LOGS/Enabled",
            ),
            On(),
        ),
        (
            "AWS::MSK::Cluster",
            (
                "BrokerLogs/CloudWatchLogs/Enabled",
                "BrokerLogs/Firehose/Enabled",
                "BrokerLogs/S3/Enabled",
                "EnabledInBroker",
            ),
            On(),
        ),
        (
            "AWS::MSK::Cluster",
            "EnhancedMonitoring",
            Levels(("DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION")),
        ),
        ("AWS::AmazonMQ::Broker", ("Logs/Audit", "Logs/General"), On()),
        (
            ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"),
            "LogDeliveryConfigurations",
            Members(),
        ),
        ("AWS::KinesisFirehose::DeliveryStream", "CloudWatchLoggingOptions/Enabled", On()),
        (
            "AWS::FSx::FileSystem",
            "AuditLogConfiguration/FileAccessAuditLogLevel",
            Levels(("DISABLED", "FAILURE_ONLY|SUCCESS_ONLY", "SUCCESS_AND_FAILURE")),
        ),
        ("AWS::Transfer::Server", ("LoggingRole", "StructuredLogDestinations"), Present()),
        ("AWS::DataSync::Task", "Options/LogLevel", Levels(("OFF", "BASIC", "TRANSFER"))),
        ("AWS::OSIS::Pipeline", "IsLoggingEnabled", On()),
        ("AWS::Athena::WorkGroup", "PublishCloudWatchMetricsEnabled", On(absent=True)),
        # Events and messages
        ("AWS::Events::EventBus", "LogConfig/Level", _EVENT_LEVELS),
        ("AWS::Pipes::Pipe", "LogConfiguration/Level", _EVENT_LEVELS),
        ("AWS::SNS::Topic", "DeliveryStatusLogging", Members()),
        ("AWS::SNS::Topic", "TracingConfig", Levels(("PassThrough", "Active"))),
        ("AWS::SES::ConfigurationSet", "ReputationOptions/ReputationMetricsEnabled", On()),
        ("AWS::IoT::Logging", "DefaultLogLevel", Levels(("DISABLED", "ERROR", "WARN", "INFO", "DEBUG"))),
        ("AWS::Cognito::LogDeliveryConfiguration", "LogConfigurations", Members()),
        ("AWS::Logs::LogGroup", "LogGroupClass", Levels(("INFREQUENT_ACCESS|DELIVERY", "STANDARD"), absent="STANDARD")),
        ("AWS::Logs::DeliverySource", ("ResourceArn", "LogType"), Unordered()),
        ("AWS::Logs::Delivery", ("DeliveryDestinationArn", "DeliverySourceName"), Unordered()),
        ("AWS::Logs::Delivery", "RecordFields", Members(absent=EVERYTHING)),
        ("AWS::Chatbot::SlackChannelConfiguration", "LoggingLevel", Levels(("NONE", "ERROR", "INFO"))),
        ("AWS::Chatbot::MicrosoftTeamsChannelConfiguration", "LoggingLevel", Levels(("NONE", "ERROR", "INFO"))),
        ("AWS::XRay::SamplingRule", ("FixedRate", "ReservoirSize"), More()),
        ("AWS::WorkSpacesWeb::UserAccessLoggingSettings", "KinesisStreamArn", Unordered()),
        # Parameters of databases
        (_PARAMETERS, "Parameters/log_statement", Levels(("none", "ddl", "mod", "all"))),
        (
            _PARAMETERS,
            (
                "Parameters/general_log",
                "Parameters/log_connections",
                "Parameters/log_disconnections",
                "Parameters/log_hostname",
                "Parameters/server_audit_logging",
                "Parameters/slow_query_log",
            ),
            On(),
        ),
        # The defaults of these depend on the version.
        (_PARAMETERS, ("Parameters/log_checkpoints", "Parameters/log_lock_waits"), On(absent=UNKNOWN)),
        (
            _PARAMETERS,
            ("Parameters/pgaudit.log", "Parameters/server_audit_events"),
            Members(all_words=("all", "ALL"), no_words=("none",)),
        ),
        (_PARAMETERS, ("Parameters/pgaudit.role",), Present()),
        (_PARAMETERS, "Parameters/server_audit_excl_users", Allows()),
        (_PARAMETERS, "Parameters/shared_preload_libraries", Members()),
        (_PARAMETERS, "Parameters/log_error_verbosity", Levels(("terse", "default", "verbose"), absent="default")),
        # A statement that takes longer than this many milliseconds is logged; -1 logs none.
        (_PARAMETERS, "Parameters/log_min_duration_statement", Less(absent=-1, endless=(-1,))),
        (
            _PARAMETERS,
            "Parameters/log_min_messages",
            Levels(
                ("panic", "fatal", "log", "error", "warning", "notice", "info", "debug1|debug2|debug3|debug4|debug5"),
                absent="warning",
            ),
        ),
        ("AWS::DocDB::DBClusterParameterGroup", "Parameters/audit_logs", Graded(grades.document_audit, _COVERED)),
        ("AWS::DocDB::DBClusterParameterGroup", "Parameters/profiler", On(absent="disabled")),
        ("AWS::Neptune::DBClusterParameterGroup", "Parameters/neptune_enable_audit_log", On()),
        ("AWS::Redshift::ClusterParameterGroup", "Parameters/enable_user_activity_logging", On()),
        ("AWS::RedshiftServerless::Workgroup", "ConfigParameters/enable_user_activity_logging", On()),
        ("AWS::RDS::OptionGroup", "OptionConfigurations", Unordered()),
    ),
    *table(
        LOGGING,
        (_REST_STAGES, "MethodSettings/LoggingLevel", _API_LEVELS),
        (_REST_STAGES, "MethodSettings/MetricsEnabled", On()),
        without=Without.DEFAULT,
    ),
)

_DATA_PROTECTION: tuple[Row, ...] = (
    *table(
        DATA_PROTECTION,
        ("AWS::ApiGatewayV2::Stage", "DefaultRouteSettings/DataTraceEnabled", Off()),
        (("AWS::Logs::LogGroup", "AWS::SNS::Topic"), "DataProtectionPolicy", Present()),
        ("AWS::WAFv2::LoggingConfiguration", "RedactedFields", Members()),
        (_WEB_ACL, "DataProtectionConfig/DataProtections", Members()),
        ("AWS::StepFunctions::StateMachine", "LoggingConfiguration/IncludeExecutionData", Off()),
        ("AWS::Pipes::Pipe", "LogConfiguration/IncludeExecutionData", Allows()),
        ("AWS::Events::EventBus", "LogConfig/IncludeDetail", Levels(("FULL", "NONE"), absent="NONE")),
        ("AWS::AppSync::GraphQLApi", "LogConfig/ExcludeVerboseContent", On()),
        # The length of the values of a statement in the log; -1 logs all of them, 0 none.
        # https://www.postgresql.org/docs/current/runtime-config-logging.html
        (_PARAMETERS, "Parameters/log_parameter_max_length", Less(absent=-1, endless=(-1,))),
        (
            _PARAMETERS,
            ("Parameters/log_parameter_max_length_on_error",),
            Less(absent=0, endless=(-1,)),
        ),
        (_PARAMETERS, ("Parameters/pgaudit.log_parameter", "Parameters/pgaudit.log_rows"), Off()),
        ("AWS::RDS::DBProxy", "DebugLogging", Off()),
        ("AWS::Events::Connection", "IsValueSecret", On(absent=True)),
        ("AWS::WorkSpacesWeb::DataProtectionSettings", "InlineRedactionConfiguration", Present()),
        ("AWS::CloudFront::Distribution", "Logging/IncludeCookies", Off()),
    ),
    *table(DATA_PROTECTION, (_REST_STAGES, "MethodSettings/DataTraceEnabled", Off()), without=Without.SAFE),
)

ROWS: tuple[Row, ...] = (*_AUDIT_TRAIL, *_LOGGING, *_DATA_PROTECTION)

PRESENCES: tuple[Presence, ...] = (
    Presence(
        (
            "AWS::CloudTrail::EventDataStore",
            "AWS::CloudTrail::Trail",
            "AWS::Config::ConfigurationRecorder",
            "AWS::Config::DeliveryChannel",
            "AWS::EC2::FlowLog",
        ),
        AUDIT_TRAIL,
    ),
    Presence(
        (
            "AWS::AppFabric::IngestionDestination",
            "AWS::CloudFront::MonitoringSubscription",
            "AWS::CloudFront::RealtimeLogConfig",
            "AWS::CloudTrail::Channel",
            "AWS::Cognito::LogDeliveryConfiguration",
            "AWS::IVSChat::LoggingConfiguration",
            "AWS::IoT::Logging",
            "AWS::IoT::ResourceSpecificLogging",
            "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            "AWS::Logs::Delivery",
            "AWS::Logs::DeliveryDestination",
            "AWS::Logs::DeliverySource",
            "AWS::Logs::Destination",
            "AWS::NetworkFirewall::LoggingConfiguration",
            "AWS::Oam::Link",
            "AWS::Route53Resolver::ResolverQueryLoggingConfig",
            "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
            "AWS::S3::StorageLens",
            "AWS::SecurityLake::AwsLogSource",
            "AWS::VpcLattice::AccessLogSubscription",
            "AWS::WAFv2::LoggingConfiguration",
            "AWS::WorkSpacesWeb::UserAccessLoggingSettings",
            "AWS::XRay::SamplingRule",
        ),
        LOGGING,
    ),
    Presence(("AWS::Logs::AccountPolicy", "AWS::Macie::CustomDataIdentifier"), DATA_PROTECTION),
)
