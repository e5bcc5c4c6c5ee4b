"""The review separates certain, possible and noise, on hand-written pairs of deployed and planned templates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from review.comparison.difference import Difference
from review.comparison.replacement import Replacement
from review.findings.finding import Verdict
from review.formats.document import review_json
from review.formats.render import review_markdown, review_text
from review.judgement.counts import count_changes
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource
from review.judgement.verdict import judge_plan
from review.plan.model import ChangeSet, Detail, Plan, Stack, ValidationFinding
from tests.review.support.plans import change_set, claim, deployed, detail, make_plan

CREATE_ONLY = {
    "AWS::S3::Bucket": {"BucketName"},
    "AWS::DynamoDB::Table": {"TableName"},
    "AWS::EC2::Subnet": {"VpcId", "CidrBlock"},
    "AWS::EC2::VPC": {"CidrBlock"},
    "AWS::EC2::SecurityGroup": {"VpcId", "GroupDescription"},
    "AWS::EC2::SecurityGroupIngress": {"CidrIp", "FromPort"},
    "AWS::RDS::DBCluster": {"KmsKeyId", "DBSubnetGroupName"},
}


def judge(resource_type: str, differences: Iterable[Difference]) -> Replacement:
    """The schemas' knowledge, small and without cfn-lint's."""
    touched = {difference.path.split("/")[1] for difference in differences} & CREATE_ONLY.get(resource_type, set())
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


def judged(plan: Plan) -> tuple[Review, dict[str, ReviewedResource]]:
    review = judge_plan(plan, replaces=judge)
    return review, {change.name: change for change in review.changes}


def false_replacements() -> ChangeSet:
    """What AWS lists when anything in the network stack changes: the database would be replaced."""
    flowing = detail("VpcId", "Always", "Dynamic", "ParameterReference", "VpcId")
    inner = claim("Group", "AWS::EC2::SecurityGroup", replacement="True", details=[flowing])
    taken = detail("VpcSecurityGroupIds", "Never", "Dynamic", "ResourceAttribute", "Group.GroupId")
    cluster = claim("Cluster", "AWS::RDS::DBCluster", replacement="Conditional", details=[taken])
    vpc = claim("Vpc", "AWS::EC2::VPC", details=[detail("EnableDnsSupport")])
    return change_set(
        claim("Network", STACK, child=change_set(vpc)), claim("Database", STACK, child=change_set(inner, cluster))
    )


def edited(name: str, before: str, after: str) -> dict[str, str]:
    assert before in TEMPLATES[name]
    return {**TEMPLATES, name: TEMPLATES[name].replace(before, after)}


def test_value_that_flows_between_stacks_makes_no_replacement() -> None:
    """AWS lists the security group and the cluster as replaced because a sibling changes; neither is."""
    plan = make_plan(edited("network.yaml", "Support: true", "Support: false"), tree(), claims=false_replacements())
    review, changes = judged(plan)
    assert [change.name for change in review.real] == ["Network/Vpc"]
    assert changes["Network/Vpc"].certainty is Certainty.CERTAIN
    assert changes["Network/Vpc"].replacement is Replacement.NO
    assert changes["Database/Group"].certainty is Certainty.NOISE
    assert "the replacement that CloudFormation lists is false (R306)" in map(str, changes["Database/Group"].notes)
    assert changes["Database/Cluster"].certainty is Certainty.NOISE
    assert not review.losses


def test_replacement_is_followed_across_stacks() -> None:
    """The VPC is replaced, so its id changes, so the group in the other stack is replaced too."""
    review, changes = judged(make_plan(TEMPLATES, tree(), {"Cidr": "10.1.0.0/16"}, false_replacements()))
    assert changes["Network/Vpc"].replacement is Replacement.CERTAIN
    assert changes["Database/Group"].replacement is Replacement.CERTAIN
    assert changes["Database/Group"].certainty is Certainty.CERTAIN
    flowing = changes["Database/Group"].differences[0]
    assert (flowing.path, flowing.before, flowing.flows) == ("Properties/VpcId", "vpc-1", True)
    # and on inside the stack: the cluster gets another group, in place
    assert changes["Database/Cluster"].replacement is Replacement.NO
    assert changes["Database/Cluster"].network
    assert {change.name for change in review.replaced} == {"Network/Vpc", "Database/Group"}


def test_templates_alone_decide_without_child_change_sets() -> None:
    """The embedded AWS lists only the nested stacks; the review loses nothing by that."""
    claims = change_set(claim("Network", STACK), claim("Database", STACK))
    review, changes = judged(make_plan(TEMPLATES, tree(), {"Size": "large"}, claims))
    assert not review.service_is_whole
    assert [change.name for change in review.real] == ["Database/Cluster"]
    assert changes["Database/Cluster"].certainty is Certainty.CERTAIN
    assert changes["Network"].certainty is Certainty.NOISE
    assert "judged by their templates alone" in review_text(review)


def test_change_that_cloudformation_does_not_list_is_only_possible() -> None:
    claims = change_set(claim("Database", STACK, child=change_set()), claim("Network", STACK, child=change_set()))
    _, changes = judged(make_plan(TEMPLATES, tree(), {"Size": "large"}, claims))
    assert changes["Database/Cluster"].certainty is Certainty.POSSIBLE
    assert "CloudFormation does not list it (R309)" in map(str, changes["Database/Cluster"].notes)


def judged_change(
    properties: str, before: str, kind: str = "AWS::S3::Bucket", claims: ChangeSet | None = None
) -> ReviewedResource:
    """The judgement of a single resource X whose properties change."""
    old, new = (f"Resources: {{X: {{Type: '{kind}', Properties: {text}}}}}" for text in (before, properties))
    default = change_set(claim("X", kind))
    _, changes = judged(make_plan({"root.yaml": new}, deployed("small-dev", old), claims=claims or default))
    return changes["X"]


def test_static_replacement_that_cloudformation_lists_is_certain() -> None:
    """CloudFormation knows a property that replaces its resource, which the schemas do not know."""
    listed = claim("X", "AWS::X::Y", replacement="True", details=[detail("A", "Always")])
    change = judged_change("{A: 2}", "{A: 1}", "AWS::X::Y", change_set(listed))
    assert change.replacement is Replacement.CERTAIN


def test_conditional_replacement_that_cloudformation_lists_is_possible() -> None:
    listed = claim("X", "AWS::X::Y", replacement="Conditional", details=[detail("A", "Conditionally")])
    assert judged_change("{A: 2}", "{A: 1}", "AWS::X::Y", change_set(listed)).replacement is Replacement.POSSIBLE


def test_change_in_place_that_cloudformation_lists_overrules_the_schema() -> None:
    listed = claim("X", "AWS::S3::Bucket", replacement="False", details=[detail("BucketName", "Never")])
    change = judged_change("{BucketName: b}", "{BucketName: a}", claims=change_set(listed))
    assert change.replacement is Replacement.NO
    note = "its schema says that it is replaced, CloudFormation says that it changes in place (R310)"
    assert note in map(str, change.notes)


def test_replacement_for_a_value_that_stays_is_ignored() -> None:
    """The cluster changes in place; that CloudFormation adds a flowing create-only property makes no replacement."""
    listed = claim(
        "X",
        "AWS::RDS::DBCluster",
        replacement="True",
        details=[detail("Engine"), detail("KmsKeyId", "Always", "Dynamic", "ParameterReference", "KeyArn")],
    )
    change = judged_change("{Engine: b}", "{Engine: a}", "AWS::RDS::DBCluster", change_set(listed))
    assert change.replacement is Replacement.NO
    note = "the replacement that CloudFormation lists comes from values that stay the same (R311)"
    assert note in map(str, change.notes)


def test_data_loss_is_reported() -> None:
    change = judged_change("{TableName: b}", "{TableName: a}", "AWS::DynamoDB::Table")
    assert change.losses
    assert change.replacement is Replacement.CERTAIN


def test_replacement_under_the_same_name_is_an_obstacle() -> None:
    """CloudFormation: "cannot update a stack when a custom-named resource requires replacing"."""
    subnet = "AWS::EC2::SecurityGroup"
    change = judged_change("{GroupName: g, GroupDescription: b}", "{GroupName: g, GroupDescription: a}", subnet)
    (obstacle,) = change.obstacles
    assert obstacle.code == "R101"
    assert "keeps its GroupName" in obstacle.sentence
    assert change.replaced_by == ("GroupDescription",)
    renamed = judged_change("{GroupName: h, GroupDescription: b}", "{GroupName: g, GroupDescription: a}", subnet)
    assert not renamed.obstacles


@pytest.mark.parametrize(
    ("action", "after", "denied"),
    [
        ("Update:Replace", "{TableName: b}", True),
        ("Update:Delete", "{TableName: b}", False),
        ("Update:*", "{X: 1}", True),
    ],
)
def test_denial_of_the_stack_policy_is_an_obstacle(action: str, after: str, denied: bool) -> None:
    kind = "AWS::DynamoDB::Table"
    old, new = (f"Resources: {{X: {{Type: '{kind}', Properties: {text}}}}}" for text in ("{TableName: a}", after))
    if after == "{X: 1}":
        new = new.replace("{X: 1}", "{TableName: a, X: 1}")
    allow = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    deny = {**allow, "Effect": "Deny", "Action": [action], "Condition": {"StringEquals": {"ResourceType": [kind]}}}
    policy = json.dumps({"Statement": [allow, deny]})
    plan = make_plan(
        {"root.yaml": new}, deployed("small-dev", old), claims=change_set(claim("X", kind)), stack_policy=policy
    )
    review, _ = judged(plan)
    assert bool(review.obstacles) is denied
    assert ("THIS WILL FAIL" in review_text(review)) is denied


def test_removed_resource_that_is_kept_loses_no_data() -> None:
    old = "Resources: {X: {Type: 'AWS::DynamoDB::Table'}, Y: {Type: 'AWS::SNS::Topic'}}"
    new = "Resources: {Y: {Type: 'AWS::SNS::Topic'}}"
    for policy, loses in (("Retain", False), ("Delete", True)):
        claims = change_set(claim("X", "AWS::DynamoDB::Table", "Remove", "", policy=policy))
        _, changes = judged(make_plan({"root.yaml": new}, deployed("small-dev", old), claims=claims))
        assert bool(changes["X"].losses) is loses


def test_removed_nested_stack_lists_its_resources() -> None:
    gone = {**TEMPLATES, "root.yaml": ROOT.split("  Database:")[0]}
    claims = change_set(claim("Database", STACK, "Remove", ""))
    review, changes = judged(make_plan(gone, tree(), claims=claims))
    assert changes["Database/Cluster"].action == "Remove"
    assert [finding.code for finding in changes["Database/Cluster"].findings if finding.code.startswith("R2")] == [
        "R211"
    ]
    assert {change.name for change in review.real} == {"Database/Cluster", "Database/Group"}


def test_added_nested_stack_lists_its_resources() -> None:
    smaller = {**TEMPLATES, "root.yaml": ROOT.split("  Database:")[0]}
    network = tree().children["Network"]
    before = deployed(
        "small-dev", smaller["root.yaml"], {"Size": "small", "Cidr": "10.0.0.0/16"}, {}, {"Network": network}
    )
    review, _ = judged(make_plan(TEMPLATES, before, claims=change_set(claim("Database", STACK, "Add", ""))))
    assert {(change.name, change.action) for change in review.real} == {
        ("Database/Group", "Add"),
        ("Database/Cluster", "Add"),
    }


def test_condition_that_changes_adds_and_removes_resources() -> None:
    template = """
