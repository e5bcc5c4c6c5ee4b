"""The review tells certain, possible and noise apart, on hand-written pairs of deployed and planned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from review.judgement import Certainty
from review.model import ChangeSet, Detail, Plan, Stack, ValidationFinding
from review.render import (
    MAX_VALUE,
    count_changes,
    review_json,
    review_markdown,
    review_text,
    short_pair,
    short_text,
)
from review.replacement import Replacement, replaces
from review.verdict import Review, ReviewedResource, judge_plan
from tests.review.support.pairs import change, change_set, deployed, detail, plan

CREATE_ONLY = {
    "AWS::S3::Bucket": {"BucketName"},
    "AWS::DynamoDB::Table": {"TableName"},
    "AWS::EC2::Subnet": {"VpcId", "CidrBlock"},
    "AWS::EC2::VPC": {"CidrBlock"},
    "AWS::EC2::SecurityGroup": {"VpcId", "GroupDescription"},
    "AWS::EC2::SecurityGroupIngress": {"CidrIp", "FromPort"},
    "AWS::RDS::DBCluster": {"KmsKeyId", "DBSubnetGroupName"},
}


def judge(resource_type: str, paths: Iterable[str]) -> Replacement:
    """The schemas' knowledge, small and without the loading of cfn-lint."""
    touched = {path.split("/")[0] for path in paths} & CREATE_ONLY.get(resource_type, set())
    return Replacement.CERTAIN if touched else Replacement.NO


ROOT = """
Parameters:
  Size: {Type: String, Default: small}
  Cidr: {Type: String, Default: 10.0.0.0/16}
Resources:
  Network:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: network.yaml
      Parameters: {Cidr: !Ref Cidr}
  Database:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: database.yaml
      Parameters:
        VpcId: !GetAtt Network.Outputs.VpcId
        Size: !Ref Size
"""
NETWORK = """
Parameters:
  Cidr: {Type: String}
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: !Ref Cidr, EnableDnsSupport: true}
Outputs:
  VpcId: {Value: !Ref Vpc}
"""
DATABASE = """
Parameters:
  VpcId: {Type: String}
  Size: {Type: String}
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: database, VpcId: !Ref VpcId}
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties:
      Engine: aurora-postgresql
      DBClusterInstanceClass: !Ref Size
      VpcSecurityGroupIds: [!GetAtt Group.GroupId]
"""
TEMPLATES = {"root.yaml": ROOT, "network.yaml": NETWORK, "database.yaml": DATABASE}
STACK = "AWS::CloudFormation::Stack"


def tree(templates: Mapping[str, str] = TEMPLATES, **more: Any) -> Stack:
    """The three stacks as they are deployed."""
    network = deployed("n", templates["network.yaml"], {"Cidr": "10.0.0.0/16"}, {"VpcId": "vpc-1"})
    database = deployed("d", templates["database.yaml"], {"VpcId": "vpc-1", "Size": "small"})
    values = {"Size": "small", "Cidr": "10.0.0.0/16"}
    children = {"Network": network, "Database": database}
    return deployed("small-dev", templates["root.yaml"], values, {}, children, **more)


def judged(made: Plan) -> tuple[Review, dict[str, ReviewedResource]]:
    seen = judge_plan(made, replaces=judge)
    return seen, {one.name: one for one in seen.changes}


def false_replacements() -> ChangeSet:
    """What AWS lists when anything in the network stack changes: the database would be made anew."""
    flowing = detail("VpcId", "Always", "Dynamic", "ParameterReference", "VpcId")
    inner = change("Group", "AWS::EC2::SecurityGroup", replacement="True", details=[flowing])
    taken = detail("VpcSecurityGroupIds", "Never", "Dynamic", "ResourceAttribute", "Group.GroupId")
    cluster = change("Cluster", "AWS::RDS::DBCluster", replacement="Conditional", details=[taken])
    vpc = change("Vpc", "AWS::EC2::VPC", details=[detail("EnableDnsSupport")])
    return change_set(
        change("Network", STACK, child=change_set(vpc)), change("Database", STACK, child=change_set(inner, cluster))
    )


