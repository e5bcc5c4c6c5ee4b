"""Lambda, SNS, IAM and CloudWatch: types that the emulator lacks, and properties that it drops."""

from __future__ import annotations

from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.internals import emulator_module
from local.ministack.properties import Attributes, Props, changed, tag_list
from local.ministack.resource_types import NewType, Place, Supplement

_lambda = emulator_module("services.lambda_svc")
_core = emulator_module("core.responses")

# -- Lambda -----------------------------------------------------------------------------------------------------------


def _complete_function(name: str, old: Props, new: Props) -> Attributes | None:
    """Set VPC, dead-letter target, environment key and reserved concurrency. Reject a function without its artifact."""
    code = new.get("Code", {})
    if "S3Bucket" in code and not _lambda._functions[name].get("code_zip"):
        # The emulator answers invocations of such a function with a stand-in.
        raise ValueError(f"Error occurred while GetObject: s3://{code['S3Bucket']}/{code.get('S3Key')} does not exist")
    settings: dict[str, Any] = {}
    if changed(old, new, "VpcConfig"):
        vpc = new.get("VpcConfig") or {}
        settings["VpcConfig"] = {
            "SubnetIds": list(vpc.get("SubnetIds", [])),
            "SecurityGroupIds": list(vpc.get("SecurityGroupIds", [])),
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
    """Delete through the API, which also ends the function's processes (the emulator's handler leaves them running)."""
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
