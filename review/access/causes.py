"""What the comparison cannot know, by cause. A decision that rests on a doubt is unknown, which counts as broader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Every cause for which an answer can be unknown."""

    PARAMETER = "the value of a parameter, an import or a function is not known"
    REFERENCE = "only the deployment shows how the value of a resource compares with another value"
    CONDITION = "the parameters do not decide a condition of the template"
    VARIABLE = "a policy variable has another value in each request"
    OPERATOR = "the comparison does not know this condition operator"
    VALUE = "the condition operator cannot read this value"
    MIXED = "conditions on this key mix kinds of operators, or use a plain operator on a key with several values"
    SET_OPERATOR = "AWS does not document ForAnyValue with IfExists for an absent key"
    PRINCIPAL = "AWS does not document exactly which principals this element includes"
    OTHER_POLICY = "the text of an attached policy is not in the templates"
    DEFAULT_POLICY = "without a policy, the default of the service applies"
    SHAPE = "the comparison does not know an element or its form"
    BUDGET = "the comparison needs more work than its limits permit"


@dataclass(frozen=True, order=True)
class Doubt:
    """A truth that the comparison cannot know.

    Two doubts that are equal have the same truth in one request, whether before or after the change.

    Attributes:
        cause: Why it is not known.
        about: What may be true: a value, a condition, a statement.
    """

    cause: Cause
    about: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.about}" if self.about else str(self.cause)
