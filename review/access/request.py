"""A request as an example of what a change allows, and the sentence that describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from review.access.engine import Question, Solution
from review.access.predicates import ACTION, BACKED, BARE, KEY, PRINCIPAL, RESOURCE
from review.access.principals import EXAMPLE
from review.access.symbols import readable

_PRINCIPAL_ARN = "aws:principalarn"
_KINDS = {"Service": "the service ", "Federated": "identities of ", "CanonicalUser": "the canonical user "}
_REMARKS = {None: "", True: " (if its own policies allow it too)", False: " (even if its own policies do not allow it)"}


@dataclass(frozen=True)
class Request:
    """A request. Condition keys that it does not list are absent.

    Attributes:
        principal: The ARN of a role or user as ``AWS:<ARN>``, or another kind as in ``Service:lambda.amazonaws.com``; None
            for a policy that is attached to the principal.
        identity_allows: Whether the principal's own identity policies have to allow the request too (true) or must not
            (false); None if that does not matter. An account as principal grants only what they allow.
        resource: None for a trust policy.
        context: The values by condition key, as the policies spell it.
        absent: The condition keys that have to be absent.
    """

    principal: str | None
    identity_allows: bool | None
    action: str
    resource: str | None
    context: Mapping[str, tuple[str, ...]]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Witness:
    """A request with the question that it answers with yes."""

    question: Question
    request: Request

    @property
    def sentence(self) -> str:
        """What the change allows, in one sentence."""
        verb = "Allows" if self.question is Question.ALLOWED else "No longer denies"
        return f"{verb} {_description(self.request)}; before, it did{' not' if verb == 'Allows' else ''}."


def request_of(solution: Solution, names: Mapping[str, str]) -> Request:
    """The request of a solution.

    Args:
        solution: The solution.
        names: The spelling of each condition key by its name in lower case.
    """
    values = solution.request
    texts = {dimension: tuple(member.text for member in value) for dimension, value in values.items()}
    principal = texts.get(PRINCIPAL, ("",))[0]
    keys = sorted(dimension for dimension in texts if dimension.startswith(KEY))
    context = {names[key.removeprefix(KEY)]: texts[key] for key in keys}
    return Request(
        principal=principal.lstrip(BARE + BACKED) or None,
        identity_allows=_identity_allows(solution, principal),
        action=texts[ACTION][0],
        resource=texts[RESOURCE][0] if RESOURCE in texts else None,
        context={key: members for key, members in context.items() if members},
        absent=tuple(key for key, members in context.items() if not members),
    )


def _identity_allows(solution: Solution, principal: str) -> bool | None:
    sign, rest = principal[:1], principal[1:]
    if sign not in (BARE, BACKED) or solution.holds_with(PRINCIPAL, (BARE if sign == BACKED else BACKED) + rest):
        return None
    return sign == BACKED


def _description(request: Request) -> str:
    parts = [request.action]
    if request.resource is not None:
        parts.append(f"on {request.resource}")
    named = _named_by_condition(request)
    if request.principal is not None:
        parts.append(f"to {_principal(request, request.context[named][0] if named else None)}")
    conditions = [f"{key} is {' and '.join(members)}" for key, members in request.context.items() if key != named]
    conditions += [f"{key} is absent" for key in request.absent]
    if conditions:
        parts.append(f"when {' and '.join(conditions)}")
    return readable(" ".join(parts))


def _named_by_condition(request: Request) -> str | None:
    """The condition key that names the principal, of whom the policy's own element names the account only.

    Keys and principal are independent of each other here. A reader would find the invented role beside the real one odd.
    """
    invented = (request.principal or "").endswith(f":{EXAMPLE}")
    return next((key for key in request.context if invented and key.lower() == _PRINCIPAL_ARN), None)


def _principal(request: Request, named: str | None) -> str:
    kind, name = str(request.principal).split(":", 1)
    return f"{_KINDS.get(kind, '')}{named or name}{_REMARKS[request.identity_allows]}"
