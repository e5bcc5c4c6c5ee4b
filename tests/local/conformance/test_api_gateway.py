"""A REST API as its clients see it, with its web ACL and certificates."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.clients.answer import Answer
from local.clients.api import call_api
from local.cloud import EmbeddedCloud
from local.host.certificates import ensure_certificates
from tests.local.conformance.support.aws import (
    ACCOUNT,
    Credentials,
    allow,
    assume,
    created,
    deployed,
    resources,
    role,
    unique,
)
from tests.local.conformance.support.recorder import code
from tests.local.support.stacks import change
from tests.local.support.waiting import eventually

pytestmark = pytest.mark.emulator

SOURCE = """
import json, time

def handler(event, context):
    ask = (event.get("queryStringParameters") or {}).get("ask")
    if ask == "fail":
        raise ValueError("not for the client")
    if ask == "malformed":
        return {"body": {"not": "text"}, "statusCode": "x"}
    if ask == "sleep":
        time.sleep(3)
    return {"statusCode": 201, "headers": {"x-of": "function"}, "body": json.dumps(event)}
"""

API = (Path(__file__).parent / "support" / "api.yaml").read_text()


class Api:
    """The deployed API and a client of it."""

    def __init__(self, cloud: EmbeddedCloud, stack: str, outputs: dict[str, str]) -> None:
        self.cloud, self.stack, self.outputs = cloud, stack, outputs
        self.ids = resources(cloud, stack)
        self.url = outputs["Url"]
        gateway = cloud.client("apigateway")
        self.key, self.few, self.slow = (
            gateway.get_api_key(apiKey=outputs[name], includeValue=True)["value"]
            for name in ("KeyId", "FewKeyId", "SlowKeyId")
        )
        invoke = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{outputs['Api']}/*"
        self.client: Credentials = assume(cloud, role(cloud, allow("execute-api:Invoke", invoke)))

    def post(self, path: str = "/records", body: bytes = b'{"symbol": "ACME"}', **options: Any) -> Answer:
        arguments = {"credentials": self.client, "api_key": self.key, **options}
        return call_api(self.cloud, "POST", f"{self.url}{path}", body=body, **arguments)


@pytest.fixture(scope="module")
def parameters(cloud: EmbeddedCloud) -> dict[str, str]:
    s3, bucket = cloud.client("s3"), unique("api-code")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=code(SOURCE))
    return {"Bucket": bucket, "Name": unique("conformance")}


@pytest.fixture(scope="module")
def api(cloud: EmbeddedCloud, parameters: dict[str, str]) -> Iterator[Api]:
    with created(cloud, API, parameters) as (stack, outcome):
        yield Api(cloud, stack, outcome.outputs)


def test_proxy_event_carries_the_request(api: Api) -> None:
    answer = api.post("/records?a=1&b=2", headers={"x-mine": "yes"})
    assert (answer.status, answer.headers["x-of"]) == (201, "function")
    event = answer.json()
    assert (event["httpMethod"], event["path"], event["resource"]) == ("POST", "/records", "/records")
    assert event["queryStringParameters"] == {"a": "1", "b": "2"}
    assert {name.lower(): value for name, value in event["headers"].items()}["x-mine"] == "yes"
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"symbol": "ACME"}, False)
    assert event["requestContext"]["stage"] == "v1"
    assert ":assumed-role/" in event["requestContext"]["identity"]["userArn"]


def test_unsigned_request_is_forbidden(api: Api) -> None:
    answer = api.post(credentials=None)
    assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_signed_request_needs_execute_api_invoke(cloud: EmbeddedCloud, api: Api) -> None:
    answer = api.post(credentials=assume(cloud, role(cloud)))
    assert answer.status == 403
    assert "is not authorized to perform: execute-api:Invoke" in answer.body.decode()


def test_method_demands_an_api_key(api: Api) -> None:
    for key in (None, "stranger"):
        answer = api.post(api_key=key)
        assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


def test_usage_plan_throttles(api: Api) -> None:
    answers = [api.post(api_key=api.slow) for _ in range(6)]
    assert answers[0].status == 201
    (limited, *_) = [answer for answer in answers if answer.status != 201]
    assert (limited.status, limited.json()) == (429, {"message": "Too Many Requests"})


def test_usage_plan_has_a_quota(api: Api) -> None:
    answers = [api.post(api_key=api.few) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert answers[2].json() == {"message": "Limit Exceeded"}


def test_api_key_value_is_given_on_demand(cloud: EmbeddedCloud, api: Api) -> None:
    gateway = cloud.client("apigateway")
    assert "value" not in gateway.get_api_key(apiKey=api.outputs["KeyId"])
    assert len(gateway.get_api_key(apiKey=api.outputs["KeyId"], includeValue=True)["value"]) >= 20


def test_body_must_fit_the_model(api: Api) -> None:
    answer = api.post(body=b'{"price": 1}')
    assert answer.status == 400


def test_other_content_types_are_not_validated(api: Api) -> None:
    assert api.post(body=b"no json", headers={"content-type": "application/x-ndjson"}).status == 201


def test_required_parameter_must_be_there(api: Api) -> None:
    assert api.post("/search", body=b"{}").status == 400
    assert api.post("/search?symbol=ACME", body=b"{}").status == 201


def test_gateway_response_is_customised(api: Api) -> None:
    answer = api.post(body=b'{"price": 1}')
    assert answer.json() == {"error": "Invalid request body"}
    assert answer.headers["x-of"] == "gateway"
    assert answer.headers["content-type"] == "application/json"


def test_binary_body_reaches_the_function_as_base64(api: Api) -> None:
    event = api.post(body=b"\x00\x01\xff", headers={"content-type": "application/octet-stream"}).json()
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\x01\xff"


def test_function_error_is_a_bad_gateway(api: Api) -> None:
    for ask in ("fail", "malformed"):
        answer = api.post(f"/records?ask={ask}")
        assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})


def test_integration_timeout_ends_the_request(api: Api) -> None:
    answer = api.post("/short?ask=sleep")
    assert answer.status == 504
    assert "timed out" in answer.body.decode()


def test_unknown_path_is_forbidden(api: Api) -> None:
    answer = api.post("/nothing")
    assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_deployment_is_a_snapshot(cloud: EmbeddedCloud, parameters: dict[str, str]) -> None:
    """A stack of its own: the API changes."""
    own = {**parameters, "Name": unique("conformance"), "Singletons": "false"}
    with created(cloud, API, own) as (stack, outcome):
        api = Api(cloud, stack, outcome.outputs)
        assert api.post("/search?symbol=ACME", body=b"{}").status == 201
        changed = API.replace('Require: {Type: String, Default: "true"}', 'Require: {Type: String, Default: "false"}')
        assert change(cloud, stack, changed, own).status == "UPDATE_COMPLETE"
        assert api.post("/search", body=b"{}").status == 400
        gateway = cloud.client("apigateway")
        gateway.create_deployment(restApiId=api.outputs["Api"], stageName="v1")
        assert eventually(lambda: api.post("/search", body=b"{}").status == 201, 5)


def test_access_log_has_a_line_for_each_request(cloud: EmbeddedCloud, api: Api, parameters: dict[str, str]) -> None:
    api.post("/records?logged=1")
    group = f"/aws/apigateway/{parameters['Name']}"

    def lines() -> list[Any]:
        events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        return [json.loads(event["message"]) for event in events]

    line = eventually(lambda: (lines() or [None])[-1])
    assert (line["status"], line["method"], line["path"]) == ("201", "POST", "/v1/records")
    assert line["requestId"]


def test_large_body_is_rejected(api: Api) -> None:
    body = b"x" * (10 * 1024 * 1024 + 1)
    answer = api.post(body=body, headers={"content-type": "application/x-ndjson"})
    assert answer.status == 413


def test_account_has_one_logging_role(cloud: EmbeddedCloud, api: Api) -> None:
    assert cloud.client("apigateway").get_account()["cloudwatchRoleArn"] == api.outputs["LoggingRole"]


def test_client_certificate_belongs_to_the_stage(cloud: EmbeddedCloud, api: Api) -> None:
    gateway = cloud.client("apigateway")
    identifier = gateway.get_stage(restApiId=api.outputs["Api"], stageName="v1")["clientCertificateId"]
    assert identifier == api.ids["Certificate"]
    pem = gateway.get_client_certificate(clientCertificateId=identifier)["pemEncodedCertificate"]
    assert pem.startswith("-----BEGIN CERTIFICATE-----")


# -- web ACL ----------------------------------------------------------------------------------------------------------


def test_web_acl_shows_its_rules(cloud: EmbeddedCloud, api: Api) -> None:
    name, identifier, scope = api.ids["Acl"].split("|")
    acl = cloud.client("wafv2").get_web_acl(Name=name, Id=identifier, Scope=scope)["WebACL"]
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    assert [rules[name]["Priority"] for name in ("rate", "common")] == [1, 2]
    assert rules["rate"]["Statement"]["RateBasedStatement"]["Limit"] == 2000
    assert rules["common"]["OverrideAction"] == {"None": {}}
    managed = rules["common"]["Statement"]["ManagedRuleGroupStatement"]
    (override,) = managed["RuleActionOverrides"]
    assert (override["Name"], override["ActionToUse"]) == ("SizeRestrictions_BODY", {"Count": {}})


def test_web_acl_is_associated_with_a_stage(cloud: EmbeddedCloud, api: Api) -> None:
    stage = f"arn:aws:apigateway:us-east-1::/restapis/{api.outputs['Api']}/stages/v1"
    acl = cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=stage)["WebACL"]
    assert acl["ARN"] == api.outputs["AclArn"]


LOGGED_ACL = """
Resources:
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Scope: REGIONAL
      DefaultAction: {Allow: {}}
      VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: logged}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: NAME}}
  Logging:
    Type: AWS::WAFv2::LoggingConfiguration
    Properties: {ResourceArn: !GetAtt Acl.Arn, LogDestinationConfigs: [!GetAtt Group.Arn]}
