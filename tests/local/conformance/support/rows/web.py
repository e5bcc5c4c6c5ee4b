"""Auto Scaling, load balancing and CloudFront."""

from __future__ import annotations

from tests.local.conformance.support.row import CLOUDFORMATION, DOCS, Difference, Row, Table

_SCALING = f"{DOCS}autoscaling/ec2/userguide/"
_BALANCING = f"{DOCS}elasticloadbalancing/latest/application/"
_EDGE = f"{DOCS}AmazonCloudFront/latest/DeveloperGuide/"
_GROUP, _TARGETS, _RULE = (
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
)
_BALANCER, _LISTENER = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener"
_DISTRIBUTION = "AWS::CloudFront::Distribution"

AUTO_SCALING = Table(
    "Auto Scaling and EC2 instances",
    (
        Row(
            "group_starts_its_desired_capacity",
            "The group has as many instances as its desired capacity, spread over its subnets.",
            f"{_SCALING}auto-scaling-groups.html",
            types=(_GROUP,),
            calls=("ec2.describe_instances",),
            difference=Difference(
                "At most two instances of a group run, whatever its desired capacity.",
                "That the declared number of instances starts, or what it costs.",
            ),
        ),
        Row(
            "terminated_instance_is_replaced",
            "The group replaces an instance that was terminated.",
            f"{_SCALING}ec2-auto-scaling-health-checks.html",
            types=(_GROUP,),
        ),
        Row(
            "unhealthy_target_is_replaced",
            "With health checks of type ELB, the group replaces an instance whose target is "
            "unhealthy after the grace period.",
            f"{_SCALING}as-add-elb-healthcheck.html",
            types=(_GROUP,),
        ),
        Row(
            "instances_are_in_service",
            "DescribeAutoScalingInstances gives InService and Healthy for an instance that serves.",
            f"{_SCALING}ec2-auto-scaling-lifecycle.html",
            types=(_GROUP,),
        ),
        Row(
            "set_health_replaces_the_instance",
            "An instance that SetInstanceHealth calls Unhealthy is terminated and replaced.",
            f"{DOCS}autoscaling/ec2/APIReference/API_SetInstanceHealth.html",
            types=(_GROUP,),
        ),
        Row(
            "suspended_process_keeps_the_instance",
            "While ReplaceUnhealthy is suspended, an unhealthy instance stays; ResumeProcesses lets the group "
            "replace it.",
            f"{_SCALING}as-suspend-resume-processes.html",
            types=(_GROUP,),
        ),
        Row(
            "ec2_health_ignores_the_balancer",
            "With health checks of type EC2, an instance whose target is unhealthy stays Healthy for the group.",
            f"{_SCALING}ec2-auto-scaling-health-checks.html",
            types=(_GROUP,),
        ),
        Row(
            "activities_are_newest_first",
            "DescribeScalingActivities gives launches and terminations with their causes, the newest first.",
            f"{DOCS}autoscaling/ec2/APIReference/API_DescribeScalingActivities.html",
            types=(_GROUP,),
        ),
        Row(
            "desired_capacity_keeps_to_its_bounds",
            "SetDesiredCapacity above the maximum of the group is a ValidationError.",
            f"{DOCS}autoscaling/ec2/APIReference/API_SetDesiredCapacity.html",
            types=(_GROUP,),
        ),
        Row(
            "rolling_update_replaces_instances",
            "A new launch template version replaces the instances in batches and waits for their signals.",
            f"{CLOUDFORMATION}aws-attribute-updatepolicy.html",
            types=(_GROUP,),
        ),
        Row(
            "update_keeps_a_scaled_size",
            "With IgnoreUnmodifiedGroupSizeProperties, an update leaves the desired capacity as scaling set it.",
            f"{CLOUDFORMATION}aws-attribute-updatepolicy.html",
            types=(_GROUP, "AWS::AutoScaling::ScheduledAction"),
        ),
        Row(
            "scheduled_action_is_declared",
            "DescribeScheduledActions gives recurrence, time zone and sizes as declared.",
            f"{_SCALING}ec2-auto-scaling-scheduled-scaling.html",
            types=("AWS::AutoScaling::ScheduledAction",),
        ),
        Row(
            "scheduled_action_scales_at_its_time",
            "At its time, a scheduled action changes the size of the group.",
            f"{_SCALING}ec2-auto-scaling-scheduled-scaling.html",
            types=("AWS::AutoScaling::ScheduledAction",),
        ),
        Row(
            "tracking_policy_is_declared",
            "DescribePolicies gives metric and target of the target tracking policy.",
            f"{_SCALING}as-scaling-target-tracking.html",
            types=("AWS::AutoScaling::ScalingPolicy",),
        ),
        Row(
            "tracking_policy_scales_with_the_load",
            "Target tracking adds instances when the metric is above the target.",
            f"{_SCALING}as-scaling-target-tracking.html",
            types=("AWS::AutoScaling::ScalingPolicy",),
            difference=Difference(
                "The policy and its alarms exist, and nothing measures the CPU of an instance.",
                "That the group grows under load.",
                "the metric of the CPU comes from the hypervisor, and nobody but AWS may write it.",
            ),
        ),
        Row(
            "launch_template_has_versions",
            "A change of the launch template is a new version, which LatestVersionNumber gives.",
            f"{DOCS}AWSEC2/latest/UserGuide/manage-launch-template-versions.html",
            types=("AWS::EC2::LaunchTemplate",),
        ),
        Row(
            "instances_carry_propagated_tags",
            "Instances carry the group's tags with PropagateAtLaunch.",
            f"{_SCALING}ec2-auto-scaling-tagging.html",
            types=(_GROUP,),
            calls=("ec2.describe_instances",),
        ),
        Row(
            "volume_or_interface_unknown_is_an_error",
            "DescribeVolumes and DescribeNetworkInterfaces of an unknown id end in NotFound.",
            f"{DOCS}AWSEC2/latest/APIReference/errors-overview.html",
            calls=("ec2.describe_volumes", "ec2.describe_network_interfaces"),
        ),
    ),
)