Parameters: {Many: {Type: String, Default: "false"}}
Conditions: {IsMany: !Equals [!Ref Many, "true"]}
Resources:
  Always: {Type: AWS::SNS::Topic}
  Extra: {Type: AWS::SNS::Topic, Condition: IsMany}
"""
    claims = change_set(claim("Extra", "AWS::SNS::Topic", "Add", ""))
    before = deployed("small-dev", template, {"Many": "false"}, absent=["Extra"])
    _, changes = judged(make_plan({"root.yaml": template}, before, {"Many": "true"}, claims))
    assert {(name, change.action) for name, change in changes.items()} == {("Extra", "Add")}
    claims = change_set(claim("Extra", "AWS::SNS::Topic", "Remove", ""))
    before = deployed("small-dev", template, {"Many": "true"})
    _, changes = judged(make_plan({"root.yaml": template}, before, {"Many": "false"}, claims))
    assert {(name, change.action) for name, change in changes.items()} == {("Extra", "Remove")}


def test_attribute_of_a_custom_resource_may_change() -> None:
    """A resource that reads a custom resource's attribute may change if the custom resource is called again."""
    template = """
Parameters: {Key: {Type: String}}
Resources:
  Migration: {Type: Custom::DatabaseMigration, Properties: {ServiceToken: t, Key: !Ref Key}}
  Reader: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Migration.Version}}
"""
    claims = change_set(claim("Migration", "Custom::DatabaseMigration"), claim("Reader", "AWS::SSM::Parameter"))
    _, changes = judged(
        make_plan({"root.yaml": template}, deployed("small-dev", template, {"Key": "1"}), {"Key": "2"}, claims)
    )
    assert changes["Migration"].certainty is Certainty.CERTAIN
    assert changes["Reader"].certainty is Certainty.POSSIBLE
    assert changes["Reader"].notes[0].code == "R307"
    assert "known only while deploying" in changes["Reader"].notes[0].sentence


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
def test_equivalent_expressions_are_no_change(before: str, after: str) -> None:
    old, new = (f"Resources: {{X: {{Type: 'AWS::X::Y', Properties: {text}}}}}" for text in (before, after))
    listed = claim("X", "AWS::X::Y", details=[detail("A", source="ResourceReference", evaluation="Dynamic")])
    _, changes = judged(make_plan({"root.yaml": new}, deployed("small-dev", old), claims=change_set(listed)))
    assert changes["X"].certainty is Certainty.NOISE