def edited(name: str, before: str, after: str) -> dict[str, str]:
    assert before in TEMPLATES[name]
    return {**TEMPLATES, name: TEMPLATES[name].replace(before, after)}


def test_value_that_flows_between_stacks_makes_no_replacement() -> None:
    """AWS lists the security group and the cluster as replaced because a sibling changes; neither is."""
    made = plan(edited("network.yaml", "Support: true", "Support: false"), tree(), service=false_replacements())
    seen, changes = judged(made)
    assert [one.name for one in seen.real] == ["Network/Vpc"]
    assert changes["Network/Vpc"].certainty is Certainty.CERTAIN
    assert changes["Network/Vpc"].replacement is Replacement.NO
    assert changes["Database/Group"].certainty is Certainty.NOISE
    assert "the replacement that CloudFormation lists is false" in changes["Database/Group"].notes
    assert changes["Database/Cluster"].certainty is Certainty.NOISE
    assert not seen.losses


def test_replacement_is_followed_across_stacks() -> None:
    """The VPC is replaced, so its id changes, so the group in the other stack is replaced too."""
    seen, changes = judged(plan(TEMPLATES, tree(), {"Cidr": "10.1.0.0/16"}, false_replacements()))
    assert changes["Network/Vpc"].replacement is Replacement.CERTAIN
    assert changes["Database/Group"].replacement is Replacement.CERTAIN
    assert changes["Database/Group"].certainty is Certainty.CERTAIN
    flowing = changes["Database/Group"].differences[0]
    assert (flowing.path, flowing.before, flowing.flows) == ("Properties/VpcId", "vpc-1", True)
    # and on inside the stack: the cluster gets another group, in place
    assert changes["Database/Cluster"].replacement is Replacement.NO
    assert changes["Database/Cluster"].network
    assert {one.name for one in seen.replaced} == {"Network/Vpc", "Database/Group"}


def test_without_child_change_sets_the_templates_alone_are_judged() -> None:
    """The embedded AWS lists only the nested stacks; nothing is lost by it."""
    service = change_set(change("Network", STACK), change("Database", STACK))
    seen, changes = judged(plan(TEMPLATES, tree(), {"Size": "large"}, service))
    assert not seen.service_is_whole
    assert [one.name for one in seen.real] == ["Database/Cluster"]
    assert changes["Database/Cluster"].certainty is Certainty.CERTAIN
    assert changes["Network"].certainty is Certainty.NOISE
    assert "judged by their templates alone" in review_text(seen)


def test_change_that_the_service_does_not_list_is_only_possible() -> None:
    service = change_set(change("Database", STACK, child=change_set()), change("Network", STACK, child=change_set()))
    _, changes = judged(plan(TEMPLATES, tree(), {"Size": "large"}, service))
    assert changes["Database/Cluster"].certainty is Certainty.POSSIBLE
    assert "CloudFormation does not list it" in changes["Database/Cluster"].notes


def one(
    properties: str, before: str, kind: str = "AWS::S3::Bucket", service: ChangeSet | None = None
) -> ReviewedResource:
    """The judgement of a single resource X whose properties change."""
    old, new = (f"Resources: {{X: {{Type: '{kind}', Properties: {text}}}}}" for text in (before, properties))
    default = change_set(change("X", kind))
    _, changes = judged(plan({"root.yaml": new}, deployed("small-dev", old), service=service or default))
    return changes["X"]


def test_static_replacement_of_the_service_is_believed() -> None:
    """The service knows a property that replaces which the schemas do not."""
    told = change("X", "AWS::X::Y", replacement="True", details=[detail("A", "Always")])
    found = one("{A: 2}", "{A: 1}", "AWS::X::Y", change_set(told))
    assert found.replacement is Replacement.CERTAIN


def test_conditional_replacement_of_the_service_is_possible() -> None:
    told = change("X", "AWS::X::Y", replacement="Conditional", details=[detail("A", "Conditionally")])
    assert one("{A: 2}", "{A: 1}", "AWS::X::Y", change_set(told)).replacement is Replacement.POSSIBLE


