"""Health checks of target groups. The emulator has none: it reports every registered target as healthy.

Here each target is checked at the group's path, by HTTP or HTTPS as the group says, and requests go to healthy targets
only; if none is healthy, they go to all ("If a target group contains only unhealthy registered targets, the load balancer
routes requests to all those targets", target-group-health-checks.html). Time runs faster than on AWS: a check comes every
``INTERVAL_SECONDS``, however long the group's interval is; the thresholds are the group's.
"""

from __future__ import annotations

import http.client
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from local.host.settings import ACCOUNT, REGION
from local.ministack.internals import emulator_module, require, wrap, wrap_action
from local.web import target_tls

logger = logging.getLogger("local.web")

_alb = emulator_module("services.alb")
_core = emulator_module("core.responses")

INTERVAL_SECONDS = 0.5
TIMEOUT_SECONDS = 2.5
"""The longest timeout; a group may have a shorter one."""

Address = tuple[str, int]


@dataclass(frozen=True)
class Health:
    """The health of a target.

    Attributes:
        state: as DescribeTargetHealth shows it.
        reason: the reason code of a state that is not healthy.
        streak: how many checks in a row contradict the state.
    """

    state: str = "initial"
    reason: str = "Elb.InitialHealthChecking"
    streak: int = 0

    def after(self, failure: str | None, healthy_threshold: int, unhealthy_threshold: int) -> Health:
        """Return the health after one more check. A new target needs one success only (target-group-health-checks.html).

        Args:
            failure: the check's reason code; None if it succeeded.
            healthy_threshold: how many successes make a target healthy again.
            unhealthy_threshold: how many failures make a target unhealthy.
        """
        if failure is None:
            needed = 1 if self.state == "initial" else healthy_threshold
            if self.state == "healthy" or self.streak + 1 >= needed:
                return Health("healthy", "")
            return replace(self, streak=self.streak + 1)
        if self.state == "unhealthy" or self.streak + 1 >= unhealthy_threshold:
            return Health("unhealthy", failure)
        return replace(self, streak=self.streak + 1)


class TargetHealth:
    """Checks every target of every group until it is closed.

    Args:
        address_of: (target's id, its port) → the address at which it listens here.
    """

    def __init__(self, address_of: Callable[[str, int], Address]) -> None:
        self._address_of = address_of
        self._states: dict[tuple[str, str], Health] = {}
        self._closed = threading.Event()

    def install(self) -> None:
        """Answer DescribeTargetHealth, forward requests to healthy targets, and start checking."""
        require(_alb, "_tgs", "_targets", "_parse_targets_param", "_p", "_xml")
        wrap_action(_alb, "DescribeTargetHealth", self._described)
        wrap(_alb, "_forward_to_tg", self._to_healthy)
        wrap(_alb, "_proxy_http_target", self._to_address)
        threading.Thread(target=self._run, name="target-health", daemon=True).start()

    def close(self) -> None:
        """End checking."""
        self._closed.set()

    def state(self, group: str, target: str) -> Health:
        """Return the health of a target in a group."""
        return self._states.get((group, target), Health())

    # -- checks -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.wait(INTERVAL_SECONDS):
            try:
                with _core.request_scope(ACCOUNT, REGION):
                    self._check_all()
            except Exception:  # the next round tries again; an exception would end all of them
                logger.exception("checking targets")

    def _check_all(self) -> None:
        registered = set()
        for arn, group in list(_alb._tgs.items()):
            if group.get("TargetType") == "lambda" or not group.get("HealthCheckEnabled", True):
                continue
            for target in list(_alb._targets.get(arn, [])):
                key = (arn, str(target["Id"]))
                registered.add(key)
                failure = self._failure(group, target)
                self._states[key] = self.state(*key).after(
                    failure, int(group["HealthyThresholdCount"]), int(group["UnhealthyThresholdCount"])
                )
        for key in set(self._states) - registered:
            self._states.pop(key, None)

    def _failure(self, group: dict[str, Any], target: dict[str, Any]) -> str | None:
        """Check a target; return the reason code of a failure (API_TargetHealth), None for a success."""
        host, port = self._address_of(str(target["Id"]), int(target.get("Port") or group["Port"]))
        timeout = min(TIMEOUT_SECONDS, float(group["HealthCheckTimeoutSeconds"]))
        connection = target_tls.connection_to(group.get("HealthCheckProtocol", "HTTP"), host, port, timeout)
        try:
            connection.request("GET", group["HealthCheckPath"], headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        except TimeoutError:
            return "Target.Timeout"
        except (OSError, http.client.HTTPException):
            return "Target.FailedHealthChecks"
        finally:
            connection.close()
        return None if _matches(status, group["Matcher"].get("HttpCode", "200")) else "Target.ResponseCodeMismatch"

    # -- the emulator's data plane ------------------------------------------------------------------------------------

    def _to_healthy(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def forward(arn: str, *arguments: Any) -> Any:
            registered = _alb._targets.get(arn, [])
            group = _alb._tgs.get(arn) or {}
            if group.get("TargetType") == "lambda" or not registered:
                return await original(arn, *arguments)
            healthy = [target for target in registered if self.state(arn, str(target["Id"])).state == "healthy"]
            method, path, headers, body, query, raw_query, raw_path = arguments
            target = random.choice(healthy or registered)
            return await _alb._proxy_http_target(
                target, group, method, raw_path or path, headers, body, query, raw_query
            )

        return forward

    def _to_address(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def proxy(target: dict[str, Any], group: dict[str, Any], *arguments: Any) -> Any:
            host, port = self._address_of(str(target["Id"]), int(target.get("Port") or group.get("Port") or 80))
            if group.get("Protocol") == "HTTPS":
                return await target_tls.forward(host, port, *arguments)
            return await original({"Id": host, "Port": port}, group, *arguments)

        return proxy

    def _described(self, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def describe(parameters: Any) -> Any:
            arn = _alb._p(parameters, "TargetGroupArn")
            if arn not in _alb._tgs:
                return original(parameters)
            target_ids = {target["Id"] for target in _alb._parse_targets_param(parameters)}
            port = _alb._tgs[arn].get("Port", 80)
            members = [
                self._member(arn, target, port)
                for target in _alb._targets.get(arn, [])
                if not target_ids or target["Id"] in target_ids
            ]
            body = f"<TargetHealthDescriptions>{''.join(members)}</TargetHealthDescriptions>"
            return _alb._xml(200, "DescribeTargetHealth", body)

        return describe

    def _member(self, arn: str, target: dict[str, Any], port: int) -> str:
        health = self.state(arn, str(target["Id"]))
        reason = f"<Reason>{health.reason}</Reason>" if health.reason else ""
        return (
            f"<member><Target><Id>{escape(str(target['Id']))}</Id><Port>{target.get('Port') or port}</Port></Target>"
            f"<TargetHealth><State>{health.state}</State>{reason}</TargetHealth></member>"
        )


def _matches(status: int, codes: str) -> bool:
    """Return whether a status is among a matcher's codes: "200", "200,202" or "200-299" (API_Matcher)."""
    for part in str(codes).split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False
