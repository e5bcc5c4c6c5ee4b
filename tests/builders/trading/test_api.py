"""The API tier (T-API-*)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from builders.contract.template import TierTemplate
from builders.trading import api
from builders.trading.routes import ROUTES, Route
from lambda_src.common.schema import request_model
from tests.builders.support.conditions import deployed
from tests.builders.support.policies import permissions_of
from tests.builders.support.resources import find_resource, resources, templates, text

METHODS = list(resources("trading", "AWS::ApiGateway::Method"))
STAGE = find_resource("trading", "Stage").properties


@pytest.mark.requirement("T-API-1", "T-DATA-1", "T-DATA-4", "T-DATA-5")
def test_routes_are_those_of_the_data_plane() -> None:
    assert {(route.method, route.path, route.function) for route in ROUTES} == {
        ("POST", "/v1/market-data", "ingest"),
        ("GET", "/v1/bars/{symbol}", "query"),
        ("GET", "/v1/analytics/{symbol}", "query"),
        ("POST", "/v1/sessions", "sessions"),
        ("GET", "/v1/sessions/{id}", "sessions"),
        ("DELETE", "/v1/sessions/{id}", "sessions"),
        ("GET", "/health", "query"),
    }
    assert len(METHODS) == len(ROUTES)


@pytest.mark.requirement("T-API-1")
def test_only_health_is_open() -> None:
    for method in METHODS:
        expected = ("NONE", False) if method.title == "GetHealth" else ("AWS_IAM", True)
        assert (method.properties["AuthorizationType"], method.properties["ApiKeyRequired"]) == expected


@pytest.mark.requirement("T-API-1")
def test_methods_are_lambda_proxies_with_a_validator() -> None:
    for method in METHODS:
        assert method.properties["Integration"]["Type"] == "AWS_PROXY"
        assert method.properties["RequestValidatorId"] == {"Ref": "RequestValidator"}
    validator = find_resource("trading", "RequestValidator").properties
    assert validator["ValidateRequestBody"] is True
    assert validator["ValidateRequestParameters"] is True


@pytest.mark.requirement("T-API-1")
def test_batch_model_is_the_data_planes_own_schema() -> None:
    assert find_resource("trading", "MarketDataBatchModel").properties["Schema"] == json.dumps(request_model())
    assert find_resource("trading", "PostV1MarketData").properties["RequestModels"] == {
        "application/json": {"Ref": "MarketDataBatchModel"}
    }


@pytest.mark.requirement("T-DATA-1")
def test_the_gateways_own_errors_are_json_whatever_the_validator_says() -> None:
    """Regression: API Gateway fills in a template without escaping, so quotes in the validator's message broke the JSON."""
    for resource in resources("trading", "AWS::ApiGateway::GatewayResponse"):
        template = resource.properties["ResponseTemplates"]["application/json"]
        assert "validationErrorString" not in template
        filled = template.replace("$context.error.messageString", '"words"').replace(
            "$context.error.responseType", "TYPE"
        )
        assert set(json.loads(filled)["error"]) == {"code", "message"}


@pytest.mark.requirement("T-DATA-1")
def test_the_validators_message_is_where_aws_documents_it() -> None:
    """Regression: a header took it from ``context.error``, which AWS documents for bodies and access logs only.

    A header of a gateway response takes a value of the request or a fixed one. Another expression can fail the deployment.
    """
    for resource in resources("trading", "AWS::ApiGateway::GatewayResponse"):
        assert "ResponseParameters" not in resource.properties
    templates = find_resource("trading", "BadRequestBodyAnswer").properties["ResponseTemplates"]
    assert templates["text/plain"] == "$context.error.validationErrorString"
    assert "validationErrorString" not in STAGE["AccessLogSetting"]["Format"], "it may quote the request"


@pytest.mark.requirement("T-API-1")
def test_api_accepts_no_tls_version_before_1_2() -> None:
    """A regional endpoint without a security policy still accepts TLS 1.0."""
    assert find_resource("trading", "RestApi").properties["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06"
    assert find_resource("trading", "RestApi").properties["EndpointAccessMode"] == "STRICT"


@pytest.mark.requirement("T-API-1")
def test_api_is_regional() -> None:
    assert find_resource("trading", "RestApi").properties["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


@pytest.mark.requirement("T-API-1")
def test_each_route_may_call_its_function_and_only_on_its_path() -> None:
    arns = {
        text(f.properties["SourceArn"]).split("}/", 1)[1]
        for f in resources("trading", "AWS::Lambda::Permission")
        if f.tier == "api"
    }
    assert arns == {
        "*/POST/v1/market-data",
        "*/GET/v1/bars/*",
        "*/GET/v1/analytics/*",
        "*/POST/v1/sessions",
        "*/GET/v1/sessions/*",
        "*/DELETE/v1/sessions/*",
        "*/GET/health",
    }


@pytest.mark.requirement("T-API-2")
def test_each_key_has_a_thousand_requests_a_second() -> None:
    plan = find_resource("trading", "UsagePlan").properties
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 2000}
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "RestApi"}, "Stage": {"Ref": "Stage"}}]
    assert find_resource("trading", "UsagePlanKey").properties["KeyId"] == {"Ref": "ApiKey"}


