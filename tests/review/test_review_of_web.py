"""What a review reports of instances, their scripts, dynamic references and names in use."""

from __future__ import annotations

import pytest

from review.comparison.replacement import Replacement
from review.findings import general
from review.formats.render import review_text
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource
from review.judgement.verdict import judge_plan
from review.plan.model import Change, Plan
from tests.review.support.plans import as_deployed, change_set, claim, deployed, make_plan

LAUNCH, GROUP = "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::AutoScalingGroup"
ROLLING = "AutoScalingRollingUpdate: {MaxBatchSize: 2, MinInstancesInService: 3, WaitOnResourceSignals: true}"
WEB = """
Parameters:
  Key: {Type: String, Default: web/one.zip}
  Size: {Type: String, Default: t3.large}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /images/linux}
Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: db}}
  Launch:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: web
      LaunchTemplateData:
        ImageId: !Ref Image
        InstanceType: !Ref Size
        UserData:
          Fn::Base64:
            Fn::Join:
              - ""
              - - "#!/bin/bash\\n"
                - !Sub "export KEY='${Key}'\\n"
                - !Sub "export SECRET='${Secret}'\\n"
                - "if true; then\\n    start\\nfi\\n"
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    UpdatePolicy: {POLICY}
    Properties:
      AutoScalingGroupName: web
      MaxSize: "4"
      MinSize: "2"
      LaunchTemplate: {LaunchTemplateId: !Ref Launch, Version: !GetAtt Launch.LatestVersionNumber}
""".replace("POLICY", ROLLING)


def judged(plan: Plan) -> tuple[Review, dict[str, ReviewedResource]]:
    review = judge_plan(plan)
    return review, {change.name: change for change in review.changes}


def update(
    after: str, before: str = WEB, *more: Change, **parameters: str
) -> tuple[Review, dict[str, ReviewedResource]]:
    claims = change_set(claim("Launch", LAUNCH), claim("Group", GROUP), *more)
    return judged(make_plan({"root.yaml": after}, as_deployed({"r": before}, "r", {}), parameters, claims))


@pytest.mark.requirement("X-WEB-1")
def test_changed_user_data_is_shown_as_lines() -> None:
    """The review showed one long string in base64, in which a reader cannot see a change."""
    review, changes = update(WEB.replace("    start\\n", "    start --fast\\n"), Key="web/two.zip")
    assert changes["Launch"].replacement is Replacement.NO
    text = review_text(review)
    lines = [line.strip() for line in text.splitlines()]
    assert "LaunchTemplateData/UserData: these lines change" in lines
    for line in ("-export KEY='web/one.zip'", "+export KEY='web/two.zip'", "-    start", "+    start --fast"):
        assert line in lines
    assert "${Secret}" in text, "what is not known keeps its name"
    assert "IyEvYmlu" not in text, "the beginning of the script in base64"


@pytest.mark.requirement("X-WEB-1")
def test_new_launch_template_replaces_instances() -> None:
    review, changes = update(WEB, Size="t3.xlarge")
    group = changes["Group"]
    assert (group.certainty, group.replacement) == (Certainty.CERTAIN, Replacement.NO)
    pace = "2 at a time, 3 kept in service, waiting up to PT5M for the signal of each"
    assert str(group.instances[0]) == f"its instances will be replaced, {pace} (R205)"
    assert f"Group {GROUP}: its instances will be replaced" in review_text(review)


@pytest.mark.parametrize(
    ("policy", "text", "replacement"),
    [
        (
            "AutoScalingReplacingUpdate: {WillReplace: true}",
            "a new group with new instances takes",
            Replacement.CERTAIN,
        ),
        ("AutoScalingReplacingUpdate: {WillReplace: false}", "it has no UpdatePolicy", Replacement.NO),
        ("AutoScalingInstanceRefresh: {Strategy: Rolling}", "an instance refresh will replace", Replacement.NO),
        (
            "AutoScalingRollingUpdate: {}",
            "replaced, 1 at a time, 0 kept in service, without waiting for signals",
            Replacement.NO,
        ),
        ("AutoScalingScheduledAction: {}", "running instances stay as they are", Replacement.NO),
    ],
)
def test_update_policy_decides_what_happens_to_instances(policy: str, text: str, replacement: Replacement) -> None:
    template = WEB.replace(ROLLING, policy)
    _, changes = update(template, template, Size="t3.xlarge")
    assert text in str(changes["Group"].instances[0])
    assert changes["Group"].replacement is replacement
    assert bool(changes["Group"].obstacles) is (replacement is Replacement.CERTAIN), "two groups would have one name"


