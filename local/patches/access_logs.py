"""Gap: the stages of API Gateway do not write their access log.

Here each request leaves the line that AccessLogSetting.Format describes (set-up-logging.html), with "-" for a variable
that has no value. Nothing writes execution logs.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_gateway = emulator_module("services.apigateway_v1")
_logs = emulator_module("services.cloudwatch_logs")
_core = emulator_module("core.responses")

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")

Execute = Callable[..., Awaitable[Any]]


def install() -> None:
    """Write the log after every request to a deployed stage."""
    require(_gateway, "_stages_v1", "_match_resource_tree", "_iam_caller_identity", "_resolve_api_key")
    require(_logs, "_log_groups", "_append_log_events", "_fanout_to_subscription_filters")
    wrap(_gateway, "_handle_execute_in_scope", _logging_requests)


def _logging_requests(original: Execute) -> Execute:
    async def execute(
        api_id: str, stage_name: str, method: str, path: str, headers: Any, body: Any, query: Any, *scope: Any
    ) -> Any:
        begun = time.time()
        response = await original(api_id, stage_name, method, path, headers, body, query, *scope)
        stage = _gateway._stages_v1.get(api_id, {}).get(stage_name) or {}
        setting = stage.get("accessLogSettings") or {}
        if setting.get("format") and setting.get("destinationArn"):
            context = _context(api_id, stage_name, method, path, headers, query, response, begun)
            group = setting["destinationArn"].partition(":log-group:")[2].removesuffix(":*")
            line = _VARIABLE.sub(lambda m: context.get(m[1]) or "-", setting["format"])
            write_line(group, f"access_{api_id}", line)
        return response

    return execute


def _context(
    api_id: str, stage_name: str, method: str, path: str, headers: Any, query: Any, response: Any, begun: float
) -> dict[str, str]:
    status, answer_headers, answer_body = response[:3]
    resource, _ = _gateway._match_resource_tree(api_id, [part for part in path.strip("/").split("/") if part])
    key = _gateway._resolve_api_key(_gateway._api_key_from_request(headers)) or {}
    caller = _gateway._iam_caller_identity(headers, query) or {}
    error_type = next((str(v) for k, v in answer_headers.items() if k.lower() == "x-amzn-errortype"), "")
    latency = str(round((time.time() - begun) * 1000))
    identifier = next((str(v) for k, v in answer_headers.items() if k.lower() == "x-amzn-requestid"), _core.new_uuid())
    return {
        "requestId": identifier,
        "extendedRequestId": identifier,
        "apiId": api_id,
        "stage": stage_name,
        "httpMethod": method,
        "path": f"/{stage_name}{path}",
        "resourcePath": resource["path"] if resource else "",
        "protocol": "HTTP/1.1",
        "status": str(status),
        "responseLength": str(len(answer_body)) if isinstance(answer_body, bytes | str) else "",
        "responseLatency": latency,
        "integrationLatency": latency,
        "integration.latency": latency,
        "integration.integrationStatus": "" if error_type else str(status),
        "requestTime": dt.datetime.fromtimestamp(begun, dt.UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": str(round(begun * 1000)),
        "accountId": str(_core.get_account_id()),
        "identity.sourceIp": "127.0.0.1",
        "identity.userAgent": str(_gateway._header_ci(headers, "user-agent") or ""),
        "identity.apiKeyId": str(key.get("id", "")),
        **{f"identity.{name}": str(value) for name, value in caller.items() if value},
        "error.responseType": error_type,
    }


def write_line(name: str, stream_name: str, line: str) -> None:
    """Write an event to a stream of a log group and apply the group's filters. Do nothing if the group is missing."""
    group = _logs._log_groups.get(name)
    if group is None:
        return  # the service does not create the group either
    now = round(time.time() * 1000)
    stream = group["streams"].setdefault(
        stream_name,
        {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        },
    )
    event = {"timestamp": now, "message": line, "ingestionTime": now}
    _logs._append_log_events(stream, [event])
    _logs._fanout_to_subscription_filters(name, stream_name, [event])
