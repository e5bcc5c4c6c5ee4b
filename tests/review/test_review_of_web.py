"""What a review says of instances, their scripts, dynamic references and names that are taken."""

from __future__ import annotations

import pytest

from review.judgement import Certainty
from review.model import Change, Plan
from review.render import (
    MAX_LINES,
    review_text,
)
from review.replacement import Replacement
from review.verdict import Review, ReviewedResource, judge_plan
from tests.review.support.pairs import as_deployed, change, change_set, deployed, plan

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


def judged(made: Plan) -> tuple[Review, dict[str, ReviewedResource]]:
    seen = judge_plan(made)
    return seen, {one.name: one for one in seen.changes}


def update(
    after: str, before: str = WEB, *more: Change, **parameters: str
) -> tuple[Review, dict[str, ReviewedResource]]:
    service = change_set(change("Launch", LAUNCH), change("Group", GROUP), *more)
    return judged(plan({"root.yaml": after}, as_deployed({"r": before}, "r", {}), parameters, service))


@pytest.mark.requirement("X-WEB-1")
def test_user_data_that_changes_is_shown_as_lines() -> None:
    """It was one long string in base64, in which nobody sees what changes."""
    seen, changes = update(WEB.replace("    start\\n", "    start --fast\\n"), Key="web/two.zip")
    assert changes["Launch"].replacement is Replacement.NO
    said = review_text(seen)
    shown = [line.strip() for line in said.splitlines()]
    assert "LaunchTemplateData/UserData: these lines change" in shown
    for line in ("-export KEY='web/one.zip'", "+export KEY='web/two.zip'", "-    start", "+    start --fast"):
        assert line in shown
    assert "${Secret}" in said, "what is not known keeps its name"
    assert "IyEvYmlu" not in said, "the beginning of the script in base64"


@pytest.mark.requirement("X-WEB-1")
def test_new_launch_template_says_that_instances_are_replaced() -> None:
    seen, changes = update(WEB, Size="t3.xlarge")
    group = changes["Group"]
    assert (group.certainty, group.replacement) == (Certainty.CERTAIN, Replacement.NO)
    pace = "2 at a time, 3 kept in service, waiting up to PT5M for the signal of each"
    assert group.consequence == f"its instances will be replaced, {pace}"
    assert f"Group {GROUP}: its instances will be replaced" in review_text(seen)


@pytest.mark.parametrize(
    ("policy", "said", "replacement"),
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
def test_update_policy_decides_what_becomes_of_instances(policy: str, said: str, replacement: Replacement) -> None:
    template = WEB.replace(ROLLING, policy)
    _, changes = update(template, template, Size="t3.xlarge")
    assert said in (changes["Group"].consequence or "")
    assert changes["Group"].replacement is replacement
    assert bool(changes["Group"].obstacle) is (replacement is Replacement.CERTAIN), "two groups would have one name"


def test_group_that_only_grows_replaces_no_instance() -> None:
    _, changes = update(WEB.replace('MaxSize: "4"', 'MaxSize: "6"'))
    assert changes["Group"].certainty is Certainty.CERTAIN
    assert changes["Group"].consequence is None


def test_image_is_compared_by_what_its_public_parameter_holds() -> None:
    """Deployed stacks tell what was found, parameter files the parameter's name: every plan showed another image."""
    before = as_deployed({"r": WEB}, "r", {"Image": "ami-1"})
    for found, busy in (("ami-1", False), ("ami-2", True)):
        service = change_set(change("Launch", LAUNCH), change("Group", GROUP))
        service.__dict__["parameters"] = {"Image": found}
        seen, changes = judged(plan({"root.yaml": WEB}, before, service=service))
        assert [one.after for one in seen.parameters] == ([found] if busy else [])
        assert (changes["Launch"].certainty is Certainty.CERTAIN) is busy
        assert bool(changes["Group"].consequence) is busy


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
def test_reference_to_a_secret_is_shown_as_it_stands() -> None:
    before, after = RULE.replace(":STAGE", ""), RULE.replace("STAGE", ":AWSPENDING")
    service = change_set(change("Rule", "AWS::ElasticLoadBalancingV2::ListenerRule"))
    seen, _ = judged(plan({"root.yaml": after}, as_deployed({"r": before}, "r", {}), service=service))
    said = review_text(seen)
    assert "{{resolve:secretsmanager:${Header}:SecretString}} -> {{resolve:secretsmanager:${Header}:" in said
    assert "SecretString::AWSPENDING}}" in said


@pytest.mark.parametrize(
    ("kind", "properties", "change_of", "name"),
    [
        ("ElasticLoadBalancingV2::LoadBalancer", "{Name: a, Scheme: internal}", "internet-facing", "Name"),
        ("ElasticLoadBalancingV2::TargetGroup", "{Name: a, Port: 8080}", "9090", "Name"),
        ("IAM::InstanceProfile", "{InstanceProfileName: a, Path: /, Roles: [r]}", "/x/", "InstanceProfileName"),
        ("WAFv2::WebACL", "{Name: a, Scope: REGIONAL}", "CLOUDFRONT", "Name"),
    ],
)
def test_replacement_of_named_types_of_the_web_is_told_before_it_fails(
    kind: str, properties: str, change_of: str, name: str
) -> None:
    old = {"internet-facing": "internal", "9090": "8080", "/x/": "/,", "CLOUDFRONT": "REGIONAL"}[change_of]
    after = properties.replace(old, f"{change_of}{',' if old.endswith(',') else ''}")
    templates = [f"Resources: {{X: {{Type: 'AWS::{kind}', Properties: {text}}}}}" for text in (properties, after)]
    service = change_set(change("X", f"AWS::{kind}", replacement="True"))
    seen, changes = judged(plan({"root.yaml": templates[1]}, deployed("s", templates[0]), service=service))
    assert (
        changes["X"].obstacle == f"it is to be replaced but keeps its {name}; give it another name in the same change"
    )
    assert seen.obstacles


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("EC2::LaunchTemplate", "{LaunchTemplateName: web, LaunchTemplateData: {}}"),
        ("CloudFront::OriginAccessControl", "{OriginAccessControlConfig: {Name: web}}"),
        ("SecretsManager::Secret", "{Name: web}"),
        ("AutoScaling::AutoScalingGroup", "{AutoScalingGroupName: web, MaxSize: '1', MinSize: '1'}"),
    ],
)
def test_name_that_another_logical_id_has_today_is_told_before_it_fails(kind: str, properties: str) -> None:
    """CloudFormation makes the resource under its new logical id before it deletes the one under the old."""
    before, after = (
        f"Resources: {{{key}: {{Type: 'AWS::{kind}', Properties: {properties}}}}}" for key in ("Old", "New")
    )
    service = change_set(change("Old", f"AWS::{kind}", "Remove"), change("New", f"AWS::{kind}", "Add"))
    seen, changes = judged(plan({"root.yaml": after}, deployed("s", before), service=service))
    assert "Old has its name" in (changes["New"].obstacle or "")
    assert [one.name for one in seen.obstacles] == ["New"]


