"""Gap: a web ACL is associated with a stage and blocks nothing. Here its rate-based rules count addresses.

Other rules are declarations only: the emulator inspects no request (waf-rule-statement-type-rate-based.html).
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from local.ministack.internals import emulator_module, require, wrap

_gateway = emulator_module("services.apigateway_v1")
_waf = emulator_module("services.waf")
_core = emulator_module("core.responses")

WINDOW_SECONDS = 300
"""What a rule looks back, unless it says otherwise."""
CLIENT = "127.0.0.1"
"""Every client of the embedded AWS has this address."""

_requests: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)


def install() -> None:
    """Count before the gateway throttles."""
    require(_waf, "_associations", "_web_acls")
    wrap(_gateway, "_check_throttle", _with_rates)


def _with_rates(original: Callable[..., Any]) -> Callable[..., Any]:
    def check(stage: Any, api: str, stage_name: str, *more: Any) -> Any:
        resource = f"arn:aws:apigateway:{_core.get_region()}::/restapis/{api}/stages/{stage_name}"
        acl = _acl_of(_waf._associations.get(resource))
        if acl is not None and any(_is_blocked(acl["ARN"], rule) for rule in acl.get("Rules") or []):
            return _gateway._gw_error("WAF_FILTERED", "Forbidden")
        return original(stage, api, stage_name, *more)

    return check


def _acl_of(arn: str | None) -> dict[str, Any] | None:
    return next((acl for acl in _waf._web_acls.values() if acl["ARN"] == arn), None)


def _is_blocked(acl: str, rule: dict[str, Any]) -> bool:
    """Count the request for a rate-based rule that blocks, and say whether there are too many."""
    statement = (rule.get("Statement") or {}).get("RateBasedStatement")
    if not statement or "Block" not in (rule.get("Action") or {}) or "ScopeDownStatement" in statement:
        return False
    moments, now = _requests[(acl, f"{rule['Name']} {CLIENT}")], time.monotonic()
    window = int(statement.get("EvaluationWindowSec") or WINDOW_SECONDS)
    while moments and moments[0] < now - window:
        moments.popleft()
    moments.append(now)
    return len(moments) > int(statement["Limit"])
