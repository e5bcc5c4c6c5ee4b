"""Alerts of trading (T-OBS-1)."""

from __future__ import annotations

import json

import pytest

from local.patches.filter_patterns import compile_pattern
from tests.builders.support.conditions import deployed
from tests.builders.support.policies import statements
from tests.builders.support.resources import find_resource, resources, templates, text


@pytest.mark.requirement("T-OBS-1")
def test_every_application_log_group_has_a_filter() -> None:
    """All groups except those of traffic (flow logs, web ACL), of the welcome note, and of the log-alert function itself."""
    others = {"FlowLogGroup", "WebAclLogGroup", "WelcomeLogGroup", "LogAlertsLogGroup"}
    groups = {resource.title for resource in resources("trading", "AWS::Logs::LogGroup")} - others
    filtered = [
        resource.properties["LogGroupName"]["Ref"] for resource in resources("trading", "AWS::Logs::SubscriptionFilter")
    ]
    produced = {
        name: output["Value"]["Ref"]
        for template in templates("trading").values()
        for name, output in template.get("Outputs", {}).items()
        if "LogGroup" in name and set(output["Value"]) == {"Ref"}
    }
    assert {produced[name] for name in filtered} == groups


@pytest.mark.requirement("T-OBS-1", "T-DB-4")
@pytest.mark.parametrize(
    ("line", "alerts"),
    [
        ('ERROR:  relation "trading.nothing" does not exist', True),
        ("FATAL:  too many connections for role", True),
        ("PANIC:  could not write to file", True),
        (
            "LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 'ERROR' FROM trading.quotes WHERE symbol = 'FATAL',<not logged>",
            False,
        ),
        ("LOG:  duration: 1200 ms", False),
    ],
)
def test_the_database_alerts_by_severity_and_mails_no_audited_statement(line: str, alerts: bool) -> None:
    """A statement that only contains the word ERROR would have been mailed, with the constants that the analyst wrote."""
    (pattern,) = [
        resource.properties["FilterPattern"]
        for resource in resources("trading", "AWS::Logs::SubscriptionFilter")
        if resource.properties["LogGroupName"] == {"Ref": "DatabaseLogGroupName"}
    ]
    prefix = "2026-01-05 14:30:00 UTC:10.0.1.7(41811):trading_analyst@trading:[6155]:"
    assert compile_pattern(pattern)(prefix + line) is alerts


@pytest.mark.requirement("T-OBS-1")
def test_filters_lead_to_the_log_alert_function_which_each_group_alone_may_call() -> None:
    for resource in resources("trading", "AWS::Logs::SubscriptionFilter"):
        assert resource.properties["DestinationArn"] == {"Fn::GetAtt": ["LogAlertsFunction", "Arn"]}
        permission = find_resource("trading", str(resource.body["DependsOn"])).properties
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert resource.properties["LogGroupName"]["Ref"] in text(permission["SourceArn"])


@pytest.mark.requirement("T-OBS-1")
def test_alerts_go_to_an_encrypted_topic_by_tls_only() -> None:
    assert find_resource("trading", "AlertTopic").properties["KmsMasterKeyId"] == {"Ref": "MessagingKeyArn"}
    allow, deny = statements(find_resource("trading", "AlertTopicPolicy").properties["PolicyDocument"])
    assert allow["Principal"] == {"Service": ["cloudwatch.amazonaws.com"]}
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.requirement("T-OBS-1")
@pytest.mark.parametrize(("address", "subscribed"), [("", False), ("ops@example.com", True)])
def test_an_address_is_subscribed_if_one_is_given(address: str, subscribed: bool) -> None:
    deployed_resources = deployed(
        templates("trading")["alerts"], AlertEmail=address, ReserveConcurrency="false", DatabaseMinCapacity="0"
    )
    assert ("AlertEmailSubscription" in deployed_resources) is subscribed


@pytest.mark.requirement("T-DB-5", "T-OBS-1")
@pytest.mark.parametrize(
    ("capacity", "status", "alerts"), [("0", 503, False), ("0", 500, True), ("0.5", 503, True), ("0.5", 500, True)]
)
def test_the_503_of_a_resume_causes_no_alert(capacity: str, status: int, alerts: bool) -> None:
    content = deployed(
        templates("trading")["alerts"], AlertEmail="", ReserveConcurrency="false", DatabaseMinCapacity=capacity
    )
    matches = compile_pattern(content["ApiAccessFilter"]["Properties"]["FilterPattern"])
    assert matches(json.dumps({"status": str(status)})) is alerts
