"""Gap: Ref of an instance profile is its ARN. On AWS it is the name (aws-resource-iam-instanceprofile: return values)."""

from __future__ import annotations

from typing import Any

from local.ministack.internals import emulator_module, handlers, replace_handler, require
from local.ministack.properties import Attributes, Props

_iam = emulator_module("services.iam")

_TYPE = "AWS::IAM::InstanceProfile"


def install() -> None:
    """Replace the handlers of the type."""
    require(_iam, "_instance_profiles")
    own = dict(handlers()[_TYPE])

    def create(logical_id: str, props: Props, stack: str) -> tuple[str, Attributes]:
        return _named(own["create"](logical_id, props, stack))

    def update(
        physical_id: str, old: Props, new: Props, stack: str, *more: Any, **options: Any
    ) -> tuple[str, Attributes]:
        return _named(own["update"](_arn_of(physical_id), old, new, stack, *more, **options))

    def delete(physical_id: str, props: Props) -> None:
        own["delete"](_arn_of(physical_id), props)

    replace_handler(_TYPE, {**own, "create": create, "update": update, "delete": delete})


def _named(result: tuple[str, Attributes]) -> tuple[str, Attributes]:
    arn, attributes = result
    return arn.rpartition("/")[2], attributes


def _arn_of(physical_id: str) -> str:
    """Return the ARN of a profile; the id of a kept state may be one already."""
    profile = _iam._instance_profiles.get(physical_id)
    return str(profile["Arn"]) if profile else physical_id
