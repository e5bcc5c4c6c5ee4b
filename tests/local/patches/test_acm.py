"""Certificates of the embedded ACM: their names, and who may use them."""

from __future__ import annotations

import pytest

from local.cloud import EmbeddedCloud
from local.demos import transactions
from local.host.certificates import self_signed
from tests.local.support.stacks import change, delete

pytestmark = pytest.mark.emulator

ARN = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
LISTENER = """
Parameters:
  CertificateArn: {Type: String}
Resources:
  Vpc: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.9.0.0/16}}
  One: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.0.0/24, AvailabilityZone: us-east-1a}}
  Two: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/24, AvailabilityZone: us-east-1b}}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internal, Subnets: [!Ref One, !Ref Two]}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 443
      Protocol: HTTPS
      Certificates: [{CertificateArn: !Ref CertificateArn}]
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "403"}}]
"""


def test_an_imported_certificate_has_the_names_in_it(cloud: EmbeddedCloud) -> None:
    acm = cloud.client("acm")
    certificate, key = self_signed("pay.example.com")
    arn = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    description = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (description["DomainName"], description["SubjectAlternativeNames"]) == (
        "pay.example.com",
        ["pay.example.com"],
    )
    acm.delete_certificate(CertificateArn=arn)


def test_a_listener_takes_no_certificate_that_acm_does_not_know(cloud: EmbeddedCloud) -> None:
    """The example in prod's parameter file: the deployment fails here, on AWS and on the embedded AWS."""
    outcome = change(cloud, "listener", LISTENER, {"CertificateArn": ARN})
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert f"Certificate '{ARN}' not found" in str(outcome.failures)
    delete(cloud, "listener")


def test_the_demo_gives_the_account_the_certificate_of_the_parameter_file(cloud: EmbeddedCloud) -> None:
    transactions.prepare(cloud, {})
    transactions.prepare(cloud, {"CertificateArn": ARN, "DomainName": "pay.example.com"})
    outcome = change(cloud, "listener", LISTENER, {"CertificateArn": ARN})
    assert outcome.status == "CREATE_COMPLETE", outcome.failures
    delete(cloud, "listener")
    cloud.client("acm").delete_certificate(CertificateArn=ARN)
