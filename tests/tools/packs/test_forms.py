"""Packs read the templates as committed and with the parameters of each environment, both without suppressions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.packs.forms import AS_COMMITTED, TemplateForm, template_forms, write_forms

PROJECT = Path(__file__).resolve().parents[3]
ROOT = """
Parameters:
  Suffix: {Type: String, Default: dev}
  Days: {Type: Number, Default: 7}
Conditions:
  IsBig: !Equals [!Ref Suffix, prod]
Resources:
  Storage:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: storage.yaml
      Parameters: {Suffix: !Ref Suffix, Days: !Ref Days, Key: !GetAtt Keys.Outputs.Key}
  Copy:
    Type: AWS::S3::Bucket
    Condition: IsBig
"""
STORAGE = """
Parameters:
  Suffix: {Type: String}
  Days: {Type: Number}
  Key: {Type: String}
Conditions:
  HasKey: !Not [!Equals [!Ref Key, ""]]
  IsBig: !Equals [!Ref Suffix, prod]
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: [Group, Extra]
    Metadata: {checkov: {skip: [{id: CKV_AWS_18}]}, Note: kept}
    Properties:
      BucketName: !Sub "raw-${Suffix}"
      Tags: !If [HasKey, [{Key: key, Value: !Ref Key}], !Ref AWS::NoValue]
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: !Ref Days}
  Extra:
    Type: AWS::S3::Bucket
    Condition: IsBig
"""


@pytest.fixture
def forms(tmp_path: Path) -> Mapping[tuple[str, str], TemplateForm]:
    for name, text in {"root.yaml": ROOT, "storage.yaml": STORAGE}.items():
        (tmp_path / "templates" / "shop").mkdir(parents=True, exist_ok=True)
        (tmp_path / "templates" / "shop" / name).write_text(text)
    (tmp_path / "params" / "shop").mkdir(parents=True)
    for name, document in {
        "dev.json": {"Parameters": {}},
        "prod.json": {"Parameters": {"Suffix": "prod", "Days": "30"}},
        "deployment.json": {"prod": {"Region": "us-east-1"}},
    }.items():
        (tmp_path / "params" / "shop" / name).write_text(json.dumps(document))
    return {(form.form, form.template): form for form in template_forms(tmp_path)}


def resources(form: TemplateForm) -> Mapping[str, Any]:
    entries: Mapping[str, Any] = form.document["Resources"]
    return entries


def test_each_template_has_a_form_for_each_environment(forms: Mapping[tuple[str, str], TemplateForm]) -> None:
    assert {form for form, _ in forms} == {AS_COMMITTED, "dev", "prod"}
    assert {template for _, template in forms} == {"shop/root", "shop/storage"}


def test_suppressions_are_left_out_and_other_metadata_stays(forms: Mapping[tuple[str, str], TemplateForm]) -> None:
    """The pack reports what is suppressed too, so that a suppression in vain is noticed."""
    assert resources(forms[AS_COMMITTED, "shop/storage"])["Bucket"]["Metadata"] == {"Note": "kept"}


def test_parameters_reach_the_nested_template(forms: Mapping[tuple[str, str], TemplateForm]) -> None:
    bucket = resources(forms["prod", "shop/storage"])["Bucket"]
    assert bucket["Properties"]["BucketName"] == "raw-prod"
    assert resources(forms["prod", "shop/storage"])["Group"]["Properties"] == {"RetentionInDays": 30}
    assert resources(forms["dev", "shop/storage"])["Group"]["Properties"] == {"RetentionInDays": 7}


def test_a_condition_that_is_decided_removes_resources_and_what_depends_on_them(
    forms: Mapping[tuple[str, str], TemplateForm],
) -> None:
    assert "Copy" not in resources(forms["dev", "shop/root"])
    assert "Copy" in resources(forms["prod", "shop/root"])
    assert resources(forms["dev", "shop/storage"])["Bucket"]["DependsOn"] == ["Group"]
    assert resources(forms["prod", "shop/storage"])["Bucket"]["DependsOn"] == ["Group", "Extra"]


def test_what_only_cloudformation_knows_stays_a_function(forms: Mapping[tuple[str, str], TemplateForm]) -> None:
    document = forms["prod", "shop/storage"].document
    tags = document["Resources"]["Bucket"]["Properties"]["Tags"]
    assert tags == {"Fn::If": ["HasKey", [{"Key": "key", "Value": {"Ref": "Key"}}], {"Ref": "AWS::NoValue"}]}
    assert set(document["Conditions"]) == {"HasKey"}


def test_every_template_of_the_platforms_has_all_forms(tmp_path: Path) -> None:
    files = write_forms(template_forms(PROJECT), tmp_path)
    committed = {f"{path.parent.name}/{path.stem}" for path in PROJECT.glob("templates/*/*.yaml")}
    forms = {(form.template, form.form) for form in files.values()}
    assert {template for template, form in forms if form == AS_COMMITTED} == committed
    assert {form for _, form in forms} == {AS_COMMITTED, "dev", "staging", "prod"}
    assert all(json.loads(path.read_text()) == form.document for path, form in files.items())
