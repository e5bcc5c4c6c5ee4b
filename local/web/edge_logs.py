"""Access logs of distributions in a log group (CloudFront's standard logging v2), which the emulator never writes.

One JSON line a request, with the delivery's record fields by their names in standard-logging-reference.html; a field
without a value here is "-". The line is written only if a resource policy of CloudWatch Logs allows
delivery.logs.amazonaws.com (AWS-logs-infrastructure-V2-CloudWatchLogs.html). Deliveries to S3 or Firehose stay recorded.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require
from local.ministack.permissions import service_may
from local.patches.access_logs import write_line

logger = logging.getLogger("local.web")

_logs = emulator_module("services.cloudwatch_logs")

SERVICE = "delivery.logs.amazonaws.com"


@dataclass(frozen=True)
class EdgeRequest:
    """One request and its answer, as the edge saw them."""

    distribution: dict[str, Any]
    method: str
    path: str
    query: str
    headers: dict[str, str]
    received_bytes: int
    client: str
    status: int
    answer_headers: dict[str, Any]
    sent_bytes: int
    begun: float

    def fields(self) -> dict[str, str]:
        """Return every field that has a value here."""
        begin, took = dt.datetime.fromtimestamp(self.begun, dt.UTC), f"{time.time() - self.begun:.3f}"
        answered = {name.lower(): str(value) for name, value in self.answer_headers.items()}
        result = "Error" if self.status >= 400 else "Miss"
        return {
            "date": f"{begin:%Y-%m-%d}",
            "time": f"{begin:%H:%M:%S}",
            "x-edge-location": answered.get("x-amz-cf-pop", "-"),
            "sc-bytes": str(self.sent_bytes),
            "c-ip": self.client,
            "cs-method": self.method,
            "cs(Host)": self.distribution["DomainName"],
            "cs-uri-stem": self.path,
            "cs-uri-query": self.query or "-",
            "sc-status": str(self.status),
            "cs(Referer)": self.headers.get("referer", "-"),
            "cs(User-Agent)": self.headers.get("user-agent", "-"),
            "x-edge-result-type": result,
            "x-edge-response-result-type": result,
            "x-edge-detailed-result-type": result,
            "x-edge-request-id": answered.get("x-amz-cf-id", "-"),
            "x-host-header": self.headers.get("host", "-"),
            "cs-protocol": self.headers.get("x-forwarded-proto", "https"),
            "cs-bytes": str(self.received_bytes),
            "time-taken": took,
            "time-to-first-byte": took,
            "x-forwarded-for": self.headers.get("x-forwarded-for", "-"),
            "cs-protocol-version": "HTTP/1.1",
            "sc-content-type": answered.get("content-type", "-"),
            "sc-content-len": str(self.sent_bytes),
        }


def install() -> None:
    """Check the emulator's stores that this module reads."""
    require(_logs, "_deliveries", "_delivery_sources", "_delivery_destinations", "_resource_policies")


def record(request: EdgeRequest) -> None:
    """Write the line of a request to every log group that the distribution delivers its log to."""
    for delivery, source, group in _deliveries_of(request.distribution["ARN"]):
        stream = f"CloudFront_{request.distribution['Id']}"
        if not _may_write(source, group, stream):
            logger.warning("The log of %s may not be delivered to %s", request.distribution["Id"], group)
            continue
        fields = request.fields()
        names = delivery.get("recordFields") or list(fields)
        write_line(group, stream, json.dumps({name: fields.get(name, "-") for name in names}))


def _deliveries_of(arn: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Yield (delivery, its source, log group) of a distribution."""
    for delivery in list(_logs._deliveries.values()):
        source = _logs._delivery_sources.get(delivery["deliverySourceName"]) or {}
        if arn not in source.get("resourceArns", []):
            continue
        for destination in list(_logs._delivery_destinations.values()):
            target = destination["deliveryDestinationConfiguration"]["destinationResourceArn"]
            if destination["arn"] == delivery["deliveryDestinationArn"] and ":log-group:" in target:
                yield delivery, source, target.partition(":log-group:")[2].removesuffix(":*")


def _may_write(source: dict[str, Any], group: str, stream: str) -> bool:
    resource = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"
    return any(
        service_may(SERVICE, "logs:PutLogEvents", resource, policy=policy["policyDocument"], source=source["arn"])
        for policy in list(_logs._resource_policies.values())
    )
