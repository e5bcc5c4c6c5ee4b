"""E9818: the policies of buckets, queues and topics deny requests without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cfnlint.helpers import import_filename
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

_FOLDER = str(Path(__file__).parent)
policies = import_filename("_policies", _FOLDER)  # by path, as cfn-lint loads this file
texts = import_filename("_texts", _FOLDER).texts
mentions = import_filename("_texts", _FOLDER).mentions

DOCUMENT = "PolicyDocument"


class Protected(NamedTuple):
    """A type of resource, the types of its policies with the property that names it, and the actions to deny."""

    kind: str
    policies: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]


# SNS accepts no `sns:*` in a topic's policy, and only Publish carries data.
PROTECTED = (
    Protected(
        "AWS::S3::Bucket",
        (("AWS::S3::BucketPolicy", "Bucket"),),
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
    ),
    Protected(
        "AWS::SQS::Queue",
        (("AWS::SQS::QueuePolicy", "Queues"), ("AWS::SQS::QueueInlinePolicy", "Queue")),
        ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
    ),
    Protected(
        "AWS::SNS::Topic",
        (("AWS::SNS::TopicPolicy", "Topics"), ("AWS::SNS::TopicInlinePolicy", "TopicArn")),
        ("sns:Publish",),
    ),
)


class TlsStatement(CloudFormationLintRule):
    """Checks that each bucket, queue and topic has a policy in its template, and each policy the statement."""

    id = "E9818"
    shortdesc = "Buckets, queues and topics deny requests without TLS"
    description = (
        "Each bucket, queue and topic has a policy in the same template. It denies everyone, under no other condition than "
        "aws:SecureTransport false, the actions that carry data, on the whole resource: of a bucket, also on its objects."
    )
    reason = "PCI DSS 4.2.1 demands strong cryptography in transit. S3, SQS and SNS also answer over HTTP."
    source_url = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"
    tags = ["resources", "tls"]  # noqa: RUF012 - cfn-lint's own declaration
    failing_example = """
        Parameters:
          QueueUrl: {Type: String}
          QueueArn: {Type: String}
        Resources:
          QueuePolicy:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref QueueUrl]
              PolicyDocument:
                Version: '2012-10-17'
                Statement:
                  - Effect: Deny
                    Principal: '*'
                    Action: sqs:ReceiveMessage
                    Resource: !Ref QueueArn
                    Condition: {Bool: {aws:SecureTransport: 'false'}}
    """
    passing_example = failing_example.replace("sqs:ReceiveMessage", "sqs:*")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Returns a match for each resource without a policy, and for each policy without the statement."""
        return [match for protected in PROTECTED for match in _check(protected, cfn)]


def _check(protected: Protected, cfn: Template) -> Iterator[RuleMatch]:
    owners: list[tuple[Any, Any]] = []  # what a policy names, and the policy's condition
    for kind, key in protected.policies:
        for name, policy in cfn.get_resources(kind).items():
            properties = policy.get("Properties") or {}
            owners.append((properties.get(key), policy.get("Condition")))
            statements = [s for s in policies.statements(cfn.template) if s.resource == name]
            if not any(_denies_plain(statement, protected) for statement in statements):
                path: list[str | int] = [
                    "Resources",
                    name,
                    "Properties",
                    *([DOCUMENT] if DOCUMENT in properties else []),
                ]
                yield RuleMatch(path, "no statement denies everyone all that is not TLS (aws:SecureTransport)")
    for name, resource in cfn.get_resources(protected.kind).items():
        if not any(_names(owner, condition, name, resource, cfn) for owner, condition in owners):
            yield RuleMatch(["Resources", name], "no policy of this template denies requests without TLS")


def _names(owner: Any, condition: Any, name: str, resource: dict[str, Any], cfn: Template) -> bool:
    """Whether a policy is for a resource, by reference or by name, and is there whenever the resource is."""
    if condition not in (None, resource.get("Condition")):
        return False
    properties = resource.get("Properties") or {}
    own_names = texts(properties.get("BucketName", properties.get("QueueName")), cfn.template)
    return mentions(owner, name) or bool(set(own_names) & set(texts(owner, cfn.template)))


def _denies_plain(statement: Any, protected: Protected) -> bool:
    if statement.body.get("Effect") != "Deny" or "Fn::If" in statement.path:
        return False
    if ("AWS", "*") not in statement.principals() or not all(map(statement.covers, protected.actions)):
        return False
    if protected.kind == "AWS::S3::Bucket" and not _is_bucket_with_objects(statement.texts("Resource")):
        return False
    return all(_is_plain_alone(condition, statement) for condition in statement.conditions())


def _is_bucket_with_objects(resources: list[str]) -> bool:
    """Whether the bucket itself and all its objects are there: ``${Bucket.Arn}`` and ``${Bucket.Arn}/*``."""
    return "*" in resources or any(f"{text}/*" in resources for text in resources)


def _is_plain_alone(condition: dict[str, Any], statement: Any) -> bool:
    """Whether the condition is aws:SecureTransport false, and nothing narrows it."""
    if len(condition) != 1 or next(iter(condition)) not in ("Bool", "BoolIfExists"):
        return False
    tests = next(iter(condition.values()))
    keys = {str(key).lower(): node for key, node in tests.items()} if isinstance(tests, dict) else {}
    return keys.keys() == {"aws:securetransport"} and texts(keys["aws:securetransport"], statement.template) == [
        "false"
    ]