def test_group_that_only_grows_replaces_no_instance() -> None:
    _, changes = update(WEB.replace('MaxSize: "4"', 'MaxSize: "6"'))
    assert changes["Group"].certainty is Certainty.CERTAIN
    assert not changes["Group"].instances


def test_image_is_compared_by_the_value_of_its_ssm_parameter() -> None:
    """A deployed stack has the image, a parameter file the SSM parameter's name: every plan showed another image."""
    before = as_deployed({"r": WEB}, "r", {"Image": "ami-1"})
    for image, busy in (("ami-1", False), ("ami-2", True)):
        claims = change_set(claim("Launch", LAUNCH), claim("Group", GROUP))
        claims.__dict__["parameters"] = {"Image": image}
        review, changes = judged(make_plan({"root.yaml": WEB}, before, claims=claims))
        assert [change.after for change in review.parameters] == ([image] if busy else [])
        assert (changes["Launch"].certainty is Certainty.CERTAIN) is busy
        assert bool(changes["Group"].instances) is busy


RULE = """
Resources:
  Header: {Type: AWS::SecretsManager::Secret, Properties: {Name: header}}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: l
      Conditions: [{HttpHeaderConfig: {Values: [!Sub "{{resolve:secretsmanager:${Header}:SecretString:STAGE}}"]}}]
"""


@pytest.mark.requirement("X-ALB-1")
def test_reference_to_a_secret_is_shown_unresolved() -> None:
    before, after = RULE.replace(":STAGE", ""), RULE.replace("STAGE", ":AWSPENDING")
    claims = change_set(claim("Rule", "AWS::ElasticLoadBalancingV2::ListenerRule"))
    review, _ = judged(make_plan({"root.yaml": after}, as_deployed({"r": before}, "r", {}), claims=claims))
    lines = [line.strip() for line in review_text(review).splitlines()]
    assert "-{{resolve:secretsmanager:${Header}:SecretString}}" in lines
    assert "+{{resolve:secretsmanager:${Header}:SecretString::AWSPENDING}}" in lines


@pytest.mark.parametrize(
    ("kind", "properties", "change_of", "name"),
    [
        ("ElasticLoadBalancingV2::LoadBalancer", "{Name: a, Scheme: internal}", "internet-facing", "Name"),
        ("ElasticLoadBalancingV2::TargetGroup", "{Name: a, Port: 8080}", "9090", "Name"),
        ("IAM::InstanceProfile", "{InstanceProfileName: a, Path: /, Roles: [r]}", "/x/", "InstanceProfileName"),
        ("WAFv2::WebACL", "{Name: a, Scope: REGIONAL}", "CLOUDFRONT", "Name"),
    ],
)
def test_replacement_of_named_types_of_the_web_is_an_obstacle(
    kind: str, properties: str, change_of: str, name: str
) -> None:
    old = {"internet-facing": "internal", "9090": "8080", "/x/": "/,", "CLOUDFRONT": "REGIONAL"}[change_of]
    after = properties.replace(old, f"{change_of}{',' if old.endswith(',') else ''}")
    templates = [f"Resources: {{X: {{Type: 'AWS::{kind}', Properties: {text}}}}}" for text in (properties, after)]
    claims = change_set(claim("X", f"AWS::{kind}", replacement="True"))
    review, changes = judged(make_plan({"root.yaml": templates[1]}, deployed("s", templates[0]), claims=claims))
    assert changes["X"].obstacles == (general.NAME_STAYS.remark(property=name),)
    assert review.obstacles


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("EC2::LaunchTemplate", "{LaunchTemplateName: web, LaunchTemplateData: {}}"),
        ("CloudFront::OriginAccessControl", "{OriginAccessControlConfig: {Name: web}}"),
        ("SecretsManager::Secret", "{Name: web}"),
        ("AutoScaling::AutoScalingGroup", "{AutoScalingGroupName: web, MaxSize: '1', MinSize: '1'}"),
    ],
)
def test_name_of_another_logical_id_is_an_obstacle(kind: str, properties: str) -> None:
    """CloudFormation creates the resource under its new logical id before it deletes the old one."""
    before, after = (
        f"Resources: {{{key}: {{Type: 'AWS::{kind}', Properties: {properties}}}}}" for key in ("Old", "New")
    )
    claims = change_set(claim("Old", f"AWS::{kind}", "Remove"), claim("New", f"AWS::{kind}", "Add"))
    review, changes = judged(make_plan({"root.yaml": after}, deployed("s", before), claims=claims))
    (obstacle,) = changes["New"].obstacles
    assert obstacle is not None
    assert obstacle.code == "R102"
    assert obstacle.sentence.startswith("Old has its name")
    assert [change.name for change in review.obstacles] == ["New"]


