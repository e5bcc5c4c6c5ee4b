"""ARNs of resources that a template knows by name only. If the template contains the resource, use its attribute instead."""

from __future__ import annotations

from troposphere import AWSHelperFn, Ref, Sub
from troposphere.logs import LogGroup

import cfn.text


def arn(service: str, resource: str) -> Sub:
    """An ARN in this partition, region and account; ``resource`` may contain placeholders."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def bucket(name: str) -> Sub:
    """The ARN of a bucket by name (or, with a slash, of objects); S3's ARNs have neither region nor account."""
    return Sub(f"arn:${{AWS::Partition}}:s3:::{name}")


def below(base: AWSHelperFn, suffix: str) -> Sub:
    """An ARN that begins with another one: of the objects in a bucket, or the streams in a log group."""
    return Sub(placeholder(base) + suffix)


def log_group(group: LogGroup) -> Sub:
    """The ARN of a log group without the ending ``:*`` of its attribute, which API Gateway and WAF reject."""
    return arn("logs", f"log-group:{placeholder(Ref(group))}")


def placeholder(value: AWSHelperFn) -> str:
    """The text of a reference or an attribute inside ``Fn::Sub``: ``${RestApi}``, ``${Bucket.Arn}``.

    Raises:
        TypeError: the value is neither.
    """
    text = cfn.text.placeholder(value.to_dict())
    if text is None:
        raise TypeError(f"Expected a Ref or a GetAtt, not {value!r}.")
    return text
