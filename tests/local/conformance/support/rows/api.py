"""API Gateway, WAF and ACM."""

from __future__ import annotations

from tests.local.conformance.support.row import DOCS, Row, Table

_GATEWAY = f"{DOCS}apigateway/latest/developerguide/"
_WAF = f"{DOCS}waf/latest/developerguide/"
_METHOD = "AWS::ApiGateway::Method"

API_GATEWAY = Table(
    "API Gateway",
    (
        Row(
            "proxy_event_carries_the_request",
            "The function gets method, path, query, headers, body and request context, and "
            "its answer becomes the response.",
            f"{_GATEWAY}set-up-lambda-proxy-integrations.html",
            types=("AWS::ApiGateway::RestApi", "AWS::ApiGateway::Resource", _METHOD),
        ),
        Row(
            "unsigned_request_is_forbidden",
            "A request without signature to a method with AWS_IAM is 403 MissingAuthenticationTokenException.",
            f"{_GATEWAY}supported-gateway-response-types.html",
            types=(_METHOD,),
        ),
        Row(
            "signed_request_needs_execute_api_invoke",
            "A signed request is 403 unless the caller's policies allow execute-api:Invoke on the method.",
            f"{_GATEWAY}api-gateway-control-access-using-iam-policies-to-invoke-api.html",
            types=(_METHOD,),
        ),
        Row(
            "method_demands_an_api_key",
            "Without a valid key of a usage plan, a method with ApiKeyRequired is 403 Forbidden.",
            f"{_GATEWAY}api-gateway-api-usage-plans.html",
            types=("AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::UsagePlanKey"),
        ),
        Row(
            "usage_plan_throttles",
            "More requests than the burst of the usage plan are 429 Too Many Requests.",
            f"{_GATEWAY}api-gateway-request-throttling.html",
            types=("AWS::ApiGateway::UsagePlan",),
        ),
        Row(
            "usage_plan_has_a_quota",
            "More requests than the quota of the usage plan are 429 Limit Exceeded.",
            f"{_GATEWAY}api-gateway-api-usage-plans.html",
            types=("AWS::ApiGateway::UsagePlan",),
        ),
        Row(
            "api_key_value_is_given_on_demand",
            "GetApiKey gives the value only with includeValue.",
            f"{DOCS}apigateway/latest/api/API_GetApiKey.html",
            types=("AWS::ApiGateway::ApiKey",),
            calls=("apigateway.get_api_key",),
        ),
        Row(
            "body_must_fit_the_model",
            "The request validator rejects a JSON body that does not fit the method's model with 400.",
            f"{_GATEWAY}api-gateway-method-request-validation.html",
            types=("AWS::ApiGateway::Model", "AWS::ApiGateway::RequestValidator"),
        ),
        Row(
            "other_content_types_are_not_validated",
            "A body of a content type without model is not validated.",
            f"{_GATEWAY}api-gateway-method-request-validation.html",
            types=("AWS::ApiGateway::RequestValidator",),
        ),
        Row(
            "required_parameter_must_be_there",
            "The request validator rejects a request without a required query parameter with 400.",
            f"{_GATEWAY}api-gateway-method-request-validation.html",
            types=("AWS::ApiGateway::RequestValidator",),
        ),
        Row(
            "gateway_response_is_customised",
            "A gateway response changes status, headers and body of an error that API Gateway answers itself.",
            f"{_GATEWAY}api-gateway-gatewayResponse-definition.html",
            types=("AWS::ApiGateway::GatewayResponse",),
        ),
        Row(
            "binary_body_reaches_the_function_as_base64",
            "A body of a binary media type reaches the function Base64-encoded, with isBase64Encoded.",
            f"{_GATEWAY}lambda-proxy-binary-media.html",
            types=("AWS::ApiGateway::RestApi",),
        ),
        Row(
            "function_error_is_a_bad_gateway",
            "A function that fails, or whose answer has the wrong form, gives 502 Internal server error.",
            f"{_GATEWAY}handle-errors-in-lambda-integration.html",
            types=(_METHOD,),
        ),
        Row(
            "integration_timeout_ends_the_request",
            "A function that takes longer than the integration's timeout gives 504.",
            f"{_GATEWAY}supported-gateway-response-types.html",
            types=(_METHOD,),
        ),
        Row(
            "unknown_path_is_forbidden",
            "A path that no resource has is 403 Missing Authentication Token.",
            f"{_GATEWAY}supported-gateway-response-types.html",
            types=("AWS::ApiGateway::Resource",),
        ),
        Row(
            "deployment_is_a_snapshot",
            "A changed method is not served until a new deployment.",
            f"{_GATEWAY}how-to-deploy-api.html",
            types=("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"),
        ),
        Row(
            "access_log_has_a_line_for_each_request",
            "The stage writes a line in the declared format for each request.",
            f"{_GATEWAY}set-up-logging.html",
            types=("AWS::ApiGateway::Stage", "AWS::ApiGateway::Account"),
        ),
        Row(
            "large_body_is_rejected",
            "A body of more than 10 MB is 413 Request Too Large.",
            f"{_GATEWAY}limits.html",
            types=("AWS::ApiGateway::RestApi",),
        ),
        Row(
            "account_has_one_logging_role",
            "The role for CloudWatch is a setting of the account and region, which GetAccount shows.",
            f"{_GATEWAY}set-up-logging.html",
            types=("AWS::ApiGateway::Account",),
            calls=("apigateway.get_account",),
        ),
        Row(
            "client_certificate_belongs_to_the_stage",
            "The stage names its client certificate, whose PEM the API gives.",
            f"{_GATEWAY}getting-started-client-side-ssl-authentication.html",
            types=("AWS::ApiGateway::ClientCertificate", "AWS::ApiGateway::Stage"),
        ),
    ),
)

WAF = Table(
    "WAF",
    (
        Row(
            "web_acl_shows_its_rules",
            "GetWebACL gives the declared rules with priorities, actions and overrides.",
            f"{_WAF}web-acl.html",
            types=("AWS::WAFv2::WebACL",),
        ),
        Row(
            "web_acl_is_associated_with_a_stage",
            "GetWebACLForResource of a stage gives the associated web ACL.",
            f"{_WAF}web-acl-associating-aws-resource.html",
            types=("AWS::WAFv2::WebACLAssociation",),
        ),
        Row(
            "waf_log_group_name_has_a_prefix",
            "The log group of a web ACL must have a name that begins with aws-waf-logs-.",
            f"{_WAF}logging-cw-logs.html",
            types=("AWS::WAFv2::LoggingConfiguration",),
        ),
        Row(
            "rate_rule_blocks",
            "A rate-based rule blocks an address that sends more requests than its limit.",
            f"{_WAF}waf-rule-statement-type-rate-based.html",
            types=("AWS::WAFv2::WebACL",),
        ),
    ),
)

ACM = Table(
    "ACM",
    (
        Row(
            "imported_certificate_shows_its_names",
            "DescribeCertificate gives names and dates of an imported certificate; importing with its ARN replaces it.",
            f"{DOCS}acm/latest/APIReference/API_ImportCertificate.html",
            calls=("acm.import_certificate", "acm.describe_certificate"),
        ),
        Row(
            "listener_needs_an_existing_certificate",
            "A listener with a certificate that ACM does not have fails.",
            f"{DOCS}elasticloadbalancing/latest/APIReference/API_CreateListener.html",
            types=("AWS::ElasticLoadBalancingV2::Listener",),
        ),
    ),
)
