"""What notices that something is wrong: alarms, compliance rules and threat detection."""

from __future__ import annotations

from review.findings.strength import ALARMS, CONFIG_RULES, DETECTION
from review.strength.grades import watch as grades
from review.strength.measures import (
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
from review.strength.rows import Presence, Row, Without, table

_METRIC_ALARM = "AWS::CloudWatch::Alarm"
_LOG_ALARM = "AWS::CloudWatch::LogAlarm"
_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_ALL_ALARMS = (_METRIC_ALARM, _LOG_ALARM, _COMPOSITE)
_SUBSCRIPTIONS = (
    "AWS::DMS::EventSubscription",
    "AWS::DocDB::EventSubscription",
    "AWS::Neptune::EventSubscription",
    "AWS::RDS::EventSubscription",
    "AWS::Redshift::EventSubscription",
)

_ALARMS: tuple[Row, ...] = (
    *table(
        ALARMS,
        (_ALL_ALARMS, "ActionsEnabled", On(absent=True)),
        (_ALL_ALARMS, ("AlarmActions", "InsufficientDataActions", "OKActions"), Members()),
        (
            (_METRIC_ALARM, _LOG_ALARM),
            "TreatMissingData",
            Levels(("missing|ignore|notBreaching", "breaching"), absent="missing"),
        ),
        (
            _METRIC_ALARM,
            (
                "Dimensions",
                "EvaluationCriteria",
                "ExtendedStatistic",
                "MetricName",
                "Metrics",
                "Namespace",
                "Period",
                "Statistic",
                "ThresholdMetricId",
            ),
            Unordered(),
        ),
        (_LOG_ALARM, ("ScheduledQueryConfiguration", "QueryResultsToEvaluate"), Unordered()),
        (_LOG_ALARM, "QueryResultsToAlarm", Less()),
        (_COMPOSITE, "AlarmRule", Unordered()),
        (_COMPOSITE, "ActionsSuppressor", Missing()),
        (_COMPOSITE, ("ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod"), Less(absent=0)),
        (
            ("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter"),
            "FilterPattern",
            Graded(grades.filter_pattern, Bounds(0, 1)),
        ),
        (
            "AWS::Logs::MetricFilter",
            ("MetricTransformations/MetricName", "MetricTransformations/MetricNamespace"),
            Unordered(),
        ),
        (("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter"), "LogGroupName", Unordered()),
        ("AWS::Logs::SubscriptionFilter", "DestinationArn", Unordered()),
        (
            "AWS::Events::Rule",
            "State",
            Levels(("DISABLED", "ENABLED|ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"), absent="ENABLED"),
        ),
        ("AWS::Scheduler::Schedule", "State", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
        ("AWS::SNS::Subscription", ("FilterPolicy", "TopicArn"), Unordered()),
        (_SUBSCRIPTIONS, "Enabled", On(absent=True)),
        (_SUBSCRIPTIONS, "EventCategories", Members(absent=EVERYTHING)),
        (_SUBSCRIPTIONS, "SourceIds", Members(absent=EVERYTHING)),
        ("AWS::Backup::BackupVault", "Notifications/BackupVaultEvents", Members()),
        ("AWS::AutoScaling::AutoScalingGroup", "NotificationConfigurations", Members()),
        ("AWS::Budgets::Budget", "NotificationsWithSubscribers", Members()),
        ("AWS::CE::AnomalySubscription", "Subscribers", Members()),
        ("AWS::CE::AnomalySubscription", ("Threshold", "ThresholdExpression"), Unordered()),
        ("AWS::CloudWatch::InsightRule", "RuleState", Levels(("DISABLED", "ENABLED"))),
        ("AWS::CodeStarNotifications::NotificationRule", "Status", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
        ("AWS::Synthetics::Canary", "StartCanaryAfterCreation", On()),
        ("AWS::ElastiCache::ReplicationGroup", "NotificationTopicArn", Present()),
        ("AWS::Lightsail::Alarm", "NotificationEnabled", On(absent=True)),
        ("AWS::ECS::Service", "DeploymentConfiguration/Alarms/Enable", On()),
        ("AWS::CodeDeploy::DeploymentGroup", "AlarmConfiguration/Enabled", On()),
        ("AWS::SSMIncidents::ResponsePlan", "Engagements", Members()),
    ),
    *table(
        ALARMS,
        (_METRIC_ALARM, "", Graded(grades.alarm_patience)),
        shows=("EvaluationPeriods", "DatapointsToAlarm"),
    ),
    *table(
        ALARMS,
        (_METRIC_ALARM, "", Graded(grades.alarm_threshold)),
        (_LOG_ALARM, "", Graded(grades.alarm_threshold)),
        shows=("ComparisonOperator", "Threshold"),
    ),
)

_FREQUENCIES = Levels(("TwentyFour_Hours", "Twelve_Hours", "Six_Hours", "Three_Hours", "One_Hour"))
_CONFIG_RULE = "AWS::Config::ConfigRule"

# Parameters of the managed rules that are a bound: the rest of the parameters has no order.
# https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
_AT_LEAST = (
    "MinimumPasswordLength",
    "PasswordReusePrevention",
    "MinRetentionTime",
    "backupRetentionMinimum",
    "backupRetentionPeriod",
    "requiredRetentionDays",
)
_AT_MOST = (
    "MaxPasswordAge",
    "maxAccessKeyAge",
    "maxCredentialUsageAge",
    "maxDaysSinceRotation",
    "maxAllowedRotationFrequency",
    "requiredFrequencyValue",
)
_REQUIRED = ("RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols", "RequireUppercaseCharacters")

_CONFIG_RULES: tuple[Row, ...] = (
    *table(
        CONFIG_RULES,
        (_CONFIG_RULE, "Scope", Graded(grades.config_scope, Bounds(NOTHING, EVERYTHING))),
        (_CONFIG_RULE, "MaximumExecutionFrequency", Levels(_FREQUENCIES.words, absent="TwentyFour_Hours")),
        (_CONFIG_RULE, ("Source/Owner", "Source/SourceIdentifier", "PolicyText", "Source/SourceDetails"), Unordered()),
        (_CONFIG_RULE, tuple(f"InputParameters/{name}" for name in _AT_LEAST), More(absent=0, weakest=0)),
        (_CONFIG_RULE, tuple(f"InputParameters/{name}" for name in _AT_MOST), Less(absent=NEVER)),
        (_CONFIG_RULE, tuple(f"InputParameters/{name}" for name in _REQUIRED), On()),
        (_CONFIG_RULE, "InputParameters", Graded(grades.rule_parameters({*_AT_LEAST, *_AT_MOST, *_REQUIRED}))),
        (_CONFIG_RULE, "EvaluationModes", Members()),
        ("AWS::Config::OrganizationConfigRule", "ExcludedAccounts", Allows()),
        (
            "AWS::Config::OrganizationConfigRule",
            "MaximumExecutionFrequency",
            Levels(_FREQUENCIES.words, absent="TwentyFour_Hours"),
        ),
        ("AWS::Config::OrganizationConformancePack", "ExcludedAccounts", Allows()),
        (
            ("AWS::Config::ConformancePack", "AWS::Config::OrganizationConformancePack"),
            ("ConformancePackInputParameters", "TemplateBody", "TemplateS3Uri"),
            Unordered(),
        ),
        ("AWS::Config::RemediationConfiguration", "Automatic", On()),
        ("AWS::Config::ConfigurationAggregator", "AccountAggregationSources/AllAwsRegions", On()),
        (
            "AWS::Config::ConfigurationAggregator",
            ("AccountAggregationSources/AwsRegions", "AccountAggregationSources/AccountIds"),
            Members(),
        ),
        ("AWS::CloudFormation::GuardHook", "FailureMode", Levels(("WARN", "FAIL"), absent="WARN")),
        ("AWS::CloudFormation::LambdaHook", "FailureMode", Levels(("WARN", "FAIL"))),
        ("AWS::CloudFormation::GuardHook", "HookStatus", Levels(("DISABLED", "ENABLED"), absent="DISABLED")),
        ("AWS::CloudFormation::LambdaHook", "HookStatus", Levels(("DISABLED", "ENABLED"), absent="ENABLED")),
        (("AWS::CloudFormation::GuardHook", "AWS::CloudFormation::LambdaHook"), "TargetOperations", Members()),
        (
            ("AWS::CloudFormation::GuardHook", "AWS::CloudFormation::LambdaHook"),
            ("StackFilters", "TargetFilters"),
            Unordered(),
        ),
        ("AWS::Backup::Framework", "FrameworkControls", Unordered()),
        ("AWS::FMS::Policy", "RemediationEnabled", On()),
        ("AWS::FMS::Policy", ("SecurityServicePolicyData", "ExcludeMap", "IncludeMap"), Unordered()),
    ),
)

_DETECTOR = "AWS::GuardDuty::Detector"
_PUBLISHING = Levels(("SIX_HOURS", "ONE_HOUR", "FIFTEEN_MINUTES"), absent="SIX_HOURS")

_DETECTION: tuple[Row, ...] = (
    *table(
        DETECTION,
        (_DETECTOR, "Enable", On()),
        (
            _DETECTOR,
            ("DataSources/S3Logs/Enable", "Kubernetes/AuditLogs/Enable", "ScanEc2InstanceWithFindings/EbsVolumes"),
            On(),
        ),
        ((_DETECTOR, "AWS::Macie::Session"), "FindingPublishingFrequency", _PUBLISHING),
        ("AWS::Macie::Session", "Status", Levels(("PAUSED", "ENABLED"), absent="ENABLED")),
        (("AWS::GuardDuty::Filter", "AWS::Macie::FindingsFilter"), ("FindingCriteria", "Action"), Unordered()),
        (("AWS::GuardDuty::IPSet", "AWS::GuardDuty::TrustedEntitySet"), "Activate", Off()),
        (("AWS::GuardDuty::ThreatIntelSet", "AWS::GuardDuty::ThreatEntitySet"), "Activate", On()),
        ("AWS::SecurityHub::Hub", ("AutoEnableControls", "EnableDefaultStandards"), On(absent=True)),
        ("AWS::SecurityHub::Standard", "DisabledStandardsControls", Allows()),
        ("AWS::SecurityHub::OrganizationConfiguration", "AutoEnable", On()),
        (
            "AWS::SecurityHub::OrganizationConfiguration",
            "AutoEnableStandards",
            Levels(("NONE", "DEFAULT"), absent="DEFAULT"),
        ),
        ("AWS::SecurityHub::FindingAggregator", ("RegionLinkingMode", "Regions"), Unordered()),
        ("AWS::SecurityHub::ConfigurationPolicy", "ServiceEnabled", On()),
        (
            ("AWS::SecurityHub::AutomationRule", "AWS::SecurityHub::AutomationRuleV2"),
            ("Actions", "Criteria", "RuleStatus"),
            Unordered(),
        ),
        ("AWS::InspectorV2::Filter", ("FilterAction", "FilterCriteria"), Unordered()),
        ("AWS::AccessAnalyzer::Analyzer", "ArchiveRules", Allows()),
        ("AWS::AccessAnalyzer::Analyzer", "UnusedAccessAge", Less(absent=90)),
        ("AWS::Detective::Graph", "AutoEnableMembers", On()),
        ("AWS::ECR::Repository", "ImageScanningConfiguration/ScanOnPush", On()),
        ("AWS::ECR::RegistryScanningConfiguration", "ScanType", Levels(("BASIC", "ENHANCED"))),
        ("AWS::ECR::RegistryScanningConfiguration", "Rules", Members()),
        (
            ("AWS::ImageBuilder::Image", "AWS::ImageBuilder::ImagePipeline"),
            "ImageScanningConfiguration/ImageScanningEnabled",
            On(),
        ),
        ("AWS::Shield::ProactiveEngagement", "ProactiveEngagementStatus", Levels(("DISABLED", "ENABLED"))),
        (
            "AWS::Shield::Protection",
            "ApplicationLayerAutomaticResponseConfiguration/Status",
            Levels(("", "DISABLED", "ENABLED")),
        ),
        ("AWS::Shield::Protection", "HealthCheckArns", Members()),
        (
            "AWS::Logs::LogAnomalyDetector",
            "EvaluationFrequency",
            Levels(("ONE_HOUR", "THIRTY_MIN", "FIFTEEN_MIN", "TEN_MIN", "FIVE_MIN")),
        ),
        ("AWS::Logs::LogAnomalyDetector", "LogGroupArnList", Members()),
        ("AWS::Backup::BackupPlan", "ScanSettings", Members()),
        ("AWS::IoT::SecurityProfile", "Behaviors", Members()),
        ("AWS::IoT::AccountAuditConfiguration", "AuditCheckConfigurations", Unordered()),
        ("AWS::DevOpsGuru::NotificationChannel", "Config", Unordered()),
        ("AWS::XRay::Group", ("InsightsEnabled", "NotificationsEnabled"), On()),
    ),
    *table(DETECTION, (_DETECTOR, "Features/Status", Levels(("DISABLED", "ENABLED"))), without=Without.DEFAULT),
)

ROWS: tuple[Row, ...] = (*_ALARMS, *_CONFIG_RULES, *_DETECTION)

PRESENCES: tuple[Presence, ...] = (
    Presence(
        (
            *_ALL_ALARMS,
            *_SUBSCRIPTIONS,
            "AWS::ApplicationSignals::ServiceLevelObjective",
            "AWS::Budgets::Budget",
            "AWS::Budgets::BudgetsAction",
            "AWS::CE::AnomalyMonitor",
            "AWS::CE::AnomalySubscription",
            "AWS::CloudWatch::AnomalyDetector",
            "AWS::CloudWatch::InsightRule",
            "AWS::CodeStarNotifications::NotificationRule",
            "AWS::InternetMonitor::Monitor",
            "AWS::Lightsail::Alarm",
            "AWS::Logs::MetricFilter",
            "AWS::Logs::SubscriptionFilter",
            "AWS::Notifications::EventRule",
            "AWS::Notifications::NotificationConfiguration",
            "AWS::SNS::Subscription",
            "AWS::SSMIncidents::ResponsePlan",
            "AWS::Synthetics::Canary",
        ),
        ALARMS,
    ),
    Presence(("AWS::CloudWatch::AlarmMuteRule",), ALARMS, is_risk=True),
    Presence(
        (
            "AWS::AuditManager::Assessment",
            "AWS::Backup::Framework",
            "AWS::Backup::ReportPlan",
            "AWS::CloudFormation::GuardHook",
            "AWS::CloudFormation::LambdaHook",
            "AWS::Config::ConfigRule",
            "AWS::Config::ConfigurationAggregator",
            "AWS::Config::ConformancePack",
            "AWS::Config::OrganizationConfigRule",
            "AWS::Config::OrganizationConformancePack",
            "AWS::Config::RemediationConfiguration",
            "AWS::ControlTower::EnabledBaseline",
            "AWS::ControlTower::EnabledControl",
            "AWS::ControlTower::LandingZone",
            "AWS::EC2::NetworkInsightsAccessScope",
            "AWS::FMS::Policy",
        ),
        CONFIG_RULES,
    ),
    Presence(
        (
            "AWS::AccessAnalyzer::Analyzer",
            "AWS::Detective::Graph",
            "AWS::DevOpsGuru::NotificationChannel",
            "AWS::DevOpsGuru::ResourceCollection",
            "AWS::ECR::RegistryScanningConfiguration",
            "AWS::GuardDuty::Detector",
            "AWS::GuardDuty::MalwareProtectionPlan",
            "AWS::GuardDuty::PublishingDestination",
            "AWS::GuardDuty::ThreatEntitySet",
            "AWS::GuardDuty::ThreatIntelSet",
            "AWS::Inspector::AssessmentTarget",
            "AWS::Inspector::AssessmentTemplate",
            "AWS::InspectorV2::CisScanConfiguration",
            "AWS::InspectorV2::CodeSecurityScanConfiguration",
            "AWS::IoT::AccountAuditConfiguration",
            "AWS::IoT::ScheduledAudit",
            "AWS::IoT::SecurityProfile",
            "AWS::Logs::LogAnomalyDetector",
            "AWS::Macie::Session",
            "AWS::SecurityHub::ConfigurationPolicy",
            "AWS::SecurityHub::FindingAggregator",
            "AWS::SecurityHub::Hub",
            "AWS::SecurityHub::HubV2",
            "AWS::SecurityHub::Standard",
            "AWS::SecurityLake::DataLake",
            "AWS::SecurityLake::Subscriber",
            "AWS::Shield::DRTAccess",
            "AWS::Shield::ProactiveEngagement",
            "AWS::Shield::Protection",
            "AWS::Shield::ProtectionGroup",
        ),
        DETECTION,
    ),
    Presence(
        (
            "AWS::AccessAnalyzer::ArchiveRule",
            "AWS::GuardDuty::Filter",
            "AWS::GuardDuty::IPSet",
            "AWS::GuardDuty::TrustedEntitySet",
            "AWS::InspectorV2::Filter",
            "AWS::Macie::AllowList",
            "AWS::Macie::FindingsFilter",
        ),
        DETECTION,
        is_risk=True,
    ),
)
