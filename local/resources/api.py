"""API Gateway and WAF."""

from __future__ import annotations

import secrets
from typing import Any

from local.ministack.api import aws, ignoring
from local.ministack.properties import Attributes, Props, changed, truth
from local.ministack.records import recorded_type
from local.ministack.resource_types import NewType, Place, Supplement


def _complete_rest_api(api: str, old: Props, new: Props) -> Attributes | None:
    operations = _replacements(
        old,
        new,
        ("ApiKeySourceType", "/apiKeySource", "HEADER"),
        ("DisableExecuteApiEndpoint", "/disableExecuteApiEndpoint", "false"),
    )
    if operations:
        aws("apigateway").update_rest_api(restApiId=api, patchOperations=operations)
    return None


def _complete_method(physical_id: str, old: Props, new: Props) -> Attributes | None:
    """Set the request validator, without which the service accepts every body.

    The emulator's handler creates the method anew on every update, so the validator is set each time.
    """
    if new.get("RequestValidatorId"):
        aws("apigateway").update_method(
            restApiId=new["RestApiId"],
            resourceId=new["ResourceId"],
            httpMethod=new["HttpMethod"],
            patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": new["RequestValidatorId"]}],
        )
    return None


def _complete_stage(stage: str, old: Props, new: Props) -> Attributes | None:
    """Set access log and client certificate."""
    operations = _replacements(old, new, ("ClientCertificateId", "/clientCertificateId", ""))
    if changed(old, new, "AccessLogSetting"):
        log_setting = new.get("AccessLogSetting") or {}
        operations += [
            {
                "op": "replace",
                "path": "/accessLogSettings/destinationArn",
                "value": log_setting.get("DestinationArn", ""),
            },
            {"op": "replace", "path": "/accessLogSettings/format", "value": log_setting.get("Format", "")},
        ]
    if operations:
        aws("apigateway").update_stage(restApiId=new["RestApiId"], stageName=stage, patchOperations=operations)
    return None


def _replacements(old: Props, new: Props, *fields: tuple[str, str, str]) -> list[dict[str, str]]:
    """Return JSON-patch operations for the (property, path, default) that changed."""
    operations = []
    for name, path, default in fields:
        if changed(old, new, name):
            value = new.get(name, default)
            text = ("true" if truth(value) else "false") if isinstance(value, bool) else str(value)
            operations.append({"op": "replace", "path": path, "value": text})
    return operations


def _create_validator(place: Place, props: Props) -> tuple[str, Attributes]:
    identifier = aws("apigateway").create_request_validator(
        restApiId=props["RestApiId"],
        name=props.get("Name") or place.name(128),
        validateRequestBody=truth(props.get("ValidateRequestBody", False)),
        validateRequestParameters=truth(props.get("ValidateRequestParameters", False)),
    )["id"]
    return identifier, {"RequestValidatorId": identifier}


def _update_validator(place: Place, physical_id: str, old: Props, new: Props) -> tuple[str, Attributes]:
    if changed(old, new, "RestApiId") or changed(old, new, "Name"):
        return _create_validator(place, new)
    operations = _replacements(
        old,
        new,
        ("ValidateRequestBody", "/validateRequestBody", "false"),
        ("ValidateRequestParameters", "/validateRequestParameters", "false"),
    )
    if operations:
        aws("apigateway").update_request_validator(
            restApiId=new["RestApiId"], requestValidatorId=physical_id, patchOperations=operations
        )
    return physical_id, {"RequestValidatorId": physical_id}


def _delete_validator(physical_id: str, props: Props) -> None:
    with ignoring("NotFoundException"):
        aws("apigateway").delete_request_validator(restApiId=props["RestApiId"], requestValidatorId=physical_id)


# -- WAF --------------------------------------------------------------------------------------------------------------


def _associate(place: Place, props: Props) -> tuple[str, Attributes]:
    aws("wafv2").associate_web_acl(WebACLArn=props["WebACLArn"], ResourceArn=props["ResourceArn"])
    return f"{props['WebACLArn']}|{props['ResourceArn']}", {}


def _disassociate(physical_id: str, props: Props) -> None:
    current = aws("wafv2").get_web_acl_for_resource(ResourceArn=props["ResourceArn"]).get("WebACL") or {}
    if current.get("ARN") == props["WebACLArn"]:  # else the successor is associated already
        aws("wafv2").disassociate_web_acl(ResourceArn=props["ResourceArn"])


def _certificate_id(place: Place, props: Props) -> str:
    return secrets.token_hex(3)  # six characters, as the service draws them


def _certificate_attributes(physical_id: str, props: Props) -> dict[str, Any]:
    return {"ClientCertificateId": physical_id}


def _logging_id(place: Place, props: Props) -> str:
    for destination in props["LogDestinationConfigs"]:
        if ":log-group:" in destination and ":log-group:aws-waf-logs-" not in destination:  # logging-cw-logs.html
            raise ValueError("WAFInvalidParameterException: The name of the log group must begin with aws-waf-logs-.")
    return str(props["ResourceArn"])


NEW_TYPES = {
    "AWS::WAFv2::WebACLAssociation": NewType(_associate, _disassociate),
    "AWS::WAFv2::LoggingConfiguration": recorded_type(
        "AWS::WAFv2::LoggingConfiguration", _logging_id, replaced_by=("ResourceArn",)
    ),
    "AWS::ApiGateway::ClientCertificate": recorded_type(
        "AWS::ApiGateway::ClientCertificate", _certificate_id, _certificate_attributes
    ),
}

REPLACED_TYPES = {
    # The emulator's CloudFormation only draws an id for a validator, so nothing would be validated.
    "AWS::ApiGateway::RequestValidator": NewType(_create_validator, _delete_validator, _update_validator),
}

SUPPLEMENTS = {
    "AWS::ApiGateway::RestApi": Supplement(_complete_rest_api),
    "AWS::ApiGateway::Method": Supplement(_complete_method),
    "AWS::ApiGateway::Stage": Supplement(_complete_stage),
}
