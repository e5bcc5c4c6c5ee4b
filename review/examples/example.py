"""What an example is: two templates, and what else a plan holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A plan that has one finding.

    Attributes:
        before: The deployed template, in YAML.
        after: The planned template, in YAML.
        plan: What else the plan holds, in YAML: ``Changes`` as CloudFormation lists them (by default each resource that
            differs), ``StackPolicy``, ``DeployedStackPolicy``, ``TerminationProtection``, ``Tags``, ``Validation`` with
            the findings of CloudFormation's validation, and ``Incomplete`` with the reason why values are missing.
    """

    before: str
    after: str
    plan: str = ""


def edited(template: str, before: str, after: str, plan: str = "") -> Example:
    """The example in which one text of a template changes."""
    return Example(template, template.replace(before, after), plan)
