"""checkov: its checks of CloudFormation, from an environment of its own (``make packs`` makes it).

Source: https://www.checkov.io/4.Integrations/CloudFormation%20Scanning.html, and the metadata of a suppression at
https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.packs.forms import TemplateForm
from tools.packs.process import output_of
from tools.packs.results import Finding, PackReport, PacksError, Subject, unique

KEY = "checkov"
_ROW = re.compile(r"^\|\s*\d+ \| (?P<id>\S+)\s*\| (?:resource|provider|template)", re.MULTILINE)


def run(program: Path, folder: Path, files: Mapping[Path, TemplateForm]) -> PackReport:
    """Runs every check over every file.

    Args:
        program: The command ``checkov``.
        folder: Contains the files.
        files: What was written for the packs.

    Raises:
        PacksError: checkov is not installed, failed, or could not read a template.
    """
    # Without --skip-download it asks a server for guidelines, and waits for the answer.
    options = (
        "--framework",
        "cloudformation",
        "--skip-download",
        "--compact",
        "--quiet",
        "--soft-fail",
        "--output",
        "json",
    )
    report = json.loads(output_of([program, "--directory", folder, *options]))
    if "results" not in report or report["summary"]["parsing_errors"]:
        raise PacksError(f"checkov could not read every template: {report.get('summary', report)}")
    listed = output_of([program, "--list", "--framework", "cloudformation"])
    rules = frozenset(match["id"] for match in _ROW.finditer(listed))
    return PackReport("checkov", KEY, rules, frozenset(), unique(_findings(report, files)))


def _findings(report: Mapping[str, Any], files: Mapping[Path, TemplateForm]) -> Iterator[Finding]:
    for check in report["results"]["failed_checks"]:
        form = files[Path(check["file_abs_path"])]
        resource = check["resource"].rsplit(".", 1)[-1]  # AWS::S3::Bucket.RawBucket
        yield Finding(check["check_id"], Subject(form.template, resource), form.form, check["check_name"])
