"""Environments are isolated (requirement A-10): no permission of one reaches a resource of another one in the account.

The names and ARNs of the other environment come from its resolved templates, not from a list.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.assembly.naming import SINGLETON_NAMES, names_of
from builders.assembly.root import assemble
from builders.contract.names import SUFFIX
from builders.contract.template import ENVIRONMENT_SUFFIX, TierTemplate
from builders.platforms import PLATFORMS
from tests.builders.support.environments import Environment, Grant, environment


@dataclass(frozen=True)
class Unavoidable:
    """A pattern that reaches other environments.

    Attributes:
        sid: the statement.
        element: ``Resource`` or a condition key.
        ending: how the pattern ends.
        reason: why no name can take its place, and what limits it instead.
    """

    sid: str
    element: str
    ending: str
    reason: str

    def covers(self, grant: Grant) -> bool:
        """Whether the grant is the exception."""
        return (grant.sid, grant.element) == (self.sid, self.element) and grant.pattern.endswith(self.ending)


UNAVOIDABLE = (
    Unavoidable(
        "CreateNetworkInterfaces",
        "Resource",
        ":network-interface/*",
        "EC2 chooses the id of a new interface; the same statement names the function's subnets and security group, and EC2 "
        "demands the permission on all three",
    ),
    Unavoidable(
        "ManageNetworkInterfaces",
        "Resource",
        ":*/*",
        "Lambda chooses the ids of interfaces, and its documentation demands all of them for DeleteNetworkInterface; the code "
        "of the function is denied the same actions",
    ),
    Unavoidable(
        "AssumedByService",
        "aws:SourceArn",
        ":vpc-flow-log/*",
        "EC2 chooses the id of the flow log, which needs the role before it exists; the role writes to one log group",
    ),
    Unavoidable(
        "Edge",
        "aws:SourceArn",
        ":distribution/*",
        "CloudFront chooses the id of the distribution, which exists long after the key; the context names one bucket, whose "
        "policy names the distribution",
    ),
    Unavoidable(
        "MasterSecret",
        "kms:EncryptionContext:SecretARN",
        ":secret:rds!cluster-*",
        "RDS names the secret of the master user by an id of the cluster; a role reads a secret only if its policy names it",
    ),
    Unavoidable(
        "LogGroups",
        "kms:EncryptionContext:aws:logs:arn",
        ":log-group:API-Gateway-Execution-Logs_*/live",
        "API Gateway names the log group by the API's id; each group names the key under which it is encrypted",
    ),
    Unavoidable(
        "LogGroups",
        "kms:EncryptionContext:aws:logs:arn",
        ":log-group:/aws/apigateway/welcome",
        "The account has one group of this name (A-8)",
    ),
    Unavoidable(
        "WriteLogs",
        "Resource",
        ":log-group:API-Gateway-Execution-Logs_*",
        "The account's only role of API Gateway writes the logs of all its APIs (A-8)",
    ),
    Unavoidable(
        "WriteLogs",
        "Resource",
        ":log-group:/aws/apigateway/*",
        "The account's only role of API Gateway writes the logs of all its APIs (A-8)",
    ),
    Unavoidable(
        "FetchArtifactKey",
        "Resource",
        ":key/*",
        "The artifact bucket's key belongs to the bootstrap stack; the encryption context is that bucket",
    ),
    Unavoidable(
        "EdgeLogDelivery",
        "aws:SourceArn",
        ":logs:us-east-1:111122223333:*",
        "AWS documents this source for deliveries of logs, and not which of its ARNs it sends; the resource is one log group",
    ),
)

VALID_SUFFIX = re.compile(str(ENVIRONMENT_SUFFIX.allowed_pattern))
LONGEST_SUFFIX = int(ENVIRONMENT_SUFFIX.max_length or 0)
LOOKALIKES = {
    "trading": ("trading-eu", "data-trading", "tradings"),
    "transactions": ("transactions-eu", "eu-transactions", "transaction"),
}
"""Platform → other names for a platform with the same tiers."""


def _is_suffix(text: str) -> bool:
    return len(text) <= LONGEST_SUFFIX and VALID_SUFFIX.fullmatch(text) is not None


def reached(one: Environment, other: Environment) -> Iterator[tuple[Grant, str]]:
    """What an Allow of one environment names and what identifies a resource of the other, but for the exceptions."""
    for grant in one.grants():
        if not any(exception.covers(grant) for exception in UNAVOIDABLE):
            yield from ((grant, text) for text in grant.matches(other.own_texts))


def faults(one: Environment, other: Environment) -> list[str]:
    """Each grant of one environment that reaches the other, as a sentence; and each shared setting."""
    grants = [f"{one.name}: {grant} reaches {text} of {other.name}" for grant, text in reached(one, other)]
    shared = (one.settings & other.identifiers) - SINGLETON_NAMES
    return sorted({*grants, *(f"{one.name} refers to {text} of {other.name}" for text in shared)})


# Words of suffixes: of the environments that people make, of purposes and tiers in the names, and digits.
_WORDS = st.one_of(
    st.sampled_from(
        ["a", "b", "dev", "prod", "eu", "pr", "data", "raw", "logs", "config", "objects", "web", "tls", "aurora", "role"]
    ),
    st.text("ab12", min_size=1, max_size=4),
)  # fmt: skip
_SUFFIXES = st.lists(_WORDS, min_size=1, max_size=3).map("-".join).filter(_is_suffix)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Two different suffixes, of which one often begins or ends with the other."""
    first, more = draw(_SUFFIXES), draw(_WORDS)
    forms = [draw(_SUFFIXES), f"{first}-{more}", f"{more}-{first}", f"{first}{more}", f"{more}{first}"]
    second = draw(st.sampled_from([form for form in forms if _is_suffix(form) and form != first] or [f"x{first}"[:12]]))
    return first, second