def test_direct_change_that_only_cloudformation_lists_is_possible() -> None:
    """A dynamic reference resolves to another secret, while the templates are the same."""
    template = "Resources: {X: {Type: 'AWS::X::Y', Properties: {A: '{{resolve:ssm:/a}}'}}}"
    listed = claim("X", "AWS::X::Y", replacement="True", details=[detail("A", "Always", before="1", after="2")])
    _, changes = judged(make_plan({"root.yaml": template}, deployed("small-dev", template), claims=change_set(listed)))
    assert changes["X"].certainty is Certainty.POSSIBLE
    assert changes["X"].replacement is Replacement.CERTAIN
    assert [(change.path, change.before, change.after) for change in changes["X"].differences] == [
        ("Properties/A", "1", "2")
    ]


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
def test_change_is_noise_only_if_its_values_stay_the_same(details: list[Detail], certainty: Certainty) -> None:
    template = "Resources: {X: {Type: 'AWS::X::Y', Properties: {A: 1}}}"
    claims = change_set(claim("X", "AWS::X::Y", details=details))
    _, changes = judged(make_plan({"root.yaml": template}, deployed("small-dev", template), claims=claims))
    assert changes["X"].certainty is certainty


def test_stack_tags_reach_every_resource() -> None:
    template = "Resources: {X: {Type: 'AWS::S3::Bucket'}}"
    listed = claim("X", "AWS::S3::Bucket", details=[detail("", attribute="Tags")], scope=["Tags"])
    plan = make_plan(
        {"root.yaml": template}, deployed("small-dev", template), claims=change_set(listed), tags={"Owner": "desk"}
    )
    review, changes = judged(plan)
    assert changes["X"].certainty is Certainty.CERTAIN
    assert "tag Owner: (none) -> desk" in review_text(review)


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
    claims = change_set(*(claim(name, kind) for name, kind in kinds.items()))
    review, changes = judged(make_plan({"root.yaml": new}, deployed("small-dev", old), claims=claims))
    assert [name for name, change in changes.items() if change.iam] == ["Policy"]
    assert [name for name, change in changes.items() if change.network] == ["Rule"]
    text = review_text(review)
    assert "PolicyDocument/Statement/0/Action: s3:GetObject -> s3:*" in text.split("IAM and key policies")[1]
    assert "CidrIp: 10.0.0.0/8 -> 0.0.0.0/0" in text.split("Network")[-1]


