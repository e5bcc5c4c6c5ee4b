"""What AWS would refuse is reported before anything is packaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.errors import AccountError
from deploy.planning.preflight import PERMISSIONS, check_account
from tests.deploy.support.aws import ACCOUNT, Scripted
from tests.deploy.support.preflight import subject

PROJECT = Path(__file__).resolve().parents[4]

ARN = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
HTTPS = {"CertificateArn": ARN, "DomainName": "pay.example.com"}
LISTS = {"S3PrefixListId": "pl-63a5400a", "CloudFrontPrefixListId": "pl-3b927c52"}
NAMES = {"pl-63a5400a": "com.amazonaws.us-east-1.s3", "pl-3b927c52": "com.amazonaws.global.cloudfront.origin-facing"}


def certificate(scripted: Scripted, *names: str, status: str = "ISSUED") -> None:
    held: dict[str, Any] = {"DomainName": names[0], "SubjectAlternativeNames": list(names), "Status": status}
    scripted["acm"].add_response("describe_certificate", {"Certificate": held}, {"CertificateArn": ARN})


def prefix_lists(scripted: Scripted, **ids: str) -> None:
    """Script the prefix lists: the last part of a name → the id that it has here."""
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
        check_account(subject(scripted, values))
    assert "nothing was changed" in str(caught.value)
    return [str(fault) for fault in caught.value.faults]


def test_account_is_not_called_without_names(scripted: Scripted) -> None:
    values = {"CertificateArn": "", "DomainName": "", "S3PrefixListId": "", "EnvironmentSuffix": "dev"}
    assert check_account(subject(scripted, values)) == ()


@pytest.mark.parametrize("names", [("pay.example.com",), ("example.com", "*.example.com"), ("PAY.example.com",)])
def test_good_account_has_no_fault(scripted: Scripted, names: tuple[str, ...]) -> None:
    certificate(scripted, *names)
    prefix_lists(scripted, s3="pl-63a5400a", origin_facing="pl-3b927c52")
    assert check_account(subject(scripted, {**HTTPS, **LISTS})) == ()


def test_unknown_certificate_is_a_fault_with_what_to_do(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "ResourceNotFoundException", "Could not find certificate")
    assert faults(scripted, HTTPS) == [
        f"params/small/dev.json: CertificateArn: ACM has no {ARN} in us-east-1. "
        "Request or import one there, and set its ARN."
    ]


@pytest.mark.parametrize(
    ("names", "status", "message"),
    [
        (("pay.example.com",), "PENDING_VALIDATION", "PENDING_VALIDATION"),
        (("example.com",), "ISSUED", "It is for example.com, not for DomainName pay.example.com."),
        (("*.com", "*.pay.example.com", "ay.example.com"), "ISSUED", "not for DomainName pay.example.com"),
    ],
)
def test_unusable_certificate_is_a_fault(scripted: Scripted, names: tuple[str, ...], status: str, message: str) -> None:
    certificate(scripted, *names, status=status)
    (fault,) = faults(scripted, HTTPS)
    assert message in fault


def test_prefix_lists_of_another_region_are_faults_with_the_right_ids(scripted: Scripted) -> None:
    certificate(scripted, "other.example.com")
    prefix_lists(scripted, s3="pl-6da54004")
    listed = faults(scripted, {**HTTPS, **LISTS})
    assert len(listed) == 3, "all faults at once"
    assert "pl-63a5400a is not com.amazonaws.us-east-1.s3 in us-east-1. Set it to pl-6da54004." in listed[1]
    assert "AWS has no prefix list com.amazonaws.global.cloudfront.origin-facing in us-east-1" in listed[2]


def test_check_without_permission_is_skipped_with_a_note(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "AccessDeniedException", "no", 403)
    scripted["ec2"].add_client_error("describe_managed_prefix_lists", "UnauthorizedOperation", "no", 403)
    unchecked = check_account(subject(scripted, {**HTTPS, **LISTS}))
    assert unchecked == (
        "These credentials may not call acm:DescribeCertificate, so the check of the certificate is left out.",
        "These credentials may not call ec2:DescribeManagedPrefixLists, so the check of the prefix lists is left out.",
    )


def test_a_fault_of_one_check_stops_although_another_is_denied(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "AccessDeniedException", "no", 403)
    prefix_lists(scripted, s3="pl-6da54004", origin_facing="pl-3b927c52")
    (fault,) = faults(scripted, {**HTTPS, **LISTS})
    assert "Set it to pl-6da54004." in fault


def test_another_error_than_a_denial_is_raised(scripted: Scripted) -> None:
    scripted["acm"].add_client_error("describe_certificate", "ServiceUnavailable", "no", 503)
    with pytest.raises(ClientError):
        check_account(subject(scripted, HTTPS))


def test_the_docs_list_every_permission() -> None:
    page = (PROJECT / "docs" / "deploying.md").read_text("utf-8")
    table = page.partition("## What planning asks")[2].partition("\n## ")[0]
    assert [name for name in PERMISSIONS.values() if f"`{name}`" not in table] == []