PAIRS = (
    ("prod", "eu-prod"),
    ("dev", "dev2"),
    ("a", "a-b"),
    ("a", "b-a"),
    ("data", "raw-data"),
    ("logs", "logs-logs"),
    ("config", "a-config"),
    ("objects", "x"),
    ("tls-a", "a"),
    ("pr-1", "pr-12"),
    ("p1", "p1-1"),
    ("a-b-c-d-e-f", "b-c-d-e-f"),
)


@pytest.mark.requirement("A-10")
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_no_permission_of_an_environment_reaches_another_one(platform: str, pair: tuple[str, str]) -> None:
    """Regression: the housekeeping role of ``prod`` could empty the buckets of ``eu-prod``, and its keys took their contexts."""
    one, other = (environment(platform, suffix) for suffix in pair)
    assert not faults(one, other)
    assert not faults(other, one)


@pytest.mark.slow
@pytest.mark.requirement("A-10")
@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(pair=_pairs())
def test_no_two_suffixes_lead_from_one_environment_to_the_other(platform: str, pair: tuple[str, str]) -> None:
    one, other = (environment(platform, suffix) for suffix in pair)
    assert not faults(one, other)
    assert not faults(other, one)


@pytest.mark.slow
@pytest.mark.requirement("A-10")
@pytest.mark.parametrize(
    ("platform", "name"), [(platform, name) for platform, names in LOOKALIKES.items() for name in names]
)
def test_platforms_with_similar_names_are_apart(platform: str, name: str) -> None:
    for suffixes in PAIRS[:4]:
        for one, other in itertools.permutations(suffixes):
            here, there = environment(platform, one), environment(platform, other, name=name)
            assert not faults(here, there)
            assert not faults(there, here)


@pytest.mark.requirement("A-10")
@pytest.mark.parametrize("suffixes", [("prod", "prod"), *PAIRS], ids="/".join)
def test_platforms_of_one_account_are_apart(suffixes: tuple[str, str]) -> None:
    for first, second in itertools.permutations(PLATFORMS, 2):
        assert not faults(environment(first, suffixes[0]), environment(second, suffixes[1]))


@pytest.mark.requirement("A-10")
def test_every_exception_is_needed_and_has_a_reason() -> None:
    """An exception that covers no pattern, or whose pattern reaches no other environment, is an error."""
    needed = {
        exception
        for platform in PLATFORMS
        for grant in environment(platform, "a").grants()
        for exception in UNAVOIDABLE
        if exception.covers(grant) and grant.matches(environment(platform, "b").identifiers)
    }
    assert needed == set(UNAVOIDABLE)
    assert all(len(exception.reason) > 40 for exception in UNAVOIDABLE)


