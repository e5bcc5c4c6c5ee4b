"""Values that flow from a resource which changes in place: what follows is shown, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cfn.marks import State
from cfn.parameters import filled_by_packaging, load_parameters, with_defaults
from cfn.templates import load_templates
from review.comparison.replacement import Replacement
from review.formats.render import review_text
from review.judgement.judgement import Certainty
from review.judgement.reviewed import Review, ReviewedResource
from review.judgement.verdict import judge_plan
from review.plan.model import Change, ChangeSet, Detail
from tests.review.support.plans import as_deployed, change_set, claim, deployed, detail, everything_replaced, make_plan

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.requirement("REV-1")
STACK = "AWS::CloudFormation::Stack"


def judged(before: str, after: str, *changes: Change) -> tuple[Review, dict[str, ReviewedResource]]:
    deployed = as_deployed({"root.yaml": before}, "root.yaml", {})
    review = judge_plan(make_plan({"root.yaml": after}, deployed, claims=change_set(*changes)))
    return review, {change.name: change for change in review.changes}


def from_attribute(name: str, recreation: str = "Always") -> Detail:
    return detail(name, recreation, "Dynamic", "ResourceAttribute")


# ---- a port ---------------------------------------------------------------------------------------------------------

DOOR = """
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-postgresql, Port: 5432, BackupRetentionPeriod: 1}
  DoorToCluster:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      GroupId: sg-0123456789abcdef0
      IpProtocol: tcp
      CidrIp: 10.0.0.0/16
      FromPort: !GetAtt Cluster.Endpoint.Port
      ToPort: !GetAtt Cluster.Endpoint.Port
"""
CLUSTER_CHANGES = claim("Cluster", "AWS::RDS::DBCluster", details=[detail("Port")])
DOOR_IS_REPLACED = claim(
    "DoorToCluster",
    "AWS::EC2::SecurityGroupIngress",
    replacement="True",
    details=[from_attribute("FromPort"), from_attribute("ToPort")],
)


def test_port_of_a_cluster_that_changes_replaces_the_rule_that_takes_it() -> None:
    """The review had called the replacement false, and had not shown the rule."""
    after = DOOR.replace("Port: 5432", "Port: 6543")
    review, changes = judged(DOOR, after, CLUSTER_CHANGES, DOOR_IS_REPLACED)
    door = changes["DoorToCluster"]
    assert (door.certainty, door.replacement) == (Certainty.CERTAIN, Replacement.CERTAIN)
    assert [(change.path, change.before, change.after, change.state) for change in door.differences] == [
        ("Properties/FromPort", 5432, 6543, State.CHANGED),
        ("Properties/ToPort", 5432, 6543, State.CHANGED),
    ]
    assert "DoorToCluster AWS::EC2::SecurityGroupIngress REPLACED by FromPort, ToPort" in review_text(review)


def test_port_that_stays_replaces_nothing() -> None:
    after = DOOR.replace("BackupRetentionPeriod: 1", "BackupRetentionPeriod: 7")
    _, changes = judged(DOOR, after, CLUSTER_CHANGES, DOOR_IS_REPLACED)
    assert changes["DoorToCluster"].certainty is Certainty.NOISE


def test_port_that_one_template_does_not_state_may_change() -> None:
    """It may be the default of the engine."""
    _, changes = judged(DOOR, DOOR.replace("Port: 5432, ", ""), CLUSTER_CHANGES, DOOR_IS_REPLACED)
    door = changes["DoorToCluster"]
    assert (door.certainty, door.replacement) == (Certainty.POSSIBLE, Replacement.POSSIBLE)


def test_port_under_a_condition_may_change() -> None:
    old, new = (
        DOOR.replace("Port: 5432", f"Port: !If [Own, {port}, !Ref 'AWS::NoValue']").replace(
            "\nResources", '\nConditions: {Own: !Equals ["a", "a"]}\nResources'
        )
        for port in ("5432", "6543")
    )
    _, changes = judged(old, new, CLUSTER_CHANGES, DOOR_IS_REPLACED)
    assert changes["DoorToCluster"].certainty is Certainty.POSSIBLE


def test_port_of_a_replaced_cluster_stays_if_the_template_states_it() -> None:
    """The other cluster listens where the template says."""
    after = DOOR.replace("Port: 5432", "Port: 5432, DBClusterIdentifier: other")
    _, changes = judged(DOOR, after, CLUSTER_CHANGES, DOOR_IS_REPLACED)
    assert changes["Cluster"].replacement is Replacement.CERTAIN
    assert changes["DoorToCluster"].certainty is Certainty.NOISE


def test_literal_in_place_of_the_same_attribute_is_no_change() -> None:
    after = DOOR.replace("!GetAtt Cluster.Endpoint.Port", "5432")
    listed = claim("DoorToCluster", "AWS::EC2::SecurityGroupIngress", details=[from_attribute("FromPort")])
    _, changes = judged(DOOR, after, listed)
    assert changes["DoorToCluster"].certainty is Certainty.NOISE


# ---- other attributes -----------------------------------------------------------------------------------------------

TAKES = """
Resources:
  Source:
    Type: {kind}
    Properties: {properties}
  Taker:
    Type: AWS::SNS::Topic
    Properties: {{DisplayName: {value}}}
