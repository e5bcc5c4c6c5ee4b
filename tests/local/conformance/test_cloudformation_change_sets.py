"""Change sets, and what CloudFormation rejects before it creates anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from tests.local.conformance.support.aws import created, error_of, message_of, remove, unique
from tests.local.support.sample import SampleStack
from tests.local.support.stacks import change
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

QUEUE = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: NAME, VisibilityTimeout: SECONDS}}}"


def queue(name: str, seconds: int = 30) -> str:
    return QUEUE.replace("NAME", name).replace("SECONDS", str(seconds))


class ChangeSets:
    """Change sets of one stack, made and read with boto3."""

    def __init__(self, cloud: EmbeddedCloud, stack: str) -> None:
        self.api, self.stack = cloud.client("cloudformation"), stack

    def create(self, template: str, kind: str = "UPDATE", **options: Any) -> str:
        answer = self.api.create_change_set(
            StackName=self.stack, ChangeSetName=unique("c"), ChangeSetType=kind, TemplateBody=template, **options
        )
        eventually(lambda: not self.describe(answer["Id"])["Status"].endswith(("PENDING", "PROGRESS")))
        return str(answer["Id"])

    def describe(self, identifier: str, **options: Any) -> dict[str, Any]:
        return dict(self.api.describe_change_set(ChangeSetName=identifier, **options))

    def execute(self, identifier: str) -> str:
        """Execute and give the stack's last status."""
        self.api.execute_change_set(ChangeSetName=identifier)
        stack = self.describe(identifier)["StackId"]
        eventually(lambda: not self.status(stack).endswith("PROGRESS"))
        return self.status(stack)

    def status(self, stack: str = "") -> str:
        return str(self.api.describe_stacks(StackName=stack or self.stack)["Stacks"][0]["StackStatus"])


@pytest.fixture
def fresh(cloud: EmbeddedCloud) -> Iterator[ChangeSets]:
    """Change sets of a stack that does not exist."""
    sets = ChangeSets(cloud, unique("conformance"))
    yield sets
    remove(cloud, sets.stack)


@pytest.fixture
def existing(cloud: EmbeddedCloud) -> Iterator[ChangeSets]:
    """Change sets of a stack with one queue, which has the stack's name."""
    name = unique("conformance")
    assert change(cloud, name, queue(name)).status == "CREATE_COMPLETE"
    yield ChangeSets(cloud, name)
    remove(cloud, name)


def test_change_set_of_a_new_stack_waits_in_review(fresh: ChangeSets) -> None:
    fresh.create(queue(fresh.stack), "CREATE")
    assert fresh.status() == "REVIEW_IN_PROGRESS"
    assert fresh.api.list_stack_resources(StackName=fresh.stack)["StackResourceSummaries"] == []


def test_change_set_of_type_update_needs_a_stack(fresh: ChangeSets) -> None:
    arguments = {"StackName": fresh.stack, "ChangeSetName": "c", "ChangeSetType": "UPDATE"}
    assert error_of(fresh.api.create_change_set, TemplateBody=queue("q"), **arguments) == "ValidationError"


def test_change_set_without_changes_fails(existing: ChangeSets) -> None:
    described = existing.describe(existing.create(queue(existing.stack)))
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in described["StatusReason"]


def test_change_set_describes_nested_stacks(cloud: EmbeddedCloud, sample_stack: SampleStack, fresh: ChangeSets) -> None:
    key = sample_stack.put(queue(fresh.stack).encode(), "yaml")
    url = f"https://s3.us-east-1.amazonaws.com/{sample_stack.bucket}/{key}"
    root = f"Resources: {{Child: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{url}'}}}}}}"
    identifier = fresh.create(root, "CREATE", IncludeNestedStacks=True)
    (parent,) = fresh.describe(identifier)["Changes"]
    assert parent["ResourceChange"].get("ChangeSetId")
    child = fresh.describe(parent["ResourceChange"]["ChangeSetId"])
    assert child["ParentChangeSetId"] == child["RootChangeSetId"] == identifier
    assert child["Changes"][0]["ResourceChange"]["LogicalResourceId"] == "Queue"


def test_change_set_tells_replacement(existing: ChangeSets) -> None:
    in_place = existing.describe(existing.create(queue(existing.stack, 60)))["Changes"][0]["ResourceChange"]
    replaced = existing.describe(existing.create(queue(f"{existing.stack}-new")))["Changes"][0]["ResourceChange"]
    assert (in_place["Action"], in_place["Replacement"]) == ("Modify", "False")
    assert (replaced["Action"], replaced["Replacement"]) == ("Modify", "True")