@pytest.mark.requirement("T-API-2")
def test_web_acl_limits_addresses_and_uses_managed_rules() -> None:
    acl = find_resource("trading", "WebAcl").properties
    rate, *managed = acl["Rules"]
    assert rate["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "RequestsPerAddress"}
    assert rate["Action"] == {"Block": {}}
    names = [rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in managed]
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= set(names)
    assert [rule["Priority"] for rule in acl["Rules"]] == list(range(len(acl["Rules"])))
    association = find_resource("trading", "WebAclAssociation")
    assert text(association.properties["ResourceArn"]["Fn::Sub"][0]).endswith("/stages/live")


@pytest.mark.requirement("T-API-2")
def test_one_client_at_its_keys_full_rate_is_not_blocked_by_its_address() -> None:
    limit = templates("trading")["root"]["Parameters"]["RequestsPerAddress"]["Default"]
    assert limit >= api.REQUESTS_PER_SECOND * 300


@pytest.mark.requirement("T-API-3")
def test_logs_are_json_encrypted_and_without_bodies_or_key_values() -> None:
    fields = json.loads(STAGE["AccessLogSetting"]["Format"])
    assert {"requestId", "status", "apiKeyId", "ip"} <= set(fields)
    assert not [value for value in fields.values() if value in ("$context.identity.apiKey", "$input.body")]
    # No header either, so no session's token: API Gateway itself creates the values of these variables.
    assert all(re.fullmatch(r"\$context(\.[A-Za-z]+)+", value) for value in fields.values())
    assert not [value for value in fields.values() if "requestOverride" in value or "authorizer" in value]
    assert {setting["DataTraceEnabled"] for setting in STAGE["MethodSettings"]} == {False}
    assert {setting["LoggingLevel"] for setting in STAGE["MethodSettings"]} == {"INFO"}


@pytest.mark.requirement("T-API-3", "A-2")
def test_execution_log_group_exists_before_the_stage_writes_to_it() -> None:
    assert (
        text(find_resource("trading", "ExecutionLogGroup").properties["LogGroupName"])
        == "API-Gateway-Execution-Logs_${RestApi}/live"
    )
    assert find_resource("trading", "Stage").body["DependsOn"] == "ExecutionLogGroup"
    assert STAGE["StageName"] == "live"


@pytest.mark.requirement("T-API-3")
def test_stage_traces_and_shows_a_client_certificate() -> None:
    assert STAGE["TracingEnabled"] is True
    assert STAGE["ClientCertificateId"] == {"Ref": "ClientCertificate"}


@pytest.mark.requirement("T-API-3", "A-8")
@pytest.mark.parametrize(("manage", "mentions"), [("true", True), ("false", False)])
def test_stage_waits_for_the_accounts_role_if_this_stack_manages_it(manage: str, mentions: bool) -> None:
    deployed_resources = deployed(
        templates("trading")["api"], ManageApiGatewayAccount=manage, ApiClientPrincipalArns="none"
    )
    assert ("ApiGatewayAccount" in deployed_resources) is mentions
    assert ("${ApiGatewayAccount}" in json.dumps(deployed_resources["Stage"])) is mentions
    assert ("ApiLogRole" in deployed_resources) is mentions


def _deployment(routes: tuple[Route, ...], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(api, "ROUTES", routes)
    template: TierTemplate = api.build("trading")
    (deployment,) = [r for r in template.resources.values() if r.resource_type == "AWS::ApiGateway::Deployment"]
    return {"title": deployment.title, **deployment.to_dict()}


@pytest.mark.requirement("T-API-3")
def test_a_changed_route_makes_a_new_deployment_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _deployment(ROUTES, monkeypatch)
    again = _deployment(ROUTES, monkeypatch)
    opened = (*ROUTES[:-1], Route("GET", "/health", "sessions", open=True))
    after = _deployment(opened, monkeypatch)
    assert before["title"] == again["title"] != after["title"]


@pytest.mark.requirement("T-API-3")
def test_deployment_depends_on_every_method() -> None:
    (deployment,) = resources("trading", "AWS::ApiGateway::Deployment")
    assert {method.title for method in METHODS} <= set(deployment.body["DependsOn"])


def test_clients_may_call_data_routes_only() -> None:
    (statement,) = permissions_of("trading", "ApiClientRole")
    assert statement["Action"] == ["execute-api:Invoke"]
    assert [text(arn) for arn in statement["Resource"]] == [
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/live/*/v1/*"
    ]
