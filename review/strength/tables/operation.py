"""What keeps a platform running: limits, availability, dead letters and patches."""

from __future__ import annotations

from review.findings.strength import AVAILABILITY, DEAD_LETTERS, LIMITS, PATCHING
from review.strength.measures import (
    NEVER,
    Altered,
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
from review.strength.rows import ANY, Presence, Row, Without, table
from review.strength.values import UNKNOWN

_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_DOMAINS = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_REST_STAGES = ("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment")
_MAPPING = "AWS::Lambda::EventSourceMapping"
_TARGETS = ("AWS::Events::Rule", "AWS::Scheduler::Schedule")
_BALANCERS = ("AWS::ElasticLoadBalancing::LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer")
_RECORDS = ("AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup")

_LIMITS: tuple[Row, ...] = (
    *table(
        LIMITS,
        # The capacity is reserved for the function, and no other function of the account can take it.
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
        ("AWS::Lambda::Function", "ReservedConcurrentExecutions", More(absent=-1, weakest=-1)),
        ("AWS::Lambda::Function", "RecursiveLoop", Levels(("Allow", "Terminate"), absent="Terminate")),
        (_MAPPING, "ScalingConfig/MaximumConcurrency", Less(absent=NEVER)),
        (
            ("AWS::Lambda::Alias", "AWS::Lambda::Version"),
            "ProvisionedConcurrencyConfig/ProvisionedConcurrentExecutions",
            More(absent=0, weakest=0),
        ),
        (
            "AWS::ApiGateway::UsagePlan",
            ("Throttle/BurstLimit", "Throttle/RateLimit", "Quota/Limit"),
            Less(absent=NEVER),
        ),
        ("AWS::ApiGateway::UsagePlan", "ApiStages", Members()),
        ("AWS::ApiGateway::UsagePlan", "ApiStages/Throttle", Altered()),
        ("AWS::ApiGateway::UsagePlan", "Quota/Period", Levels(("DAY", "WEEK", "MONTH"), absent=UNKNOWN)),
        (
            "AWS::ApiGatewayV2::Stage",
            ("DefaultRouteSettings/ThrottlingBurstLimit", "DefaultRouteSettings/ThrottlingRateLimit"),
            Less(absent=NEVER),
        ),
        ("AWS::ApiGatewayV2::Stage", "RouteSettings", Unordered()),
        ("AWS::Athena::WorkGroup", "BytesScannedCutoffPerQuery", Less(absent=NEVER)),
        ("AWS::AppSync::GraphQLApi", ("QueryDepthLimit", "ResolverCountLimit"), Less(absent=0, endless=(0,))),
        ("AWS::Events::ApiDestination", "InvocationRateLimitPerSecond", Less(absent=300)),
        ("AWS::Redshift::UsageLimit", "Amount", Less()),
        ("AWS::Redshift::UsageLimit", "BreachAction", Levels(("log", "emit-metric", "disable"), absent="log")),
        ("AWS::RDS::DBProxyTargetGroup", "MaxConnectionsPercent", Less(absent=100)),
        ("AWS::SES::MailManagerTrafficPolicy", "MaxMessageSizeBytes", Less(absent=NEVER)),
        ("AWS::RDS::DBParameterGroup", "Parameters/idle_in_transaction_session_timeout", Unordered()),
    ),
    *table(
        LIMITS,
        (
            _REST_STAGES,
            ("MethodSettings/ThrottlingBurstLimit", "MethodSettings/ThrottlingRateLimit"),
            Less(absent=-1, endless=(-1,)),
        ),
        without=Without.DEFAULT,
    ),
)

_AVAILABILITY: tuple[Row, ...] = (
    *table(
        AVAILABILITY,
        (ANY, ("MultiAZ", "MultiAZEnabled", "AutomaticFailoverEnabled", "MultiAZWithStandbyEnabled"), On()),
        (("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"), "AvailabilityZones", Members()),
        (
            ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster"),
            "ServerlessV2ScalingConfiguration/MinCapacity",
            More(),
        ),
        ("AWS::Neptune::DBCluster", "ServerlessScalingConfiguration/MinCapacity", More()),
        ("AWS::RDS::DBCluster", "ScalingConfiguration/MinCapacity", More(absent=1)),
        ("AWS::RDS::DBCluster", "ScalingConfiguration/AutoPause", Off(absent=True)),
        ("AWS::RDS::DBInstance", "PromotionTier", Unordered()),
        (
            ("AWS::RDS::DBSubnetGroup", "AWS::DocDB::DBSubnetGroup", "AWS::Neptune::DBSubnetGroup"),
            "SubnetIds",
            Members(),
        ),
        (
            (
                "AWS::DAX::SubnetGroup",
                "AWS::ElastiCache::SubnetGroup",
                "AWS::MemoryDB::SubnetGroup",
                "AWS::Redshift::ClusterSubnetGroup",
            ),
            "SubnetIds",
            Members(),
        ),
        (_BALANCERS, "Subnets", Members()),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "SubnetMappings", Members()),
        ("AWS::ElasticLoadBalancing::LoadBalancer", "CrossZone", On()),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "LoadBalancerAttributes/load_balancing.cross_zone.enabled",
            On(absent=UNKNOWN),
        ),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes/zonal_shift.config.enabled", On()),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckEnabled", On(absent=True)),
        (
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            ("HealthCheckPath", "HealthCheckProtocol", "Matcher"),
            Unordered(),
        ),
        (_GROUP, ("VPCZoneIdentifier", "AvailabilityZones"), Members()),
        (_GROUP, ("MinSize", "DesiredCapacity"), More(absent=UNKNOWN, weakest=0)),
        (_GROUP, "MaxSize", More()),
        (_GROUP, "HealthCheckType", Levels(("EC2",), absent="EC2", other=1)),
        (_GROUP, "TargetGroupARNs", Members()),
        (_GROUP, "MinHealthyPercentage", More(absent=UNKNOWN)),
        (_GROUP, "AutoScalingRollingUpdate/MinInstancesInService", More(absent=0, weakest=0)),
        (_GROUP, "AutoScalingRollingUpdate/MaxBatchSize", Less(absent=1)),
        (_GROUP, "AutoScalingRollingUpdate/WaitOnResourceSignals", On()),
        (_GROUP, "AutoScalingRollingUpdate/SuspendProcesses", Missing()),
        ("AWS::AutoScaling::ScheduledAction", ("MinSize", "MaxSize", "DesiredCapacity"), More()),
        ("AWS::ApplicationAutoScaling::ScalableTarget", ("MinCapacity", "MaxCapacity"), More()),
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            ("DynamicScalingOutSuspended", "ScheduledScalingSuspended"),
            Off(),
        ),
        ("AWS::ECS::Service", "DesiredCount", More(absent=UNKNOWN, weakest=0)),
        ("AWS::ECS::Service", "DeploymentConfiguration/MinimumHealthyPercent", More(absent=100)),
        ("AWS::ECS::Service", ("DeploymentCircuitBreaker/Enable", "DeploymentCircuitBreaker/Rollback"), On()),
        ("AWS::ECS::Service", "AvailabilityZoneRebalancing", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
        ("AWS::ECS::Service", "AwsvpcConfiguration/Subnets", Members()),
        (
            "AWS::EKS::Nodegroup",
            ("ScalingConfig/MinSize", "ScalingConfig/DesiredSize"),
            More(absent=UNKNOWN, weakest=0),
        ),
        ("AWS::EKS::Nodegroup", "Subnets", Members()),
        (
            "AWS::EKS::Nodegroup",
            "CapacityType",
            Levels(("SPOT", "ON_DEMAND|OnDemand|CAPACITY_BLOCK"), absent="ON_DEMAND"),
        ),
        (
            "AWS::ElastiCache::ReplicationGroup",
            ("ReplicasPerNodeGroup", "NumCacheClusters", "NumNodeGroups"),
            More(absent=UNKNOWN),
        ),
        ("AWS::ElastiCache::CacheCluster", "NumCacheNodes", More()),
        ("AWS::ElastiCache::CacheCluster", "AZMode", Levels(("single-az", "cross-az"))),
        ("AWS::MemoryDB::Cluster", "NumReplicasPerShard", More(absent=1, weakest=0)),
        ("AWS::MemoryDB::Cluster", "NumShards", More(absent=1)),
        ("AWS::DAX::Cluster", "ReplicationFactor", More()),
        ("AWS::DAX::Cluster", "AvailabilityZones", Members()),
        ("AWS::MSK::Cluster", "NumberOfBrokerNodes", More()),
        ("AWS::MSK::Topic", "ReplicationFactor", More()),
        (_DOMAINS, ("ZoneAwarenessEnabled", "DedicatedMasterEnabled"), On()),
        (_DOMAINS, ("InstanceCount", "DedicatedMasterCount"), More(absent=UNKNOWN)),
        (_DOMAINS, "ZoneAwarenessConfig/AvailabilityZoneCount", More(absent=2)),
        ("AWS::Redshift::Cluster", "NumberOfNodes", More(absent=1)),
        ("AWS::Redshift::Cluster", "AvailabilityZoneRelocation", On()),
        ("AWS::Kinesis::Stream", "ShardCount", More(absent=UNKNOWN)),
        (
            "AWS::AmazonMQ::Broker",
            "DeploymentMode",
            Levels(("SINGLE_INSTANCE", "ACTIVE_STANDBY_MULTI_AZ|CLUSTER_MULTI_AZ")),
        ),
        ("AWS::EFS::FileSystem", "AvailabilityZoneName", Missing()),
        (_RECORDS, ("AliasTarget/EvaluateTargetHealth"), On()),
        (_RECORDS, "HealthCheckId", Present()),
        ("AWS::Route53::HealthCheck", "FailureThreshold", Less(absent=3)),
        ("AWS::Route53::HealthCheck", "RequestInterval", Less(absent=30)),
        ("AWS::Route53::HealthCheck", "Inverted", Unordered()),
        ("AWS::GlobalAccelerator::Accelerator", "Enabled", On(absent=True)),
        ("AWS::CloudFront::Distribution", "DistributionConfig/OriginGroups", Present()),
        ("AWS::CloudFront::Distribution", "DistributionConfig/Enabled", On()),
        ("AWS::KMS::Key", "Enabled", On(absent=True)),
        ("AWS::DynamoDB::Table", ("ReadCapacityUnits", "WriteCapacityUnits"), More(absent=UNKNOWN)),
        (_MAPPING, "Enabled", On(absent=True)),
        ("AWS::Pipes::Pipe", "DesiredState", Levels(("STOPPED", "RUNNING"), absent="RUNNING")),
        ("AWS::NetworkFirewall::Firewall", "SubnetMappings", Members()),
    ),
    *table(
        AVAILABILITY,
        ("AWS::ECS::TaskDefinition", "ContainerDefinitions/HealthCheck", Present()),
        ("AWS::DynamoDB::GlobalTable", "MultiRegionConsistency", Levels(("EVENTUAL", "STRONG"), absent="EVENTUAL")),
    ),
)

