"""The API tier: a regional REST API for the functions, with keys, throttling, signatures, validation and a web ACL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from awacs import logs as logs_actions
from troposphere import AWSHelperFn, AWSObject, Equals, GetAtt, If, Ref, Sub
from troposphere.apigateway import (
    AccessLogSetting,
    Account,
    ApiKey,
    ApiStage,
    ClientCertificate,
    Deployment,
    EndpointConfiguration,
    Integration,
    Method,
    MethodSetting,
    Model,
    RequestValidator,
    Resource,
    RestApi,
    Stage,
    ThrottleSettings,
    UsagePlan,
    UsagePlanKey,
)
from troposphere.awslambda import Permission
from troposphere.iam import Role
from troposphere.logs import LogGroup

from builders.contract import parameters, ports
from builders.contract.conditions import HAS_API_CLIENTS
from builders.contract.names import SUFFIX, pascal
from builders.contract.template import TierTemplate
from builders.iam import arns, statements
from builders.iam.roles import add_role
from builders.parts import firewall, pack_rules
from builders.parts.custom_resources import add_custom_resource
from builders.parts.logs import add_log_group
from builders.parts.suppressions import suppress
from builders.trading import facts
from builders.trading.gateway_responses import JSON_TYPE, add_error_answers
from builders.trading.routes import ROUTES, Route, path_words
from lambda_src.common.schema import request_model

REQUESTS_PER_SECOND = 1000
"""Rate limit of each API key (requirement T-API-2)."""
BURST = 2000
"""Burst limit of each API key, in requests (requirement T-API-2)."""
BODIES_PASS = (
    "A batch is larger than the 8 KB that SizeRestrictions_BODY allows, and a batch in gzip is random bytes, in which the other "
    "rules find attacks; ingest reads bodies as data only, and bounds and validates each record"
)
"""Why WAF blocks no body here."""
MANAGES_ACCOUNT_ROLE = "ManagesApiGatewayAccount"


# Variables of $context only, so that the log contains no body, no header and no key's value.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "apiKeyId": "$context.identity.apiKeyId",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integration.latency",
    "integrationStatus": "$context.integration.integrationStatus",
    "error": "$context.error.responseType",
    "waf": "$context.wafResponseCode",
    "traceId": "$context.xrayTraceId",
}


def build(platform: str) -> TierTemplate:
    """Builds the API from its definition to its web ACL."""
    template = TierTemplate(platform, "REST API with signatures, keys, throttling, validation, logs and a web ACL.")
    api = add_rest_api(template)
    definition = [*add_resources(template, api), *add_error_answers(template, api)]
    account = add_account_singleton(template)
    deployment = add_deployment(template, api, definition)
    stage = add_stage(template, api, deployment, account)
    key = add_usage_plan(template, api, stage)
    add_custom_resource(
        template,
        "ApiKeyEntitlement",
        template.use(ports.HOUSEKEEPING_FUNCTION),
        TableName=template.use(ports.API_KEYS_TABLE),
        ApiKeyId=Ref(key),
        Scopes=["ingest", "query", "sessions"],
        Symbols=["*"],
    )
    client = add_client_role(template, api)
    firewall.add_regional_web_acl(template, Sub(_stage_arn(), RestApi=Ref(api)), stage, bodies_pass=BODIES_PASS)
    host = f"{arns.placeholder(Ref(api))}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
    template.export(ports.API_URL, Sub(f"https://{host}/{facts.STAGE}"))
    template.export(ports.API_ID, Ref(api))
    template.export(ports.API_NAME, template.named("api"))
    template.export(ports.API_KEY_ID, Ref(key))
    template.export(ports.API_CLIENT_ROLE, GetAtt(client, "Arn"), HAS_API_CLIENTS)
    return template


def add_rest_api(template: TierTemplate) -> RestApi:
    """Adds the API.

    API Gateway decompresses requests in gzip. A body of the media type gzip reaches the function as bytes.
    """
    return template.add(
        RestApi(
            "RestApi",
            Name=template.named("api"),
            Description="Market data in, bars and analytics out",
            EndpointConfiguration=EndpointConfiguration(Types=["REGIONAL"]),
            ApiKeySourceType="HEADER",
            # Without these a regional endpoint still accepts TLS 1.0:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
            SecurityPolicy="SecurityPolicy_TLS13_1_2_2021_06",
            EndpointAccessMode="STRICT",
            BinaryMediaTypes=["application/gzip"],
            MinimumCompressionSize=1024,
        )
    )


def add_resources(template: TierTemplate, api: RestApi) -> list[AWSObject]:
    """Adds paths, validator, batch model, methods and permissions; returns the resources that a deployment captures."""
    model = template.add(
        Model(
            "MarketDataBatchModel",
            RestApiId=Ref(api),
            Name="MarketDataBatch",
            Description="Envelope of a batch; each record is validated on its own by the function",
            ContentType=JSON_TYPE,
            Schema=request_model(),
        )
    )
    validator = template.add(
        RequestValidator(
            "RequestValidator",
            RestApiId=Ref(api),
            Name="body-and-parameters",
            ValidateRequestBody=True,
            ValidateRequestParameters=True,
        )
    )
    paths = _add_paths(template, api)
    methods = [_add_method(template, api, route, paths[route.path], model, validator) for route in ROUTES]
    for name in facts.API_FUNCTIONS:
        _allow_invocation(template, api, name)
    return [api, model, validator, *paths.values(), *methods]


def _add_paths(template: TierTemplate, api: RestApi) -> dict[str, Resource]:
    paths: dict[str, Resource] = {}
    for route in ROUTES:
        parent: AWSHelperFn = GetAtt(api, "RootResourceId")
        path = ""
        for part in route.path.strip("/").split("/"):
            path = f"{path}/{part}"
            if path not in paths:
                paths[path] = template.add(
                    Resource(
                        f"Path{pascal('_'.join(path_words(path)))}", RestApiId=Ref(api), ParentId=parent, PathPart=part
                    )
                )
            parent = Ref(paths[path])
    return paths


def _add_method(
    template: TierTemplate, api: RestApi, route: Route, path: Resource, model: Model, validator: RequestValidator
) -> Method:
    in_path = {f"method.request.path.{part[1:-1]}": True for part in route.path.split("/") if part.startswith("{")}
    in_query = {f"method.request.querystring.{name}": False for name in route.query}
    optional: dict[str, Any] = {"RequestParameters": {**in_path, **in_query}} if in_path or in_query else {}
    if route.body:
        optional["RequestModels"] = {JSON_TYPE: Ref(model)}
    method = template.add(
        Method(
            route.title,
            RestApiId=Ref(api),
            ResourceId=Ref(path),
            HttpMethod=route.method,
            OperationName=route.title,
            AuthorizationType="NONE" if route.open else "AWS_IAM",
            ApiKeyRequired=not route.open,
            RequestValidatorId=Ref(validator),
            Integration=Integration(
                Type="AWS_PROXY",
                IntegrationHttpMethod="POST",
                Uri=Sub(
                    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations",
                    Function=template.use(ports.function_arn(route.function)),
                ),
                TimeoutInMillis=29_000,
            ),
            **optional,
        )
    )
    if route.open:
        suppress(
            method,
            "Load balancers and monitors ask for health without credentials (requirement T-API-1); the stage throttles it",
            cfn_lint=["E9815"],
            **pack_rules.OPEN_ROUTE,
        )
    return method


def _allow_invocation(template: TierTemplate, api: RestApi, name: str) -> None:
    """Adds one permission for each route, so that only the function's own methods can invoke it."""
    for route in (route for route in ROUTES if route.function == name):
        path = "/".join("*" if part.startswith("{") else part for part in route.path.split("/"))
        template.add(
            Permission(
                f"{route.title}Permission",
                FunctionName=template.use(ports.function_arn(name)),
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=arns.arn("execute-api", f"{arns.placeholder(Ref(api))}/*/{route.method}{path}"),
            )
        )


