"""The instances of transactions (X-WEB-1)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders.support.paths import PROJECT, WEB_SRC
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import find_resource, templates, text

PLATFORM = "transactions"


@pytest.mark.requirement("X-WEB-1")
def test_instances_are_t3_large_on_amazon_linux_2023() -> None:
    parameters = templates(PLATFORM)["root"]["Parameters"]
    assert parameters["WebInstanceType"]["Default"] == "t3.large"
    image = parameters["WebImageId"]
    assert image["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert image["Default"] == "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    assert templates(PLATFORM)["web"]["Parameters"]["WebImageId"]["Type"] == "AWS::EC2::Image::Id", (
        "the root looks it up"
    )
    data = find_resource(PLATFORM, "WebLaunchTemplate").properties["LaunchTemplateData"]
    assert (data["ImageId"], data["InstanceType"]) == ({"Ref": "WebImageId"}, {"Ref": "WebInstanceType"})


@pytest.mark.requirement("X-WEB-1")
def test_metadata_needs_a_session_and_volumes_are_encrypted() -> None:
    data = find_resource(PLATFORM, "WebLaunchTemplate").properties["LaunchTemplateData"]
    assert data["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
    }
    (volume,) = data["BlockDeviceMappings"]
    assert volume["Ebs"]["Encrypted"] is True
    assert volume["Ebs"]["KmsKeyId"] == {"Fn::GetAtt": ["VolumeKey", "Arn"]}
    assert "KeyName" not in data, "no one logs in with a key pair"


@pytest.mark.requirement("X-WEB-1")
def test_the_volume_key_is_for_the_groups_own_scaling_role() -> None:
    role = find_resource(PLATFORM, "ScalingRole").properties
    assert role["AWSServiceName"] == "autoscaling.amazonaws.com"
    assert text(role["CustomSuffix"]) == "transactions-web-${EnvironmentSuffix}"
    pattern, names = templates(PLATFORM)["keys"]["Outputs"]["ScalingRoleArn"]["Value"]["Fn::Sub"]
    assert pattern.endswith(":role/aws-service-role/autoscaling.amazonaws.com/${Name}")
    assert names == {"Name": {"Ref": "ScalingRole"}}
    assert find_resource(PLATFORM, "WebGroup").properties["ServiceLinkedRoleARN"] == {"Ref": "ScalingRoleArn"}
    _, *uses = find_resource(PLATFORM, "VolumeKey").properties["KeyPolicy"]["Statement"]
    assert {text(role) for use in uses for role in use["Principal"]["AWS"]} == {"${ScalingRoleArn}"}
    assert find_resource(PLATFORM, "ScalingRole").tier == "keys", (
        "KMS rejects a principal that IAM has not propagated yet, so an early tier creates the role"
    )


@pytest.mark.requirement("X-WEB-1")
def test_user_data_is_the_settings_and_then_the_boot_script_as_it_is() -> None:
    separator, (shebang, settings, script) = user_data()["Fn::Join"]
    assert (separator, shebang) == ("", "#!/bin/bash\n")
    assert script == (PROJECT / "builders" / "transactions" / "boot.sh").read_text(encoding="utf-8")
    names = {line.split("=")[0].removeprefix("export ") for line in text(settings).splitlines()}
    assert names == {
        "REGION",
        "ARTIFACT_BUCKET",
        "ARTIFACT_KEY",
        "STACK_NAME",
        "SIGNAL_RESOURCE",
        "DB_SECRET_ARN",
        "LOG_GROUP",
        "ENVIRONMENT",
        "PORT",
        "METRICS_NAMESPACE",
    }
    assert "SIGNAL_RESOURCE='WebGroup'" in text(settings)
    assert len(text(settings)) + len(script) < 16_384, "EC2 accepts no more"


@pytest.mark.requirement("X-WEB-1")
def test_user_data_as_a_whole_is_clean_shell(tmp_path: Path) -> None:
    _, (shebang, settings, script) = user_data()["Fn::Join"]
    file = tmp_path / "user-data.sh"
    file.write_text(shebang + text(settings).replace("${", "").replace("}", "") + script, encoding="utf-8")
    completed = subprocess.run(
        [str(Path(sys.executable).with_name("shellcheck")), str(file)], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout


def user_data() -> dict[str, Any]:
    encoded: dict[str, Any] = find_resource(PLATFORM, "WebLaunchTemplate").properties["LaunchTemplateData"]["UserData"][
        "Fn::Base64"
    ]
    return encoded


@pytest.mark.requirement("X-WEB-1")
def test_scaling_follows_the_cpu() -> None:
    policy = find_resource(PLATFORM, "CpuScaling").properties
    assert policy["PolicyType"] == "TargetTrackingScaling"
    tracking = policy["TargetTrackingConfiguration"]
    assert tracking["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    assert tracking["TargetValue"] == {"Ref": "WebCpuTarget"}


@pytest.mark.requirement("X-WEB-1")
def test_business_hours_are_new_yorks_with_its_daylight_saving() -> None:
    begin, end = (
        find_resource(PLATFORM, "BusinessHoursBegin").properties,
        find_resource(PLATFORM, "BusinessHoursEnd").properties,
    )
    assert (begin["Recurrence"], end["Recurrence"]) == ("0 8 * * 1-5", "0 18 * * 1-5")
    assert begin["TimeZone"] == end["TimeZone"] == "America/New_York"
    assert begin["MinSize"] == {"Ref": "WebBusinessHoursInstances"}
    assert end["MinSize"] == {"Ref": "WebMinInstances"}
    # A fixed offset would be wrong, because eight in New York is another hour of UTC in summer than in winter.
    zone = ZoneInfo(begin["TimeZone"])
    hours = {datetime(2026, month, 15, 8, tzinfo=zone).astimezone(UTC).hour for month in (1, 7)}
    assert hours == {12, 13}


@pytest.mark.requirement("X-WEB-1")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_business_hours_have_more_instances_than_nights(environment: str) -> None:
    """Regression: in dev both numbers were 2, so the schedule did nothing that anybody could try out."""
    file = json.loads((PROJECT / "params" / PLATFORM / f"{environment}.json").read_text("utf-8"))["Parameters"]
    least, business, most = (int(file[f"Web{name}Instances"]) for name in ("Min", "BusinessHours", "Max"))
    assert least < business < most


@pytest.mark.requirement("X-WEB-1")
def test_a_new_version_replaces_instances_one_by_one_and_each_must_signal_health() -> None:
    group = find_resource(PLATFORM, "WebGroup")
    rolling = group.body["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert rolling["WaitOnResourceSignals"] is True
    assert rolling["MinSuccessfulInstancesPercent"] == 100
    assert rolling["MaxBatchSize"] == 1
    assert rolling["MinInstancesInService"] == {"Ref": "WebMinInstances"}
    assert "ScheduledActions" in rolling["SuspendProcesses"]
    assert "AddToLoadBalancer" not in rolling["SuspendProcesses"], "new instances must receive requests"
    assert group.body["UpdatePolicy"]["AutoScalingScheduledAction"] == {"IgnoreUnmodifiedGroupSizeProperties": True}
    assert group.body["CreationPolicy"]["ResourceSignal"]["Count"] == {"Ref": "WebMinInstances"}
    assert group.properties["LaunchTemplate"]["Version"] == {"Fn::GetAtt": ["WebLaunchTemplate", "LatestVersionNumber"]}
    assert "DesiredCapacity" not in group.properties, "a deployment must not undo what scaling decided"


@pytest.mark.requirement("X-WEB-1")
def test_instances_stand_in_three_private_subnets_and_are_judged_by_the_load_balancer() -> None:
    group = find_resource(PLATFORM, "WebGroup").properties
    assert group["VPCZoneIdentifier"] == [{"Ref": f"PrivateSubnet{zone}Id"} for zone in "ABC"]
    assert group["HealthCheckType"] == "ELB"


@pytest.mark.requirement("X-WEB-1")
def test_cloudformation_and_auto_scaling_wait_longer_than_the_boot_script_itself() -> None:
    """Regression: Auto Scaling terminated an instance after 300 seconds whose boot script would have retried for an hour."""
    script = (PROJECT / "builders" / "transactions" / "boot.sh").read_text(encoding="utf-8")
    boot, signal = (int(text.split(":-")[1].split("}")[0]) for text in script.splitlines() if _is_limit(text))
    limit_seconds = boot + 2 * signal
    group = find_resource(PLATFORM, "WebGroup")
    waits = {
        group.body["CreationPolicy"]["ResourceSignal"]["Timeout"],
        group.body["UpdatePolicy"]["AutoScalingRollingUpdate"]["PauseTime"],
    }
    assert waits == {"PT15M"}
    assert group.properties["HealthCheckGracePeriod"] == 15 * 60
    assert limit_seconds + 30 <= 15 * 60, "and a little for the launch"
    assert boot > 300 + 120, "one slow try of packages and artifact fits in"


def _is_limit(line: str) -> bool:
    return line.startswith(("BOOT_SECONDS=", "SIGNAL_SECONDS="))


@pytest.mark.requirement("X-SEC-2", "A-6")
def test_an_instance_may_do_what_its_service_needs_and_no_more() -> None:
    allowed = {
        action: statement["Resource"]
        for statement in permissions_of(PLATFORM, "InstanceRole")
        for action in statement["Action"]
        if statement["Effect"] == "Allow"
    }
    assert set(allowed) == {
        "s3:GetObject",
        "kms:Decrypt",
        "secretsmanager:GetSecretValue",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "cloudwatch:PutMetricData",
        "cloudformation:SignalResource",
    }
    assert [text(each) for each in allowed["s3:GetObject"]] == [
        "arn:${AWS::Partition}:s3:::${ArtifactBucket}/${PaymentsArtifactKey}"
    ]
    assert allowed["cloudformation:SignalResource"] == [{"Ref": "AWS::StackId"}]
    assert allowed["secretsmanager:GetSecretValue"] == [{"Ref": "DatabaseSecretArn"}]


@pytest.mark.requirement("X-ALB-1")
def test_requests_reach_the_instances_over_tls() -> None:
    """Regression: HTTP was used, with the reason that a VPC encrypts automatically, which it does not for T3."""
    targets = find_resource(PLATFORM, "TargetGroup")
    assert targets.properties["Protocol"] == "HTTPS"
    assert "Metadata" not in targets.body, "no check is suppressed"
    _, (_, _, script) = user_data()["Fn::Join"]
    assert '"https://127.0.0.1:$PORT/health"' in script
    unit = (WEB_SRC / "payments" / "system" / "payments.service").read_text(encoding="utf-8")
    assert "TLS_DIRECTORY=/run/payments" in unit
