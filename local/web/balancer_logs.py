"""Access logs of the load balancers, which the emulator accepts and never writes.

The file and its lines are those of load-balancer-access-logs.html, with "-" for fields without a value here (TLS, matched
certificate, classification). A file comes every ``INTERVAL_SECONDS`` instead of every five minutes, and only to a bucket
whose policy allows logdelivery.elasticloadbalancing.amazonaws.com and that has SSE-S3 (enable-access-logging.html).
Before the first file the service writes ELBAccessLogTestFile.
"""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.host.settings import ACCOUNT, REGION
from local.ministack.api import aws
from local.ministack.internals import emulator_module, require, wrap
from local.ministack.permissions import service_may
from local.ministack.properties import Attributes, Props
from local.ministack.resource_types import Supplement

logger = logging.getLogger("local.web")

_alb = emulator_module("services.alb")
_core = emulator_module("core.responses")
_s3 = emulator_module("services.s3")

INTERVAL_SECONDS = 2.0
SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"


@dataclass
class _Forwarded:
    """Where a request went; the way fills it in."""

    target: str = "-"
    group: str = "-"
    status: str = "-"
    seconds: float = -1.0


_current: ContextVar[_Forwarded | None] = ContextVar("forwarded", default=None)


@dataclass
class BalancerLogs:
    """Collects lines by load balancer and writes them until it is closed."""

    _lines: dict[str, list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def install(self) -> None:
        """Collect a line from every request, and start writing."""
        require(
            _alb, "_rules", "_listeners", "_rule_sort_key", "_match_condition", "_lb_attr", "_load_balancer_id_from_arn"
        )
        require(_s3, "_bucket_policies", "_bucket_encryption")
        wrap(_alb, "dispatch_request", self._logged)
        wrap(_alb, "_proxy_http_target", _noting_the_target)
        threading.Thread(target=self._run, name="balancer-logs", daemon=True).start()

    def close(self) -> None:
        """End writing."""
        self._closed.set()

    def _logged(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def dispatch(
            balancer: Any,
            method: str,
            path: str,
            headers: dict[str, str],
            body: Any,
            query: Any,
            *more: Any,
            **keywords: Any,
        ) -> Any:
            arn = balancer["LoadBalancerArn"]
            if _alb._lb_attr(arn, "access_logs.s3.enabled", "false") != "true":
                return await original(balancer, method, path, headers, body, query, *more, **keywords)
            begun, forwarded = time.time(), _Forwarded()
            token = _current.set(forwarded)
            try:
                answer = await original(balancer, method, path, headers, body, query, *more, **keywords)
            finally:
                _current.reset(token)
            port = int(more[0] if more else keywords.get("port", 80))
            request = _Request(balancer, method, path, headers, len(body or b""), query, port, keywords, begun)
            with self._lock:
                self._lines.setdefault(arn, []).append(request.line(answer, forwarded))
            return answer

        return dispatch

    def _run(self) -> None:
        while not self._closed.wait(INTERVAL_SECONDS):
            with self._lock:
                full, self._lines = self._lines, {}
            with _core.request_scope(ACCOUNT, REGION):
                for arn, lines in full.items():
                    if arn in _alb._lbs:  # the last lines of a deleted load balancer are lost
                        try:
                            self._deliver(arn, lines)
                        except (BotoCoreError, ClientError) as error:
                            logger.warning("Access log of %s: %s", arn, error)

    def _deliver(self, arn: str, lines: list[str]) -> None:
        bucket, prefix = _destination(arn)
        now = dt.datetime.now(dt.UTC)
        name = _alb._lbs[arn]["LoadBalancerName"]
        identifier = f"app.{name}.{_alb._load_balancer_id_from_arn(arn)}"
        key = (
            f"{prefix}AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/{now:%Y/%m/%d}/{ACCOUNT}_elasticloadbalancing_{REGION}_"
            f"{identifier}_{now:%Y%m%dT%H%MZ}_127.0.0.1_{secrets.token_hex(4)}.log.gz"
        )
        fault = _delivery_fault(arn, bucket, key)
        if fault is not None:
            logger.warning("Access log of %s: %s", name, fault)
            return
        aws("s3").put_object(Bucket=bucket, Key=key, Body=gzip.compress("".join(lines).encode()))


@dataclass(frozen=True)
class _Request:
    """One request, as the log describes it."""

    balancer: dict[str, Any]
    method: str
    path: str
    headers: dict[str, str]
    received_bytes: int
    query: dict[str, Any]
    port: int
    keywords: dict[str, Any]
    begun: float

    def line(self, answer: Any, forwarded: _Forwarded) -> str:
        """Return the log's line: the fields in their documented order."""
        status, headers, body = answer
        length = len(body) if isinstance(body, bytes) else _header(headers, "content-length", "0")
        priority, action = self._rule()
        host = self.headers.get("host", self.balancer["DNSName"]).split(":")[0]
        query = self.keywords.get("raw_query_string") or ""
        url = f"http://{host}:{self.port}{self.path}{'?' + query if query else ''}"
        trace = _header(self.headers, "x-amzn-trace-id", "-")
        fields = [
            "http",
            _time(time.time()),
            f"app/{self.balancer['LoadBalancerName']}/{_alb._load_balancer_id_from_arn(self.balancer['LoadBalancerArn'])}",
            f"{self.keywords.get('client_ip') or '127.0.0.1'}:0",
            forwarded.target,
            *(("0.000", f"{forwarded.seconds:.3f}", "0.000") if forwarded.seconds >= 0 else ("-1", "-1", "-1")),
            str(status),
            forwarded.status,
            str(self.received_bytes),
            str(length),
            _quoted(f"{self.method} {url} HTTP/1.1"),
            _quoted(self.headers.get("user-agent", "-")),
            "-",
            "-",
            forwarded.group,
            _quoted(trace),
            '"-"',
            '"-"',
            priority,
            _time(self.begun),
            _quoted(action),
            *('"-"', '"-"', _quoted(forwarded.target), _quoted(forwarded.status), '"-"', '"-"', "-"),
        ]
        return " ".join(fields) + "\n"

    def _rule(self) -> tuple[str, str]:
        """Return priority (0 for the default) and action of the rule that matched."""
        arn = self.balancer["LoadBalancerArn"]
        listeners = [entry for entry in _alb._listeners.values() if entry["LoadBalancerArn"] == arn]
        listener = next((entry for entry in listeners if entry["Port"] == self.port), listeners[0] if listeners else {})
        rules = [rule for rule in _alb._rules.values() if rule.get("ListenerArn") == listener.get("ListenerArn")]
        for rule in sorted(rules, key=_alb._rule_sort_key):
            if rule.get("IsDefault") or all(
                _alb._match_condition(condition, self.method, self.path, self.headers, self.query)
                for condition in rule["Conditions"]
            ):
                priority = "0" if rule.get("IsDefault") else str(rule["Priority"])
                return priority, ",".join(action["Type"] for action in rule["Actions"])
        return "-", "-"


def _noting_the_target(original: Callable[..., Any]) -> Callable[..., Any]:
    """Note which target answered, how, and how long it took."""

    async def proxy(target: dict[str, Any], group: dict[str, Any], *arguments: Any) -> Any:
        forwarded, begun = _current.get(), time.monotonic()
        answer = await original(target, group, *arguments)
        if forwarded is not None:
            forwarded.target = f"{target['Id']}:{target.get('Port') or group['Port']}"
            forwarded.group = group["TargetGroupArn"]
            forwarded.status, forwarded.seconds = str(answer[0]), time.monotonic() - begun
        return answer

    return proxy


def _header(headers: dict[str, Any], name: str, default: str) -> str:
    return next((str(value) for key, value in headers.items() if key.lower() == name), default)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# -- the bucket -------------------------------------------------------------------------------------------------------


def _destination(arn: str) -> tuple[str, str]:
    """Return bucket and prefix; a prefix that is not empty ends in a slash."""
    prefix = _alb._lb_attr(arn, "access_logs.s3.prefix", "").strip("/")
    return _alb._lb_attr(arn, "access_logs.s3.bucket", ""), f"{prefix}/" if prefix else ""


def _delivery_fault(arn: str, bucket: str, key: str) -> str | None:
    """Return why the service may not write to a bucket; None if it may."""
    policy = _s3._bucket_policies.get_scoped(ACCOUNT, None, bucket)
    allowed = service_may(SERVICE, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}", policy=policy, source=arn)
    encryption = str(_s3._bucket_encryption.get_scoped(ACCOUNT, None, bucket) or "")
    if not allowed or "aws:kms" in encryption:
        return f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
    return None


def _check_destination(arn: str, old: Props, new: Props) -> Attributes | None:
    """Reject a bucket that the service cannot write to, as ModifyLoadBalancerAttributes does."""
    if _alb._lb_attr(arn, "access_logs.s3.enabled", "false") != "true":
        return None
    bucket, prefix = _destination(arn)
    key = f"{prefix}AWSLogs/{ACCOUNT}/ELBAccessLogTestFile"
    fault = _delivery_fault(arn, bucket, key)
    if fault is not None:
        raise ValueError(fault)
    aws("s3").put_object(Bucket=bucket, Key=key, Body=f"Enable AccessLog for ELB: {arn}".encode())
    return None


SUPPLEMENTS = {"AWS::ElasticLoadBalancingV2::LoadBalancer": Supplement(_check_destination)}
