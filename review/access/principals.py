"""The elements ``Principal`` and ``NotPrincipal`` as predicates on the principal of a request.

The principal of a request is a text with its kind: ``Service:lambda.amazonaws.com``, or ``+AWS:`` or ``!AWS:`` and the ARN of
a role or user. The sign says whether the principal's own identity policies allow the request as well. An account as principal
delegates: it grants only what identity policies allow too, while the ARN of a role grants directly. So a change from an
account to one of its roles is broader for that role.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (no wildcard within a name;
the account id and the ARN of its root are equal, and both delegate; ``*`` needs no other permission within the account) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html (an exception for a user or role
has to name the account and the session too).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from review.access.causes import Cause, Doubt
from review.access.globs import ANYTHING, Element, Glob, Wild, glob
from review.access.model import Model
from review.access.predicates import BACKED, PRINCIPAL, Pattern, Predicate
from review.access.statements import ANYONE, AWS, Choice
from review.access.symbols import letters, symbols

EXAMPLE = "role/example"
"""The invented principal of an account."""
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?")
_IDENTITY = re.compile(r"arn:[a-z-]+:iam::(?:\d{12}|cloudfront):(?:role|user)/[^*?]+")
_NO_NAME = re.compile(r"[*?]|\$\{")


def principal_predicate(choice: Choice, model: Model, *, delegates: bool) -> Predicate:
    """What a statement asks of the principal.

    Args:
        choice: The element.
        model: How tokens are read.
        delegates: Whether the statement grants something, so that an account stands for the identity policies in it.
    """
    patterns = _exceptions(choice, model) if choice.negated else _included(choice, model, delegates)
    return Predicate(PRINCIPAL, tuple(patterns), negated=choice.negated)


def _included(choice: Choice, model: Model, delegates: bool) -> Iterator[Pattern]:
    for value in choice.values:
        if value == ANYONE:
            yield Pattern(ANYTHING)
        elif value == AWS + ANYONE:
            yield Pattern(_signed(Wild.MANY))
            yield Pattern(ANYTHING, Doubt(Cause.PRINCIPAL, 'services for {"AWS": "*"}'))
        elif value.startswith(AWS):
            yield _aws(value.removeprefix(AWS), model, delegates)
        else:
            yield _named(value, model)


def _exceptions(choice: Choice, model: Model) -> Iterator[Pattern]:
    """Which users and roles an exception includes depends on the service; other kinds of principals are as they are named."""
    aws = [value for value in choice.values if value.startswith(AWS) or value == ANYONE]
    if aws:
        yield Pattern(_signed(Wild.MANY), Doubt(Cause.PRINCIPAL, f"NotPrincipal {', '.join(aws)}"))
    for value in choice.values:
        if value not in aws:
            yield _named(value, model)


def _aws(value: str, model: Model, delegates: bool) -> Pattern:
    unknown = model.unknown_cause(value)
    if unknown is not None:
        return Pattern(ANYTHING, Doubt(unknown, f"principal {value}"))  # the value may be "*"
    account = _ACCOUNT.fullmatch(value)
    if account:
        return Pattern(_account(account[1], BACKED if delegates else Wild.ONE))
    if _IDENTITY.fullmatch(value) or (symbols(value) and not _NO_NAME.search(value)):
        return Pattern(_signed(*letters(value)))
    return Pattern(_signed(Wild.MANY), Doubt(Cause.PRINCIPAL, value))


def _account(account: str, sign: Element) -> Glob:
    """All principals of an account: ``arn:<partition>:<service>:<region>:<account>:…``."""
    part = (Wild.MANY_IN_SEGMENT, ":")
    sample = f"{BACKED}{AWS}arn:aws:iam::{account}:{EXAMPLE}"
    return glob([sign, *f"{AWS}arn:", *part, *part, *part, *account, ":", Wild.MANY], sample=sample)


def _signed(*name: Element) -> Glob:
    return glob([Wild.ONE, *AWS, *name])


def _named(value: str, model: Model) -> Pattern:
    """A service, an identity provider or a canonical user."""
    kind, name = value.split(":", 1)
    unknown = model.unknown_cause(name) or (Cause.PRINCIPAL if _NO_NAME.search(name) else None)
    if unknown is not None:
        return Pattern(glob([*f"{kind}:", Wild.MANY]), Doubt(unknown, f"principal {value}"))
    return Pattern(glob([*f"{kind}:", *letters(name)]))
