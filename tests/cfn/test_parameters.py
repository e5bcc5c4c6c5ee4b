"""Faulty parameter files, one by one: each fault has its line and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfn.errors import ParameterError
from cfn.parameters import find_faults, load_parameters, with_defaults
from cfn.templates import load_templates

ROOT = {
    "Parameters": {
        "Suffix": {"Type": "String", "AllowedPattern": "[a-z]{1,5}", "ConstraintDescription": "Five small letters."},
        "Size": {"Type": "Number", "Default": 2, "MinValue": 1, "MaxValue": 8},
        "Half": {"Type": "Number", "Default": "0.5", "MinValue": 0.5},
        "Retention": {"Type": "Number", "Default": 30, "AllowedValues": [7, 30]},
        "Name": {"Type": "String", "Default": "abc", "MinLength": 2, "MaxLength": 4},
        "Regions": {"Type": "CommaDelimitedList", "Default": "us-east-1", "AllowedPattern": "[a-z]+-[a-z]+-[0-9]"},
        "Ports": {"Type": "List<Number>", "Default": "1,2", "MaxValue": 65535},
        "Vpc": {"Type": "AWS::EC2::VPC::Id", "Default": ""},
        "ArtifactBucket": {"Type": "String"},
        "IngestArtifactKey": {"Type": "String"},
    }
}


def faults(tmp_path: Path, document: Any) -> list[str]:
    path = tmp_path / "dev.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
    return [str(fault) for fault in find_faults(path, ROOT, "params/p/dev.json")]


def document_of(**parameters: Any) -> dict[str, Any]:
    return {"Parameters": {"Suffix": "dev", **parameters}}


def test_good_file_has_no_fault(tmp_path: Path) -> None:
    good = document_of(
        Size="3", Retention="7", Name="abcd", Regions="us-east-1, eu-west-1", Ports="80,443", Vpc="vpc-0a1b2c3d"
    )
    assert faults(tmp_path, {**good, "Tags": {"CostCenter": "x"}}) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"Parameters": {\n "Suffix": dev\n}}', "params/p/dev.json:2: file: not JSON"),
        ('{"Parameters": {"Suffix": "dev", "Suffix": "x"}}', "dev.json:1: Suffix: it is there twice."),
        ("[]", "not an object"),
        ({"Parameters": []}, "Parameters: not an object."),
        ({**document_of(), "Parameter": {}}, "Parameter: not a section of a parameter file."),
        ({"Parameters": {}}, "Suffix: it is missing and has no default."),
        (document_of(Sise="3"), "dev.json:4: Sise: the root template has no such parameter. Did you mean Size?"),
        (document_of(Suffix="DEV"), "Suffix: 'DEV' does not match [a-z]{1,5}. Five small letters."),
        (document_of(Suffix="dev\n"), "does not match"),
        (document_of(Size=3), 'Size: 3 is not a string. Write "3".'),
        (document_of(Size="three"), "Size: 'three' is not a number."),
        (document_of(Size="nan"), "Size: 'nan' is not a number."),
        (document_of(Size="1_0"), "Size: '1_0' is not a number."),
        (document_of(Size="0"), "Size: 0 is below the minimum 1. Choose from 1 to 8."),
        (document_of(Size="9"), "Size: 9 is above the maximum 8."),
        (document_of(Half="0.25"), "Half: 0.25 is below the minimum 0.5. Choose at least 0.5."),
        (document_of(Retention="31"), "Retention: '31' is not allowed. Choose one of 7, 30."),
        (document_of(Name="a"), "Name: 1 characters; at least 2 are needed."),
        (document_of(Name="abcde"), "Name: 5 characters; at most 4 are allowed."),
        (document_of(Name="x" * 5000), "Name: 5,000 bytes; a value has at most 4,096."),
        (document_of(Regions="us-east-1,mars"), "Regions: 'mars' does not match"),
        (document_of(Ports="80,x"), "Ports: 'x' is not a number."),
        (document_of(Ports="80,70000"), "Ports: 70000 is above the maximum 65535."),
        (document_of(Vpc="vpc-xyz"), "Vpc: 'vpc-xyz' is not an AWS::EC2::VPC::Id."),
        (document_of(ArtifactBucket="b"), "ArtifactBucket: packaging fills this in. Remove it from the file."),
        (document_of(IngestArtifactKey="k"), "IngestArtifactKey: packaging fills this in."),
        ({**document_of(), "Tags": {"aws:x": "1"}}, "aws:x: tags that begin with aws: belong to AWS."),
        ({**document_of(), "Tags": {"Count": 1}}, 'Count: 1 is not a string. Write "1".'),
        ({**document_of(), "Tags": {"A": "x" * 257}}, "A: the tag's value has 257 characters."),
        ({**document_of(), "Tags": {f"T{n}": "x" for n in range(51)}}, "Tags: 51 tags; a stack has at most 50."),
        ({**document_of(), "StackPolicy": {}}, "StackPolicy: it has no Statement."),
        (
            {**document_of(), "StackPolicy": {"Statement": [{"Effect": "Deny"}]}},
            "a statement lacks Principal, Action, Resource.",
        ),
    ],
)
def test_each_fault_is_named_with_what_to_do(tmp_path: Path, document: Any, message: str) -> None:
    messages = faults(tmp_path, document)
    assert len(messages) == 1
    assert message in messages[0]


def test_missing_file_is_a_fault(tmp_path: Path) -> None:
    assert "it does not exist" in str(find_faults(tmp_path / "none.json", ROOT)[0])


def test_all_faults_are_reported_in_the_order_of_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(document_of(Size="9", Name="a", Other="1"), indent=2))
    with pytest.raises(ParameterError) as caught:
        load_parameters(path, ROOT)
    assert [fault.name for fault in caught.value.faults] == ["Size", "Name", "Other"]
    assert [fault.line for fault in caught.value.faults] == [4, 5, 6]
    assert "3 faults; nothing was called" in str(caught.value)


def test_defaults_complete_the_file() -> None:
    values = with_defaults(ROOT, {"Suffix": "dev"})
    assert values["Size"] == "2"
    assert values["Regions"] == "us-east-1"
    assert set(values) == set(ROOT["Parameters"])


def test_committed_file_of_the_small_project_is_good(small: Path) -> None:
    root = load_templates(small / "templates" / "small").root.document
    loaded = load_parameters(small / "params" / "small" / "dev.json", root)
    assert loaded.parameters["Message"] == "hello"
    assert loaded.stack_policy is not None
