"""The committed template sets, each as deployed with the parameters of its development environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.templates import load_templates
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.model import Stack
from tests.review.support.plans import as_deployed, everything_replaced, make_plan

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class DeployedSet:
    """A template set and the stacks that it made."""

    texts: Mapping[str, str]
    parameters: Mapping[str, str]
    stack: Stack

    def review(self, **changed: str) -> Review:
        """The review of an update with other values of some parameters.

        CloudFormation lists every resource as replaced, as it does for values that flow through nested stacks.
        """
        parameters = {**self.parameters, **changed}
        return judge_plan(make_plan(self.texts, self.stack, parameters, everything_replaced(self.stack)))

    def count(self, resource_type: str | None = None) -> int:
        """The number of deployed resources, of one type or of all."""
        resources = [resource for _, stack in self.stack.walk() for resource in stack.resources.values()]
        return sum(resource_type in (None, resource.type) for resource in resources)


def deployed_set(platform: str) -> DeployedSet:
    """The committed set of a platform, with a value for each parameter that packaging fills."""
    templates = load_templates(PROJECT / "templates" / platform)
    root = templates.root.document
    texts = {name: template.text for name, template in templates.by_name.items()}
    parameters = {
        **load_parameters(PROJECT / "params" / platform / "dev.json", root, region="us-east-1").parameters,
        **{name: f"{name}-1" for name in root["Parameters"] if filled_by_packaging(name)},
    }
    return DeployedSet(texts, parameters, as_deployed(texts, "root.yaml", with_defaults(root, parameters)))