def test_name_that_moves_to_another_nested_stack_is_an_obstacle() -> None:
    table = "Table: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: trades}}"
    topic = "Topic: {Type: 'AWS::SNS::Topic'}"
    root = "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: a.yaml}}, B: {Type: "
    root += "'AWS::CloudFormation::Stack', Properties: {TemplateURL: b.yaml}}}"
    before = {"root.yaml": root, "a.yaml": f"Resources: {{{table}}}", "b.yaml": f"Resources: {{{topic}}}"}
    after = {**before, "a.yaml": before["b.yaml"], "b.yaml": before["a.yaml"]}
    _, changes = judged(make_plan(after, as_deployed(before, "root.yaml", {})))
    (obstacle,) = changes["B/Table"].obstacles
    assert obstacle is not None
    assert obstacle.code == "R102"
    assert obstacle.sentence.startswith("A/Table has its name")


def test_new_resource_with_a_name_of_its_own_has_no_obstacle() -> None:
    before = "Resources: {Old: {Type: 'AWS::SNS::Topic', Properties: {TopicName: a}}}"
    after = before.replace("Old:", "New:").replace("TopicName: a", "TopicName: b")
    _, changes = judged(make_plan({"root.yaml": after}, deployed("s", before)))
    assert not changes["New"].obstacles


@pytest.mark.parametrize(
    ("kind", "before", "after", "iam", "network"),
    [
        ("ElasticLoadBalancingV2::LoadBalancer", "{Subnets: [a, b]}", "{Subnets: [a, c]}", False, True),
        ("ElasticLoadBalancingV2::LoadBalancer", "{IdleTimeout: 1}", "{IdleTimeout: 2}", False, False),
        ("CloudFront::Distribution", "{DistributionConfig: {Enabled: true}}", "{DistributionConfig: {}}", False, True),
        (
            "EC2::LaunchTemplate",
            "{LaunchTemplateData: {IamInstanceProfile: {Arn: a}}}",
            "{LaunchTemplateData: {IamInstanceProfile: {Arn: b}}}",
            True,
            False,
        ),
        (
            "EC2::LaunchTemplate",
            "{LaunchTemplateData: {MetadataOptions: {HttpTokens: required}}}",
            "{LaunchTemplateData: {MetadataOptions: {HttpTokens: optional}}}",
            True,
            False,
        ),
    ],
)
def test_access_to_the_web_is_listed_in_its_chapter(
    kind: str, before: str, after: str, iam: bool, network: bool
) -> None:
    old, new = (f"Resources: {{X: {{Type: 'AWS::{kind}', Properties: {text}}}}}" for text in (before, after))
    claims = change_set(claim("X", f"AWS::{kind}"))
    _, changes = judged(make_plan({"root.yaml": new}, deployed("s", old), claims=claims))
    assert (changes["X"].iam, changes["X"].network) == (iam, network)
