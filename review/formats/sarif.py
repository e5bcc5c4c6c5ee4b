"""The findings of a review as SARIF 2.1.0, beside the line of the resource in the planned template.

A blocked finding is an error, one to look at is a warning, every other one is a note. A change that will not happen has no
result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cfn.sarif import Region, Result, Rule, sarif_log
from cfn.templates import entry_lines, nested_urls, parse
from review.comparison.sections import NAMED
from review.findings.codes import ALL_FINDINGS
from review.findings.finding import Remark, Verdict
from review.judgement.reviewed import Review
from review.plan.model import Plan, StackPath

_LEVELS: Mapping[Verdict, str] = {Verdict.BLOCKED: "error", Verdict.LOOK: "warning", Verdict.FINE: "note"}
_SECTIONS = {word: section for section, word in NAMED.items()}


def review_sarif(review: Review, *, folder: str = "") -> str:
    """The log of a review.

    Args:
        review: The review.
        folder: The folder of the templates, from the root of the repository: ``templates/trading``.
    """
    files = dict(_files(review.plan))
    results = [*_Results(review, files, folder)]
    used = {result.rule for result in results}
    rules = [
        Rule(
            id=finding.code,
            title=finding.forms[0],
            level=_LEVELS[finding.verdict],
            tags=("review", *([str(finding.label)] if finding.label else [])),
            reason=finding.reason,
            help_uri=finding.source_url,
        )
        for finding in ALL_FINDINGS
        if finding.code in used
    ]
    return sarif_log("cloud-platforms review", rules, results)


class _Results:
    """The results of a review, in the order of its findings."""

    def __init__(self, review: Review, files: Mapping[StackPath, str], folder: str) -> None:
        self.review, self.files = review, files
        self.prefix = f"{folder.rstrip('/')}/" if folder else ""

    def __iter__(self) -> Iterator[Result]:
        for change in self.review.real:
            for remark in change.findings:
                yield self._result(remark, change.path, "Resources", change.logical_id)
        for entry in self.review.sections:
            for remark in entry.findings:
                yield self._result(remark, entry.path, _SECTIONS.get(entry.section, entry.section), entry.name)
        for setting in self.review.settings:
            for remark in setting.findings:
                yield self._result(remark, (), "", setting.name)
        for remark in self.review.remarks:
            yield self._result(remark, (), "", "")

    def _result(self, remark: Remark, path: StackPath, section: str, name: str) -> Result:
        file, line = self._place(path, section, name)
        full = "/".join((*path, name))
        label = str(remark.label) if remark.label else None
        return Result(
            rule=remark.code,
            level=_LEVELS[remark.verdict],
            message=f"{name or 'the plan'}: {remark.sentence}",
            file=f"{self.prefix}{file}",
            region=Region(line, line),
            resource=name,
            path=full,
            identity=("reviewFinding/v1", "\0".join((remark.code, full, remark.sentence))),
            properties={"verdict": remark.verdict.word, **({"label": label} if label else {})},
        )

    def _place(self, path: StackPath, section: str, name: str) -> tuple[str, int]:
        """The template and the line; of what the planned templates no longer have, the beginning of the nearest one."""
        stack = path
        while stack not in self.files:
            stack, name = stack[:-1], stack[-1]
            section = "Resources"
        file = self.files[stack]
        lines = entry_lines(self.review.plan.templates[file].text)
        return file, lines.get((section, name), 1)


def _files(plan: Plan) -> Iterator[tuple[StackPath, str]]:
    """The path of each planned stack -> the file name of its template."""

    def walk(path: StackPath, file: str) -> Iterator[tuple[StackPath, str]]:
        yield path, file
        for logical_id, url in nested_urls(parse(plan.templates[file].text, file)).items():
            if url in plan.templates:
                yield from walk((*path, logical_id), url)

    return walk((), plan.root)
