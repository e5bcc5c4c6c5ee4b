"""cdk-nag: its five packs, over templates that the CDK includes as they are.

Since version 3 the packs are plug-ins of the CDK's validation, which knows acknowledgements but no longer reads
suppressions from a template. So this project keeps the metadata of version 2 (``cdk_nag``), and matches them itself.
Source: https://github.com/cdklabs/cdk-nag
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.packs.forms import TemplateForm
from tools.packs.process import output_of
from tools.packs.results import Finding, PackReport, Subject, unique

KEY = "cdk_nag"


def run(program: Path, folder: Path, files: Mapping[Path, TemplateForm]) -> PackReport:
    """Runs every pack over every file, in one process.

    Args:
        program: The script ``nag.js`` beside its ``node_modules``.
        folder: Where to write the list of the files.
        files: What was written for the packs.

    Raises:
        PacksError: Node.js or the packages are not installed, or a template could not be included.
    """
    listed = folder / "files.txt"
    listed.write_text("\n".join(str(path) for path in files), encoding="utf-8")
    report = json.loads(output_of(["node", program, listed]))
    return PackReport("cdk-nag", KEY, frozenset(report["rules"]), frozenset(), unique(_findings(report, files)))


def _findings(report: Mapping[str, Any], files: Mapping[Path, TemplateForm]) -> Iterator[Finding]:
    for failure in report["findings"]:
        form = files[Path(failure["file"])]
        yield Finding(failure["rule"], Subject(form.template, failure["resource"]), form.form, failure["description"])