def test_inserted_statement_is_one_difference() -> None:
    change = judged_change("{L: [{a: 1}, {b: 2}, {c: 3}]}", "{L: [{a: 1}, {c: 3}]}", "AWS::X::Y")
    assert [(diff.path, diff.before, diff.after) for diff in change.differences] == [("Properties/L/1", None, {"b": 2})]


def test_artifacts_parameters_and_settings_are_separate() -> None:
    template = (
        "Parameters: {A: {Type: String}, XArtifactKey: {Type: String}}\nResources: {X: {Type: 'AWS::SNS::Topic'}}"
    )
    before = deployed("small-dev", template, {"A": "1", "XArtifactKey": "k1"}, policy='{"Statement": []}')
    plan = make_plan({"root.yaml": template}, before, {"A": "2", "XArtifactKey": "k2"}, termination_protection=True)
    review = judge_plan(plan, replaces=judge)
    assert [(change.name, change.before, change.after) for change in review.parameters] == [("A", "1", "2")]
    assert [change.name for change in review.artifacts] == ["XArtifactKey"]
    assert [change.name for change in review.settings] == ["termination protection", "stack policy"]


def test_new_stack_lists_its_resources_with_conditions() -> None:
    claims = change_set(claim("Network", STACK, "Add", ""), claim("Database", STACK, "Add", ""))
    review = judge_plan(make_plan(TEMPLATES, claims=claims), replaces=lambda *_: pytest.fail("no resource exists yet"))
    assert count_changes(review)["add"] == 3
    text = review_text(review)
    assert "Database: + 2: 1 EC2::SecurityGroup, 1 RDS::DBCluster" in text
    assert "+ Cluster AWS::RDS::DBCluster" in review_text(review, detailed=True)


