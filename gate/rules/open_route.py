"""E9815: every route of an API authorizes its callers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
values = import_filename("_values", _FOLDER).values  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts
mentions = import_filename("_texts", _FOLDER).mentions

HTTP_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "x-amazon-apigateway-any-method"})
# Values by which callers need not say who they are. An absent value means NONE.
# An API key identifies an application for its quota, and clients carry it in the open.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
UNAUTHORIZED: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("AWS::ApiGateway::Method", "AuthorizationType", frozenset({"none"})),
    ("AWS::ApiGatewayV2::Route", "AuthorizationType", frozenset({"none"})),
    ("AWS::AppSync::GraphQLApi", "AuthenticationType", frozenset({"none", "api_key"})),
    ("AWS::VpcLattice::Service", "AuthType", frozenset({"none"})),
    ("AWS::VpcLattice::ServiceNetwork", "AuthType", frozenset({"none"})),
)


class OpenRoute(CloudFormationLintRule):
    """Checks methods, routes and the OpenAPI documents of APIs.

    The preflight request of a browser (OPTIONS) carries no credentials. Of a WebSocket API, only ``$connect`` can
    authorize.
    """

    id = "E9815"
    shortdesc = "Every route of an API authorizes its callers"
    description = (
        "A method or route has an authorization type other than NONE. An API key alone does not count. So does each "
        "operation of an OpenAPI document. A GraphQL API and a service of VPC Lattice authenticate their callers, and an "
        "identity pool has no unauthenticated identities. OPTIONS is exempt."
    )
    reason = (
        "PCI DSS 7.2 demands that access is granted by name. A route without authorization answers the whole internet."
    )
    source_url = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html"
    tags = ["resources", "apigateway"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          ApiId: {Type: String}
          ParentId: {Type: String}
        Resources:
          GetOrders:
            Type: AWS::ApiGateway::Method
            Properties:
              RestApiId: !Ref ApiId
              ResourceId: !Ref ParentId
              HttpMethod: GET
              AuthorizationType: NONE
              Integration: {Type: MOCK}
    """
    passing_example = failing_example.replace("NONE", "AWS_IAM")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each open route."""
        matches: list[RuleMatch] = []
        for name, resource in cfn.get_resources().items():
            properties = resource.get("Properties") or {}
            for key, message in _faults(resource.get("Type", ""), properties, cfn):
                path: list[str | int] = ["Resources", name, "Properties", *([key] if key in properties else [])]
                matches.append(RuleMatch(path, message))
        return matches


def _faults(kind: str, properties: dict[str, Any], cfn: Template) -> Iterator[tuple[str, str]]:
    """Yields property and message of each fault."""
    for type_, key, open_values in UNAUTHORIZED:
        if kind == type_ and not _is_exempt(kind, properties, cfn):
            found = [text for value in values(properties, key) for text in texts(value, cfn.template) or ["NONE"]]
            yield from ((key, f"{key} is {text}, so anyone may call") for text in found if text.lower() in open_values)
    if kind == "AWS::AppSync::GraphQLApi":
        for value in values(properties, "AdditionalAuthenticationProviders.*.AuthenticationType"):
            if "API_KEY" in texts(value, cfn.template):
                yield "AdditionalAuthenticationProviders", "API_KEY lets anyone call who has seen a client"
    elif kind == "AWS::ApiGatewayV2::Api" and "Target" in properties:
        yield "Target", "Target makes a default route without authorization. Write routes of their own"
    elif kind == "AWS::Cognito::IdentityPool":
        if any("true" in texts(v, cfn.template) for v in values(properties, "AllowUnauthenticatedIdentities")):
            yield "AllowUnauthenticatedIdentities", "AllowUnauthenticatedIdentities gives credentials to anyone"
    elif kind in ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"):
        yield from (("Body", f"{operation} has no security") for operation in _open_operations(properties.get("Body")))


def _is_exempt(kind: str, properties: dict[str, Any], cfn: Template) -> bool:
    if kind == "AWS::ApiGateway::Method":
        return bool(texts(properties.get("HttpMethod"), cfn.template) == ["OPTIONS"])
    if kind != "AWS::ApiGatewayV2::Route":
        return False
    route = "".join(texts(properties.get("RouteKey"), cfn.template))
    return route.startswith("OPTIONS ") or (_is_web_socket(properties, cfn) and route != "$connect")


def _is_web_socket(properties: dict[str, Any], cfn: Template) -> bool:
    return any(
        mentions(properties.get("ApiId"), name)
        and "WEBSOCKET" in texts((api.get("Properties") or {}).get("ProtocolType"), cfn.template)
        for name, api in cfn.get_resources("AWS::ApiGatewayV2::Api").items()
    )


def _open_operations(body: Any) -> Iterator[str]:
    """Yields the operations of an OpenAPI document that demand nothing of their callers."""
    paths = body.get("paths") if isinstance(body, dict) else None
    for path, operations in (paths if isinstance(paths, dict) else {}).items():
        for method, operation in (operations if isinstance(operations, dict) else {}).items():
            if str(method).lower() in HTTP_METHODS and isinstance(operation, dict):
                security = operation.get("security", body.get("security"))
                if (not security or {} in security) and "x-amazon-apigateway-auth" not in operation:
                    yield f"{str(method).upper()} {path}"
