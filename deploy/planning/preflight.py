"""What the parameters name has to be in the account: asked before anything is packaged, in two calls that only read.

CloudFormation finds out itself, by a rollback: of a prefix list of another region after minutes, of a certificate that is
not there when the database has been made already. What its own validation of a change set knows (names that are taken,
quotas, a second recorder) is not asked here: see ``validations``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn.errors import Fault
from deploy.errors import AccountError
from deploy.session import DENIED, Aws, code_of

CERTIFICATE, DOMAIN = "CertificateArn", "DomainName"
# AWS's own lists have an id for each region; their names are those that DescribeManagedPrefixLists gives:
# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
PREFIX_LISTS = {
    "S3PrefixListId": "com.amazonaws.{region}.s3",
    "DynamoDBPrefixListId": "com.amazonaws.{region}.dynamodb",
    "CloudFrontPrefixListId": "com.amazonaws.global.cloudfront.origin-facing",
}


@dataclass(frozen=True)
class _Asked:
    """One question: the permission that it takes, and what answers it."""

    permission: str
    answer: Callable[[Aws, Mapping[str, str], str], Iterator[Fault]]


def check(aws: Aws, values: Mapping[str, str], shown: str) -> tuple[str, ...]:
    """Compare the parameters with the account; what could not be asked for want of a permission, in a sentence each.

    ``shown`` is the parameter file's path in the faults. Raises AccountError with all of them, and botocore's errors.
    """
    faults: list[Fault] = []
    left: list[str] = []
    for asked in (
        _Asked("acm:DescribeCertificate", _certificate),
        _Asked("ec2:DescribeManagedPrefixLists", _prefix_lists),
    ):
        try:
            faults += asked.answer(aws, values, shown)
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            left.append(f"These credentials may not call {asked.permission}, so what it would tell is not checked.")
    if faults:
        raise AccountError(faults)
    return tuple(left)


def _certificate(aws: Aws, values: Mapping[str, str], shown: str) -> Iterator[Fault]:
    arn, host = values.get(CERTIFICATE, ""), values.get(DOMAIN, "")
    if not arn:
        return

    def fault(what: str, do: str) -> Fault:
        return Fault(shown, CERTIFICATE, what, do)

    try:
        found = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "InvalidArnException", "ValidationException"):
            raise
        yield fault(f"ACM has no {arn} in {aws.region}.", "Request or import one there, and set its ARN.")
        return
    if found.get("Status") != "ISSUED":
        yield fault(f"ACM says that it is {found.get('Status')}.", "Finish its validation, then plan again.")
    names = [found.get("DomainName", ""), *found.get("SubjectAlternativeNames", [])]
    if host and not any(_covers(name, host) for name in names):
        held = ", ".join(dict.fromkeys(names))
        yield fault(f"It is for {held}, not for {DOMAIN} {host}.", "Correct one of the two.")


def _covers(name: str, host: str) -> bool:
    """Whether a name in a certificate is the host's: itself, or a wildcard for its first label."""
    return host.lower() in (name.lower(), f"{host.partition('.')[0]}{name[1:]}".lower() if name[:2] == "*." else "")


def _prefix_lists(aws: Aws, values: Mapping[str, str], shown: str) -> Iterator[Fault]:
    wanted = {key: name.format(region=aws.region) for key, name in PREFIX_LISTS.items() if values.get(key)}
    if not wanted:
        return
    found = _ids(aws.client("ec2"), sorted(wanted.values()))
    for key, name in wanted.items():
        known = found.get(name)
        if known is None:
            yield Fault(shown, key, f"AWS has no prefix list {name} in {aws.region}.", "Correct the region.")
        elif values[key] not in known:
            what = f"{values[key]} is not {name} in {aws.region}."
            yield Fault(shown, key, what, f"Set it to {' or '.join(known)}.")


def _ids(ec2: Any, names: list[str]) -> dict[str, list[str]]:
    """The ids of prefix lists of AWS, by name."""
    found: dict[str, list[str]] = {}
    filters = [{"Name": "prefix-list-name", "Values": names}, {"Name": "owner-id", "Values": ["AWS"]}]
    for page in ec2.get_paginator("describe_managed_prefix_lists").paginate(Filters=filters):
        for entry in page["PrefixLists"]:
            found.setdefault(entry["PrefixListName"], []).append(entry["PrefixListId"])
    return found