def test_service_that_says_in_place_overrules_the_schema() -> None:
    told = change("X", "AWS::S3::Bucket", replacement="False", details=[detail("BucketName", "Never")])
    found = one("{BucketName: b}", "{BucketName: a}", service=change_set(told))
    assert found.replacement is Replacement.NO
    assert "its schema says that it is replaced, CloudFormation says that it changes in place" in found.notes


def test_replacement_for_a_value_that_stays_is_not_taken_over() -> None:
    """The cluster changes in place; that the service adds a flowing create-only property makes no replacement."""
    told = change(
        "X",
        "AWS::RDS::DBCluster",
        replacement="True",
        details=[detail("Engine"), detail("KmsKeyId", "Always", "Dynamic", "ParameterReference", "KeyArn")],
    )
    found = one("{Engine: b}", "{Engine: a}", "AWS::RDS::DBCluster", change_set(told))
    assert found.replacement is Replacement.NO
    assert "the replacement that CloudFormation lists comes from values that stay the same" in found.notes


def test_data_loss_is_shouted() -> None:
    found = one("{TableName: b}", "{TableName: a}", "AWS::DynamoDB::Table")
    assert found.loses_data
    assert found.replacement is Replacement.CERTAIN


def test_replacement_under_the_same_name_is_told_before_it_fails() -> None:
    """CloudFormation: "cannot update a stack when a custom-named resource requires replacing"."""
    subnet = "AWS::EC2::SecurityGroup"
    found = one("{GroupName: g, GroupDescription: b}", "{GroupName: g, GroupDescription: a}", subnet)
    assert found.obstacle is not None
    assert "keeps its GroupName" in found.obstacle
    assert found.replaced_by == ("GroupDescription",)
    renamed = one("{GroupName: h, GroupDescription: b}", "{GroupName: g, GroupDescription: a}", subnet)
    assert renamed.obstacle is None


@pytest.mark.parametrize(
    ("action", "after", "denied"),
    [
        ("Update:Replace", "{TableName: b}", True),
        ("Update:Delete", "{TableName: b}", False),
        ("Update:*", "{X: 1}", True),
    ],
)
def test_what_the_stack_policy_denies_is_told_before_it_fails(action: str, after: str, denied: bool) -> None:
    kind = "AWS::DynamoDB::Table"
    old, new = (f"Resources: {{X: {{Type: '{kind}', Properties: {text}}}}}" for text in ("{TableName: a}", after))
    if after == "{X: 1}":
        new = new.replace("{X: 1}", "{TableName: a, X: 1}")
    allow = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    deny = {**allow, "Effect": "Deny", "Action": [action], "Condition": {"StringEquals": {"ResourceType": [kind]}}}
    policy = json.dumps({"Statement": [allow, deny]})
    made = plan(
        {"root.yaml": new}, deployed("small-dev", old), service=change_set(change("X", kind)), stack_policy=policy
    )
    seen, _ = judged(made)
    assert bool(seen.obstacles) is denied
    assert ("THIS WILL FAIL" in review_text(seen)) is denied


def test_removed_resource_that_is_kept_loses_no_data() -> None:
    old = "Resources: {X: {Type: 'AWS::DynamoDB::Table'}, Y: {Type: 'AWS::SNS::Topic'}}"
    new = "Resources: {Y: {Type: 'AWS::SNS::Topic'}}"
    for policy, loses in (("Retain", False), ("Delete", True)):
        service = change_set(change("X", "AWS::DynamoDB::Table", "Remove", "", policy=policy))
        _, changes = judged(plan({"root.yaml": new}, deployed("small-dev", old), service=service))
        assert changes["X"].loses_data is loses


def test_removed_nested_stack_lists_all_that_goes_with_it() -> None:
    gone = {**TEMPLATES, "root.yaml": ROOT.split("  Database:")[0]}
    service = change_set(change("Database", STACK, "Remove", ""))
    seen, changes = judged(plan(gone, tree(), service=service))
    assert changes["Database/Cluster"].action == "Remove"
    assert changes["Database/Cluster"].loses_data
    assert {one.name for one in seen.real} == {"Database/Cluster", "Database/Group"}