def test_warnings_of_cloudformation_come_before_the_changes() -> None:
    findings = (
        ValidationFinding("small-dev > Network", "/Resources/Address", "The quota of 5 would be exceeded"),
        ValidationFinding("small-dev", "", "the warnings could not be read", skipped=True),
    )
    review = judge_plan(make_plan(TEMPLATES, claims=replace(change_set(), warnings=findings)), replaces=judge)
    text = review_text(review)
    assert "  small-dev > Network /Resources/Address: The quota of 5 would be exceeded (R208)\n" in text
    assert text.index("CloudFormation warns") < text.index("Resources\n---")
    assert count_changes(review)["warnings"] == 1
    assert "- small-dev: not checked: the warnings could not be read (R209)\n" in review_markdown(review)


def test_no_changes_is_one_line() -> None:
    claims = change_set(status="FAILED", reason="The submitted information didn't contain changes.")
    assert "No changes: templates and parameters are those of the last deployment" in review_text(
        judge_plan(make_plan(TEMPLATES, tree(), claims=claims))
    )


def test_review_is_a_pure_function_of_the_plan() -> None:
    plan = make_plan(TEMPLATES, tree(), {"Size": "large"}, false_replacements())
    assert review_json(judge_plan(plan, replaces=judge)) == review_json(judge_plan(plan, replaces=judge))


def test_markdown_and_json_have_the_same_content() -> None:
    review = judge_plan(make_plan(TEMPLATES, tree(), {"Cidr": "10.1.0.0/16"}, false_replacements()), replaces=judge)
    document = json.loads(review_json(review))
    assert document["summary"]["replace"] == 2
    assert [change["path"] for change in document["changes"] if change["replacement"] == "yes"] == [
        change.name for change in review.real if change.replacement is Replacement.CERTAIN
    ]
    text = review_markdown(review)
    assert "### Replacements" in text
    assert "`AWS::EC2::VPC` REPLACED" in text


@pytest.mark.requirement("REV-1")
def test_value_that_is_known_after_the_deployment_is_not_shown_as_a_value() -> None:
    """CloudFormation writes ``{{changeSet:KNOWN_AFTER_APPLY}}`` for it, or within it."""
    template = "Resources: {X: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: '{{resolve:ssm:/name}}'}}}"
    later = detail("DisplayName", before="old", after="{{changeSet:KNOWN_AFTER_APPLY}}")
    plan = make_plan(
        {"root.yaml": template},
        deployed("small-dev", template),
        claims=change_set(claim("X", "AWS::SNS::Topic", details=[later])),
    )
    text = review_text(judge_plan(plan))
    assert "~ X AWS::SNS::Topic [possible]" in text
    assert "DisplayName: old may change with what it refers to" in text
    assert "KNOWN_AFTER_APPLY" not in text


@pytest.mark.requirement("REV-1")
def test_missing_values_are_reported_for_the_stack_that_lacks_them() -> None:
    template = "Resources: {N: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: n.yaml}}}"
    inner = "Resources: {X: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: A}}}"
    before = deployed("small-dev", template, children={"N": deployed("n", inner)})
    child = replace(change_set(claim("X", "AWS::SNS::Topic")), incomplete="Logical Id: X, failed property validation")
    listed = change_set(claim("N", "AWS::CloudFormation::Stack", child=child))
    plan = make_plan({"root.yaml": template, "n.yaml": inner.replace("A}}}}", "B}}}}")}, before, claims=listed)
    review = judge_plan(plan)
    (gap,) = review.gaps
    assert str(gap) == "CloudFormation leaves out values in N: Logical Id: X, failed property validation (R317)"
    assert str(gap) in review_text(review)
    assert review.verdict is Verdict.LOOK
