"""CloudFront: reject a distribution that refers to what does not exist, as the service does; the emulator accepts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.ministack.internals import emulator_module, require
from local.ministack.properties import Attributes, Props
from local.ministack.resource_types import Supplement

_cloudfront = emulator_module("services.cloudfront")


_POLICIES = {
    "CachePolicyId": ("_cache_policies", "_MANAGED_CACHE_POLICIES", "cache policy"),
    "OriginRequestPolicyId": (
        "_origin_request_policies",
        "_MANAGED_ORIGIN_REQUEST_POLICIES",
        "origin request policy",
    ),
    "ResponseHeadersPolicyId": (
        "_response_headers_policies",
        "_MANAGED_RESPONSE_HEADERS_POLICIES",
        "response headers policy",
    ),
}
"""Property of a cache behavior → the emulator's stores of such policies, and CloudFront's word for them."""


def _check_references(physical_id: str, old: Props, new: Props) -> Attributes | None:
    require(
        _cloudfront,
        "_oacs",
        "_distributions",
        "_get_distribution_aliases",
        *(store for own, managed, _ in _POLICIES.values() for store in (own, managed)),
    )
    config = new["DistributionConfig"]
    faults = [*_missing_policies(config), *_missing_of_origins(config), *_taken_aliases(physical_id, config)]
    if faults:
        raise ValueError("; ".join(faults))
    return None


def _taken_aliases(physical_id: str, config: dict[str, Any]) -> Iterator[str]:
    aliases = set(config.get("Aliases") or [])
    for identifier, distribution in list(_cloudfront._distributions.items()):
        taken = aliases & set(_cloudfront._get_distribution_aliases(distribution))
        if identifier != physical_id and taken:
            names = ", ".join(sorted(taken))
            yield f"One or more of the CNAMEs you provided are already associated with a different resource: {names}"


def _missing_policies(config: dict[str, Any]) -> Iterator[str]:
    for behavior in (config["DefaultCacheBehavior"], *(config.get("CacheBehaviors") or [])):
        for name, (own, managed, kind) in _POLICIES.items():
            policy = behavior.get(name)
            exists = policy in getattr(_cloudfront, own) or policy in getattr(_cloudfront, managed)
            if policy and not exists:
                yield f"The specified {kind} does not exist: {policy}"


def _missing_of_origins(config: dict[str, Any]) -> Iterator[str]:
    origins = {origin["Id"]: origin for origin in config.get("Origins") or []}
    for behavior in (config["DefaultCacheBehavior"], *(config.get("CacheBehaviors") or [])):
        if behavior["TargetOriginId"] not in origins:
            yield f"One or more of your origins or origin groups do not exist: {behavior['TargetOriginId']}"
    for origin in origins.values():
        control = origin.get("OriginAccessControlId")
        if control and control not in _cloudfront._oacs:
            yield f"The specified origin access control does not exist: {control}"


SUPPLEMENTS = {"AWS::CloudFront::Distribution": Supplement(_check_references)}