def test_change_set_shows_property_values(existing: ChangeSets) -> None:
    described = existing.describe(existing.create(queue(existing.stack, 60)), IncludePropertyValues=True)
    (detail,) = described["Changes"][0]["ResourceChange"]["Details"]
    assert detail["Target"]["Name"] == "VisibilityTimeout"
    assert (detail["Target"].get("BeforeValue"), detail["Target"].get("AfterValue")) == ("30", "60")


def test_deleted_change_set_cannot_be_executed(existing: ChangeSets) -> None:
    identifier = existing.create(queue(existing.stack, 60))
    existing.api.delete_change_set(ChangeSetName=identifier)
    assert error_of(existing.api.describe_change_set, ChangeSetName=identifier) == "ChangeSetNotFound"
    assert error_of(existing.api.execute_change_set, ChangeSetName=identifier) == "ChangeSetNotFound"


def test_execution_deletes_other_change_sets(existing: ChangeSets) -> None:
    other = existing.create(queue(existing.stack, 50))
    assert existing.execute(existing.create(queue(existing.stack, 60))) == "UPDATE_COMPLETE"
    listed = existing.api.list_change_sets(StackName=existing.stack)["Summaries"]
    assert other not in [entry["ChangeSetId"] for entry in listed]
    assert error_of(existing.api.execute_change_set, ChangeSetName=other) in (
        "ChangeSetNotFound",
        "InvalidChangeSetStatus",
    )


def test_change_set_executes_once(existing: ChangeSets) -> None:
    identifier = existing.create(queue(existing.stack, 60))
    existing.execute(identifier)
    assert error_of(existing.api.execute_change_set, ChangeSetName=identifier) in (
        "ChangeSetNotFound",
        "InvalidChangeSetStatus",
    )


def test_roles_need_a_capability(fresh: ChangeSets) -> None:
    template = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}}"
    code = error_of(
        fresh.api.create_change_set,
        StackName=fresh.stack,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=template,
    )
    assert code == "InsufficientCapabilitiesException"


def test_large_template_body_is_rejected(fresh: ChangeSets) -> None:
    template = queue("q") + "\n#" + "x" * 51_200
    code = error_of(
        fresh.api.create_change_set,
        StackName=fresh.stack,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=template,
    )
    assert code == "ValidationError"


def test_change_set_events_report_validation(cloud: EmbeddedCloud, fresh: ChangeSets) -> None:
    cloud.client("sqs").create_queue(QueueName=fresh.stack)
    identifier = fresh.create(queue(fresh.stack), "CREATE")
    events = fresh.api.describe_events(ChangeSetName=identifier)["OperationEvents"]
    findings = [event for event in events if event["EventType"] == "VALIDATION_ERROR"]
    assert [(event["LogicalResourceId"], event["ValidationStatus"]) for event in findings] == [("Queue", "FAILED")]
    assert findings[0]["ValidationStatusReason"]
    assert fresh.describe(identifier)["Status"] == "FAILED"


def rejection(sets: ChangeSets, template: str) -> str:
    """The error message of a creation, or the reason of its failed change set."""
    try:
        described = sets.describe(sets.create(template, "CREATE"))
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error}"
    assert described["Status"] == "FAILED", described
    return f"ValidationError: {described['StatusReason']}"


def test_circular_dependency_is_rejected(fresh: ChangeSets) -> None:
    template = """
    Resources:
      One: {Type: AWS::SQS::Queue, DependsOn: Two}
      Two: {Type: AWS::SQS::Queue, DependsOn: One}
    """
    assert "ValidationError: " in (reason := rejection(fresh, template))
    assert "Circular dependency between resources" in reason


def test_unknown_reference_is_rejected(fresh: ChangeSets) -> None:
    template = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nothing}}}"
    assert "Unresolved resource dependencies [Nothing]" in rejection(fresh, template)


def test_unknown_resource_type_is_rejected(fresh: ChangeSets) -> None:
    template = "Resources: {Queue: {Type: AWS::SQS::NoSuchThing}}"
    assert "AWS::SQS::NoSuchThing" in rejection(fresh, template)


def test_get_template_is_the_original(existing: ChangeSets) -> None:
    identifier = existing.create(queue(existing.stack, 60))
    planned = existing.api.get_template(ChangeSetName=identifier, TemplateStage="Original")["TemplateBody"]
    running = existing.api.get_template(StackName=existing.stack, TemplateStage="Original")["TemplateBody"]
    assert (planned, running) == (queue(existing.stack, 60), queue(existing.stack))


