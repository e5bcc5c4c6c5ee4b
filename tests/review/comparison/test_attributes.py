"""Which attributes of a resource change when CloudFormation updates it in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfn.marks import State
from cfn.templates import load_templates
from cfn.text import Variable, sub_parts
from cfn.types import STACK, is_custom
from review.comparison.attributes import attribute_state, property_of, source_of
from review.comparison.difference import Difference
from review.resource_types.return_values import RETURN_VALUES, UNKNOWN
from review.resource_types.schema_facts import facts_of, is_within, to_pointer
from tools.schema_facts import installed_schemas

ROOT = Path(__file__).parents[3]
SAME, MAY, SURELY = State.SAME, State.POSSIBLE, State.CHANGED
CLUSTER, TABLE, ENDPOINT = "AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::EC2::VPCEndpoint"
LAUNCH = "AWS::EC2::LaunchTemplate"
pytestmark = pytest.mark.requirement("REV-1")


def change(path: str, state: State = SURELY) -> Difference:
    return Difference(path, "a", "b", state, flows=False)


@pytest.mark.parametrize(
    ("kind", "attribute", "path", "state"),
    [
        # what identifies the resource
        (CLUSTER, "", "Properties/Port", SAME),
        (CLUSTER, "DBClusterArn", "Properties/Port", SAME),
        (TABLE, "Arn", "Properties/StreamSpecification", SAME),
        ("AWS::EC2::SecurityGroup", "GroupId", "Properties/SecurityGroupIngress/0", SAME),
        ("AWS::EC2::EIP", "AllocationId", "Properties/Tags/0", SAME),
        ("AWS::EC2::Subnet", "AvailabilityZone", "Properties/MapPublicIpOnLaunch", SAME),
        # what looks like it and does not
        ("AWS::IAM::User", "Arn", "Properties/Path", MAY),
        ("AWS::IAM::User", "Arn", "Properties/Groups/0", SAME),
        ("AWS::IAM::Role", "Arn", "Properties/Description", SAME),
        ("AWS::Batch::JobDefinition", "JobDefinitionArn", "Properties/Timeout", MAY),
        ("AWS::Cognito::UserPoolClient", "Name", "Properties/ClientName", MAY),
        ("AWS::Amplify::App", "AppName", "Properties/Name", MAY),
        ("AWS::CodeCommit::Repository", "Arn", "Properties/RepositoryName", MAY),
        # what depends on certain properties
        (CLUSTER, "Endpoint.Port", "Properties/Port", MAY),
        (CLUSTER, "Endpoint.Port", "Properties/EngineVersion", SAME),
        (CLUSTER, "Endpoint.Address", "Properties/Port", SAME),
        (CLUSTER, "MasterUserSecret.SecretArn", "Properties/ManageMasterUserPassword", MAY),
        (CLUSTER, "MasterUserSecret.SecretArn", "Properties/MasterUserSecret/KmsKeyId", MAY),
        (CLUSTER, "MasterUserSecret.SecretArn", "Properties/BackupRetentionPeriod", SAME),
        (TABLE, "StreamArn", "Properties/StreamSpecification/StreamViewType", MAY),
        (TABLE, "StreamArn", "Properties/StreamSpecification", MAY),
        (TABLE, "StreamArn", "Properties/BillingMode", SAME),
        (ENDPOINT, "DnsEntries", "Properties/SubnetIds/1", MAY),
        (ENDPOINT, "DnsEntries", "Properties/PrivateDnsEnabled", MAY),
        (ENDPOINT, "NetworkInterfaceIds", "Properties/SubnetIds/1", MAY),
        (ENDPOINT, "NetworkInterfaceIds", "Properties/PolicyDocument", SAME),
        (LAUNCH, "LatestVersionNumber", "Properties/LaunchTemplateData/ImageId", SURELY),
        (LAUNCH, "LatestVersionNumber", "Properties/TagSpecifications", MAY),
        # what is not known
        (TABLE, "LatestStreamLabel", "Properties/BillingMode", MAY),
        ("AWS::WAFv2::WebACL", "Capacity", "Properties/Rules/0", MAY),
        ("AWS::New::Type", "Arn", "Properties/A", MAY),
        ("AWS::New::Type", "", "Properties/A", SAME),
        ("AWS::SSM::Parameter", "Value", "Properties/Type", MAY),  # no template states it
        ("Custom::Migration", "Version", "Properties/Key", MAY),
        ("Custom::Migration", "", "Properties/Key", MAY),
        ("AWS::CloudFormation::CustomResource", "Arn", "Properties/Key", MAY),
        # what does not reach the resource
        ("Custom::Migration", "Version", "Metadata/Owner", SAME),
        ("Custom::Migration", "Version", "DependsOn/0", SAME),
        (TABLE, "StreamArn", "UpdateReplacePolicy", SAME),
    ],
)
def test_state_of_an_attribute_after_one_change(kind: str, attribute: str, path: str, state: State) -> None:
    assert attribute_state(kind, attribute, [change(path)]) is state


@pytest.mark.parametrize("path", ["Properties/LaunchTemplateData", "Properties/TagSpecifications"])
def test_change_that_is_only_possible_changes_nothing_for_certain(path: str) -> None:
    assert attribute_state(LAUNCH, "LatestVersionNumber", [change(path, MAY)]) is MAY


def test_heaviest_change_decides() -> None:
    changes = [change("Properties/TagSpecifications"), change("Properties/LaunchTemplateData"), change("Metadata")]
    assert attribute_state(LAUNCH, "LatestVersionNumber", changes) is SURELY
    assert attribute_state(LAUNCH, "LatestVersionNumber", []) is SAME


@pytest.mark.parametrize(
    ("kind", "attribute", "pointer"),
    [
        ("AWS::EC2::Subnet", "AvailabilityZone", ("AvailabilityZone",)),
        ("AWS::SQS::Queue", "QueueName", ("QueueName",)),
        (CLUSTER, "Endpoint.Port", ("Port",)),
        (CLUSTER, "Endpoint.Address", None),
        (CLUSTER, "MasterUserSecret.SecretArn", None),
        (CLUSTER, "MasterUserSecret.KmsKeyId", ("MasterUserSecret", "KmsKeyId")),
        ("AWS::CodeCommit::Repository", "Name", ("RepositoryName",)),
        (TABLE, "Arn", None),
        (TABLE, "", None),
        ("Custom::Migration", "Key", None),
        ("AWS::New::Type", "Name", None),
    ],
)
def test_property_whose_value_an_attribute_has(kind: str, attribute: str, pointer: tuple[str, ...] | None) -> None:
    assert property_of(kind, attribute) == pointer


# ---- every type -----------------------------------------------------------------------------------------------------


def writable(schema: Any) -> list[str]:
    read_only = set(schema.get("readOnlyProperties") or ())
    return [name for name in schema["properties"] if f"/properties/{name}" not in read_only]


def test_attribute_that_is_a_property_is_never_called_fixed_when_the_property_changes() -> None:
    """It has the value of the property; where one template does not state it, it may change, or is replaced with it."""
    for schema in installed_schemas():
        kind = schema["typeName"]
        facts = facts_of(kind)
        if facts is None or is_custom(kind):
            continue
        for name in writable(schema):
            replaced = facts.create_only | facts.primary_identifier  # then the replacement changes it
            state = attribute_state(kind, name, [change(f"Properties/{name}")])
            assert property_of(kind, name) is not None, (kind, name)
            assert state is not SAME or is_within((name,), replaced), (kind, name)


def test_reviewed_attributes_and_their_properties_are_in_the_schemas() -> None:
    schemas = {schema["typeName"]: schema for schema in installed_schemas() if schema["typeName"] in RETURN_VALUES}
    for kind, values in RETURN_VALUES.items():
        facts = facts_of(kind)
        assert facts is not None
        assert values.url.startswith("https://docs.aws.amazon.com/")
        for attribute, source in values.sources.items():
            assert tuple(attribute.split(".")) in facts.read_only, (kind, attribute)
            names = {to_pointer(name)[0] for name in (*source.possible, *source.surely) if name}
            assert names <= set(writable(schemas[kind])), (kind, attribute)


# ---- the committed templates ----------------------------------------------------------------------------------------


def attributes(node: Any) -> Iterator[tuple[str, str]]:
    """(logical id, attribute) of each Fn::GetAtt in a template, those within Fn::Sub included."""
    if isinstance(node, list):
        for item in node:
            yield from attributes(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::GetAtt":
                logical_id, name = value.split(".", 1) if isinstance(value, str) else value
                yield logical_id, name
            elif key == "Fn::Sub":
                parts, values = sub_parts(value)
                names = [part.name for part in parts if isinstance(part, Variable) and "." in part.name]
                yield from ((*name.split(".", 1),) for name in names if name not in values)  # type: ignore[misc]
                yield from attributes(dict(values))
            else:
                yield from attributes(value)


def taken_attributes() -> set[tuple[str, str]]:
    taken: set[tuple[str, str]] = set()
    for platform in ("trading", "transactions"):
        for template in load_templates(ROOT / "templates" / platform).by_name.values():
            resources = template.document["Resources"]
            taken |= {(resources[logical_id]["Type"], name) for logical_id, name in attributes(template.document)}
    return {(kind, name) for kind, name in taken if kind != STACK}


def test_every_attribute_that_the_committed_templates_take_has_a_decided_answer() -> None:
    taken = taken_attributes()
    assert {(CLUSTER, "Endpoint.Port"), (CLUSTER, "MasterUserSecret.SecretArn")} <= taken
    # What a custom resource returns is what its function answers, to any update.
    described = {(kind, name) for kind, name in taken if not is_custom(kind)}
    undecided = {
        (kind, name) for kind, name in described if source_of(kind, name) == UNKNOWN and not property_of(kind, name)
    }
    assert undecided == set(), "review the page of the type, and add a row to review/resource_types/return_values.py"