"""


@pytest.mark.parametrize(
    ("kind", "before", "after", "value", "certainty"),
    [
        ("AWS::DynamoDB::Table", "{A: 1}", "{A: 2}", "!GetAtt Source.Arn", Certainty.NOISE),
        ("AWS::DynamoDB::Table", "{A: 1}", "{A: 2}", "!GetAtt Source.StreamArn", Certainty.NOISE),
        (
            "AWS::DynamoDB::Table",
            "{StreamSpecification: {StreamViewType: KEYS_ONLY}}",
            "{StreamSpecification: {StreamViewType: NEW_IMAGE}}",
            "!GetAtt Source.StreamArn",
            Certainty.POSSIBLE,
        ),
        ("AWS::EC2::VPC", "{EnableDnsSupport: true}", "{EnableDnsSupport: false}", "!Ref Source", Certainty.NOISE),
        (
            "AWS::EC2::VPC",
            "{EnableDnsSupport: true}",
            "{EnableDnsSupport: false}",
            "!GetAtt Source.DefaultSecurityGroup",
            Certainty.NOISE,
        ),
        ("AWS::EC2::NatGateway", "{SubnetId: s, A: 1}", "{SubnetId: s, A: 2}", "!Ref Source", Certainty.NOISE),
        (
            "AWS::EC2::VPCEndpoint",
            "{SubnetIds: [a]}",
            "{SubnetIds: [a, b]}",
            "!Join [',', !GetAtt Source.NetworkInterfaceIds]",
            Certainty.POSSIBLE,
        ),
        (
            "AWS::EC2::VPCEndpoint",
            "{SubnetIds: [a]}",
            "{SubnetIds: [a, b]}",
            "!Select [0, !GetAtt Source.DnsEntries]",
            Certainty.POSSIBLE,
        ),
        ("Custom::Thing", "{A: 1}", "{A: 2}", "!Ref Source", Certainty.POSSIBLE),
        ("Custom::Thing", "{A: 1}", "{A: 2}", "!GetAtt Source.Anything", Certainty.POSSIBLE),
        ("AWS::SQS::Queue", "{DelaySeconds: 1}", "{DelaySeconds: 2}", "!GetAtt Source.QueueName", Certainty.NOISE),
        ("AWS::SSM::Parameter", "{Value: a}", "{Value: b}", "!GetAtt Source.Value", Certainty.CERTAIN),
    ],
)
def test_value_follows_its_resource(kind: str, before: str, after: str, value: str, certainty: Certainty) -> None:
    old, new = (TAKES.format(kind=kind, properties=properties, value=value) for properties in (before, after))
    listed = claim("Taker", "AWS::SNS::Topic", details=[from_attribute("DisplayName", "Never")])
    _, changes = judged(old, new, claim("Source", kind), listed)
    assert changes["Taker"].certainty is certainty


def test_expression_that_changes_to_one_that_flows_is_certain() -> None:
    """The flowing part had made the whole change, and its replacement, only possible."""
    old, new = (
        DOOR.replace("Port: 5432, ", "").replace("FromPort: !GetAtt Cluster.Endpoint.Port", f"FromPort: {value}")
        for value in ("22", "!GetAtt Cluster.Endpoint.Port")
    )
    new = new.replace("Engine: aurora-postgresql", "Engine: aurora-postgresql, Port: 6543")
    _, changes = judged(old, new, CLUSTER_CHANGES, DOOR_IS_REPLACED)
    assert changes["DoorToCluster"].replacement is Replacement.CERTAIN


# ---- an object added whole ------------------------------------------------------------------------------------------

ENDPOINT = """
Resources:
  Door:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: vpc-1, ServiceName: s, VpcEndpointType: Interface}
