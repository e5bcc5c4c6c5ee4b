"""The facts of the resource schemas: how they are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from review.resource_types.schema_facts import FILE, facts_of, is_within, order_matters, to_pointer

MEGABYTE = 1_000_000


def test_facts_of_a_type() -> None:
    facts = facts_of("AWS::SNS::Topic")
    assert facts is not None
    assert {("TopicName",), ("FifoTopic",)} <= facts.create_only
    assert facts.primary_identifier == facts.read_only == {("TopicArn",)}


def test_type_without_a_schema_has_no_facts() -> None:
    assert facts_of("AWS::New::Type") is None


def test_type_of_a_transform_has_no_facts() -> None:
    """The schemas of AWS SAM list no create-only property, but the resources that SAM makes are replaced."""
    assert facts_of("AWS::Serverless::Function") is None


@pytest.mark.parametrize(
    ("kind", "path", "matters"),
    [
        ("AWS::EC2::SecurityGroup", "Properties/SecurityGroupIngress", False),
        ("AWS::EC2::Instance", "Properties/NetworkInterfaces/0/GroupSet", False),
        ("AWS::DynamoDB::Table", "Properties/Tags", False),  # tags are a set, whether the schema says so or not
        ("AWS::DynamoDB::Table", "Properties/AttributeDefinitions", True),  # unique items make an ordered set
        ("AWS::CloudFront::Distribution", "Properties/DistributionConfig/CacheBehaviors", True),
        ("AWS::EC2::SecurityGroup", "Properties/NotThere", True),
        ("AWS::EC2::SecurityGroup", "Metadata/SecurityGroupIngress", True),
        ("AWS::New::Type", "Properties/Tags", True),
    ],
)
def test_order_matters_unless_the_schema_says_that_it_does_not(kind: str, path: str, matters: bool) -> None:
    assert order_matters(kind, path) is matters


@pytest.mark.parametrize(
    ("path", "pointer"), [("", ()), ("A", ("A",)), ("A/0/B", ("A", "B")), ("A/0/1", ("A",)), ("A/B2", ("A", "B2"))]
)
def test_pointer_leaves_indices_out(path: str, pointer: tuple[str, ...]) -> None:
    assert to_pointer(path) == pointer


def test_is_within() -> None:
    assert is_within(("A", "B"), [("A",)])
    assert is_within(("A",), [("A",)])
    assert not is_within(("A",), [("A", "B")])


def test_file_is_small() -> None:
    assert FILE.stat().st_size < MEGABYTE


@pytest.mark.requirement("REV-5")
def test_review_reads_facts_without_cfn_lint() -> None:
    """Importing cfn-lint takes two and a half seconds, which every review of a changed resource had paid."""
    code = (
        "import sys; from review.resource_types.schema_facts import facts_of; facts_of('AWS::S3::Bucket'); "
        "print('cfnlint' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.strip() == "False"