def test_added_nested_stack_lists_what_it_brings() -> None:
    smaller = {**TEMPLATES, "root.yaml": ROOT.split("  Database:")[0]}
    network = tree().children["Network"]
    before = deployed(
        "small-dev", smaller["root.yaml"], {"Size": "small", "Cidr": "10.0.0.0/16"}, {}, {"Network": network}
    )
    seen, _ = judged(plan(TEMPLATES, before, service=change_set(change("Database", STACK, "Add", ""))))
    assert {(one.name, one.action) for one in seen.real} == {("Database/Group", "Add"), ("Database/Cluster", "Add")}


def test_condition_that_turns_adds_and_removes() -> None:
    template = """
Parameters: {Many: {Type: String, Default: "false"}}
Conditions: {IsMany: !Equals [!Ref Many, "true"]}
Resources:
  Always: {Type: AWS::SNS::Topic}
  Extra: {Type: AWS::SNS::Topic, Condition: IsMany}
"""
    service = change_set(change("Extra", "AWS::SNS::Topic", "Add", ""))
    before = deployed("small-dev", template, {"Many": "false"}, absent=["Extra"])
    _, changes = judged(plan({"root.yaml": template}, before, {"Many": "true"}, service))
    assert {(name, found.action) for name, found in changes.items()} == {("Extra", "Add")}
    service = change_set(change("Extra", "AWS::SNS::Topic", "Remove", ""))
    before = deployed("small-dev", template, {"Many": "true"})
    _, changes = judged(plan({"root.yaml": template}, before, {"Many": "false"}, service))
    assert {(name, found.action) for name, found in changes.items()} == {("Extra", "Remove")}


def test_custom_resource_may_answer_otherwise() -> None:
    """What reads a custom resource's attribute may change, if that resource is called again."""
    template = """
Parameters: {Key: {Type: String}}
Resources:
  Migration: {Type: Custom::DatabaseMigration, Properties: {ServiceToken: t, Key: !Ref Key}}
  Reader: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Migration.Version}}
"""
    service = change_set(change("Migration", "Custom::DatabaseMigration"), change("Reader", "AWS::SSM::Parameter"))
    _, changes = judged(
        plan({"root.yaml": template}, deployed("small-dev", template, {"Key": "1"}), {"Key": "2"}, service)
    )
    assert changes["Migration"].certainty is Certainty.CERTAIN
    assert changes["Reader"].certainty is Certainty.POSSIBLE
    assert "known only while deploying" in changes["Reader"].notes[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{A: 1}", '{A: "1"}'),
        ("{A: true}", '{A: "true"}'),
        ("{A: !Sub 'x-${AWS::Region}'}", "{A: x-us-east-1}"),
        ("{A: !Sub '${B.Arn}/*'}", "{A: !Join ['/', [!GetAtt B.Arn, '*']]}"),
        ("{A: 1, B: !Ref 'AWS::NoValue'}", "{A: 1}"),
    ],
)
def test_other_words_for_the_same_are_no_change(before: str, after: str) -> None:
    old, new = (f"Resources: {{X: {{Type: 'AWS::X::Y', Properties: {text}}}}}" for text in (before, after))
    told = change("X", "AWS::X::Y", details=[detail("A", source="ResourceReference", evaluation="Dynamic")])
    _, changes = judged(plan({"root.yaml": new}, deployed("small-dev", old), service=change_set(told)))
    assert changes["X"].certainty is Certainty.NOISE


