from __future__ import annotations

import pytest

from gate.rules.instance_access import InstanceAccess
from tests.gate.support.rules import run_rule

pytestmark = pytest.mark.requirement("X-WEB-1")

LAUNCH = "  It: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: {DATA}}}"
IMDS = "MetadataOptions.HttpTokens is not required, so IMDSv1 answers"
PUBLIC = "NetworkInterfaces give the instance a public address"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("MetadataOptions: {HttpTokens: required}", []),
        ("MetadataOptions: {HttpTokens: required}, NetworkInterfaces: [{AssociatePublicIpAddress: false}, {}]", []),
        ("ImageId: ami-1", [IMDS]),
        ("MetadataOptions: {HttpEndpoint: enabled}", [IMDS]),
        ("MetadataOptions: {HttpTokens: optional}", [IMDS]),
        ("MetadataOptions: {HttpTokens: !If [Old, optional, required]}", [IMDS]),
        (
            "MetadataOptions: {HttpTokens: required}, NetworkInterfaces: [{}, {AssociatePublicIpAddress: true}]",
            [PUBLIC],
        ),
        ("NetworkInterfaces: [{AssociatePublicIpAddress: !If [Open, true, !Ref 'AWS::NoValue']}]", [IMDS, PUBLIC]),
    ],
)
def test_every_arm_of_a_launch_template_is_checked(data: str, expected: list[str]) -> None:
    assert run_rule(InstanceAccess(), LAUNCH.replace("DATA", data)) == [
        ("Resources/It", message) for message in expected
    ]


def test_settings_of_an_instance_are_its_properties() -> None:
    instance = "  It: {Type: 'AWS::EC2::Instance', Properties: {MetadataOptions: {HttpTokens: TOKENS}}}"
    assert run_rule(InstanceAccess(), instance.replace("TOKENS", "required")) == []
    assert run_rule(InstanceAccess(), instance.replace("TOKENS", "optional")) == [("Resources/It", IMDS)]


def test_types_without_a_metadata_service_pass() -> None:
    assert run_rule(InstanceAccess(), "  It: {Type: 'AWS::EC2::Volume'}") == []