LOAD_BALANCING = Table(
    "Load balancing",
    (
        Row(
            "rule_matches_a_header",
            "A listener rule forwards only requests with one of the header's values; other requests "
            "get the default action.",
            f"{_BALANCING}load-balancer-listeners.html#rule-condition-types",
            types=(_LISTENER, _RULE),
        ),
        Row(
            "rules_apply_in_order_of_priority",
            "The rule with the lowest priority that matches decides.",
            f"{_BALANCING}load-balancer-listeners.html#listener-rules",
            types=(_RULE,),
        ),
        Row(
            "fixed_response_answers_itself",
            "A fixed response gives status, content type and body without a target.",
            f"{_BALANCING}load-balancer-listeners.html#fixed-response-actions",
            types=(_LISTENER,),
        ),
        Row(
            "redirect_keeps_host_path_and_query",
            "A redirect to HTTPS keeps host, path and query.",
            f"{_BALANCING}load-balancer-listeners.html#redirect-actions",
            types=(_LISTENER,),
        ),
        Row(
            "target_sees_the_client_in_x_forwarded_for",
            "The target gets X-Forwarded-For with the client's address at the "
            "end, X-Forwarded-Proto and X-Forwarded-Port.",
            f"{_BALANCING}x-forwarded-headers.html",
            types=(_BALANCER,),
        ),
        Row(
            "request_gets_a_trace_id",
            "The target gets X-Amzn-Trace-Id.",
            f"{_BALANCING}load-balancer-request-tracing.html",
            types=(_BALANCER,),
        ),
        Row(
            "healthy_targets_get_the_requests",
            "Targets become healthy by their health check, and the requests are spread over them.",
            f"{_BALANCING}target-group-health-checks.html",
            types=(_TARGETS,),
        ),
        Row(
            "no_target_is_service_unavailable",
            "Without registered targets the load balancer answers 503.",
            f"{_BALANCING}load-balancer-troubleshooting.html",
            types=(_TARGETS,),
        ),
        Row(
            "dead_target_is_a_bad_gateway",
            "If the target closes the connection without an answer, the load balancer answers 502.",
            f"{_BALANCING}load-balancer-troubleshooting.html",
            types=(_TARGETS,),
        ),
        Row(
            "balancer_attributes_are_declared",
            "DescribeLoadBalancerAttributes gives access logs, dropped header fields and "
            "deletion protection as declared.",
            f"{_BALANCING}application-load-balancers.html",
            types=(_BALANCER,),
        ),
        Row(
            "access_log_reaches_the_bucket",
            "The load balancer writes compressed access logs below AWSLogs/ACCOUNT/.",
            f"{_BALANCING}load-balancer-access-logs.html",
            types=(_BALANCER,),
        ),
        Row(
            "target_group_attributes_are_declared",
            "DescribeTargetGroups and its attributes give health check and delay as declared.",
            f"{_BALANCING}load-balancer-target-groups.html",
            types=(_TARGETS,),
        ),
    ),
)

