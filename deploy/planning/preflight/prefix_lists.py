"""AWS's own prefix lists: the ids that the parameters name are those of the region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfn.errors import Fault
from deploy.planning.preflight.subject import Finding, Subject

# AWS's own lists have an id in each region, under the names that DescribeManagedPrefixLists returns:
# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
PREFIX_LISTS = {
    "S3PrefixListId": "com.amazonaws.{region}.s3",
    "DynamoDBPrefixListId": "com.amazonaws.{region}.dynamodb",
    "CloudFrontPrefixListId": "com.amazonaws.global.cloudfront.origin-facing",
}


def check_prefix_lists(subject: Subject) -> Iterator[Finding]:
    """Compare the ids with those of AWS's lists, in one call."""
    region, values = subject.aws.region, subject.values
    list_names = {key: name.format(region=region) for key, name in PREFIX_LISTS.items() if values.get(key)}
    if not list_names:
        return
    ids = _ids_by_name(subject.aws.client("ec2"), sorted(list_names.values()))
    for key, name in list_names.items():
        if name not in ids:
            yield Fault(subject.file, key, f"AWS has no prefix list {name} in {region}.", "Correct the region.")
        elif values[key] not in ids[name]:
            what = f"{values[key]} is not {name} in {region}."
            yield Fault(subject.file, key, what, f"Set it to {' or '.join(ids[name])}.")


def _ids_by_name(ec2: Any, names: list[str]) -> dict[str, list[str]]:
    """The ids of AWS's prefix lists, by name."""
    ids: dict[str, list[str]] = {}
    filters = [{"Name": "prefix-list-name", "Values": names}, {"Name": "owner-id", "Values": ["AWS"]}]
    for page in ec2.get_paginator("describe_managed_prefix_lists").paginate(Filters=filters):
        for entry in page["PrefixLists"]:
            ids.setdefault(entry["PrefixListName"], []).append(entry["PrefixListId"])
    return ids