_DEAD_LETTERS: tuple[Row, ...] = (
    *table(
        DEAD_LETTERS,
        ("AWS::SQS::Queue", "RedrivePolicy", Present()),
        # The more often a message that cannot be processed is tried, the longer it takes until somebody sees it.
        ("AWS::SQS::Queue", "RedrivePolicy/maxReceiveCount", Less(absent=NEVER)),
        ("AWS::SNS::Subscription", "RedrivePolicy", Present()),
        (ANY, "DeadLetterConfig", Present()),
        (("AWS::Lambda::EventInvokeConfig", _MAPPING), "DestinationConfig/OnFailure", Present()),
        ("AWS::Lambda::EventInvokeConfig", "MaximumRetryAttempts", More(absent=2, weakest=0)),
        ("AWS::Lambda::EventInvokeConfig", "MaximumEventAgeInSeconds", More(absent=21600)),
        (_MAPPING, ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds"), More(absent=-1, endless=(-1,))),
        (_MAPPING, "FunctionResponseTypes", Members()),
        (_MAPPING, "BisectBatchOnFunctionError", On()),
        (_MAPPING, "FilterCriteria", Unordered()),
        ("AWS::IoT::TopicRule", "TopicRulePayload/ErrorAction", Present()),
        (
            "AWS::KinesisFirehose::DeliveryStream",
            "S3BackupMode",
            Levels(
                (
                    "Disabled|FailedDataOnly|FailedDocumentsOnly|FailedEventsOnly",
                    "Enabled|AllData|AllDocuments|AllEvents",
                )
            ),
        ),
    ),
    *table(
        DEAD_LETTERS,
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html: a day, 185 times
        (_TARGETS, "RetryPolicy/MaximumEventAgeInSeconds", More(absent=86400)),
        (_TARGETS, "RetryPolicy/MaximumRetryAttempts", More(absent=185, weakest=0)),
    ),
)

_PATCHING: tuple[Row, ...] = table(
    PATCHING,
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html: on by default
    (ANY, "AutoMinorVersionUpgrade", On(absent=True)),
    ("AWS::Redshift::Cluster", "AllowVersionUpgrade", On(absent=True)),
    ("AWS::Redshift::Cluster", "DeferMaintenance", Off()),
    ("AWS::OpenSearchService::Domain", "AutoSoftwareUpdateEnabled", On()),
    (
        "AWS::Lambda::Function",
        "RuntimeManagementConfig/UpdateRuntimeOn",
        Levels(("Manual", "FunctionUpdate", "Auto"), absent="Auto"),
    ),
    ("AWS::SSM::PatchBaseline", "ApproveAfterDays", Less()),
    ("AWS::SSM::PatchBaseline", ("RejectedPatches", "PatchFilterGroup", "PatchGroups", "GlobalFilters"), Unordered()),
    ("AWS::SSM::PatchBaseline", "RejectedPatchesAction", Unordered(absent="ALLOW_AS_DEPENDENCY")),
    ("AWS::SSM::Association", ("ScheduleExpression", "Targets"), Unordered()),
    ("AWS::SSM::MaintenanceWindow", ("Schedule", "EndDate"), Unordered()),
    (
        "AWS::ElasticBeanstalk::Environment",
        "OptionSettings/aws:elasticbeanstalk:managedactions:ManagedActionsEnabled",
        On(),
    ),
    ("AWS::ImageBuilder::ImagePipeline", "Status", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
    ("AWS::EKS::Cluster", "UpgradePolicy/SupportType", Unordered()),
    ("AWS::AutoScaling::AutoScalingGroup", "MaxInstanceLifetime", Less(absent=0, endless=(0,))),
)

ROWS: tuple[Row, ...] = (*_LIMITS, *_AVAILABILITY, *_DEAD_LETTERS, *_PATCHING)

PRESENCES: tuple[Presence, ...] = (
    Presence(("AWS::ApiGateway::UsagePlan", "AWS::Redshift::UsageLimit"), LIMITS),
    Presence(
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::ARCZonalShift::ZonalAutoshiftConfiguration",
            "AWS::AutoScaling::ScalingPolicy",
            "AWS::AutoScaling::ScheduledAction",
            "AWS::Backup::RestoreTestingPlan",
            "AWS::Backup::RestoreTestingSelection",
            "AWS::Route53::HealthCheck",
        ),
        AVAILABILITY,
    ),
    Presence(("AWS::Lambda::EventInvokeConfig",), DEAD_LETTERS),
    Presence(
        (
            "AWS::SSM::Association",
            "AWS::SSM::MaintenanceWindow",
            "AWS::SSM::MaintenanceWindowTask",
            "AWS::SSM::PatchBaseline",
        ),
        PATCHING,
    ),
)