RULE = """
Parameters: {Size: {Type: String, Default: small}}
Rules:
  Small:
    Assertions: [{Assert: !Equals [!Ref Size, small], AssertDescription: only small ones}]
Resources: {Queue: {Type: AWS::SQS::Queue}}
"""


def with_parameters(sets: ChangeSets, template: str, **parameters: str) -> str:
    """The message of the rejected creation."""
    return message_of(
        sets.api.create_change_set,
        StackName=sets.stack,
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )


def test_rule_assertion_stops_the_operation(cloud: EmbeddedCloud, fresh: ChangeSets) -> None:
    assert "only small ones" in with_parameters(fresh, RULE, Size="large")
    with created(cloud, RULE):
        pass


CONDITIONAL_RULE = """
Parameters:
  Stage: {Type: String, Default: test}
  Size: {Type: String, Default: small}
Rules:
  Production:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions: [{Assert: {"Fn::Contains": [[large, huge], !Ref Size]}, AssertDescription: too small for production}]
Resources: {Queue: {Type: AWS::SQS::Queue}}
"""


def test_rule_applies_under_its_condition(cloud: EmbeddedCloud, fresh: ChangeSets) -> None:
    assert "too small for production" in with_parameters(fresh, CONDITIONAL_RULE, Stage="prod", Size="small")
    with created(cloud, CONDITIONAL_RULE, {"Stage": "test", "Size": "small"}):
        pass


def test_rule_contains_compares_with_a_list(cloud: EmbeddedCloud, fresh: ChangeSets) -> None:
    assert "too small for production" in with_parameters(fresh, CONDITIONAL_RULE, Stage="prod", Size="larg")
    with created(cloud, CONDITIONAL_RULE, {"Stage": "prod", "Size": "huge"}):
        pass


LEFT_OUT = """
Conditions: {Never: !Equals [a, b]}
Resources:
  Extra: {Type: AWS::SQS::Queue, Condition: Never}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: VALUE}}
"""


def test_reference_to_a_left_out_resource_is_rejected(cloud: EmbeddedCloud, fresh: ChangeSets) -> None:
    with created(cloud, LEFT_OUT.replace("VALUE", '!If [Never, !Ref Extra, !Ref "AWS::NoValue"]')):
        pass
    assert "Unresolved resource dependencies [Extra]" in rejection(fresh, LEFT_OUT.replace("VALUE", "!Ref Extra"))


PARAMETER = "Parameters: {Size: {Type: String, RULES}}\nResources: {Queue: {Type: AWS::SQS::Queue}}"


def test_parameter_pattern_is_checked(fresh: ChangeSets) -> None:
    template = PARAMETER.replace("RULES", 'AllowedPattern: "^[a-z]+$", ConstraintDescription: lower case only')
    message = with_parameters(fresh, template, Size="LARGE")
    assert "Size" in message
    assert "lower case only" in message


def test_parameter_allowed_values_are_checked(fresh: ChangeSets) -> None:
    message = with_parameters(fresh, PARAMETER.replace("RULES", "AllowedValues: [small, large]"), Size="huge")
    assert "Size" in message
    assert "AllowedValues" in message or "[small, large]" in message


def test_parameter_without_value_is_rejected(fresh: ChangeSets) -> None:
    message = with_parameters(fresh, PARAMETER.replace(", RULES", ""))
    assert "Size" in message


def accepted(sets: ChangeSets, template: str, **parameters: str) -> bool:
    """Whether a change set is created with these values."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    described = sets.describe(sets.create(template, "CREATE", Parameters=given))
    return bool(described["Status"] == "CREATE_COMPLETE")


def test_parameter_length_is_checked(fresh: ChangeSets) -> None:
    template = PARAMETER.replace("RULES", "MinLength: 2, MaxLength: 4")
    assert "Size" in with_parameters(fresh, template, Size="a")
    assert "Size" in with_parameters(fresh, template, Size="abcde")
    assert accepted(fresh, template, Size="abcd")


def test_parameter_number_is_bounded(fresh: ChangeSets) -> None:
    template = PARAMETER.replace("String", "Number").replace("RULES", "MinValue: 2, MaxValue: 10")
    for value in ("1", "11", "many"):
        assert "Size" in with_parameters(fresh, template, Size=value)
    assert accepted(fresh, template, Size="9")


def test_list_pattern_is_checked_for_each_item(fresh: ChangeSets) -> None:
    template = PARAMETER.replace("String", "CommaDelimitedList").replace("RULES", 'AllowedPattern: "^[a-z]+$"')
    assert "Size" in with_parameters(fresh, template, Size="small,LARGE")
    assert accepted(fresh, template, Size="small,large")
