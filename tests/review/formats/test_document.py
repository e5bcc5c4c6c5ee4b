"""The JSON of a review fits its published schema, and says what the review says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cfn.templates import CommittedTemplates, Template, parse
from review.examples import EXAMPLES
from review.formats.document import review_document, review_json
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.support.examples import example_plan

pytestmark = pytest.mark.requirement("REV-3")

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "review.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def review_of(code: str) -> Review:
    return judge_plan(example_plan(EXAMPLES[code]))


def change_of(code: str) -> dict[str, Any]:
    (change,) = review_document(review_of(code))["changes"]
    return dict(change)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("code", EXAMPLES)
def test_document_of_each_example_fits_the_schema(code: str) -> None:
    VALIDATOR.validate(json.loads(review_json(review_of(code))))


def test_schema_accepts_no_other_key() -> None:
    document = review_document(review_of("R201"))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**document, "other": 1})


def test_change_has_path_action_and_findings() -> None:
    change = change_of("R201")
    assert (change["path"], change["logicalId"], change["type"]) == ("Sessions", "Sessions", "AWS::DynamoDB::Table")
    assert (change["action"], change["replacement"], change["certainty"]) == ("Remove", "no", "certain")
    (finding,) = change["findings"]
    assert (finding["code"], finding["verdict"]) == ("R201", "blocked")
    assert finding["message"] == "is removed: Sessions-id"


def test_replacement_and_the_property_that_causes_it() -> None:
    change = change_of("R202")
    assert (change["replacement"], change["replacedBy"]) == ("yes", ["TableName"])
    (difference,) = change["properties"]
    assert (difference["path"], difference["before"], difference["after"]) == (
        "Properties/TableName",
        "sessions-dev",
        "sessions-qa",
    )


def test_output_is_a_change_with_its_section_as_type() -> None:
    change = change_of("R213")
    assert (change["type"], change["logicalId"], change["action"]) == ("Output", "Version", "Remove")
    assert change["properties"][0]["before"]["Export"] == {"Name": "alerts-version"}


def test_label_has_a_direction() -> None:
    (finding,) = change_of("R215")["findings"]
    assert (finding["label"], finding["direction"]) == ("weaker", "weaker")


@pytest.mark.parametrize(("code", "verdict"), [("R201", "blocked"), ("R213", "look"), ("R308", "fine")])
def test_verdict_of_the_whole(code: str, verdict: str) -> None:
    assert review_document(review_of(code))["verdict"] == verdict


def test_document_without_aws_names_no_account() -> None:
    text = "Resources: {T: {Type: AWS::SNS::Topic}}\n"
    template = Template("root.yaml", text, parse(text))
    side = Side(CommittedTemplates(template, {"root.yaml": template}))
    document = review_document(judge_plan(offline_plan(side, side, Place())))
    VALIDATOR.validate(document)
    assert (document["account"], document["changeSet"], document["changes"]) == ("", "", [])
