"""Functions, conditions, parameters, outputs and custom resources of templates."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import created, deployed, remove, resources, unique
from tests.local.conformance.support.recorder import Recorder
from tests.local.support.stacks import change, delete
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

FUNCTIONS = """
Parameters:
  Kind: {Type: String, Default: small}
  Empty: {Type: String, Default: ""}
Mappings: {Sizes: {small: {Delay: "3"}, large: {Delay: "9"}}}
Conditions: {IsLarge: !Equals [!Ref Kind, large], HasName: !Not [!Equals [!Ref Empty, ""]]}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !If [HasName, !Ref Empty, !Ref "AWS::NoValue"]
      DelaySeconds: !FindInMap [Sizes, !Ref Kind, Delay]
  Extra: {Type: AWS::SQS::Queue, Condition: IsLarge}
Outputs:
  Sub: {Value: !Sub "${Kind}/${Queue.Arn}/${AWS::Region}/${!Literal}/${Given}"}
  List: {Value: !Join ["+", [!Select [1, !Split [",", "a,b,c"]], !Select [0, !GetAZs ""]]]}
  Encoded: {Value: {"Fn::Base64": !Sub "kind=${Kind}"}}
  Extra: {Condition: IsLarge, Value: !Ref Extra}
"""
FUNCTIONS = FUNCTIONS.replace(
    '!Sub "${Kind}/${Queue.Arn}/${AWS::Region}/${!Literal}/${Given}"',
    '!Sub ["${Kind}/${Queue.Arn}/${AWS::Region}/${!Literal}/${Given}", {Given: value}]',
)


@pytest.fixture(scope="module")
def functions(cloud: EmbeddedCloud) -> Iterator[tuple[str, dict[str, str]]]:
    """A stack and its outputs."""
    with created(cloud, FUNCTIONS) as (stack, outcome):
        yield stack, outcome.outputs


def test_false_condition_leaves_out_resources_and_outputs(
    cloud: EmbeddedCloud, functions: tuple[str, dict[str, str]]
) -> None:
    stack, outputs = functions
    assert "Extra" not in outputs
    assert sorted(resources(cloud, stack)) == ["Queue"]


def test_no_value_removes_a_property(cloud: EmbeddedCloud, functions: tuple[str, dict[str, str]]) -> None:
    stack, _ = functions
    assert resources(cloud, stack)["Queue"].rsplit("/", 1)[1].startswith(f"{stack}-Queue-")


def test_sub_replaces_names_and_keeps_literals(functions: tuple[str, dict[str, str]]) -> None:
    kind, arn, region, literal, given = functions[1]["Sub"].split("/")
    assert (kind, region, literal, given) == ("small", "us-east-1", "${Literal}", "value")
    assert arn.startswith("arn:aws:sqs:us-east-1:111122223333:")


def test_list_functions_compose(functions: tuple[str, dict[str, str]]) -> None:
    assert functions[1]["List"] == "b+us-east-1a"


def test_find_in_map_looks_up_by_parameter(cloud: EmbeddedCloud, functions: tuple[str, dict[str, str]]) -> None:
    url = resources(cloud, functions[0])["Queue"]
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["DelaySeconds"] == "3"


def test_base64_encodes(functions: tuple[str, dict[str, str]]) -> None:
    assert base64.b64decode(functions[1]["Encoded"]) == b"kind=small"


def test_outputs_follow_updates(cloud: EmbeddedCloud) -> None:
    with created(cloud, FUNCTIONS) as (stack, _):
        outputs = change(cloud, stack, FUNCTIONS, {"Kind": "large"}).outputs
        assert outputs["Sub"].startswith("large/")
        assert outputs["Extra"] == resources(cloud, stack)["Extra"]


def described(cloud: EmbeddedCloud, stack: str, parameter: str) -> dict[str, Any]:
    (entry,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return next(dict(item) for item in entry["Parameters"] if item["ParameterKey"] == parameter)


def test_no_echo_masks_the_value(cloud: EmbeddedCloud) -> None:
    template = "Parameters: {Word: {Type: String, NoEcho: true}}\nResources: {Queue: {Type: AWS::SQS::Queue}}"
    with created(cloud, template, {"Word": "hidden"}) as (stack, _):
        assert described(cloud, stack, "Word")["ParameterValue"] == "****"


FROM_SSM = """
Parameters: {Word: {Type: "AWS::SSM::Parameter::Value<String>"}}
Resources: {Queue: {Type: AWS::SQS::Queue}}
Outputs: {Word: {Value: !Ref Word}}
"""


def test_ssm_parameter_resolves(cloud: EmbeddedCloud) -> None:
    name = f"/{unique('conformance')}"
    cloud.client("ssm").put_parameter(Name=name, Value="resolved", Type="String")
    with created(cloud, FROM_SSM, {"Word": name}) as (stack, outcome):
        assert outcome.outputs["Word"] == "resolved"
        parameter = described(cloud, stack, "Word")
        assert (parameter["ParameterValue"], parameter["ResolvedValue"]) == (name, "resolved")


def test_previous_value_stays(cloud: EmbeddedCloud) -> None:
    template = "Parameters: {Word: {Type: String, Default: d}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n"
    template += "Outputs: {Word: {Value: !Ref Word}}"
    api = cloud.client("cloudformation")
    with created(cloud, template, {"Word": "first"}) as (stack, _):
        answer = api.create_change_set(
            StackName=stack,
            ChangeSetName="c",
            ChangeSetType="UPDATE",
            TemplateBody=template.replace(
                "{Q: {Type: AWS::SQS::Queue}}", "{Q: {Type: AWS::SQS::Queue}, R: {Type: AWS::SQS::Queue}}"
            ),
            Parameters=[{"ParameterKey": "Word", "UsePreviousValue": True}],
        )
        api.execute_change_set(ChangeSetName=answer["Id"])
        eventually(lambda: api.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE")
        assert described(cloud, stack, "Word")["ParameterValue"] == "first"


def test_secret_reference_resolves_and_stays_hidden(cloud: EmbeddedCloud) -> None:
    name = unique("conformance")
    cloud.client("secretsmanager").create_secret(Name=name, SecretString='{"word": "visible-nowhere"}')
    tag = f"{{{{resolve:secretsmanager:{name}:SecretString:word}}}}"
    template = f"Resources: {{Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: 'x-{tag}'}}}}}}"
    with created(cloud, template) as (stack, _):
        assert resources(cloud, stack)["Queue"].endswith("/x-visible-nowhere")
        api = cloud.client("cloudformation")
        assert "visible-nowhere" not in str(api.get_template(StackName=stack)["TemplateBody"])


EXPORTER = "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {Arn: {Value: !GetAtt Q.Arn, Export: {Name: NAME}}}"
IMPORTER = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: a, Value: !ImportValue NAME}]}}}"


def test_export_name_is_unique(cloud: EmbeddedCloud) -> None:
    template = EXPORTER.replace("NAME", unique("export"))
    second = unique("conformance")
    with created(cloud, template):
        try:
            outcome = change(cloud, second, template)
            assert outcome.status == "ROLLBACK_COMPLETE"
            assert any("already exported" in failure for failure in outcome.failures)
        finally:
            remove(cloud, second)


def test_imported_export_cannot_go(cloud: EmbeddedCloud) -> None:
    name = unique("export")
    with (
        created(cloud, EXPORTER.replace("NAME", name)) as (exporter, _),
        created(cloud, IMPORTER.replace("NAME", name)),
    ):
        api = cloud.client("cloudformation")
        with contextlib.suppress(api.exceptions.ClientError):  # rejected at once, or in the stack's events
            assert delete(cloud, exporter).status == "DELETE_FAILED"
        assert api.describe_stacks(StackName=exporter)["Stacks"][0]["StackStatus"] != "DELETE_COMPLETE"


# -- custom resources -------------------------------------------------------------------------------------------------


def custom(recorder: Recorder, **properties: str) -> str:
    """A template with one custom resource."""
    given = ", ".join(f"{key}: '{value}'" for key, value in properties.items())
    resource = f"{{Type: Custom::Recorded, Properties: {{ServiceToken: '{recorder.arn}', {given}}}}}"
    return f"Resources: {{Thing: {resource}}}\nOutputs: {{Answer: {{Value: !GetAtt Thing.Answer}}, Id: {{Value: !Ref Thing}}}}"


def test_custom_resource_request_has_all_fields(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with created(cloud, custom(recorder, Value="one")) as (stack, _):
        (request,) = recorder.requests(stack)
        assert (request["RequestType"], request["ResourceType"]) == ("Create", "Custom::Recorded")
        assert (request["LogicalResourceId"], request["ResourceProperties"]["Value"]) == ("Thing", "one")
        assert request["ResourceProperties"]["ServiceToken"] == recorder.arn
        assert request["ResponseURL"].startswith("https://")
        assert request["RequestId"]
        assert "PhysicalResourceId" not in request


def test_custom_resource_data_is_an_attribute(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with created(cloud, custom(recorder, Value="one", Id="thing-1")) as (stack, outcome):
        assert outcome.outputs == {"Answer": "one", "Id": "thing-1"}
        assert resources(cloud, stack)["Thing"] == "thing-1"


def test_custom_resource_update_has_old_properties(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with created(cloud, custom(recorder, Value="one", Id="thing-1")) as (stack, _):
        assert change(cloud, stack, custom(recorder, Value="two", Id="thing-1")).outputs["Answer"] == "two"
        _, update = recorder.requests(stack)
        assert (update["RequestType"], update["PhysicalResourceId"]) == ("Update", "thing-1")
        assert update["OldResourceProperties"]["Value"] == "one"


def test_custom_resource_with_a_new_id_deletes_the_old_one(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with created(cloud, custom(recorder, Id="thing-1")) as (stack, _):
        assert change(cloud, stack, custom(recorder, Id="thing-2")).status == "UPDATE_COMPLETE"
        *_, removal = recorder.requests(stack)
        assert (removal["RequestType"], removal["PhysicalResourceId"]) == ("Delete", "thing-1")
        assert resources(cloud, stack)["Thing"] == "thing-2"


def test_custom_resource_is_deleted_with_the_stack(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with created(cloud, custom(recorder, Id="thing-1")) as (stack, _):
        delete(cloud, stack)
        *_, removal = recorder.requests(stack)
        assert (removal["RequestType"], removal["PhysicalResourceId"]) == ("Delete", "thing-1")


def test_custom_resource_failure_gives_its_reason(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with deployed(cloud, custom(recorder, Behaviour="fail")) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert "as the test says" in outcome.failures[0]


def test_custom_resource_without_answer_times_out(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with deployed(cloud, custom(recorder, Behaviour="silent", ServiceTimeout="2")) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert "Thing CREATE_FAILED" in outcome.failures[0]


def test_custom_resource_crash_waits_for_the_timeout(cloud: EmbeddedCloud, recorder: Recorder) -> None:
    with deployed(cloud, custom(recorder, Behaviour="crash", ServiceTimeout="3")) as (stack, _):
        found = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        times = {
            event["ResourceStatus"]: event["Timestamp"] for event in found if event["LogicalResourceId"] == "Thing"
        }
        assert (times["CREATE_FAILED"] - times["CREATE_IN_PROGRESS"]).total_seconds() >= 3
