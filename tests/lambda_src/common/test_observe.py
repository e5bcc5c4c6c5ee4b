"""The logs, metrics and traces that the functions send."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.requirement("T-FN-1")

SOURCE = Path(__file__).parents[3] / "lambda_src"
CALL = """
import housekeeping.handler
from common.clients import client
from tests_context import Context

class Raw:
    def stream(self, *_, **__):
        yield b'{"TableNames": []}'

def reply(request, **_):
    from botocore.awsrequest import AWSResponse
    return AWSResponse(request.url, 200, {}, Raw())

def look(properties):
    client("dynamodb").meta.events.register("before-send", reply)
    return {"Tables": str(len(client("dynamodb").list_tables()["TableNames"]))}

housekeeping.handler.PROVIDERS["Custom::Look"] = housekeeping.handler.Provider(lambda _: "id", look, look)
housekeeping.handler.handler({"RequestType": "Create", "ResourceType": "Custom::Look", "LogicalResourceId": "L"}, Context())
"""


def run(tmp_path: Path, **variables: str) -> list[dict[str, Any]]:
    """Everything that the function prints in a process of its own, which is started as Lambda does."""
    (tmp_path / "tests_context.py").write_text((Path(__file__).parents[1] / "support" / "fakes.py").read_text())
    environment = {"PYTHONPATH": f"{SOURCE}:{tmp_path}", "HOME": str(tmp_path), "ENVIRONMENT": "dev"}
    environment |= {"POWERTOOLS_SERVICE_NAME": "housekeeping", "POWERTOOLS_METRICS_NAMESPACE": "TradingPlatform"}
    environment |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    environment |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = [sys.executable, "-c", CALL]
    process = subprocess.run(
        command, cwd=tmp_path, env=environment | variables, capture_output=True, text=True, check=True, timeout=30
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_lines_are_json_with_level_and_request_and_metrics_are_emf(tmp_path: Path) -> None:
    lines = run(tmp_path, LOG_LEVEL="INFO")
    logged = next(line for line in lines if line.get("message") == "custom resource")
    assert logged["level"] == "INFO"
    assert logged["service"] == "housekeeping"
    assert logged["function_request_id"] == "00000000-0000-0000-0000-000000000000"
    assert logged["timestamp"].endswith("+00:00")
    metric = next(line for line in lines if "_aws" in line)
    definition = metric["_aws"]["CloudWatchMetrics"][0]
    assert (definition["Namespace"], metric["environment"]) == ("TradingPlatform", "dev")
    assert {entry["Name"] for entry in definition["Metrics"]} >= {"Invocations", "CustomResourceSucceeded"}


def test_the_level_comes_from_the_environment(tmp_path: Path) -> None:
    assert not [line for line in run(tmp_path, LOG_LEVEL="ERROR") if line.get("level") == "INFO"]


@pytest.mark.skipif(importlib.util.find_spec("aws_xray_sdk") is None, reason="aws-xray-sdk is not installed")
def test_handler_and_aws_calls_are_traced_where_the_daemon_is(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        run(
            tmp_path,
            AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{daemon.getsockname()[1]}",
            _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            LAMBDA_TASK_ROOT=str(SOURCE),
            PATH=os.environ.get("PATH", ""),
        )
        segments = [json.loads(daemon.recv(65536).split(b"\n", 1)[1]) for _ in range(2)]
    assert {segment["trace_id"] for segment in segments} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert {segment["name"] for segment in segments} == {"dynamodb", "## handler"}
