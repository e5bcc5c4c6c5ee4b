from __future__ import annotations

import pytest

from gate.rules.instance_access import InstanceAccess
from tests.gate.support.rules import judge

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
def test_launch_template_is_judged_by_every_arm(data: str, expected: list[str]) -> None:
    assert judge(InstanceAccess(), LAUNCH.replace("DATA", data)) == [("Resources/It", said) for said in expected]


def test_instance_holds_its_settings_itself() -> None:
    instance = "  It: {Type: 'AWS::EC2::Instance', Properties: {MetadataOptions: {HttpTokens: TOKENS}}}"
    assert judge(InstanceAccess(), instance.replace("TOKENS", "required")) == []
    assert judge(InstanceAccess(), instance.replace("TOKENS", "optional")) == [("Resources/It", IMDS)]


def test_other_types_have_no_metadata_service() -> None:
    assert judge(InstanceAccess(), "  It: {Type: 'AWS::EC2::Volume'}") == []
