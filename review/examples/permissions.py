"""Examples of the findings R6xx: what changed policies allow."""

from __future__ import annotations

from collections.abc import Mapping

from review.examples.example import Example, edited

_ROLE = """\
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::trades/*'}
"""
_BUCKET_POLICY = """\
Resources:
  Trades:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: trades
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {AWS: 'arn:aws:iam::111122223333:role/reader'}
            Action: 's3:GetObject'
            Resource: 'arn:aws:s3:::trades/*'
"""

PERMISSIONS: Mapping[str, Example] = {
    "R601": edited(_ROLE, "Action: 's3:GetObject'", "Action: ['s3:GetObject', 's3:PutObject']"),
    "R602": edited(
        _ROLE.replace(
            "Action: 's3:GetObject',", "Action: 's3:GetObject', Condition: {StringEquals: {'s3:prefix': old}},"
        ),
        "StringEquals: {'s3:prefix': old}",
        "StringNearlyEquals: {'s3:prefix': old}",
    ),
    "R603": edited(
        _ROLE, "Action: 's3:GetObject', Resource: 'arn:aws:s3:::trades/*'", "Action: 'iam:PutRolePolicy', Resource: '*'"
    ),
    "R604": edited(_BUCKET_POLICY, "Principal: {AWS: 'arn:aws:iam::111122223333:role/reader'}", "Principal: '*'"),
}
