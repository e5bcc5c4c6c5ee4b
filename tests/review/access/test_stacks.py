"""Trees of stacks: a value has one identity wherever it arrives."""

from __future__ import annotations

from typing import Any

from cfn.templates import parse
from review.access.stacks import ResolvedResource, StackTemplate, resolved_resources
from review.access.symbols import encode, parameter, reference

ROOT = """
Parameters: {Suffix: {Type: String}, Hidden: {Type: String}}
Conditions: {IsProd: !Equals [!Ref Suffix, prod], IsHidden: !Equals [!Ref Hidden, x]}
Resources:
  Storage: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: storage.yaml, Parameters: {Suffix: !Ref Suffix}}}
  Reader:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: reader.yaml, Parameters: {Arn: !GetAtt Storage.Outputs.Arn, Text: !Ref Hidden}}
  Other: {Type: AWS::CloudFormation::Stack, Condition: IsHidden, Properties: {TemplateURL: storage.yaml}}
  Never: {Type: AWS::S3::Bucket, Condition: IsProd}
  Opaque: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://elsewhere"}}
"""
STORAGE = """
Parameters: {Suffix: {Type: String, Default: none}}
Resources: {Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "b-${Suffix}"}}}
Outputs: {Arn: {Value: !GetAtt Bucket.Arn}}
"""
READER = """
Parameters: {Arn: {Type: String}, Text: {Type: String}, Names: {Type: CommaDelimitedList, Default: "a,b"}}
Resources:
  Reader:
    Type: Test::Reader
    Properties:
      Arn: !Ref Arn
      Text: !Sub "x-${Text}"
      Names: !Ref Names
      Stack: !Ref AWS::StackName
      Account: !Ref AWS::AccountId
      Choice: !If [IsText, a, !Ref AWS::NoValue]
      Entry: !FindInMap [Map, !Ref Text, Key]
Conditions: {IsText: !Equals [!Ref Text, a]}
Mappings: {Map: {a: {Key: CONTENT}}}
"""


def _resources(reader: str = READER, **parameters: Any) -> dict[str, ResolvedResource]:
    texts = {"root.yaml": ROOT, "storage.yaml": STORAGE, "reader.yaml": reader}
    root = StackTemplate.of({name: parse(text) for name, text in texts.items()}, "root.yaml")
    found = resolved_resources(root, {"Suffix": "dev", **parameters}, {"AWS::AccountId": "1", "AWS::StackName": "s"})
    return {resource.name: resource for resource in found}


def test_a_value_of_another_stack_is_the_resource_itself() -> None:
    assert _resources()["Reader/Reader"].properties["Arn"] == reference(("Storage",), "Bucket", "Arn")


def test_parameters_and_defaults_arrive() -> None:
    resources = _resources()
    assert resources["Storage/Bucket"].properties["BucketName"] == "b-dev"
    assert resources["Other/Bucket"].properties["BucketName"] == "b-none"
    assert resources["Reader/Reader"].properties["Names"] == ["a", "b"]


def test_a_parameter_without_a_value_is_the_one_of_the_root() -> None:
    assert encode(_resources()["Reader/Reader"].properties["Text"]) == f"x-{parameter((), 'Hidden').token}"


def test_each_stack_has_a_name_of_its_own() -> None:
    properties = _resources()["Reader/Reader"].properties
    assert properties["Stack"] == reference(("Reader",), "AWS::StackName")
    assert properties["Account"] == "1"


def test_a_resource_whose_condition_is_false_does_not_exist() -> None:
    assert "Never" not in _resources()
    assert "Never" in _resources(Suffix="prod")


def test_an_undecided_condition_comes_with_its_expression() -> None:
    """The same name may have another expression after the change."""
    resources = _resources()
    assert "HIDDEN" in resources["Other/Bucket"].undecided.upper()
    assert resources["Storage/Bucket"].undecided == ""
    assert "Other" in _resources(Hidden="x")
    assert "Other" not in _resources(Hidden="y")


def test_an_undecided_choice_differs_with_its_condition() -> None:
    before, after = (
        encode(_resources(text)["Reader/Reader"].properties["Choice"])
        for text in (READER, READER.replace("!Ref Text, a]", "!Ref Text, b]"))
    )
    assert before != after


def test_an_undecided_entry_differs_with_its_mapping() -> None:
    before, after = (
        encode(_resources(text)["Reader/Reader"].properties["Entry"])
        for text in (READER, READER.replace("CONTENT", "OTHER"))
    )
    assert before != after


def test_a_stack_without_a_template_is_opaque() -> None:
    assert _resources()["Opaque"].properties == {}
