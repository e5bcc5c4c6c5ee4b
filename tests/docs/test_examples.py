"""The examples of docs/examples: each is a real module, fits together, and passes the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.assembly.command import emit, write
from builders.assembly.root import assemble
from builders.contract.platform import Platform
from docs.examples import tier
from docs.examples.settlement import SETTLEMENT
from docs.examples.two_tiers import ORDERS
from gate import cli
from gate.configuration import read_configuration
from gate.templates import TemplateFile
from gate.validate import validate_templates

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "docs" / "examples"
PLATFORMS = pytest.mark.parametrize("platform", [ORDERS, SETTLEMENT], ids=lambda platform: platform.name)


@PLATFORMS
def test_its_templates_fit_together_and_within_the_quotas(platform: Platform) -> None:
    files = emit(platform, "yaml")
    assert [file.path.name for file in files] == ["root.yaml", *(f"{part.name}.yaml" for part in platform.tiers)]


@PLATFORMS
def test_its_templates_are_validated_without_a_finding(platform: Platform) -> None:
    templates = [
        TemplateFile(f"templates/{file.path}", PROJECT / "templates" / file.path, file.text.encode())
        for file in emit(platform, "yaml")
    ]
    findings = validate_templates(templates, read_configuration(PROJECT))
    assert set(findings) == {template.name for template in templates}
    assert not [finding for file_findings in findings.values() for finding in file_findings]


@pytest.mark.slow
def test_the_whole_gate_passes_the_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With cfn-lint and the project's own rules, as `make lint` checks the committed templates."""
    write((ORDERS, SETTLEMENT), tmp_path / "templates", "yaml", quiet=True)
    configuration = (PROJECT / ".cfnlintrc").read_text(encoding="utf-8")
    assert "- gate/rules" in configuration
    (tmp_path / ".cfnlintrc").write_text(configuration.replace("- gate/rules", f"- {PROJECT / 'gate' / 'rules'}"))
    code = cli.main(["--root", str(tmp_path), "--no-cache", "--jobs", "2"])
    report = capsys.readouterr().out
    assert code == 0, report
    assert "gate: 10 templates" in report


def test_the_smallest_tier_is_25_lines_at_most() -> None:
    """docs/extending.md promises that length."""
    assert len((EXAMPLES / "tier.py").read_text(encoding="utf-8").splitlines()) <= 25
    assert [part.name for part in ORDERS.tiers] == ["keys", "queues"]


def test_the_smallest_tier_gives_what_its_docstring_says() -> None:
    template = tier.build("orders").to_dict()
    queue = template["Resources"]["OrderQueue"]["Properties"]
    assert queue["QueueName"] == {"Fn::Sub": "orders-orders-${EnvironmentSuffix}"}
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert set(template["Outputs"]) == {"OrderQueueUrl", "OrderQueueArn"}


def test_the_root_of_two_tiers_passes_the_key_to_the_queues() -> None:
    root = assemble(ORDERS).templates["root"].to_dict()
    queues = root["Resources"]["Queues"]["Properties"]["Parameters"]
    assert queues["MessagingKeyArn"] == {"Fn::GetAtt": ["Keys", "Outputs.MessagingKeyArn"]}
    assert set(root["Outputs"]) == {"OrderQueueUrl", "OrderQueueArn", "RegionDenyPolicyArn"}


def test_defaults_and_addresses_are_its_own_and_names_begin_with_it() -> None:
    templates = assemble(SETTLEMENT).templates
    root = templates["root"].to_dict()
    assert root["Parameters"]["BackupRetentionDays"]["Default"] == 14
    vpc = templates["network"].to_dict()["Resources"]["Vpc"]["Properties"]
    assert vpc["CidrBlock"] == "10.64.0.0/16"
    cluster = templates["database"].to_dict()["Resources"]["DatabaseCluster"]["Properties"]
    assert cluster["DBClusterIdentifier"] == {"Fn::Sub": "settlement-aurora-${EnvironmentSuffix}"}


def test_an_unused_service_is_offered_to_no_caller() -> None:
    outputs = set(assemble(SETTLEMENT).templates["network"].to_dict()["Outputs"])
    assert "PublicSubnetAId" not in outputs
    assert {"VpcId", "PrivateSubnetAId", "ZoneA"} <= outputs
