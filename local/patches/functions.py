"""Gaps in how the emulator runs functions.

- A function sees the launcher's installed packages, so that one whose package is incomplete works here and fails on AWS.
  Here it sees only what Lambda's runtime has: boto3 and what that needs.
- A custom resource's function that fails without an answer keeps the stack waiting for ServiceTimeout. Here the error is
  the answer.
- A log group appears whatever the function may do. Here it appears only if the function's role may create it, as on AWS.
- An exception of the function is called Runtime.HandlerError. Here it has its own type, as on AWS.
- The dead-letter queue gets the record of a destination. Here it gets the event, with the error in the attributes.
- The function's credentials have no end, and RDS rejects database tokens of such credentials. Here they have one.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.host.settings import ACCOUNT
from local.ministack.internals import emulator_module, require, wrap
from local.ministack.permissions import (
    ALLOW,
    CREDENTIALS_LIFETIME_SECONDS,
    UnknownPrincipalError,
    decision,
    principal_of,
)

logger = logging.getLogger("local")

_lambda = emulator_module("services.lambda_svc")
_runtime = emulator_module("core.lambda_runtime")
_logs = emulator_module("services.cloudwatch_logs")
_custom_resource = emulator_module("services.cloudformation.custom_resource")
_core = emulator_module("core.responses")

_sts = emulator_module("services.sts")
_sqs = emulator_module("services.sqs")

_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: .*)?$", re.MULTILINE)
"""The last line of a traceback: the exception, and mostly its message."""

_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""The packages of Lambda's Python runtime (lambda-python.html: runtime-included SDK versions)."""


def install(run_directory: Path) -> None:
    """Close all of them.

    Args:
        run_directory: gets the runtime's packages and the interpreter of functions.
    """
    wrap(_runtime, "execution_credentials", _with_an_end)
    _give_functions_only_the_runtime(run_directory / "runtime")
    wrap(_lambda, "_execute_function_with_config_scope", _answer_for_failed_custom_resources)
    wrap(_lambda, "_emit_lambda_logs", _log_only_with_permission)
    wrap(_lambda, "_execute_function_warm", _with_error_types)
    wrap(_lambda, "_route_async_failure", _as_dead_letter)


def _give_functions_only_the_runtime(directory: Path) -> None:
    """Run functions as ``python -S`` (no site-packages) with a path that holds links to the runtime's packages."""
    require(_runtime, "_detect_runtime_binary", "_PYTHON_WORKER_SCRIPT")
    packages = directory / "packages"
    packages.mkdir(parents=True)
    for name in _RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name}, which Lambda's runtime has, is not installed here")
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (packages / source.name).symlink_to(source)
    launcher = directory / "python"
    launcher.write_text(
        f'#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(packages))}\nexec {shlex.quote(sys.executable)} -S -s "$@"\n'
    )
    launcher.chmod(0o755)

    def wrapper(original: Callable[[str], tuple[str, str]]) -> Callable[[str], tuple[str, str]]:
        def detect(runtime: str) -> tuple[str, str]:
            binary, script = original(runtime)
            return (str(launcher), script) if runtime.startswith("python") else (binary, script)

        return detect

    wrap(_runtime, "_detect_runtime_binary", wrapper)


def _with_an_end(original: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    require(_sts, "_sessions")

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        issued = original(config)
        _sts._sessions[issued["AWS_ACCESS_KEY_ID"]]["Expiration"] = time.time() + CREDENTIALS_LIFETIME_SECONDS
        return issued

    return credentials


def _answer_for_failed_custom_resources(original: Callable[..., Any]) -> Callable[..., Any]:
    require(_custom_resource, "deliver_response", "_pending")

    def execute(function: dict[str, Any], event: dict[str, Any]) -> Any:
        result = original(function, event)
        url = event.get("ResponseURL", "") if isinstance(event, dict) else ""
        if url and isinstance(result, dict) and result.get("error"):
            token = url.rsplit("/", 1)[-1]
            entry = _custom_resource._pending.get(token)
            if entry is not None and entry["result"] is None:
                reason = f"The function failed without an answer: {json.dumps(result.get('body'), default=str)[:800]}"
                _custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    return execute


def _with_error_types(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Name the exception by the last line of its traceback (python-exceptions.html)."""

    def execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result = original(function, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            raised = _RAISED.findall(str(result.get("log", "")))
            if raised:
                body["errorType"] = raised[-1].rpartition(".")[2]
        return result

    return execute


def _as_dead_letter(original: Callable[..., None]) -> Callable[..., None]:
    """Send the event itself to a dead-letter queue, with the error as attributes (invocation-async.html#invocation-dlq)."""

    def route(target: str, name: str, event: Any, result: dict[str, Any]) -> None:
        config = (_lambda._functions.get(name) or {}).get("config", {})
        if ":sqs:" not in target or (config.get("DeadLetterConfig") or {}).get("TargetArn") != target:
            original(target, name, event, result)
            return
        answer = result.get("body")
        body: dict[str, Any] = answer if isinstance(answer, dict) else {}
        attributes = {"RequestID": _core.new_uuid(), "ErrorCode": "200", "ErrorMessage": body.get("errorMessage", "")}
        queue = _sqs._queue_by_arn(target)
        if queue is None:
            return
        _sqs._act_send_message(
            {
                "QueueUrl": queue["url"],
                "MessageBody": json.dumps(event),
                "MessageAttributes": {
                    key: {
                        "DataType": "Number" if key == "ErrorCode" else "String",
                        "StringValue": str(value)[:1024] or "-",
                    }
                    for key, value in attributes.items()
                },
            },
            queue["url"],
        )

    return route


def _log_only_with_permission(original: Callable[..., None]) -> Callable[..., None]:
    require(_logs, "_log_groups", "_make_group_arn")

    def emit(function: dict[str, Any], *arguments: Any, **options: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        action = "logs:PutLogEvents" if group in _logs._log_groups else "logs:CreateLogGroup"
        if _may(config, action, group):
            original(function, *arguments, **options)
        else:
            logger.warning("%s: no log, %s on %s is not allowed", config.get("FunctionName"), action, group)

    return emit


def _may(config: dict[str, Any], action: str, group: str) -> bool:
    """Return whether the function's role allows ``action`` on the log group."""
    require(_runtime, "execution_credentials")
    try:
        principal = principal_of(_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"])
    except UnknownPrincipalError:
        return False
    resource = f"arn:aws:logs:{_core.get_region()}:{ACCOUNT}:log-group:{group}"
    if action != "logs:CreateLogGroup":
        resource += ":log-stream:new"
    return decision(principal, action, resource) == ALLOW
