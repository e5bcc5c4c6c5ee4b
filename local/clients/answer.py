"""What the clients share: an answer, the error for an unexpected one, and the outputs of the stack that they use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud import EmbeddedCloud
from local.host.errors import LocalError


@dataclass(frozen=True)
class Answer:
    """An answer by HTTP; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError for another body."""
        return json.loads(self.body)


class UnexpectedAnswerError(LocalError):
    """The deployed platform does not do what its clients rely on.

    Attributes:
        step: what the client did.
        answer: what it got; None if nothing came in time.
        expected: what should have come.
    """

    def __init__(self, step: str, answer: Answer | None, expected: str) -> None:
        self.step, self.answer, self.expected = step, answer, expected
        actual = f"{answer.status} {answer.body[:300]!r}" if answer is not None else "nothing of the kind in time"
        super().__init__(f"{step}: expected {expected}, got {actual}")


def expect(step: str, answer: Answer, status: int) -> Answer:
    """Return the answer if it has the status; raise UnexpectedAnswerError for another status."""
    if answer.status != status:
        raise UnexpectedAnswerError(step, answer, str(status))
    return answer


def payload(body: object) -> bytes | None:
    """Return ``body`` as JSON; bytes and None stay as they are."""
    return body if isinstance(body, bytes | None) else json.dumps(body).encode()


def stack_outputs(cloud: EmbeddedCloud, stack: str) -> dict[str, str]:
    """Return the outputs of a stack by name. Raises botocore's ClientError if the stack does not exist."""
    return {output["OutputKey"]: output["OutputValue"] for output in _described(cloud, stack)["Outputs"]}


def stack_parameters(cloud: EmbeddedCloud, stack: str) -> dict[str, str]:
    """Return the parameters of a stack by name. Raises botocore's ClientError if the stack does not exist."""
    parameters = _described(cloud, stack)["Parameters"]
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in parameters}


def _described(cloud: EmbeddedCloud, stack: str) -> dict[str, Any]:
    (description,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return dict(description)