def test_direct_change_that_only_the_service_sees_is_possible() -> None:
    """A dynamic reference resolves to another secret: the templates are the same."""
    template = "Resources: {X: {Type: 'AWS::X::Y', Properties: {A: '{{resolve:ssm:/a}}'}}}"
    told = change("X", "AWS::X::Y", replacement="True", details=[detail("A", "Always", before="1", after="2")])
    _, changes = judged(plan({"root.yaml": template}, deployed("small-dev", template), service=change_set(told)))
    assert changes["X"].certainty is Certainty.POSSIBLE
    assert changes["X"].replacement is Replacement.CERTAIN
    assert [(one.path, one.before, one.after) for one in changes["X"].differences] == [("Properties/A", "1", "2")]


@pytest.mark.parametrize(
    ("details", "certainty"),
    [
        ([], Certainty.POSSIBLE),
        ([detail("A")], Certainty.POSSIBLE),
        ([detail("A", before="1", after="2")], Certainty.POSSIBLE),
        ([detail("A", before="1", after="1")], Certainty.NOISE),
        ([detail("A", "Always", "Dynamic", "ResourceAttribute", "Y.Arn")], Certainty.NOISE),
    ],
)
def test_only_what_is_shown_to_be_nothing_is_called_noise(details: list[Detail], certainty: Certainty) -> None:
    template = "Resources: {X: {Type: 'AWS::X::Y', Properties: {A: 1}}}"
    service = change_set(change("X", "AWS::X::Y", details=details))
    _, changes = judged(plan({"root.yaml": template}, deployed("small-dev", template), service=service))
    assert changes["X"].certainty is certainty


def test_stack_tags_reach_every_resource() -> None:
    template = "Resources: {X: {Type: 'AWS::S3::Bucket'}}"
    told = change("X", "AWS::S3::Bucket", details=[detail("", attribute="Tags")], scope=["Tags"])
    made = plan(
        {"root.yaml": template}, deployed("small-dev", template), service=change_set(told), tags={"Owner": "desk"}
    )
    seen, changes = judged(made)
    assert changes["X"].certainty is Certainty.CERTAIN
    assert "tag Owner: (none) -> desk" in review_text(seen)


def test_iam_and_network_have_chapters_of_their_own() -> None:
    old = """
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: s3:GetObject, Resource: a}]}}
  Rule: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: g, CidrIp: 10.0.0.0/8, FromPort: 443}}
  Queue: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}
"""
    new = (
        old.replace("s3:GetObject", "s3:*")
        .replace("10.0.0.0/8", "0.0.0.0/0")
        .replace("DelaySeconds: 1", "DelaySeconds: 2")
    )
    kinds = {"Policy": "AWS::IAM::ManagedPolicy", "Rule": "AWS::EC2::SecurityGroupIngress", "Queue": "AWS::SQS::Queue"}
    service = change_set(*(change(name, kind) for name, kind in kinds.items()))
    seen, changes = judged(plan({"root.yaml": new}, deployed("small-dev", old), service=service))
    assert [name for name, found in changes.items() if found.iam] == ["Policy"]
    assert [name for name, found in changes.items() if found.network] == ["Rule"]
    text = review_text(seen)
    assert "PolicyDocument/Statement/0/Action: s3:GetObject -> s3:*" in text.split("IAM and key policies")[1]
    assert "CidrIp: 10.0.0.0/8 -> 0.0.0.0/0" in text.split("Network")[-1]


def test_inserted_statement_is_one_difference() -> None:
    found = one("{L: [{a: 1}, {b: 2}, {c: 3}]}", "{L: [{a: 1}, {c: 3}]}", "AWS::X::Y")
    assert [(diff.path, diff.before, diff.after) for diff in found.differences] == [("Properties/L/1", None, {"b": 2})]


def test_artifacts_parameters_and_settings_are_told_apart() -> None:
    template = (
        "Parameters: {A: {Type: String}, XArtifactKey: {Type: String}}\nResources: {X: {Type: 'AWS::SNS::Topic'}}"
    )
    before = deployed("small-dev", template, {"A": "1", "XArtifactKey": "k1"}, policy='{"Statement": []}')
    made = plan({"root.yaml": template}, before, {"A": "2", "XArtifactKey": "k2"}, termination_protection=True)
    seen = judge_plan(made, replaces=judge)
    assert [(found.name, found.before, found.after) for found in seen.parameters] == [("A", "1", "2")]
    assert [found.name for found in seen.artifacts] == ["XArtifactKey"]
    assert [found.name for found in seen.settings] == ["termination protection", "stack policy"]


