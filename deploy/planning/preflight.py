"""Checks that the account has what the parameters name, before anything is packaged, in two calls that only read.

CloudFormation finds such a fault too, by a rollback: of a prefix list of another region after minutes, of a missing
certificate after it has created the database. What its own validation of a change set checks (names in use, quotas, a
second recorder) is not checked here: see ``validations``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.errors import AccountError
from deploy.session import DENIED, Aws, code_of

CERTIFICATE, DOMAIN = "CertificateArn", "DomainName"
# AWS's own lists have an id in each region, under the names that DescribeManagedPrefixLists returns:
# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
PREFIX_LISTS = {
    "S3PrefixListId": "com.amazonaws.{region}.s3",
    "DynamoDBPrefixListId": "com.amazonaws.{region}.dynamodb",
    "CloudFrontPrefixListId": "com.amazonaws.global.cloudfront.origin-facing",
}


def check_account(aws: Aws, values: Mapping[str, str], file: str) -> tuple[str, ...]:
    """Compare the parameters with the account.

    Args:
        aws: The account and region.
        values: The value of every parameter.
        file: The parameter file, for the faults.

    Returns:
        A sentence for each check that the caller's permissions do not allow.

    Raises:
        AccountError: The account lacks something; the error lists all faults.
        ClientError: AWS rejects a call for another reason than a missing permission.
    """
    faults: list[Fault] = []
    unchecked: list[str] = []
    for permission, check in _CHECKS.items():
        try:
            faults += check(aws, values, file)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            unchecked.append(f"These credentials may not call {permission}, so its answer is not checked.")
    if faults:
        raise AccountError(faults)
    return tuple(unchecked)


def _check_certificate(aws: Aws, values: Mapping[str, str], file: str) -> Iterator[Fault]:
    arn, host = values.get(CERTIFICATE, ""), values.get(DOMAIN, "")
    if not arn:
        return
    try:
        certificate = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "InvalidArnException", "ValidationException"):
            raise
        what = f"ACM has no {arn} in {aws.region}."
        yield Fault(file, CERTIFICATE, what, "Request or import one there, and set its ARN.")
        return
    if certificate.get("Status") != "ISSUED":
        what = f"Its status in ACM is {certificate.get('Status')}."
        yield Fault(file, CERTIFICATE, what, "Finish its validation, then plan again.")
    names = [certificate.get("DomainName", ""), *certificate.get("SubjectAlternativeNames", [])]
    if host and not any(_covers(name, host) for name in names):
        what = f"It is for {', '.join(dict.fromkeys(names))}, not for {DOMAIN} {host}."
        yield Fault(file, CERTIFICATE, what, "Correct one of the two.")


def _covers(name: str, host: str) -> bool:
    """Whether a name in a certificate covers the host: the host itself, or a wildcard for its first label."""
    wildcard_match = f"{host.partition('.')[0]}{name[1:]}" if name.startswith("*.") else ""
    return host.lower() in (name.lower(), wildcard_match.lower())


def _check_prefix_lists(aws: Aws, values: Mapping[str, str], file: str) -> Iterator[Fault]:
    list_names = {key: name.format(region=aws.region) for key, name in PREFIX_LISTS.items() if values.get(key)}
    if not list_names:
        return
    ids = _prefix_list_ids(aws.client("ec2"), sorted(list_names.values()))
    for key, name in list_names.items():
        if name not in ids:
            yield Fault(file, key, f"AWS has no prefix list {name} in {aws.region}.", "Correct the region.")
        elif values[key] not in ids[name]:
            what = f"{values[key]} is not {name} in {aws.region}."
            yield Fault(file, key, what, f"Set it to {' or '.join(ids[name])}.")


def _prefix_list_ids(ec2: Any, names: list[str]) -> dict[str, list[str]]:
    """The ids of AWS's prefix lists, by name."""
    ids: dict[str, list[str]] = {}
    filters = [{"Name": "prefix-list-name", "Values": names}, {"Name": "owner-id", "Values": ["AWS"]}]
    for page in ec2.get_paginator("describe_managed_prefix_lists").paginate(Filters=filters):
        for entry in page["PrefixLists"]:
            ids.setdefault(entry["PrefixListName"], []).append(entry["PrefixListId"])
    return ids


# The permission that a check needs, and the check.
_CHECKS: Mapping[str, Callable[[Aws, Mapping[str, str], str], Iterator[Fault]]] = {
    "acm:DescribeCertificate": _check_certificate,
    "ec2:DescribeManagedPrefixLists": _check_prefix_lists,
}