@pytest.mark.parametrize(
    ("element", "pattern"),
    [
        ("Resource", "arn:aws:s3:::trading-*-prod-111122223333/*"),
        ("kms:EncryptionContext:aws:dynamodb:tableName", "*-prod"),
        ("kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:us-east-1:111122223333:log-group:/aws/*/trading-*-prod*"),
        ("aws:SourceArn", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"),
        ("kms:EncryptionContext:aws:sqs:arn", "arn:aws:sqs:us-east-1:111122223333:trading-*-prod"),
    ],
)
def test_the_patterns_of_former_templates_are_found(element: str, pattern: str) -> None:
    assert Grant("Keys/Key", "Sid", element, pattern).matches(environment("trading", "eu-prod").identifiers)


# --- Names -----------------------------------------------------------------------------------------------------------
NAMESPACES = {"AWS::CloudWatch::CompositeAlarm": "AWS::CloudWatch::Alarm"}
"""Type → another type with which it shares its names."""
WITHIN_A_VPC = "AWS::EC2::SecurityGroup"
"""Names of security groups are unique in their VPC only, and no policy contains one. Every environment has its own VPC."""


def _name_texts(platform: str, name: str = "") -> dict[str, set[str]]:
    """Type → the texts of the names of a platform's resources."""
    templates = assemble(replace(PLATFORMS[platform], name=name or platform)).templates.values()
    by_type = names_of(template for template in templates if isinstance(template, TierTemplate)).by_type
    found: dict[str, set[str]] = {}
    for kind, names in by_type.items():
        found.setdefault(NAMESPACES.get(kind, kind), set()).update(names)
    return found


def _can_be_equal(first: str, second: str) -> bool:
    """Whether two different suffixes can make one name of both texts.

    A text is a head, the suffix and a tail. Of two equal names with one tail, the longer head begins with the shorter one, and
    the suffix behind the shorter head begins with the rest. So the rest and any suffix must be a suffix; the shortest decides.
    """
    (head, tail), (longer_head, other_tail) = sorted(
        (text.split(SUFFIX) for text in (first, second)), key=lambda parts: len(parts[0])
    )
    if tail != other_tail:
        return not re.search("[^a-z0-9-]", tail.removesuffix(other_tail) + other_tail.removesuffix(tail))
    rest = longer_head.removeprefix(head)
    return longer_head.startswith(head) and rest != "" and _is_suffix(f"{rest}a")


def clashes(*platforms: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Pairs of names of one kind that two environments of these platforms could share."""
    found = []
    for kind in {kind for names in platforms for kind in names} - {WITHIN_A_VPC}:
        texts = sorted({text for names in platforms for text in names.get(kind, ()) if SUFFIX in text})
        found += [pair for pair in itertools.combinations(texts, 2) if _can_be_equal(*pair)]
    return found


@pytest.mark.requirement("A-1", "A-10")
def test_no_two_environments_can_share_a_name() -> None:
    """``trading-raw-eu-prod`` is the name of ``raw`` in ``eu-prod``. No purpose may be called ``raw-eu`` beside it."""
    assert not clashes(*(_name_texts(platform) for platform in PLATFORMS))


@pytest.mark.slow
@pytest.mark.requirement("A-1", "A-10")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_platforms_with_similar_names_share_no_name_either(platform: str) -> None:
    for name in LOOKALIKES[platform]:
        assert not clashes(_name_texts(platform), _name_texts(platform, name))


def test_a_platform_named_like_a_resource_of_another_one_is_found() -> None:
    """``trading-raw-logs-a`` would be the raw bucket of ``logs-a``, and the log bucket of the other platform's ``a``."""
    found = clashes(_name_texts("trading"), _name_texts("trading", "trading-raw"))
    assert (
        "trading-raw-${EnvironmentSuffix}-${AWS::AccountId}",
        "trading-raw-logs-${EnvironmentSuffix}-${AWS::AccountId}",
    ) in {tuple(sorted(pair)) for pair in found}