def add_account_singleton(template: TierTemplate) -> Account:
    """Adds the role with which API Gateway writes logs. An account and region have one, so one stack manages it (A-8).

    When a stack sets the role, API Gateway creates the log group /aws/apigateway/welcome. This stack creates it before,
    encrypted, and deletes it with the role.
    """
    template.add_condition(MANAGES_ACCOUNT_ROLE, Equals(template.use(parameters.MANAGE_API_GATEWAY_ACCOUNT), "true"))
    welcome = add_log_group(template, "WelcomeLogGroup", "/aws/apigateway/welcome", Condition=MANAGES_ACCOUNT_ROLE)
    suppress(welcome, "API Gateway dictates this name; the group is the account's, like the role", cfn_lint=["E9804"])
    role = add_log_role(template)
    return template.add(
        Account(
            "ApiGatewayAccount",
            Condition=MANAGES_ACCOUNT_ROLE,
            DependsOn=welcome,
            CloudWatchRoleArn=GetAtt(role, "Arn"),
        )
    )


def add_log_role(template: TierTemplate) -> Role:
    """Adds the role itself. API Gateway requires that the role may create log groups."""
    names = ("API-Gateway-Execution-Logs_", "/aws/apigateway/")
    write = [
        logs_actions.CreateLogGroup,
        logs_actions.CreateLogStream,
        logs_actions.DescribeLogStreams,
        logs_actions.PutLogEvents,
        logs_actions.GetLogEvents,
        logs_actions.FilterLogEvents,
    ]
    return add_role(
        template,
        "ApiLogRole",
        "api-log",
        "API Gateway writes execution and access logs",
        trust=statements.trust_service("apigateway", statements.from_this_account_if_present()),
        permissions=[
            statements.allow("WriteLogs", write, [arns.arn("logs", f"log-group:{name}*") for name in names]),
            statements.unscoped(
                "FindLogGroups",
                "logs:DescribeLogGroups has no resource-level permission",
                [logs_actions.DescribeLogGroups],
            ),
        ],
        condition=MANAGES_ACCOUNT_ROLE,
    )


