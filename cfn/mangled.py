"""Texts in CloudFormation's answers, which have a question mark for each character that is not ASCII.

What CloudFormation deploys is right; what GetTemplate, DescribeStacks and the values of a change set show is not:
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
https://github.com/aws/aws-cdk/issues/10523
https://github.com/aws/aws-cdk/issues/38708
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from cfn.templates import PARSED_TEMPLATES, parse

REPLACEMENT = "?"
_READABLE = "\ufffd"  # may stand anywhere in YAML, where "?" can begin a key


@functools.lru_cache(maxsize=PARSED_TEMPLATES)
def parse_answer(text: str, name: str) -> Mapping[str, Any]:
    """Parse a template of an answer.

    A value that begins with a character that is not ASCII begins with a question mark there, which YAML takes for the sign
    of a key, or cannot read.

    Raises:
        TemplateError: The text is not a template; the error has the line of the fault.
    """
    if REPLACEMENT not in text:
        return parse(text, name)
    document: Mapping[str, Any] = _with_question_marks(parse(text.replace(REPLACEMENT, _READABLE), name))
    return document


def _with_question_marks(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(_READABLE, REPLACEMENT)
    if isinstance(value, dict):
        return {_with_question_marks(key): _with_question_marks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_question_marks(item) for item in value]
    return value


def mangled(text: str) -> str:
    """The text as CloudFormation answers it: one question mark for each character, also for an emoji."""
    return text.encode("ascii", "replace").decode("ascii")


def restored(answer: Any, planned: Any) -> Any:
    """A document of an answer, with the planned text wherever the answer is its mangled form.

    Whether such a text changed cannot be known from the answer.

    Args:
        answer: A document or a value as CloudFormation answers it.
        planned: The same as it is planned.
    """
    if isinstance(answer, str) and isinstance(planned, str):
        return planned if answer == mangled(planned) else answer
    if isinstance(answer, dict) and isinstance(planned, dict):
        keys = {mangled(str(key)): key for key in planned}
        return {keys.get(key, key): restored(value, planned.get(keys.get(key, key))) for key, value in answer.items()}
    if isinstance(answer, list) and isinstance(planned, list) and len(answer) == len(planned):
        return [restored(value, other) for value, other in zip(answer, planned, strict=True)]
    return answer
