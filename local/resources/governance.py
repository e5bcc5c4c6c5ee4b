"""AWS Config and Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module, require
from local.ministack.properties import Attributes, Props, lower_first, truth
from local.ministack.resource_types import NewType, Place

_config = emulator_module("services.config")
_secrets = emulator_module("services.secretsmanager")

# -- Config -----------------------------------------------------------------------------------------------------------


def _put_recorder(place: Place, props: Props) -> tuple[str, Attributes]:
    name = props.get("Name") or place.name(256)
    others = [
        other["name"]
        for other in aws("config").describe_configuration_recorders()["ConfigurationRecorders"]
        if other["name"] != name
    ]
    if others:  # PutConfigurationRecorder allows one customer managed recorder for each account in each region
        raise ValueError(
            f"MaxNumberOfConfigurationRecordersExceededException: Failed to put configuration recorder '{name}' "
            "because the maximum number of configuration recorders: 1 is reached."
        )
    recorder: dict[str, Any] = {"name": name, "roleARN": props["RoleARN"]}
    if "RecordingGroup" in props:
        group = lower_first(props["RecordingGroup"])
        for flag in ("allSupported", "includeGlobalResourceTypes"):
            if flag in group:
                group[flag] = truth(group[flag])
        recorder["recordingGroup"] = group
    if "RecordingMode" in props:
        recorder["recordingMode"] = lower_first(props["RecordingMode"])
    aws("config").put_configuration_recorder(ConfigurationRecorder=recorder)
    _start_recorders()
    return name, {}


def _start_recorders() -> None:
    """Start the recorder as soon as a delivery channel exists (aws-resource-config-deliverychannel)."""
    if not aws("config").describe_delivery_channels()["DeliveryChannels"]:
        return
    for recorder in aws("config").describe_configuration_recorders()["ConfigurationRecorders"]:
        aws("config").start_configuration_recorder(ConfigurationRecorderName=recorder["name"])


def _update_recorder(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_recorder(place, {**new, "Name": new.get("Name") or physical_id})


def _delete_recorder(physical_id: str, props: Props) -> None:
    _config._recorders.pop(physical_id, None)  # the emulator's API has no DeleteConfigurationRecorder


def _put_channel(place: Place, props: Props) -> tuple[str, Attributes]:
    name = props.get("Name") or place.name(256)
    channel = {
        ours: props[theirs]
        for ours, theirs in (
            ("s3BucketName", "S3BucketName"),
            ("s3KeyPrefix", "S3KeyPrefix"),
            ("s3KmsKeyArn", "S3KmsKeyArn"),
            ("snsTopicARN", "SnsTopicARN"),
        )
        if theirs in props
    }
    if "ConfigSnapshotDeliveryProperties" in props:
        channel["configSnapshotDeliveryProperties"] = lower_first(props["ConfigSnapshotDeliveryProperties"])
    aws("config").put_delivery_channel(DeliveryChannel={"name": name, **channel})
    _start_recorders()
    return name, {}


def _update_channel(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_channel(place, {**new, "Name": new.get("Name") or physical_id})


def _delete_channel(physical_id: str, props: Props) -> None:
    _config._delivery_channels.pop(physical_id, None)  # the emulator's API has no DeleteDeliveryChannel


_RULE_FIELDS = ("Description", "Scope", "InputParameters", "MaximumExecutionFrequency", "Source", "EvaluationModes")


def _put_rule(place: Place, props: Props) -> tuple[str, Attributes]:
    if not aws("config").describe_configuration_recorders()["ConfigurationRecorders"]:
        raise ValueError("NoAvailableConfigurationRecorderException: Configuration recorder is not available.")
    name = props.get("ConfigRuleName") or place.name(128)
    rule: dict[str, Any] = {"ConfigRuleName": name}
    for field in _RULE_FIELDS:
        if field in props:
            rule[field] = props[field]
    if isinstance(rule.get("InputParameters"), dict):
        rule["InputParameters"] = _json(rule["InputParameters"])
    aws("config").put_config_rule(ConfigRule=rule)
    stored = aws("config").describe_config_rules(ConfigRuleNames=[name])["ConfigRules"][0]
    return name, {
        "Arn": stored["ConfigRuleArn"],
        "ConfigRuleId": stored["ConfigRuleId"],
        "Compliance.Type": "INSUFFICIENT_DATA",
    }


def _json(value: Props) -> str:
    return json.dumps({key: str(item) for key, item in value.items()}, sort_keys=True)


def _update_rule(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_rule(place, new)


def _delete_rule(physical_id: str, props: Props) -> None:
    with ignoring("NoSuchConfigRuleException"):
        aws("config").delete_config_rule(ConfigRuleName=physical_id)


# -- Secrets Manager --------------------------------------------------------------------------------------------------


def _put_secret_policy(place: Place, props: Props) -> tuple[str, Attributes]:
    document = props["ResourcePolicy"]
    aws("secretsmanager").put_resource_policy(
        SecretId=props["SecretId"],
        ResourcePolicy=document if isinstance(document, str) else json.dumps(document),
        BlockPublicPolicy=truth(props.get("BlockPublicPolicy", False)),
    )
    return str(props["SecretId"]), {"Id": str(props["SecretId"])}


def _update_secret_policy(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_secret_policy(place, new)


def _delete_secret_policy(physical_id: str, props: Props) -> None:
    with ignoring("ResourceNotFoundException", "InvalidRequestException"):
        aws("secretsmanager").delete_resource_policy(SecretId=physical_id)


def _put_schedule(place: Place, props: Props) -> tuple[str, Attributes]:
    arguments: dict[str, Any] = {"RotateImmediately": truth(props.get("RotateImmediatelyOnUpdate", True))}
    if "RotationLambdaARN" in props:
        arguments["RotationLambdaARN"] = props["RotationLambdaARN"]
    rules = dict(props.get("RotationRules") or {})
    if "AutomaticallyAfterDays" in rules:
        rules["AutomaticallyAfterDays"] = int(rules["AutomaticallyAfterDays"])
    if rules:
        arguments["RotationRules"] = rules
    aws("secretsmanager").rotate_secret(SecretId=props["SecretId"], **arguments)
    return str(props["SecretId"]), {"Id": str(props["SecretId"])}


def _update_schedule(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_schedule(place, new)


def _delete_schedule(physical_id: str, props: Props) -> None:
    """End rotation in the service's store: the emulator's API has no CancelRotateSecret."""
    require(_secrets, "_resolve")
    _, secret = _secrets._resolve(physical_id)
    if secret:
        secret["RotationEnabled"] = False
        for name in ("RotationLambdaARN", "RotationRules"):
            secret.pop(name, None)


NEW_TYPES = {
    "AWS::Config::ConfigurationRecorder": NewType(_put_recorder, _delete_recorder, _update_recorder),
    "AWS::Config::DeliveryChannel": NewType(_put_channel, _delete_channel, _update_channel),
    "AWS::Config::ConfigRule": NewType(_put_rule, _delete_rule, _update_rule),
    "AWS::SecretsManager::ResourcePolicy": NewType(_put_secret_policy, _delete_secret_policy, _update_secret_policy),
    "AWS::SecretsManager::RotationSchedule": NewType(_put_schedule, _delete_schedule, _update_schedule),
}
