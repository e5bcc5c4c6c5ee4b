"""E9811: the texts of a template are ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template


class AsciiText(CloudFormationLintRule):
    """Checks keys and values. Comments are no part of the document, and may have any character."""

    id = "E9811"
    shortdesc = "The texts of a template are ASCII"
    description = "Each key and each value of a template consists of ASCII characters."
    reason = (
        "CloudFormation deploys other characters, but answers a question mark for each of them. So no review can show "
        "whether such a text changes, and a template that begins a value with one may not be readable in the answer."
    )
    source_url = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220"
    tags = ["base"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Resources:
          Ready:
            Type: AWS::CloudFormation::WaitConditionHandle
            Metadata: {Purpose: Waits for the café}
    """
    passing_example = """
        Resources:
          Ready:
            Type: AWS::CloudFormation::WaitConditionHandle
            Metadata: {Purpose: Waits for the cafe}
    """

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each key and value that is not ASCII."""
        return [RuleMatch(path, _message(text)) for path, text in _texts(cfn.template, []) if not text.isascii()]


def _texts(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], str]]:
    """Every text of the document with its path; a key has its own path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield [*path, key], str(key)
            yield from _texts(item, [*path, key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, [*path, index])


def _message(text: str) -> str:
    characters = ", ".join(sorted({character for character in text if not character.isascii()}))
    return f"{characters} is not ASCII. CloudFormation answers a question mark for it"