"""


def test_waf_log_group_name_has_a_prefix(cloud: EmbeddedCloud) -> None:
    with created(cloud, LOGGED_ACL.replace("NAME", unique("aws-waf-logs"))):
        pass
    with deployed(cloud, LOGGED_ACL.replace("NAME", unique("other-logs"))) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"


def test_rate_rule_blocks(cloud: EmbeddedCloud, parameters: dict[str, str]) -> None:
    """A stack of its own, because all clients here have one address."""
    own = {**parameters, "Name": unique("conformance"), "Singletons": "false", "RateLimit": "10"}
    with created(cloud, API, own) as (_, outcome):
        url = f"{outcome.outputs['Url']}/free"
        statuses = [call_api(cloud, "POST", url, body=b"{}").status for _ in range(20)]
        assert (statuses[0], statuses[-1]) == (200, 403)


# -- certificates -----------------------------------------------------------------------------------------------------


def test_imported_certificate_shows_its_names(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path)
    files = {"Certificate": made.certificate.read_bytes(), "PrivateKey": made.key.read_bytes()}
    acm = cloud.client("acm")
    arn = acm.import_certificate(**files)["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", str(made.certificate)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(f"DNS:{name}" in shown for name in described["SubjectAlternativeNames"])
    assert (described["Type"], described["Status"]) == ("IMPORTED", "ISSUED")
    end = ssl.cert_time_to_seconds(described["NotAfter"].strftime("%b %d %H:%M:%S %Y GMT"))
    assert end > described["NotBefore"].timestamp()
    assert acm.import_certificate(CertificateArn=arn, **files)["CertificateArn"] == arn


LISTENER = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.8.0.0/16}}
  One: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.8.0.0/24, AvailabilityZone: us-east-1a}}
  Two: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.8.1.0/24, AvailabilityZone: us-east-1b}}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal, Subnets: [!Ref One, !Ref Two]}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 443
      Protocol: HTTPS
      Certificates: [{CertificateArn: "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"}]
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "403"}}]
"""


def test_listener_needs_an_existing_certificate(cloud: EmbeddedCloud) -> None:
    with deployed(cloud, LISTENER) as (_, outcome):
        assert outcome.status == "ROLLBACK_COMPLETE"
        assert any(failure.startswith("Listener CREATE_FAILED") for failure in outcome.failures)
