"""A version of a launch template, as far as an instance here follows it."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LaunchTemplate:
    """What a version of a launch template says about an instance.

    Attributes:
        version: "<launch template id>:<number>".
        exports: the NAME=value lines of the user data.
        image: the AMI's id.
        instance_type: the instance type.
        profile: ARN or name of the instance profile.
        security_groups: the ids of the security groups.
    """

    version: str
    exports: Mapping[str, str]
    image: str
    instance_type: str
    profile: str
    security_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: str, data: Mapping[str, Any]) -> LaunchTemplate:
        """Return a version from its LaunchTemplateData, as the CloudFormation template declares it."""
        profile = data.get("IamInstanceProfile") or {}
        return cls(
            version,
            exports_of(base64.b64decode(data.get("UserData", "")).decode()),
            str(data.get("ImageId", "")),
            str(data.get("InstanceType", "")),
            str(profile.get("Arn") or profile.get("Name") or ""),
            tuple(data.get("SecurityGroupIds") or ()),
        )


def exports_of(user_data: str) -> dict[str, str]:
    """Return the variables that a script's ``export NAME='value'`` lines set."""
    exports: dict[str, str] = {}
    for line in user_data.splitlines():
        if line.startswith("export "):
            words = shlex.split(line)[1:]
            exports |= dict(word.split("=", 1) for word in words if "=" in word)
    return exports
