"""CloudFormation Guard, with the rules of AWS Control Tower's proactive controls, and optionally those of AWS's registry.

Program and Control Tower's rules come in one npm package. AWS's registry of rules is no package: a clone of
https://github.com/aws-cloudformation/aws-guard-rules-registry is named by the option ``--guard-registry``. Without it the
ids of its rules are known all the same (``data/guard_registry.txt``), so that a suppression cannot name a rule that does
not exist.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.packs.forms import TemplateForm
from tools.packs.process import output_of
from tools.packs.results import Finding, PackReport, PacksError, Subject, unique

KEY = "guard"
PACKAGE = Path("node_modules/@cdklabs/cdk-validator-cfnguard")
REGISTRY = Path(__file__).parent / "data" / "guard_registry.txt"
_FAILED = (
    19  # cfn-guard's exit code if a rule fails: https://docs.aws.amazon.com/cfn-guard/latest/ug/cfn-guard-validate.html
)
_RULE = re.compile(r"^rule (\w+)(?! *\()\b", re.MULTILINE)  # not those with arguments, which others call
_SHARED = frozenset({"is_cfn_template", "is_cfn_hook", "is_cfn_hook_type"})
_RESOURCE = re.compile(r"/Resources/(\w+)")
_SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
_MACHINES = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def run(node: Path, files: Mapping[Path, TemplateForm], registry: Path | None = None) -> PackReport:
    """Runs every rule over every file.

    Args:
        node: The folder with ``node_modules``.
        files: What was written for the packs.
        registry: A clone of AWS's registry of rules, if there is one.

    Raises:
        PacksError: The program is not installed, or failed.
    """
    folders = [node / PACKAGE / "rules" / "control-tower" / "cfn-guard"]
    if registry is not None:
        folders.append(_registry_rules(registry))
    rules = frozenset(name for folder in folders for name in rule_names(folder))
    others = frozenset() if registry is not None else frozenset(REGISTRY.read_text("utf-8").split()) - rules
    findings: list[Finding] = []
    for folder in folders:
        findings += _run(program(node), folder, files)
    return PackReport("cfn-guard", KEY, rules, others, unique(findings))


def program(node: Path) -> Path:
    """The command for this machine.

    Raises:
        PacksError: The package has none for it.
    """
    system, machine = _SYSTEMS.get(platform.system()), _MACHINES.get(platform.machine())
    if system is None or machine is None:
        raise PacksError(f"cfn-guard has no program for {platform.system()} on {platform.machine()}.")
    return node / PACKAGE / "bin" / system / machine / "cfn-guard"


def rule_names(folder: Path) -> Iterator[str]:
    """The names of the rules in all files of the folder."""
    for file in sorted(folder.rglob("*.guard")):
        yield from (name for name in _RULE.findall(file.read_text(encoding="utf-8")) if name not in _SHARED)


def _registry_rules(registry: Path) -> Path:
    folder = registry / "rules"
    if not folder.is_dir():
        raise PacksError(f"{registry} is no clone of AWS's registry of Guard rules: it has no folder `rules`.")
    return folder


def _run(command: Path, rules: Path, files: Mapping[Path, TemplateForm]) -> Iterator[Finding]:
    options = ("--structured", "--output-format", "json", "--show-summary", "none")
    data = [part for path in files for part in ("--data", path)]
    answer = output_of([command, "validate", "--rules", rules, *data, *options], accepted=(0, _FAILED))
    for report in json.loads(answer):
        form = files[Path(report["name"])]
        for entry in report["not_compliant"]:
            yield from _findings(entry["Rule"], form)


def _findings(rule: Mapping[str, Any], form: TemplateForm) -> Iterator[Finding]:
    """One for each resource that the failed clauses name.

    A rule that fails without a path, such as one that compares with another resource, is a finding of the whole template.
    """
    resources = {name for text in _texts(rule["checks"]) for name in _RESOURCE.findall(text)}
    for resource in sorted(resources) or [""]:
        yield Finding(rule["name"], Subject(form.template, resource), form.form, _message(rule))


def _texts(node: Any) -> Iterator[str]:
    """Every text in the report of a failed rule."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def _message(rule: Mapping[str, Any]) -> str:
    """The first sentence that the rule's author wrote."""
    for text in _texts(rule["checks"]):
        if line := next(
            (line.strip() for line in text.splitlines() if line.strip().startswith(("[CT.", "Violation:"))), ""
        ):
            return line
    return str(rule["name"])
