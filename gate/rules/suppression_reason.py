"""E9801: a suppressed check says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

SHORTEST_REASON = 10  # characters; "because" or "n/a" is none


class SuppressionReason(CloudFormationLintRule):
    """Metadata of a resource or template that ignores a check names the reason beside it.

    Listed under `mandatory_checks` in .cfnlintrc: it cannot suppress itself.
    """

    id = "E9801"
    shortdesc = "A suppressed check carries its reason"
    description = (
        "Each id in Metadata.cfn-lint.config.ignore_checks needs an entry in Metadata.cfn-lint.reasons that says why "
        "the check is wrong here; a reason without a suppression is left over and misleads."
    )
    source_url = "https://github.com/aws-cloudformation/cfn-lint#metadata"
    tags = ["metadata"]  # noqa: RUF012 - cfn-lint's own declaration

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Findings for the template as a whole and each of its resources."""
        holders: list[tuple[list[str | int], Any]] = [([], cfn.template)]
        holders += [(["Resources", name], resource) for name, resource in cfn.get_resources().items()]
        return [match for path, holder in holders for match in _check(path, holder)]


def _check(path: list[str | int], holder: Any) -> Iterator[RuleMatch]:
    settings = holder.get("Metadata", {}).get("cfn-lint")
    if not isinstance(settings, dict):
        return
    where = [*path, "Metadata", "cfn-lint"]
    ignored = settings.get("config", {}).get("ignore_checks", [])
    reasons = settings.get("reasons", {})
    for check in ignored:
        reason = reasons.get(check)
        if not isinstance(reason, str) or len(reason.strip()) < SHORTEST_REASON:
            yield RuleMatch(
                where, f"{check} is ignored without a reason: write it to Metadata.cfn-lint.reasons.{check}"
            )
    for check in reasons:
        if check not in ignored:
            yield RuleMatch([*where, "reasons", check], f"{check} has a reason but is not ignored: drop the reason")