CLOUDFRONT = Table(
    "CloudFront",
    (
        Row(
            "origin_gets_the_custom_header",
            "CloudFront adds the origin's custom headers, and overrides those of the viewer.",
            f"{_EDGE}add-origin-custom-headers.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "viewer_is_redirected_to_https",
            "With redirect-to-https, a request over HTTP is 301 to the same address.",
            f"{_EDGE}using-https-viewers-to-cloudfront.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "behaviour_is_chosen_by_path",
            "The first cache behaviour whose path pattern matches decides; the default one takes the rest.",
            f"{_EDGE}distribution-web-values-specify.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "viewer_host_is_not_forwarded",
            "With the AllViewerExceptHostHeader policy, the origin gets its own name as Host.",
            f"{_EDGE}using-managed-origin-request-policies.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "viewer_address_is_appended",
            "The origin gets X-Forwarded-For with the viewer's address.",
            f"{_EDGE}RequestAndResponseBehaviorCustomOrigin.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "response_headers_policy_adds_headers",
            "The response headers policy adds or overrides security headers.",
            f"{_EDGE}understanding-response-headers-policies.html",
            types=("AWS::CloudFront::ResponseHeadersPolicy",),
        ),
        Row(
            "static_object_is_cached",
            "A second request for a static object is a hit, even if the object has changed.",
            f"{_EDGE}controlling-the-cache-key.html",
            types=("AWS::CloudFront::CachePolicy",),
            difference=Difference(
                "Each request goes to the origin.",
                "That static files are served from a cache, how long they stay there, or that a release needs no invalidation.",
            ),
        ),
        Row(
            "access_control_signs_for_the_bucket",
            "With origin access control, a bucket policy for the distribution's ARN suffices to serve its objects.",
            f"{_EDGE}private-content-restricting-access-to-s3.html",
            types=("AWS::CloudFront::OriginAccessControl",),
        ),
        Row(
            "missing_permission_on_the_bucket_is_forbidden",
            "An object that the bucket policy does not allow is 403 for the viewer.",
            f"{_EDGE}private-content-restricting-access-to-s3.html",
            types=("AWS::CloudFront::OriginAccessControl",),
        ),
        Row(
            "method_that_is_not_allowed_is_forbidden",
            "A method that the cache behaviour does not allow is 403.",
            f"{_EDGE}distribution-web-values-specify.html",
            types=(_DISTRIBUTION,),
        ),
        Row(
            "edge_log_delivery_is_declared",
            "Delivery source, destination and delivery of the access log exist with their format.",
            f"{DOCS}AmazonCloudWatchLogs/latest/APIReference/API_CreateDelivery.html",
            types=("AWS::Logs::DeliverySource", "AWS::Logs::DeliveryDestination", "AWS::Logs::Delivery"),
        ),
    ),
)
