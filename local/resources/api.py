"""API Gateway and WAF."""

from __future__ import annotations

import secrets
from typing import Any

from local.resources.framework import Attributes, NewType, Place, Props, Supplement, aws, changed, truth
from local.resources.records import recorded_type


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
    """The request validator: without it the service accepts every body. The handler puts the method anew on every
    update, so it is set again each time."""
    if new.get("RequestValidatorId"):
        aws("apigateway").update_method(
            restApiId=new["RestApiId"],
            resourceId=new["ResourceId"],
            httpMethod=new["HttpMethod"],
            patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": new["RequestValidatorId"]}],
        )
    return None


def _complete_stage(stage: str, old: Props, new: Props) -> Attributes | None:
    """Access log and client certificate."""
    operations = _replacements(old, new, ("ClientCertificateId", "/clientCertificateId", ""))
    if changed(old, new, "AccessLogSetting"):
        wanted = new.get("AccessLogSetting") or {}
        operations += [
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": wanted.get("DestinationArn", "")},
            {"op": "replace", "path": "/accessLogSettings/format", "value": wanted.get("Format", "")},
        ]
    if operations:
        aws("apigateway").update_stage(restApiId=new["RestApiId"], stageName=stage, patchOperations=operations)
    return None


def _replacements(old: Props, new: Props, *fields: tuple[str, str, str]) -> list[dict[str, str]]:
    """JSON-patch operations for the (property, path, default) that changed."""
    operations = []
    for name, path, default in fields:
        if changed(old, new, name):
            value = new.get(name, default)
            text = ("true" if truth(value) else "false") if isinstance(value, bool) else str(value)
            operations.append({"op": "replace", "path": path, "value": text})
    return operations


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

SUPPLEMENTS = {
    "AWS::ApiGateway::RestApi": Supplement(_complete_rest_api),
    "AWS::ApiGateway::Method": Supplement(_complete_method),
    "AWS::ApiGateway::Stage": Supplement(_complete_stage),
}