def test_new_stack_lists_what_it_makes_with_conditions() -> None:
    service = change_set(change("Network", STACK, "Add", ""), change("Database", STACK, "Add", ""))
    seen = judge_plan(plan(TEMPLATES, service=service), replaces=lambda *_: pytest.fail("no resource exists yet"))
    assert count_changes(seen)["add"] == 3
    text = review_text(seen)
    assert "Database: + 2: 1 EC2::SecurityGroup, 1 RDS::DBCluster" in text
    assert "+ Cluster AWS::RDS::DBCluster" in review_text(seen, detailed=True)


def test_warnings_of_the_service_are_shown_before_the_changes() -> None:
    found = (
        ValidationFinding("small-dev > Network", "/Resources/Address", "The quota of 5 would be exceeded"),
        ValidationFinding("small-dev", "", "the warnings could not be read", skipped=True),
    )
    seen = judge_plan(plan(TEMPLATES, service=replace(change_set(), warnings=found)), replaces=judge)
    said = review_text(seen)
    assert "  small-dev > Network /Resources/Address: The quota of 5 would be exceeded\n" in said
    assert said.index("CloudFormation warns") < said.index("Resources\n---")
    assert count_changes(seen)["warnings"] == 1
    assert "- small-dev: not checked: the warnings could not be read" in review_markdown(seen)


def test_no_changes_is_said_in_one_line() -> None:
    service = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    assert "No changes: templates and parameters are those of the last deployment" in review_text(
        judge_plan(plan(TEMPLATES, tree(), service=service))
    )


def test_review_is_a_pure_function_of_the_plan() -> None:
    made = plan(TEMPLATES, tree(), {"Size": "large"}, false_replacements())
    assert review_json(judge_plan(made, replaces=judge)) == review_json(judge_plan(made, replaces=judge))


def test_markdown_and_json_say_the_same() -> None:
    seen = judge_plan(plan(TEMPLATES, tree(), {"Cidr": "10.1.0.0/16"}, false_replacements()), replaces=judge)
    document = json.loads(review_json(seen))
    assert document["summary"]["replace"] == 2
    assert document["plan"]["templates"]["root.yaml"]["text"] == ""
    text = review_markdown(seen)
    assert "### Replacements" in text
    assert "`AWS::EC2::VPC` REPLACED" in text


def test_long_values_are_cut_around_the_difference() -> None:
    before, after = short_pair("x" * 300 + "old" + "y" * 300, "x" * 300 + "new" + "y" * 300)
    assert "old" in before
    assert "new" in after
    assert len(before) <= MAX_VALUE


def test_digests_are_short_enough_to_read() -> None:
    assert short_text("functions/x/" + "0123456789ab" + "c" * 52 + ".zip") == "functions/x/0123456789ab….zip"


class TestSchemas:
    """What cfn-lint's copy of the resource schemas knows; its own knowledge, not ours."""

    @pytest.mark.parametrize(
        ("kind", "path", "expected"),
        [
            ("AWS::DynamoDB::Table", "TableName", Replacement.CERTAIN),
            ("AWS::DynamoDB::Table", "KeySchema/0/AttributeName", Replacement.POSSIBLE),
            ("AWS::DynamoDB::Table", "BillingMode", Replacement.NO),
            ("AWS::EC2::Subnet", "VpcId", Replacement.CERTAIN),
            ("AWS::RDS::DBCluster", "StorageEncrypted", Replacement.CERTAIN),
            ("AWS::Lambda::Function", "Code/S3Key", Replacement.NO),
            ("Custom::Anything", "Key", Replacement.POSSIBLE),
            ("AWS::New::Type", "Anything", Replacement.POSSIBLE),
        ],
    )
    def test_create_only_properties_replace(self, kind: str, path: str, expected: Replacement) -> None:
        assert replaces(kind, [path], "us-east-1") is expected