def test_name_that_moves_to_another_nested_stack_is_told_too() -> None:
    table = "Table: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: trades}}"
    topic = "Topic: {Type: 'AWS::SNS::Topic'}"
    root = "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: a.yaml}}, B: {Type: "
    root += "'AWS::CloudFormation::Stack', Properties: {TemplateURL: b.yaml}}}"
    before = {"root.yaml": root, "a.yaml": f"Resources: {{{table}}}", "b.yaml": f"Resources: {{{topic}}}"}
    after = {**before, "a.yaml": before["b.yaml"], "b.yaml": before["a.yaml"]}
    made = plan(after, as_deployed(before, "root.yaml", {}))
    _, changes = judged(made)
    assert "A/Table has its name" in (changes["B/Table"].obstacle or "")


def test_new_resource_with_a_name_of_its_own_has_no_obstacle() -> None:
    before = "Resources: {Old: {Type: 'AWS::SNS::Topic', Properties: {TopicName: a}}}"
    after = before.replace("Old:", "New:").replace("TopicName: a", "TopicName: b")
    _, changes = judged(plan({"root.yaml": after}, deployed("s", before)))
    assert changes["New"].obstacle is None


def test_long_script_is_cut() -> None:
    old, new = ("\n".join(f"{word} {number}" for number in range(100)) for word in ("old", "new"))
    texts = [f"Resources: {{L: {{Type: '{LAUNCH}', Properties: {{U: {one!r}}}}}}}" for one in (old, new)]
    texts = [text.replace("'old 0", '"old 0').replace("'new 0", '"new 0').replace("99'", '99"') for text in texts]
    seen, _ = judged(plan({"root.yaml": texts[1]}, deployed("s", texts[0]), service=change_set(change("L", LAUNCH))))
    assert f"… and {201 - MAX_LINES} more lines" in review_text(seen)


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
def test_what_opens_a_door_of_the_web_stands_in_its_chapter(
    kind: str, before: str, after: str, iam: bool, network: bool
) -> None:
    old, new = (f"Resources: {{X: {{Type: 'AWS::{kind}', Properties: {text}}}}}" for text in (before, after))
    service = change_set(change("X", f"AWS::{kind}"))
    _, changes = judged(plan({"root.yaml": new}, deployed("s", old), service=service))
    assert (changes["X"].iam, changes["X"].network) == (iam, network)