"""


@pytest.mark.parametrize(
    ("options", "replacement"),
    [
        ("{DnsRecordIpType: ipv4}", Replacement.NO),
        ("{DnsRecordIpType: ipv4, PrivateDnsPreference: ALL_DOMAINS}", Replacement.CERTAIN),
    ],
)
def test_object_added_whole_replaces_only_for_a_create_only_member(options: str, replacement: Replacement) -> None:
    after = ENDPOINT.replace("Type: Interface", f"Type: Interface, DnsOptions: {options}")
    _, changes = judged(ENDPOINT, after, claim("Door", "AWS::EC2::VPCEndpoint", replacement=""))
    assert changes["Door"].replacement is replacement


# ---- what CloudFormation knows better -------------------------------------------------------------------------------

REFERS = """
Resources:
  Thing:
    Type: AWS::EC2::VPCEndpoint
    Properties: {VpcId: vpc-1, ServiceName: s, PolicyDocument: a}
  Taker:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Thing}
  Next:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Sub "x-${Taker.TopicName}", DisplayName: !Ref Taker}
"""


def thing(recreation: str, replacement: str) -> Change:
    return claim(
        "Thing", "AWS::EC2::VPCEndpoint", replacement=replacement, details=[detail("PolicyDocument", recreation)]
    )


def listed_by_reference(names: Sequence[str]) -> list[Change]:
    return [
        claim(name, "AWS::SNS::Topic", details=[detail("DisplayName", "Never", "Dynamic", "ResourceReference")])
        for name in names
    ]


@pytest.mark.parametrize(
    ("recreation", "replacement", "certainty"),
    [
        ("Always", "True", Certainty.CERTAIN),
        ("Conditionally", "Conditional", Certainty.POSSIBLE),
        ("Never", "False", Certainty.NOISE),
    ],
)
def test_values_follow_a_replacement_that_only_cloudformation_knows(
    recreation: str, replacement: str, certainty: Certainty
) -> None:
    """The schema does not know the replacement. The review showed it, and called false what follows from it."""
    after = REFERS.replace("PolicyDocument: a", "PolicyDocument: b")
    _, changes = judged(REFERS, after, thing(recreation, replacement), *listed_by_reference(["Taker"]))
    assert changes["Taker"].certainty is certainty


def test_values_stay_if_cloudformation_says_that_their_resource_stays() -> None:
    after = REFERS.replace("ServiceName: s", "ServiceName: t")
    in_place = claim("Thing", "AWS::EC2::VPCEndpoint", details=[detail("ServiceName")])
    _, changes = judged(REFERS, after, in_place, *listed_by_reference(["Taker"]))
    assert changes["Thing"].replacement is Replacement.NO
    assert changes["Taker"].certainty is Certainty.NOISE


# ---- a nested template from outside of the set ----------------------------------------------------------------------

OUTSIDE = """
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://s3.amazonaws.com/b/t.yaml', Parameters: {Size: small}}
  Taker:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !GetAtt Nested.Outputs.Name}
"""


def test_parameters_of_a_nested_template_from_outside_are_compared() -> None:
    """Nothing of it was compared. CloudFormation's word for the stack and for its outputs had been called noise."""
    after = OUTSIDE.replace("small", "large")
    before = deployed("small-dev", OUTSIDE)
    listed = (claim("Nested", STACK, child=change_set()), *listed_by_reference(["Taker"]))
    review = judge_plan(make_plan({"root.yaml": after}, before, claims=change_set(*listed)))
    changes = {change.name: change for change in review.changes}
    assert [(change.path, change.before, change.after) for change in changes["Nested"].differences] == [
        ("Properties/Parameters/Size", "small", "large")
    ]
    assert changes["Nested"].certainty is Certainty.CERTAIN
    assert changes["Taker"].certainty is Certainty.POSSIBLE


# ---- the committed templates ----------------------------------------------------------------------------------------


def test_another_port_of_the_database_reaches_the_functions_of_the_trading_platform() -> None:
    """ProcessFunction and QueryFunction get another DB_PORT, in other nested stacks; both had been called noise."""
    templates = load_templates(ROOT / "templates" / "trading")
    texts = {name: template.text for name, template in templates.by_name.items()}
    root = templates.root.document
    parameters = {
        **load_parameters(ROOT / "params" / "trading" / "dev.json", root).parameters,
        **{name: f"{name}-1" for name in root["Parameters"] if filled_by_packaging(name)},
    }
    assert "Port: 5432" in texts["database.yaml"]
    before = as_deployed(texts, "root.yaml", with_defaults(root, parameters))
    claims: ChangeSet = everything_replaced(before)
    after = {**texts, "database.yaml": texts["database.yaml"].replace("Port: 5432", "Port: 6543")}
    review = judge_plan(make_plan(after, before, parameters, claims))
    ports = {
        change.logical_id: difference.after
        for change in review.real
        for difference in change.differences
        if difference.path.endswith("DB_PORT")
    }
    assert ports == {"MigrateFunction": 6543, "ProcessFunction": "6543", "QueryFunction": "6543"}
