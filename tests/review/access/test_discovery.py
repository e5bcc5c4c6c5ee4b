"""Every policy of a template set is found, at the place where it is attached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from cfn.templates import parse
from review.access.causes import Cause
from review.access.decision import Change, compare
from review.access.discovery import (
    ATTACHED_POLICIES,
    IDENTITIES,
    PERMISSION,
    PERMISSION_CONDITIONS,
    POLICIES,
    Attachment,
    Place,
    attachments,
    comparisons,
)
from review.access.stacks import StackTemplate, resolved_resources
from review.access.statements import Kind, Unread
from tests.review.access.support.shipped import FILES, PSEUDO, tree

# ---- the committed templates ----------------------------------------------------------------------------------------


def _statements(value: Any) -> Iterator[Any]:
    """Whatever looks like a statement, anywhere."""
    if isinstance(value, dict):
        if "Effect" in value and ("Action" in value or "NotAction" in value):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _statements(item)
    elif isinstance(value, str) and '"Effect"' in value:
        yield value


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
def test_no_policy_of_the_committed_templates_is_left_out(file: tuple[str, str]) -> None:
    root, values = tree(*file)
    resources = list(resolved_resources(root, values, PSEUDO))
    sources = {source for found in attachments(root, values, PSEUDO).values() for source in found.resources}
    with_statements = {resource.name for resource in resources if any(True for _ in _statements(resource.properties))}
    assert len(with_statements) > 20
    assert with_statements <= sources


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
def test_every_committed_policy_is_read(file: tuple[str, str]) -> None:
    """With resolved parameters, nothing is unknown but a policy of AWS and the default of an API."""
    unread = [
        entry
        for found in attachments(*tree(*file), PSEUDO).values()
        for layer in found.document.layers
        for entry in layer
        if isinstance(entry, Unread)
    ]
    assert {entry.cause for entry in unread} <= {Cause.OTHER_POLICY, Cause.DEFAULT_POLICY}
    assert len(unread) <= 2


@pytest.mark.requirement("REV-2")
@pytest.mark.parametrize("file", FILES, ids="-".join)
def test_unchanged_templates_have_no_comparison(file: tuple[str, str]) -> None:
    before, after = (attachments(*tree(*file), PSEUDO) for _ in range(2))
    assert comparisons(before, after) == {}


@pytest.mark.requirement("REV-2")
def test_a_role_has_its_own_policies_and_the_region_denial() -> None:
    found = attachments(*tree("trading", "dev"), PSEUDO)
    role = found[Place(Kind.IDENTITY, "Functions/QueryRole")]
    assert role.resources == {"Keys/RegionDenyPolicy", "Database/DatabaseConnectPolicy", "Functions/QueryPolicy"}


# ---- the table ------------------------------------------------------------------------------------------------------


def _properties(resource_type: str) -> dict[str, Any]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    properties: dict[str, Any] = schema["properties"]
    return properties


@pytest.mark.parametrize("row", POLICIES, ids=lambda row: row.type)
def test_a_row_names_properties_of_the_type(row: Any) -> None:
    properties = _properties(row.type)
    assert row.path.split("/")[0] in properties
    assert not row.target or row.target in properties


def test_the_types_of_identities_have_their_properties() -> None:
    for resource_type in IDENTITIES:
        assert {"Policies", "ManagedPolicyArns"} <= set(_properties(resource_type))
    for resource_type, targets in ATTACHED_POLICIES.items():
        assert {"PolicyDocument", *targets} <= set(_properties(resource_type))


def test_every_property_of_a_permission_is_known() -> None:
    known = {"Action", "FunctionName", "Principal", *PERMISSION_CONDITIONS}
    assert set(_properties(PERMISSION)) - {"Id"} == known


# ---- small trees ----------------------------------------------------------------------------------------------------

STATEMENT = "{Effect: Allow, Action: 's3:GetObject', Resource: '*'}"
OPEN = "{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}"


def _found(resources: str, parameters: str = "{Hidden: {Type: String}}") -> dict[Place, Attachment]:
    text = f"Parameters: {parameters}\nConditions: {{C: !Equals [!Ref Hidden, x]}}\nResources:\n{resources}"
    return attachments(StackTemplate(parse(text)), {}, PSEUDO)


def _identity(resources: str) -> Attachment:
    return _found(resources)[Place(Kind.IDENTITY, "Role")]


def _policy(name: str, target: str, statement: str = STATEMENT) -> str:
    return f"  {name}: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{{target}PolicyDocument: {{Statement: {statement}}}}}}}\n"


ROLE = "  Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: r%s}}\n"


def test_the_policies_of_a_role_are_united() -> None:
    inline = f", Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {STATEMENT}}}}}], ManagedPolicyArns: [!Ref A]"
    more = _policy("A", "", STATEMENT.replace("Get", "Put")) + _policy(
        "B", "Roles: [!Ref Role], ", STATEMENT.replace("Get", "Copy")
    )
    found = _identity(ROLE % inline + more)
    assert found.resources == {"Role", "A", "B"}
    assert [len(layer) for layer in found.document.layers] == [3]


def test_a_policy_may_name_its_role() -> None:
    assert _identity(ROLE % "" + _policy("A", "Roles: [r], ")).resources == {"A"}


def test_a_boundary_is_a_second_layer() -> None:
    found = _identity(
        ROLE % ", PermissionsBoundary: !Ref B, ManagedPolicyArns: [!Ref A]" + _policy("A", "") + _policy("B", "")
    )
    assert [len(layer) for layer in found.document.layers] == [1, 1]
    assert found.resources == {"A", "B"}


def test_a_policy_without_a_role_stands_alone() -> None:
    assert set(_found(_policy("A", ""))) == {Place(Kind.IDENTITY, "A")}


def test_a_policy_of_aws_is_unread() -> None:
    (entry,) = _identity(ROLE % ", ManagedPolicyArns: ['arn:aws:iam::aws:policy/P']").document.layers[0]
    assert isinstance(entry, Unread)
    assert entry.cause is Cause.OTHER_POLICY


def test_a_policy_of_an_unknown_parameter_is_unread() -> None:
    (entry,) = _identity(ROLE % ", ManagedPolicyArns: [!Ref Hidden]").document.layers[0]
    assert isinstance(entry, Unread)
    assert entry.cause is Cause.PARAMETER


def test_a_policy_of_an_undecided_condition_is_unread() -> None:
    policy = _policy("A", "").replace("Type:", "Condition: C, Type:")
    (entry,) = _found(policy)[Place(Kind.IDENTITY, "A")].document.layers[0]
    assert isinstance(entry, Unread)
    assert entry.cause is Cause.CONDITION


@pytest.mark.parametrize(
    "properties",
    [
        "Policies: !If [C, [{PolicyDocument: {Statement: %s}}], !Ref AWS::NoValue]",
        "Policies: [!If [C, {PolicyDocument: {Statement: %s}}, !Ref AWS::NoValue]]",
        "Policies: [{PolicyDocument: !If [C, {Statement: %s}, {}]}]",
        "ManagedPolicyArns: [!If [C, %s, a]]",
        "PermissionsBoundary: !If [C, %s, a]",
    ],
)
def test_an_undecided_policy_of_a_role_differs_with_its_content(properties: str) -> None:
    before, after = (
        _identity(ROLE % f", {properties % content}").document
        for content in (STATEMENT, STATEMENT.replace("Get", "Put"))
    )
    assert before != after
    decided = compare(before, after).broader
    assert decided.causes == {Cause.CONDITION}


def test_an_undecided_policy_within_a_property_is_unread() -> None:
    table = "  T: {Type: 'AWS::DynamoDB::Table', Properties: {ResourcePolicy: !If [C, {PolicyDocument: {Statement: %s}}, a]}}"
    (entry,) = _found(table % OPEN)[Place(Kind.RESOURCE, "T")].document.layers[0]
    assert isinstance(entry, Unread)
    assert entry.cause is Cause.CONDITION


def test_a_policy_of_several_queues_is_at_each() -> None:
    queues = "".join(f"  {name}: {{Type: 'AWS::SQS::Queue'}}\n" for name in "AB")
    properties = f"{{Queues: [!Ref A, !Ref B], PolicyDocument: {{Statement: {OPEN}}}}}"
    found = _found(f"{queues}  P: {{Type: 'AWS::SQS::QueuePolicy', Properties: {properties}}}")
    assert {place.target for place in found} == {"A", "B"}


def test_permissions_of_one_function_are_united() -> None:
    permissions = "".join(
        f"  P{number}: {{Type: 'AWS::Lambda::Permission', Properties: {{FunctionName: {name}, Action: 'lambda:InvokeFunction', "
        f"Principal: {principal}, SourceAccount: '1'}}}}\n"
        for number, (name, principal) in enumerate(
            [("!Ref F", "s3.amazonaws.com"), ("!GetAtt F.Arn", "'111122223333'"), ("!Ref F", "'*'")]
        )
    )
    found = _found("  F: {Type: 'AWS::Lambda::Function'}\n" + permissions)
    (attachment,) = found.values()
    assert attachment.resources == {"P0", "P1", "P2"}
    principals = {entry.principal.values for entry in attachment.document.layers[0]}  # type: ignore[union-attr]
    assert principals == {("Service:s3.amazonaws.com",), ("AWS:111122223333",), ("*",)}


def test_an_unknown_property_of_a_permission_is_unread() -> None:
    properties = "{FunctionName: f, Action: 'lambda:InvokeFunction', Principal: '*', NewCondition: x}"
    found = _found(f"  P: {{Type: 'AWS::Lambda::Permission', Properties: {properties}}}")
    assert isinstance(next(iter(found[Place(Kind.RESOURCE, "f")].document.layers[0])), Unread)


def test_a_policy_in_an_unlisted_type_is_found_by_its_form() -> None:
    found = _found(f"  X: {{Type: 'AWS::New::Thing', Properties: {{Deep: [{{Policy: {{Statement: [{OPEN}]}}}}]}}}}")
    assert set(found) == {Place(Kind.RESOURCE, "X")}


def test_an_endpoint_without_a_policy_has_the_default() -> None:
    endpoint = "  E: {Type: 'AWS::EC2::VPCEndpoint', Properties: {VpcId: v%s}}"
    open_policy = f", PolicyDocument: {{Statement: {OPEN}}}"
    changed = comparisons(_found(endpoint % ""), _found(endpoint % open_policy))
    assert [comparison.change for comparison in changed.values()] == [Change.NARROWER]


def test_an_api_without_a_policy_has_an_unknown_default() -> None:
    api = "  A: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: n%s}}"
    changed = comparisons(_found(api % f", Policy: {{Statement: {OPEN}}}"), _found(api % ""))
    ((place, comparison),) = changed.items()
    assert str(place) == "resource policy of A"
    assert comparison.broader.causes == {Cause.DEFAULT_POLICY}


def test_an_added_and_a_removed_policy_are_compared() -> None:
    changed = comparisons(_found(_policy("A", "")), _found(_policy("B", "")))
    assert {place.target: comparison.change for place, comparison in changed.items()} == {
        "A": Change.NARROWER,
        "B": Change.BROADER,
    }
