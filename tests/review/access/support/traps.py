"""The traps of AWS's semantics, one row each, with the page that describes it.

A row that names no page below follows from AWS's silence: the engine takes the reading that alarms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from review.access.causes import Cause
from review.access.decision import Outcome
from review.access.statements import Kind
from review.access.symbols import Symbol, SymbolKind, parameter, reference
from tests.review.access.support.policies import BUCKET, OBJECTS, Statement, allow, deny, when

_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ACTION = f"{_GUIDE}reference_policies_elements_action.html"
BOUNDARY = f"{_GUIDE}access_policies_boundaries.html"
CONDITION = f"{_GUIDE}reference_policies_elements_condition.html"
EVALUATION = f"{_GUIDE}reference_policies_evaluation-logic.html"
GRAMMAR = f"{_GUIDE}reference_policies_grammar.html"
NOT_ACTION = f"{_GUIDE}reference_policies_elements_notaction.html"
NOT_PRINCIPAL = f"{_GUIDE}reference_policies_elements_notprincipal.html"
NOT_RESOURCE = f"{_GUIDE}reference_policies_elements_notresource.html"
OPERATORS = f"{_GUIDE}reference_policies_elements_condition_operators.html"
PRINCIPAL = f"{_GUIDE}reference_policies_elements_principal.html"
RESOURCE = f"{_GUIDE}reference_policies_elements_resource.html"
SETS = f"{_GUIDE}reference_policies_multi-value-conditions.html"
SINGLE = f"{_GUIDE}reference_policies_single-vs-multi-valued-condition-keys.html"
VARIABLES = f"{_GUIDE}reference_policies_variables.html"
ENDPOINT = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"
CHECK = "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckNoNewAccess.html"
CLOUDFORMATION = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html"
)

NOT, BROADER, UNKNOWN = Outcome.NOT_BROADER, Outcome.BROADER, Outcome.UNKNOWN
ACCOUNT, ROOT = "111122223333", "arn:aws:iam::111122223333:root"
ROLE = "arn:aws:iam::111122223333:role/r"
SESSION = "arn:aws:sts::111122223333:assumed-role/r/session"
BUCKET_ARN, OTHER_ARN = reference(("Storage",), "Bucket", "Arn"), reference(("Storage",), "Other", "Arn")
NAME, OTHER_NAME = parameter((), "Name"), parameter((), "OtherName")
K = "aws:PrincipalTag/team"


@dataclass(frozen=True)
class Trap:
    """One row.

    Attributes:
        before: The statements before the change; a list of lists has a permissions boundary.
        cause: For an unknown answer, its only cause.
        evaluated: Whether the evaluator can confirm the example.
    """

    name: str
    page: str
    before: list[Any]
    after: list[Any]
    outcome: Outcome
    kind: Kind = Kind.IDENTITY
    cause: Cause | None = None
    evaluated: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def layers(self) -> tuple[list[list[Any]], list[list[Any]]]:
        before, after = (side if side and isinstance(side[0], list) else [side] for side in (self.before, self.after))
        return before, after


def _resources() -> Iterator[Trap]:
    def row(name: str, before: Any, after: Any, outcome: Outcome, cause: Cause | None = None) -> Trap:
        return Trap(name, RESOURCE, [allow(resource=before)], [allow(resource=after)], outcome, cause=cause)

    yield row("a star crosses slashes", OBJECTS, f"{BUCKET}/a/b/c", NOT)
    yield row("a star at the end of a segment crosses colons", "arn:aws:logs:*", "arn:aws:logs:r:1:log-group:g:s", NOT)
    yield row("a star within a segment may stop at a colon", "arn:aws:x:r:1:a*b", "arn:aws:x:r:1:a:b", BROADER)
    yield row("a star within a segment stays in other segments", "arn:aws:x:r*t:1:a", "arn:aws:x:rest:1:a", NOT)
    yield row("a question mark is no empty text", f"{BUCKET}?", BUCKET, BROADER)
    yield row("a question mark is one character", f"{BUCKET}?", f"{BUCKET}12", BROADER)
    yield row("a star includes a question mark", f"{BUCKET}*", f"{BUCKET}?", NOT)
    yield row("a question mark may stop at a colon", "arn:aws:x:r:1:a?b", "arn:aws:x:r:1:a:b", BROADER)
    yield row("names in resources keep their case", f"{BUCKET}/a", f"{BUCKET}/A", BROADER)
    yield row("two stars are one", f"{BUCKET}/**", OBJECTS, NOT)
    yield row("any star covers any resource", "*", "arn:aws:x:r:1:a", NOT)
    yield Trap(
        "a denied star within a segment may stop at a colon", RESOURCE,
        [deny(resource="arn:aws:x:r:1:a:b")], [deny(resource="arn:aws:x:r:1:a*b")], BROADER,
    )  # fmt: skip
    yield Trap(
        "NotResource is the complement", NOT_RESOURCE,
        [allow(NotResource=OBJECTS)], [allow(NotResource=f"{BUCKET}/a/*")], BROADER,
    )  # fmt: skip
    yield Trap(
        "a longer NotResource is narrower", NOT_RESOURCE,
        [allow(NotResource=BUCKET)], [allow(NotResource=[BUCKET, OBJECTS])], NOT,
    )  # fmt: skip


def _actions() -> Iterator[Trap]:
    def row(name: str, before: Any, after: Any, outcome: Outcome) -> Trap:
        return Trap(name, ACTION, [allow(before)], [allow(after)], outcome)

    yield row("actions ignore case", "s3:getobject", "S3:GetObject", NOT)
    yield row("a wildcard ignores case too", "S3:GET*", "s3:getObjectAcl", NOT)
    yield row("a wildcard within a name", "iam:*AccessKey*", "iam:ListAccessKeys", NOT)
    yield row("the universe is all names, not today's", ["s3:GetObject", "s3:GetObjectAcl"], "s3:Get*", BROADER)
    yield row("any action", "s3:*", "*", BROADER)
    yield Trap(
        "a longer NotAction is narrower", NOT_ACTION,
        [allow(NotAction="iam:*")], [allow(NotAction=["iam:*", "sts:*"])], NOT,
    )  # fmt: skip
    yield Trap(
        "NotAction is the complement", NOT_ACTION, [allow(NotAction="iam:*")], [allow(["iam:*", "s3:*"])], BROADER
    )
    yield Trap(
        "one more exception of a denial", NOT_ACTION,
        [deny(NotAction=["iam:*"], resource="*")], [deny(NotAction=["iam:*", "sts:*"], resource="*")], BROADER,
    )  # fmt: skip
    yield Trap(
        "one exception less of a denial", NOT_ACTION,
        [deny(NotAction=["iam:*", "sts:*"])], [deny(NotAction=["iam:*"])], NOT,
    )  # fmt: skip
    yield Trap(
        "a wildcard and its complement", NOT_ACTION,
        [allow("s3:a*"), allow(NotAction="s3:a*")], [allow("*")], NOT,
    )  # fmt: skip


def _conditions() -> Iterator[Trap]:
    def row(name: str, before: Any, after: Any, outcome: Outcome, page: str = OPERATORS, **more: Any) -> Trap:
        return Trap(name, page, [allow(when=before)], [allow(when=after)], outcome, **more)

    pattern = "arn:aws:someservice:*:111122223333:finance/*"
    value = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
    arn = "aws:SourceArn"
    yield row("StringEquals has no wildcard", when("StringEquals", K, "a*"), when("StringEquals", K, "ab"), BROADER)
    yield row("StringLike has wildcards", when("StringLike", K, "a*"), when("StringEquals", K, "ab"), NOT)
    yield row(
        "a letter that no pattern has",
        when("StringLike", K, "a*", "b*", "e*", "x*"),
        when("StringLike", K, "?*"),
        BROADER,
    )
    yield row("StringEquals keeps case", when("StringEquals", K, "a"), when("StringEquals", K, "A"), BROADER)
    yield row("IgnoreCase", when("StringEqualsIgnoreCase", K, "a"), when("StringEquals", K, "A"), NOT)
    yield row("ArnEquals is ArnLike", when("ArnEquals", arn, f"{BUCKET}*"), when("ArnLike", arn, f"{BUCKET}*"), NOT)
    yield row("ArnLike is ArnEquals", when("ArnLike", arn, f"{BUCKET}*"), when("ArnEquals", arn, f"{BUCKET}*"), NOT)
    yield row("StringLike crosses colons", when("StringLike", arn, pattern), when("StringEquals", arn, value), NOT)
    yield row("ArnLike compares components", when("ArnLike", arn, pattern), when("StringEquals", arn, value), BROADER)
    yield row("ArnLike keeps case", when("ArnLike", arn, BUCKET), when("ArnLike", arn, BUCKET.upper()), BROADER)
    yield row("ArnNotLike is the complement", when("ArnNotLike", arn, pattern), when("StringEquals", arn, value), NOT)
    yield row(
        "ArnLike needs six components", when("ArnLike", arn, "arn:aws:s3"), when("ArnLike", arn, BUCKET), UNKNOWN,
        cause=Cause.VALUE,
    )  # fmt: skip
    yield row("a positive operator needs its key", when("StringEquals", K, "a"), when("Null", K, "true"), BROADER)
    yield row("a negated operator needs no key", when("StringNotEquals", K, "a"), when("Null", K, "true"), NOT)
    yield row("IfExists needs no key", when("StringEqualsIfExists", K, "a"), when("Null", K, "true"), NOT)
    yield row("IfExists is broader", when("StringEquals", K, "a"), when("StringEqualsIfExists", K, "a"), BROADER)
    yield row("Null false needs the key", when("Null", K, "false"), when("StringEquals", K, "a"), NOT)
    yield row("Null true excludes the key", when("Null", K, "true"), when("StringEquals", K, "a"), BROADER)
    yield row("several values are alternatives", when("StringEquals", K, "a", "b"), when("StringEquals", K, "b"), NOT)
    yield row("one more alternative", when("StringEquals", K, "a"), when("StringEquals", K, "a", "b"), BROADER, SETS)
    yield row(
        "negated alternatives", when("StringNotEquals", K, "a", "b"), when("StringNotEquals", K, "a"), BROADER, SETS
    )
    yield row("one more exception", when("StringNotEquals", K, "a"), when("StringNotEquals", K, "a", "b"), NOT, SETS)
    yield row(
        "names of keys ignore case", when("StringEquals", K, "a"), when("StringEquals", K.upper(), "a"), NOT, CONDITION
    )
    yield row(
        "all conditions have to hold",
        when("StringEquals", K, "a"),
        {**when("StringEquals", K, "a"), **when("StringLike", arn, "*")},
        NOT,
        SETS,
    )
    yield row("less than, or equal", when("NumericLessThan", K, "2"), when("NumericLessThanEquals", K, "2"), BROADER)
    yield row("equal numbers", when("NumericEquals", K, "2"), when("NumericEquals", K, "2.0"), NOT)
    yield row("between two numbers", when("NumericLessThanEquals", K, "1"), when("NumericLessThan", K, "2"), BROADER)
    yield row(
        "greater than, or equal", when("NumericGreaterThanEquals", K, "2"), when("NumericGreaterThan", K, "2"), NOT
    )
    yield row("no number", when("NumericEquals", K, "two"), when("NumericEquals", K, "2"), UNKNOWN, cause=Cause.VALUE)
    date = "aws:CurrentTime"
    yield row(
        "dates and seconds",
        when("DateLessThan", date, "2026-01-01T00:00:00Z"),
        when("DateLessThan", date, "1767225600"),
        NOT,
    )
    yield row(
        "a later date", when("DateLessThan", date, "2026-01-01"), when("DateLessThan", date, "2026-01-02"), BROADER
    )
    ip = "aws:SourceIp"
    yield row("a part of a network", when("IpAddress", ip, "10.0.0.0/8"), when("IpAddress", ip, "10.1.0.0/16"), NOT)
    yield row("a larger network", when("IpAddress", ip, "10.1.0.0/16"), when("IpAddress", ip, "10.0.0.0/8"), BROADER)
    yield row("an address is a network", when("IpAddress", ip, "10.1.2.3/32"), when("IpAddress", ip, "10.1.2.3"), NOT)
    yield row(
        "outside of a network", when("NotIpAddress", ip, "10.0.0.0/8"), when("NotIpAddress", ip, "10.1.0.0/16"), BROADER
    )
    yield row("two versions of IP", when("IpAddress", ip, "0.0.0.0/0"), when("IpAddress", ip, "2001:db8::/32"), BROADER)
    yield row(
        "an unknown operator",
        when("BinaryEquals", K, "QQ=="),
        when("BinaryEquals", K, "Qg=="),
        UNKNOWN,
        cause=Cause.OPERATOR,
    )
    tls = "aws:SecureTransport"
    yield Trap(
        "a Deny of false is no Allow of true", OPERATORS,
        [allow(when=when("Bool", tls, "true"))], [allow(), deny(when=when("Bool", tls, "false"))], BROADER,
    )  # fmt: skip
    yield Trap(
        "a Deny of false or absent is an Allow of true", OPERATORS,
        [allow(when=when("Bool", tls, "true")), deny(when=when("BoolIfExists", tls, "false"))],
        [allow(), deny(when=when("BoolIfExists", tls, "false"))], NOT,
    )  # fmt: skip
    yield Trap(
        "a denied negated operator is true for an absent key", OPERATORS,
        [deny(when=when("StringNotEqualsIfExists", K, "a"))], [deny(when=when("StringNotEquals", K, "a"))], NOT,
    )  # fmt: skip
    yield Trap(
        "IfExists on a denied positive operator", OPERATORS,
        [deny(when=when("StringEqualsIfExists", K, "a"))], [deny(when=when("StringEquals", K, "a"))], BROADER,
    )  # fmt: skip
    yield Trap(
        "one value cannot be two", SINGLE,
        [], [allow(when={**when("StringEquals", K, "a"), **when("StringLike", K, "b*")})], NOT,
    )  # fmt: skip


def _sets() -> Iterator[Trap]:
    key = "aws:TagKeys"

    def row(name: str, before: Any, after: Any, outcome: Outcome, cause: Cause | None = None) -> Trap:
        return Trap(name, SETS, [allow(when=before)], [allow(when=after)], outcome, cause=cause)

    of_all, of_any = when("ForAllValues:StringEquals", key, "a"), when("ForAnyValue:StringEquals", key, "a")
    yield row("ForAllValues is true without a value", of_any, of_all, BROADER)
    yield row("ForAnyValue permits other values", of_all, of_any, BROADER)
    yield row("both are narrower than either", of_any, {**of_all, **of_any}, NOT)
    yield row("both are narrower than all", of_all, {**of_all, **of_any}, NOT)
    yield row("all of two", when("ForAllValues:StringEquals", key, "a", "b"), of_all, NOT)
    yield row("any of two", of_any, when("ForAnyValue:StringEquals", key, "a", "b"), BROADER)
    yield row(
        "none of two",
        when("ForAllValues:StringNotEquals", key, "a", "b"),
        when("ForAllValues:StringNotEquals", key, "a"),
        BROADER,
    )
    yield row(
        "some value outside",
        when("ForAnyValue:StringNotEquals", key, "a"),
        when("ForAnyValue:StringNotEquals", key, "a", "b"),
        NOT,
    )
    yield row(
        "ForAnyValue with IfExists", when("ForAnyValue:StringEqualsIfExists", key, "a"),
        when("ForAnyValue:StringEqualsIfExists", key, "b"), UNKNOWN, Cause.SET_OPERATOR,
    )  # fmt: skip
    yield row(
        "a plain operator on several values",
        when("StringEquals", key, "a", "b"),
        when("StringEquals", key, "a"),
        UNKNOWN,
        Cause.MIXED,
    )
    yield row(
        "plain and set operators on one key",
        when("StringEquals", K, "a"),
        when("ForAnyValue:StringEquals", K, "a"),
        UNKNOWN,
        Cause.MIXED,
    )
    yield row(
        "text and number on one key", when("StringEquals", K, "1"), when("NumericEquals", K, "1"), UNKNOWN, Cause.MIXED
    )
    yield Trap(
        "a claim about all and one about some need two members", SETS,
        [allow(when=when("ForAllValues:StringLike", key, "a*"))],
        [allow(when={**when("ForAnyValue:StringEquals", key, "a"), **when("ForAnyValue:StringLike", key, "b*")})], BROADER,
    )  # fmt: skip


def _principals() -> Iterator[Trap]:
    def row(
        name: str, before: Any, after: Any, outcome: Outcome, cause: Cause | None = None, kind: Kind = Kind.RESOURCE
    ) -> Trap:
        return Trap(
            name, PRINCIPAL, [allow(Principal=before)], [allow(Principal=after)], outcome, kind, cause,
            evaluated=cause is None,
        )  # fmt: skip

    yield row("an account is its root", {"AWS": ACCOUNT}, {"AWS": ROOT}, NOT)
    yield row("a root is its account", {"AWS": ROOT}, {"AWS": ACCOUNT}, NOT)
    yield row("a role needs no identity policy, an account does", {"AWS": ACCOUNT}, {"AWS": ROLE}, BROADER)
    yield row("an account has other roles", {"AWS": ROLE}, {"AWS": ACCOUNT}, BROADER)
    yield row("an endpoint does not delegate", {"AWS": ACCOUNT}, {"AWS": ROLE}, NOT, kind=Kind.ENDPOINT)
    yield row("anyone includes a role", "*", {"AWS": ROLE}, NOT)
    yield row("anyone includes services", "*", {"Service": "s3.amazonaws.com"}, NOT)
    yield row("a role is not anyone", {"AWS": ROLE}, "*", BROADER)
    yield row("names of roles keep their case", {"AWS": ROLE}, {"AWS": ROLE.replace("/r", "/R")}, BROADER)
    yield row("another service", {"Service": "s3.amazonaws.com"}, {"Service": "sns.amazonaws.com"}, BROADER)
    yield row("another kind", {"Service": "a"}, {"Federated": "a"}, BROADER)
    yield row("services of all of AWS", {"AWS": "*"}, "*", UNKNOWN, Cause.PRINCIPAL)
    yield row("all of AWS is not more than all", "*", {"AWS": "*"}, NOT)
    yield row("a session of a role", {"AWS": ROLE}, {"AWS": SESSION}, UNKNOWN, Cause.PRINCIPAL)
    yield row("a part of a name", {"AWS": ROLE}, {"AWS": f"{ROLE}*"}, UNKNOWN, Cause.PRINCIPAL)
    yield Trap(
        "a parameter as principal may be anyone", PRINCIPAL, [allow(Principal={"AWS": "*"})],
        [allow(Principal={"AWS": NAME})], UNKNOWN, Kind.RESOURCE, None, evaluated=False,
    )  # fmt: skip
    yield Trap(
        "a dropped account of a Deny", PRINCIPAL,
        [deny(Principal={"AWS": ACCOUNT})], [deny(Principal={"AWS": ROLE})], BROADER, Kind.RESOURCE,
    )  # fmt: skip
    yield Trap(
        "anyone with the ARN of a role escapes its boundary", PRINCIPAL, [allow(Principal={"AWS": ROLE})],
        [allow(Principal="*", when=when("ArnEquals", "aws:PrincipalArn", ROLE))], BROADER, Kind.RESOURCE,
    )  # fmt: skip
    yield Trap(
        "a denied anyone includes services", PRINCIPAL, [deny(Principal="*")], [deny(Principal={"AWS": "*"})], UNKNOWN,
        Kind.RESOURCE, Cause.PRINCIPAL,
    )  # fmt: skip
    yield Trap(
        "an exception of a service", NOT_PRINCIPAL,
        [deny(Principal="*")], [deny(NotPrincipal={"Service": "s3.amazonaws.com"})], BROADER, Kind.RESOURCE,
    )  # fmt: skip
    yield Trap(
        "an exception less", NOT_PRINCIPAL,
        [deny(NotPrincipal={"Service": "s3.amazonaws.com"})], [deny(Principal="*")], NOT, Kind.RESOURCE,
    )  # fmt: skip
    yield Trap(
        "an exception of a role needs its account and session", NOT_PRINCIPAL,
        [deny(Principal="*")], [deny(NotPrincipal={"AWS": [ROLE, ROOT]})], UNKNOWN, Kind.RESOURCE, Cause.PRINCIPAL,
    )  # fmt: skip
    yield Trap(
        "an exception that stays", NOT_PRINCIPAL,
        [allow(Principal="*"), deny(NotPrincipal={"AWS": [ROLE, ROOT]})], [deny(NotPrincipal={"AWS": [ROLE, ROOT]})],
        NOT, Kind.RESOURCE, evaluated=False,
    )  # fmt: skip
    trust = {"Principal": {"Service": "lambda.amazonaws.com"}}
    yield Trap(
        "a trust policy without its condition", PRINCIPAL,
        [allow("sts:AssumeRole", None, **trust, when=when("StringEquals", "aws:SourceAccount", ACCOUNT))],
        [allow("sts:AssumeRole", None, **trust)], BROADER, Kind.TRUST,
    )  # fmt: skip


def _combinations() -> Iterator[Trap]:
    tls = when("Bool", "aws:SecureTransport", "false")
    yield Trap("a dropped Deny without an Allow", CHECK, [deny("s3:*", "*", when=tls)], [], BROADER)
    yield Trap("a dropped Deny beside an Allow", CHECK, [allow(), deny(when=tls)], [allow()], BROADER)
    yield Trap(
        "a Deny of another request", CHECK, [allow("s3:*"), deny("s3:Put*")], [allow("s3:*"), deny("s3:Get*")], BROADER
    )
    yield Trap("an Allow and its Deny dropped together", CHECK, [allow(), deny()], [], BROADER)
    yield Trap("a Deny outweighs an Allow", EVALUATION, [allow()], [allow("s3:*"), deny(NotAction="s3:GetObject")], NOT)
    yield Trap("an added Deny", EVALUATION, [allow("s3:*")], [allow("s3:*"), deny("s3:Get*")], NOT)
    yield Trap("a covered Allow", EVALUATION, [allow("s3:*")], [allow("s3:*"), allow("s3:GetObject", when=tls)], NOT)
    yield Trap(
        "two Allows cover a third", EVALUATION,
        [allow(when=when("StringEquals", K, "a")), allow(when=when("StringNotEquals", K, "a"))], [allow()], NOT,
    )  # fmt: skip
    yield Trap(
        "the first way out of a conflict is a dead end", EVALUATION,
        [allow("s3:GetObject", BUCKET), allow(NotAction="s3:GetObject", resource=[BUCKET, OBJECTS])],
        [allow("*", [BUCKET, OBJECTS])], BROADER,
    )  # fmt: skip
    yield Trap(
        "an identity policy within its boundary",
        BOUNDARY,
        [[allow()], [allow("s3:*")]],
        [[allow("*")], [allow("s3:*")]],
        BROADER,
    )
    yield Trap(
        "an identity policy beyond its boundary",
        BOUNDARY,
        [[allow("s3:*")], [allow("s3:*")]],
        [[allow("*")], [allow("s3:*")]],
        NOT,
    )
    yield Trap("a larger boundary", BOUNDARY, [[allow("*")], [allow("s3:*")]], [[allow("*")], [allow("*")]], BROADER)
    yield Trap("a removed boundary", BOUNDARY, [[allow("*")], [allow("s3:*")]], [[allow("*")]], BROADER)
    yield Trap("an added boundary", BOUNDARY, [[allow("*")]], [[allow("*")], [allow("s3:*")]], NOT)
    yield Trap(
        "a Deny of the boundary", BOUNDARY, [[allow("*")], [allow("*"), deny()]], [[allow("*")], [allow("*")]], BROADER
    )
    yield Trap(
        "an endpoint's policy grants as a filter",
        ENDPOINT,
        [allow(Principal="*")],
        [allow("*", "*", Principal="*")],
        BROADER,
        Kind.ENDPOINT,
    )


def _unknown() -> Iterator[Trap]:
    def row(
        name: str, page: str, before: list[Any], after: list[Any], outcome: Outcome, cause: Cause | None = None
    ) -> Trap:
        return Trap(name, page, before, after, outcome, cause=cause, evaluated=False)

    mine = f"{BUCKET}/${{aws:username}}/*"
    yield row(
        "a variable has other values",
        VARIABLES,
        [allow(resource=mine)],
        [allow(resource=f"{BUCKET}/bob/*")],
        UNKNOWN,
        Cause.VARIABLE,
    )
    yield row("a variable stays", VARIABLES, [allow("s3:*", mine)], [allow("s3:GetObject", mine)], NOT)
    yield row("a variable is within its pattern", VARIABLES, [allow(resource=OBJECTS)], [allow(resource=mine)], NOT)
    yield row("a variable with a narrower rest", VARIABLES, [allow(resource=mine)], [allow(resource=f"{mine}/a")], NOT)
    yield row(
        "a variable beside what is new",
        VARIABLES,
        [allow(resource=mine)],
        [allow(resource=mine), allow("s3:PutObject")],
        BROADER,
    )
    yield Trap(
        "an escaped star is a star",
        VARIABLES,
        [allow(resource=f"{BUCKET}/${{*}}")],
        [allow(resource=OBJECTS)],
        BROADER,
        evaluated=False,
    )
    yield Trap(
        "an escaped star is one character",
        VARIABLES,
        [allow(resource=f"{BUCKET}/?")],
        [allow(resource=f"{BUCKET}/${{*}}")],
        NOT,
    )
    yield row(
        "a parameter stays",
        CLOUDFORMATION,
        [allow(["s3:GetObject", "s3:PutObject"], NAME)],
        [allow(resource=NAME)],
        NOT,
    )
    yield row(
        "another parameter",
        CLOUDFORMATION,
        [allow(resource=NAME)],
        [allow(resource=OTHER_NAME)],
        UNKNOWN,
        Cause.PARAMETER,
    )
    yield row(
        "two parameters may be equal",
        CLOUDFORMATION,
        [allow(resource=NAME), deny(resource=OTHER_NAME)],
        [allow(resource=NAME)],
        UNKNOWN,
        Cause.PARAMETER,
    )
    yield row(
        "a parameter for a number",
        CLOUDFORMATION,
        [allow(when={"NumericLessThan": {K: NAME}})],
        [allow(when={"NumericLessThan": {K: "5"}})],
        UNKNOWN,
        Cause.PARAMETER,
    )
    yield row("another resource", CLOUDFORMATION, [allow(resource=BUCKET_ARN)], [allow(resource=OTHER_ARN)], BROADER)
    yield row("a resource instead of any", CLOUDFORMATION, [allow(resource="*")], [allow(resource=BUCKET_ARN)], NOT)
    yield row("any instead of a resource", CLOUDFORMATION, [allow(resource=BUCKET_ARN)], [allow(resource="*")], BROADER)
    yield row(
        "a narrower part of a resource",
        CLOUDFORMATION,
        [allow(resource=_joined(BUCKET_ARN, "/*"))],
        [allow(resource=_joined(BUCKET_ARN, "/a*"))],
        NOT,
    )
    yield row(
        "a larger part of a resource",
        CLOUDFORMATION,
        [allow(resource=_joined(BUCKET_ARN, "/a*"))],
        [allow(resource=_joined(BUCKET_ARN, "/*"))],
        BROADER,
    )
    yield row(
        "an excluded resource may be what a pattern matches",
        CLOUDFORMATION,
        [allow(NotResource=BUCKET_ARN)],
        [allow(resource="arn:aws:s3:::b*")],
        UNKNOWN,
        Cause.REFERENCE,
    )
    undecided = Symbol(SymbolKind.CONDITION, "IsProd")
    yield row("an undecided statement", CLOUDFORMATION, [allow()], [allow(), undecided], UNKNOWN, Cause.CONDITION)
    yield row("an undecided statement stays", CLOUDFORMATION, [allow("s3:*"), undecided], [allow(), undecided], NOT)
    yield row("an unknown element", GRAMMAR, [allow()], [{**allow(), "Ressource": "*"}], UNKNOWN, Cause.SHAPE)
    yield row(
        "an unknown element of a Deny", GRAMMAR, [deny(), {**deny(), "Ressource": "*"}], [deny()], UNKNOWN, Cause.SHAPE
    )
    yield row("a statement without a resource", GRAMMAR, [], [allow(resource=None)], UNKNOWN, Cause.SHAPE)
    yield row("a principal in an identity policy", GRAMMAR, [], [allow(Principal="*")], UNKNOWN, Cause.SHAPE)


def _joined(*parts: Any) -> Statement:
    return {"Fn::Join": ["", list(parts)]}


TRAPS = tuple(
    trap for rows in (_resources, _actions, _conditions, _sets, _principals, _combinations, _unknown) for trap in rows()
)
