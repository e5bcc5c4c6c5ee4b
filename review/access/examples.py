"""Texts for requests that look familiar. The search tries them first; they have no influence on the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from review.access.engine import Access
from review.access.globs import Glob
from review.access.predicates import ACTION, BACKED, BARE, PRINCIPAL
from review.access.values import Matcher, candidates

_MOST = 64
FAMILIAR_ACTIONS = """
    cloudformation:UpdateStack cloudwatch:PutMetricData config:PutConfigRule dynamodb:DeleteItem dynamodb:GetItem
    dynamodb:DeleteTable ec2:RunInstances ec2:TerminateInstances events:PutRule execute-api:Invoke firehose:PutRecord
    iam:CreateUser iam:PassRole kinesis:GetRecords kms:Decrypt kms:CreateGrant kms:ScheduleKeyDeletion
    lambda:InvokeFunction lambda:UpdateFunctionCode logs:PutLogEvents logs:DeleteLogGroup rds:DeleteDBCluster
    rds-db:connect s3:GetObject s3:PutObject s3:DeleteObject s3:DeleteBucket secretsmanager:GetSecretValue
    secretsmanager:DeleteSecret sns:Publish sns:DeleteTopic sqs:SendMessage sqs:ReceiveMessage sqs:DeleteQueue
    ssm:GetParameter states:StartExecution sts:AssumeRole sts:TagSession wafv2:DeleteWebACL xray:PutTraceSegments
"""
_GENERAL = {
    ACTION: tuple(FAMILIAR_ACTIONS.split()),
    PRINCIPAL: (f"{BARE}AWS:arn:aws:iam::999999999999:role/example", "Service:example.amazonaws.com"),
}


def examples(policies: Iterable[Access]) -> dict[str, tuple[str, ...]]:
    """Texts by dimension: those that the policies name, and some that people know."""
    matchers: dict[str, dict[Glob | Matcher, None]] = {dimension: {} for dimension in _GENERAL}
    for policy in policies:
        for rule in (*policy.denials, *(rule for layer in policy.layers for rule in layer)):
            for predicate in rule.predicates:
                known = matchers.setdefault(predicate.dimension, {})
                known.update(dict.fromkeys(pattern.matcher for pattern in predicate.patterns))
    return {dimension: _texts(dimension, list(known)) for dimension, known in matchers.items()}


def _texts(dimension: str, matchers: Sequence[Glob | Matcher]) -> tuple[str, ...]:
    """Exact texts first, ``*`` last. The values of other families are texts that the matchers can read."""
    values = [matcher for matcher in matchers if not isinstance(matcher, Glob)]
    if values:
        return candidates(values)
    texts = {matcher.example: matcher.is_exact for matcher in matchers if isinstance(matcher, Glob)}
    exact = sorted(text for text in texts if texts[text])
    others = sorted(text for text in texts if not texts[text] and text != "*")
    named = [*exact[:_MOST], *(() if dimension == ACTION else others[:_MOST])]
    if dimension == PRINCIPAL:  # in most patterns, the sign of a principal is a wildcard
        named = [sign + text[1:] for sign in (BARE, BACKED) for text in named if "AWS:" in text] + named
    last = [*others[:_MOST]] if dimension == ACTION else []
    return (*named, *_GENERAL.get(dimension, ()), *last, *(["*"] if "*" in texts else []))
