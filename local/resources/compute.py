"""Lambda, SNS, IAM and CloudWatch: types that are missing and properties that are dropped."""

from __future__ import annotations

from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module
from local.ministack.properties import Attributes, Props, changed, tag_list
from local.ministack.records import records
from local.ministack.resource_types import NewType, Place, Supplement

_lambda = emulator_module("services.lambda_svc")
_core = emulator_module("core.responses")

# -- Lambda -----------------------------------------------------------------------------------------------------------


def _complete_function(name: str, old: Props, new: Props) -> Attributes | None:
    """VPC, dead-letter target, environment key and reserved concurrency."""
    code = new.get("Code", {})
    if "S3Bucket" in code and not _lambda._functions[name].get("code_zip"):
        # The emulator would answer invocations with a stand-in.
        raise ValueError(f"Error occurred while GetObject: s3://{code['S3Bucket']}/{code.get('S3Key')} does not exist")
    settings: dict[str, Any] = {}
    if changed(old, new, "VpcConfig"):
        wanted = new.get("VpcConfig") or {}
        settings["VpcConfig"] = {
            "SubnetIds": list(wanted.get("SubnetIds", [])),
            "SecurityGroupIds": list(wanted.get("SecurityGroupIds", [])),
        }
    if changed(old, new, "DeadLetterConfig"):
        settings["DeadLetterConfig"] = {"TargetArn": (new.get("DeadLetterConfig") or {}).get("TargetArn", "")}
    if changed(old, new, "KmsKeyArn"):
        settings["KMSKeyArn"] = new.get("KmsKeyArn", "")
    if settings:
        aws("lambda").update_function_configuration(FunctionName=name, **settings)
    if changed(old, new, "ReservedConcurrentExecutions"):
        wanted_units = new.get("ReservedConcurrentExecutions")
        if wanted_units is None:
            aws("lambda").delete_function_concurrency(FunctionName=name)
        else:
            aws("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(wanted_units))
    return None


def _delete_function(name: str, props: Props) -> None:
    """Through the API, which also ends the function's processes (the emulator's handler leaves them running)."""
    with ignoring("ResourceNotFoundException"):
        aws("lambda").delete_function(FunctionName=name)


# -- SNS --------------------------------------------------------------------------------------------------------------

_TOPIC_ATTRIBUTES = ("KmsMasterKeyId", "TracingConfig", "SignatureVersion")


def _complete_topic(arn: str, old: Props, new: Props) -> Attributes | None:
    for name in _TOPIC_ATTRIBUTES:
        if changed(old, new, name):
            aws("sns").set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=str(new.get(name, "")))
    return None


# -- IAM --------------------------------------------------------------------------------------------------------------


def _complete_role(role: str, old: Props, new: Props) -> Attributes | None:
    if not changed(old, new, "PermissionsBoundary"):
        return None
    if new.get("PermissionsBoundary"):
        aws("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=new["PermissionsBoundary"])
    else:
        aws("iam").delete_role_permissions_boundary(RoleName=role)
    return None


# -- CloudWatch -------------------------------------------------------------------------------------------------------

_METRIC_MATH = {"MetricName": "MetricMath", "Namespace": "Local/NotEvaluated"}
"""What stands for a metric-math alarm: a metric that never has data, so that the alarm never changes its state."""


def patch_metric_math_alarms() -> None:
    """Gap: the emulator refuses alarms on metric math, in CloudFormation and in the service.

    The alarm exists, with its actions and for composite alarms, but is not evaluated; its metrics are recorded.
    """
    from local.ministack.internals import handlers, replace_handler

    original = handlers()["AWS::CloudWatch::Alarm"]

    def stand_in(props: Props) -> Props:
        if not props.get("Metrics"):
            return props
        return {**{name: value for name, value in props.items() if name != "Metrics"}, **_METRIC_MATH}

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Attributes]:
        name, attributes = original["create"](logical_id, stand_in(props), stack_name)
        record(name, props)
        return name, attributes

    def update(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Attributes]:
        name, attributes = original["update"](physical_id, stand_in(old), stand_in(new), stack_name, logical_id)
        record(name, new)
        return name, attributes

    def delete(physical_id: str, props: Props) -> None:
        original["delete"](physical_id, props)
        records.remove(physical_id)

    def record(name: str, props: Props) -> None:
        if props.get("Metrics"):
            records.put("AWS::CloudWatch::Alarm (metric math)", name, props)
        else:
            records.remove(name)

    replace_handler("AWS::CloudWatch::Alarm", {"create": create, "update": update, "delete": delete})


_COMPOSITE_ARGUMENTS = (
    "AlarmRule",
    "AlarmDescription",
    "ActionsEnabled",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)


def _put_composite(place: Place, props: Props) -> tuple[str, Attributes]:
    name = props.get("AlarmName") or place.name(255)
    arguments = {key: props[key] for key in _COMPOSITE_ARGUMENTS if key in props}
    if tag_list(props):
        arguments["Tags"] = tag_list(props)
    aws("cloudwatch").put_composite_alarm(AlarmName=name, **arguments)
    arn = f"arn:aws:cloudwatch:{_core.get_region()}:{_core.get_account_id()}:alarm:{name}"
    return name, {"Arn": arn}


def _update_composite(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    return _put_composite(place, new)  # another name is a replacement, the same name is overwritten


def _delete_composite(physical_id: str, props: Props) -> None:
    aws("cloudwatch").delete_alarms(AlarmNames=[physical_id])


NEW_TYPES = {
    "AWS::CloudWatch::CompositeAlarm": NewType(_put_composite, _delete_composite, _update_composite, tagged=True)
}

SUPPLEMENTS = {
    "AWS::Lambda::Function": Supplement(_complete_function, _delete_function),
    "AWS::SNS::Topic": Supplement(_complete_topic),
    "AWS::IAM::Role": Supplement(_complete_role),
}
