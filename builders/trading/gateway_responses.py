"""The error responses that API Gateway itself gives, before a function runs."""

from __future__ import annotations

from troposphere import Ref
from troposphere.apigateway import GatewayResponse, RestApi

from builders.contract.template import TierTemplate

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"


def add_error_answers(template: TierTemplate, api: RestApi) -> list[GatewayResponse]:
    """Adds API Gateway's own error responses, in the form of the functions' errors.

    API Gateway fills in the template of a body without escaping. So the JSON contains only ``messageString``, which brings its
    quotes. The validator's message contains quotes of its own, so only the body in plain text has it. AWS documents the message
    for bodies and access logs, not for headers. AWS does not document when it prefers one of several templates, so the JSON
    itself says all that the model demands. The access log does not get the message, which may quote the request.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.gatewayResponse.html
    """
    invalid = (
        '"The body is not a batch: a JSON object with the array records of at least one record, and nothing else. '
        'Accept: text/plain asks for the fault"'
    )
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html and Lambda's limit for synchronous events
    too_large = '"The body is too large: at most 10 MB, and 6291456 bytes as an event of Lambda"'
    rows: tuple[tuple[str, str, str, dict[str, str]], ...] = (
        ("Default4xx", "DEFAULT_4XX", "$context.error.messageString", {}),
        ("Default5xx", "DEFAULT_5XX", '"The request could not be handled; try again."', {}),
        ("BadRequestBody", "BAD_REQUEST_BODY", invalid, {TEXT_TYPE: "$context.error.validationErrorString"}),
        ("RequestTooLarge", "REQUEST_TOO_LARGE", too_large, {}),
    )
    return [
        template.add(
            GatewayResponse(
                f"{title}Answer",
                RestApiId=Ref(api),
                ResponseType=kind,
                ResponseTemplates={
                    JSON_TYPE: f'{{"error":{{"code":"$context.error.responseType","message":{message}}}}}',
                    **others,
                },
            )
        )
        for title, kind, message, others in rows
    ]