def add_deployment(template: TierTemplate, api: RestApi, definition: Sequence[AWSObject]) -> Deployment:
    """Adds a snapshot of the definition.

    Its logical id contains the digest of the definition, so that every change creates a new deployment. Otherwise
    CloudFormation would find the deployment unchanged, and the stage would still serve the old definition.
    """
    digest = hashlib.sha256(_canonical(definition).encode()).hexdigest()[:12]
    return template.add(
        Deployment(
            f"Deployment{digest}",
            DependsOn=sorted(part.title for part in definition if part is not api),
            RestApiId=Ref(api),
            Description=f"Definition {digest}",
        )
    )


def _canonical(definition: Iterable[AWSObject]) -> str:
    return json.dumps({part.title: part.to_dict() for part in definition}, sort_keys=True)


def add_stage_logs(template: TierTemplate, api: RestApi) -> tuple[LogGroup, LogGroup]:
    """Adds the log groups of the stage, for access and execution. API Gateway dictates the name of the second."""
    access = add_log_group(template, "AccessLogGroup", Sub(f"/aws/apigateway/{template.name_text('access')}"))
    execution = add_log_group(
        template, "ExecutionLogGroup", Sub(f"API-Gateway-Execution-Logs_{arns.placeholder(Ref(api))}/{facts.STAGE}")
    )
    template.export(ports.API_ACCESS_LOG_GROUP, Ref(access))
    template.export(ports.API_EXECUTION_LOG_GROUP, Ref(execution))
    return access, execution


def add_stage(template: TierTemplate, api: RestApi, deployment: Deployment, account: Account) -> Stage:
    """Adds the stage with logs (access as JSON, execution without bodies), traces, throttling and client certificate."""
    access, execution = add_stage_logs(template, api)
    certificate = template.add(
        ClientCertificate("ClientCertificate", Description=Sub(f"{template.platform} API {SUFFIX}"))
    )
    stage = template.add(
        Stage(
            "Stage",
            DependsOn=execution,
            RestApiId=Ref(api),
            DeploymentId=Ref(deployment),
            StageName=facts.STAGE,
            # API Gateway rejects logging before the account has its role. A DependsOn would name a resource that may not
            # exist. A reference in the branch in which it exists has the same effect.
            Description=If(
                MANAGES_ACCOUNT_ROLE,
                Sub(f"The stage that clients use; it logs by {account.title} {arns.placeholder(Ref(account))}"),
                "The stage that clients use; it logs by the account's role",
            ),
            TracingEnabled=True,
            ClientCertificateId=Ref(certificate),
            AccessLogSetting=AccessLogSetting(
                DestinationArn=arns.log_group(access), Format=json.dumps(ACCESS_LOG_FIELDS)
            ),
            MethodSettings=[
                _method_setting("*", "/*", rate=REQUESTS_PER_SECOND * 5, burst=BURST * 2),
                # Open to everybody, so limited to what load balancers and monitors need.
                _method_setting("GET", "/~1health", rate=10, burst=20),
            ],
        )
    )
    suppress(
        stage, "An answer depends on the key's entitlements; a shared cache would leak it", **pack_rules.STAGE_CACHE
    )
    return stage


def _method_setting(method: str, path: str, *, rate: int, burst: int) -> MethodSetting:
    return MethodSetting(
        HttpMethod=method,
        ResourcePath=path,
        LoggingLevel="INFO",
        DataTraceEnabled=False,
        MetricsEnabled=True,
        CachingEnabled=False,
        ThrottlingRateLimit=rate,
        ThrottlingBurstLimit=burst,
    )


def add_usage_plan(template: TierTemplate, api: RestApi, stage: Stage) -> ApiKey:
    """Adds the usage plan that throttles each key, and the platform's own key."""
    plan = template.add(
        UsagePlan(
            "UsagePlan",
            UsagePlanName=template.named("usage-plan"),
            Description=f"{REQUESTS_PER_SECOND} requests a second for each key, {BURST} in a burst",
            ApiStages=[ApiStage(ApiId=Ref(api), Stage=Ref(stage))],
            Throttle=ThrottleSettings(RateLimit=REQUESTS_PER_SECOND, BurstLimit=BURST),
        )
    )
    key = template.add(
        ApiKey(
            "ApiKey",
            Name=template.named("api-key"),
            Description="The platform's own client",
            Enabled=True,
        )
    )
    template.add(UsagePlanKey("UsagePlanKey", UsagePlanId=Ref(plan), KeyId=Ref(key), KeyType="API_KEY"))
    return key


def add_client_role(template: TierTemplate, api: RestApi) -> Role:
    """Adds the role that the listed clients assume, and whose signature the data routes accept.

    The API key decides throttling and entitlements.
    """
    return add_role(
        template,
        "ApiClientRole",
        "api-client",
        "Clients call the API's data routes",
        trust=statements.trust_listed(template.use(parameters.API_CLIENTS)),
        permissions=[
            statements.invoke_api(
                "CallDataRoutes", arns.arn("execute-api", f"{arns.placeholder(Ref(api))}/{facts.STAGE}/*/v1/*")
            )
        ],
        condition=template.when(HAS_API_CLIENTS),
    )


def _stage_arn() -> str:
    return f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{RestApi}}/stages/{facts.STAGE}"
