"""What the parameters name is looked for in the account before anything is packaged."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.errors import AccountError
from deploy.planning.preflight import check_account
from tests.deploy.support.aws import ACCOUNT, Scripted

ARN = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
HTTPS = {"CertificateArn": ARN, "DomainName": "pay.example.com"}
LISTS = {"S3PrefixListId": "pl-63a5400a", "CloudFrontPrefixListId": "pl-3b927c52"}
NAMES = {"pl-63a5400a": "com.amazonaws.us-east-1.s3", "pl-3b927c52": "com.amazonaws.global.cloudfront.origin-facing"}


def certificate(scripted: Scripted, *names: str, status: str = "ISSUED") -> None:
    held: dict[str, Any] = {"DomainName": names[0], "SubjectAlternativeNames": list(names), "Status": status}
    scripted["acm"].add_response("describe_certificate", {"Certificate": held}, {"CertificateArn": ARN})


def prefix_lists(scripted: Scripted, **ids: str) -> None:
    """ids: the name's last part → the id that it has here."""
    entries = [
        {"PrefixListId": ids[name.rpartition(".")[2].replace("-", "_")], "PrefixListName": name, "OwnerId": "AWS"}
        for name in NAMES.values()
        if name.rpartition(".")[2].replace("-", "_") in ids
    ]
    filters = [
        {"Name": "prefix-list-name", "Values": sorted(NAMES.values())},
        {"Name": "owner-id", "Values": ["AWS"]},
    ]
    scripted["ec2"].add_response("describe_managed_prefix_lists", {"PrefixLists": entries}, {"Filters": filters})


def faults(scripted: Scripted, values: dict[str, str]) -> list[str]:
    with pytest.raises(AccountError) as caught:
        check_account(scripted.aws, values, "params/transactions/prod.json")
    assert "nothing was changed" in str(caught.value)
    return [str(fault) for fault in caught.value.faults]


def test_nothing_is_asked_where_nothing_is_named(scripted: Scripted) -> None:
    values = {"CertificateArn": "", "DomainName": "", "S3PrefixListId": "", "EnvironmentSuffix": "dev"}
    assert check_account(scripted.aws, values, "dev.json") == ()


@pytest.mark.parametrize("names", [("pay.example.com",), ("example.com", "*.example.com"), ("PAY.example.com",)])
def test_a_good_account_is_good(scripted: Scripted, names: tuple[str, ...]) -> None:
    certificate(scripted, *names)
    prefix_lists(scripted, s3="pl-63a5400a", origin_facing="pl-3b927c52")
    assert check_account(scripted.aws, {**HTTPS, **LISTS}, "prod.json") == ()


def test_a_certificate_that_acm_does_not_know_is_told_with_what_to_do(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "ResourceNotFoundException", "Could not find certificate")
    assert faults(scripted, HTTPS) == [
        f"params/transactions/prod.json: CertificateArn: ACM has no {ARN} in us-east-1. "
        "Request or import one there, and set its ARN."
    ]


@pytest.mark.parametrize(
    ("names", "status", "says"),
    [
        (("pay.example.com",), "PENDING_VALIDATION", "PENDING_VALIDATION"),
        (("example.com",), "ISSUED", "It is for example.com, not for DomainName pay.example.com."),
        (("*.com", "*.pay.example.com", "ay.example.com"), "ISSUED", "not for DomainName pay.example.com"),
    ],
)
def test_a_certificate_that_will_not_do_is_told(
    scripted: Scripted, names: tuple[str, ...], status: str, says: str
) -> None:
    certificate(scripted, *names, status=status)
    (fault,) = faults(scripted, HTTPS)
    assert says in fault


def test_prefix_lists_of_another_region_are_told_with_the_right_ones(scripted: Scripted) -> None:
    certificate(scripted, "other.example.com")
    prefix_lists(scripted, s3="pl-6da54004")
    found = faults(scripted, {**HTTPS, **LISTS})
    assert len(found) == 3, "all faults at once"
    assert "pl-63a5400a is not com.amazonaws.us-east-1.s3 in us-east-1. Set it to pl-6da54004." in found[1]
    assert "AWS has no prefix list com.amazonaws.global.cloudfront.origin-facing in us-east-1" in found[2]


def test_what_may_not_be_asked_is_said_and_left(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "AccessDeniedException", "no", 403)
    scripted["ec2"].add_client_error("describe_managed_prefix_lists", "UnauthorizedOperation", "no", 403)
    left = check_account(scripted.aws, {**HTTPS, **LISTS}, "prod.json")
    assert [sentence.split(",")[0] for sentence in left] == [
        "These credentials may not call acm:DescribeCertificate",
        "These credentials may not call ec2:DescribeManagedPrefixLists",
    ]
