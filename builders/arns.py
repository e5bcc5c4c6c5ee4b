"""ARNs of resources that a template can only know by name. Where the resource is at hand, use its attribute instead."""

from __future__ import annotations

from troposphere import AWSHelperFn, Sub

from cfn.text import placeholder


def arn(service: str, resource: str) -> Sub:
    """An ARN in this partition, region and account; ``resource`` may hold ``${…}`` placeholders."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def bucket(pattern: str) -> Sub:
    """The ARN of buckets (or, with a slash, objects) by name pattern; S3's ARNs have neither region nor account."""
    return Sub(f"arn:${{AWS::Partition}}:s3:::{pattern}")


def below(base: AWSHelperFn, suffix: str) -> Sub:
    """An ARN that continues another: the objects of a bucket, the streams of a log group."""
    return Sub(_placeholder(base) + suffix)


def _placeholder(value: AWSHelperFn) -> str:
    """A reference or attribute as it stands inside ``Fn::Sub``."""
    text = placeholder(value.to_dict())
    if text is None:
        raise TypeError(f"an ARN continues a Ref or a GetAtt, not {value!r}")
    return text
